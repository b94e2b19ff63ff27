//! R14: links, FIFOs and folders planted where tokenctl writes lead it to nobody else's file and never make it wait.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokenctl::clock::Clock;

use crate::common::Ran;
use crate::common::proof::reached;
use crate::story::{self, SCENARIOS, Scenario, Scene};
use crate::tree::{self, Saved};

/// What somebody may put in the place of a file or folder.
#[derive(Debug, Clone, Copy)]
enum Trap {
    LinkToFile,
    LinkToFolder,
    LinkToNothing,
    Fifo,
    Folder,
    Socket,
}

const TRAPS: [Trap; 6] =
    [Trap::LinkToFile, Trap::LinkToFolder, Trap::LinkToNothing, Trap::Fifo, Trap::Folder, Trap::Socket];

const SECRET: &str = "somebody else's";

/// Somebody else's files: a file, a folder with a file, and a name with nothing there.
struct Victim {
    folder: tempfile::TempDir,
}

impl Victim {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        std::fs::set_permissions(folder.path().join("folder"), PermissionsExt::from_mode(0o700)).unwrap();
        for name in ["file", "folder/file"] {
            std::fs::write(folder.path().join(name), SECRET).unwrap();
            std::fs::set_permissions(folder.path().join(name), PermissionsExt::from_mode(0o600)).unwrap();
        }
        Self { folder }
    }

    fn lay(&self, trap: Trap, at: &Path) {
        let victim = |name| self.folder.path().join(name);
        if at.is_dir() {
            std::fs::remove_dir_all(at).unwrap();
        } else if at.symlink_metadata().is_ok() {
            std::fs::remove_file(at).unwrap();
        }
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        match trap {
            Trap::LinkToFile => symlink(victim("file"), at).unwrap(),
            Trap::LinkToFolder => symlink(victim("folder"), at).unwrap(),
            Trap::LinkToNothing => symlink(victim("nothing"), at).unwrap(),
            Trap::Fifo => {
                let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
                rustix::fs::mknodat(rustix::fs::CWD, at, rustix::fs::FileType::Fifo, mode, 0).unwrap();
            }
            Trap::Folder => std::fs::create_dir(at).unwrap(),
            Trap::Socket => drop(std::os::unix::net::UnixListener::bind(at).unwrap()),
        }
    }

    fn is_untouched(&self) -> Result<(), String> {
        let found: Vec<_> =
            tree::walk(self.folder.path()).iter().map(|path| path.display().to_string()).collect();
        if found != ["file", "folder", "folder/file"] {
            return Err(format!("among somebody else's files are {found:?}"));
        }
        for name in ["file", "folder/file"] {
            let path = self.folder.path().join(name);
            let mode = path.metadata().unwrap().permissions().mode() & 0o777;
            if std::fs::read_to_string(&path).unwrap() != SECRET || mode != 0o600 {
                return Err(format!("{name} was changed"));
            }
        }
        Ok(())
    }
}

/// Runs the command; `None` if it does not come to its end.
fn with_a_limit(scene: &Scene, bug: &str) -> Option<Ran> {
    let mut child = scene
        .place
        .command(&scene.arguments())
        .env_remove("TOKENCTL_TEST_NOW")
        .env("TOKENCTL_TEST_MUTANTS", bug)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let clock = Clock::system();
    let start = clock.instant();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(2)); // between two looks at the child
    }
    Some(scene.place.normalise(&child.wait_with_output().unwrap()))
}

/// Every path that the command wrote to, relative to the home; what has a random name is left out, except what is
/// there before.
fn written_paths(scene: &Scene, saved: &Saved) -> Vec<PathBuf> {
    let before = tree::walk(scene.home());
    let ran = with_a_limit(scene, "").unwrap();
    assert_eq!(ran.code, Some(0), "{ran}");
    let mut paths = before.clone();
    paths.extend(tree::walk(scene.home()));
    for seldom in
        ["share/tokenctl/vault.age.journal", "share/tokenctl/vault.age.prev", "state/tokenctl/home-id"]
    {
        paths.push(Path::new(".local").join(seldom));
    }
    paths.push(".config/tokenctl/config.toml".into());
    paths.sort();
    paths.dedup();
    // The folders themselves may be links: people keep them elsewhere.
    paths.retain(|path| path.to_string_lossy().contains("tokenctl/"));
    saved.restore();
    paths
}

fn sweep(name: &str, traps: &[Trap], bug: &str) -> (usize, Vec<String>) {
    let scene = story::prepare(&story::named(name));
    let saved = Saved::of(scene.home());
    let (mut laid, mut violations) = (0, Vec::new());
    for path in written_paths(&scene, &saved) {
        for trap in traps {
            saved.restore();
            let victim = Victim::new();
            victim.lay(*trap, &scene.home().join(&path));
            laid += 1;
            let verdict = match with_a_limit(&scene, bug) {
                None => Err("it hangs".to_owned()),
                Some(ran) if ran.code.is_none() || ran.stderr.contains("has a bug") => Err(ran.to_string()),
                Some(ran) => victim.is_untouched().map_err(|what| format!("{what}: {ran}")),
            };
            if let Err(what) = verdict {
                violations.push(format!("{name}: {trap:?} at {}: {what}", path.display()));
            }
        }
    }
    (laid, violations)
}

fn none_works(name: &str, traps: &[Trap]) {
    let (laid, violations) = sweep(name, traps, "");
    reached("R14", format!("{name}: {laid} traps"), violations.len());
    assert!(laid > 10 && violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn traps_for_a_commit() {
    none_works("connection disable", &[Trap::LinkToFile, Trap::Fifo]);
}

#[test]
fn traps_for_init() {
    none_works("init", &[Trap::LinkToNothing]);
}

/// The harness must be able to fail.
#[test]
fn links_that_are_followed_are_found() {
    let (_, violations) = sweep("connection disable", &[Trap::LinkToFile], "links-followed");
    assert!(violations.iter().any(|violation| violation.contains("was changed")), "{violations:?}");
}

/// `cargo prove R14`
#[test]
#[ignore = "many minutes"]
fn traps_for_every_command() {
    // A login waits for somebody with a browser.
    let chosen = |scenario: &&Scenario| story::wanted(scenario) && !scenario.is_accompanied();
    let (mut commands, mut laid, mut violations) = (0, 0, Vec::new());
    for scenario in SCENARIOS.iter().filter(chosen) {
        let (traps, found) = sweep(scenario.name, &TRAPS, "");
        println!("R14 {:<36} {traps:>4} traps, {} violations", scenario.name, found.len());
        commands += 1;
        laid += traps;
        violations.extend(found);
    }
    reached("R14", format!("{commands} commands, {laid} traps"), violations.len());
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}
