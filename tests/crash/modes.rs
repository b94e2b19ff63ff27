//! R14: what holds a secret is for its owner only, whatever the umask.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::common::Place;
use crate::common::proof::reached;
use crate::story::{self, SCENARIOS, Scene};
use crate::strace::{self, Call};
use crate::tree;

/// Runs the scene's command with umask 000.
fn with_open_umask(scene: &Scene) {
    let arguments = scene.arguments();
    let mut command = Command::new("sh");
    command
        .args(["-c", "umask 000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_tokenctl")])
        .args(arguments)
        .env_clear()
        .env("HOME", scene.home())
        .current_dir(scene.home());
    let ran = scene.place.finish(&mut command);
    assert_eq!(ran.code, Some(0), "{ran}");
}

/// Fails unless every file is 0600 and every folder below the XDG ones is 0700.
fn all_private(place: &Place) -> usize {
    let mut files = 0;
    for path in tree::walk(place.home()) {
        let metadata = place.home().join(&path).metadata().unwrap();
        let mode = metadata.permissions().mode() & 0o7777;
        if metadata.is_file() {
            files += 1;
            assert_eq!(mode, 0o600, "{}: {mode:o}", path.display());
        } else {
            assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
        }
    }
    files
}

#[test]
fn an_open_umask_opens_nothing() {
    let scene = story::prepare(&story::named("init"));
    with_open_umask(&scene);
    assert!(all_private(&scene.place) >= 5);
    for name in ["token get", "rotate retire", "recipient remove, operator (rekeys)"] {
        let scene = story::prepare(&story::named(name));
        for public in ["first.pem", "second.pem"] {
            // A certificate is public.
            let _ = std::fs::remove_file(scene.home().join(public));
        }
        with_open_umask(&scene);
        assert!(all_private(&scene.place) >= 8, "{name}");
    }
}

fn creates(call: &Call) -> bool {
    call.name == "openat" && call.text.contains("O_CREAT")
}

/// What is wrong with how a scenario's command creates files: nothing follows a link, and nothing but a lock, which holds no
/// secret, is opened if it is there already. Returns how many were created, too.
fn created_badly(name: &str, mutant: Option<&str>) -> (usize, Vec<String>) {
    let scene = story::prepare(&story::named(name));
    let (ran, calls) = strace::record(&scene.place, &scene.arguments(), mutant);
    assert_eq!(ran.code, Some(0), "{ran}");
    let is_bad = |call: &&Call| {
        let text = &call.text;
        let is_lock = text.contains(".locks/") || text.contains(".lock\"");
        let well = text.contains("O_NOFOLLOW")
            && text.contains("O_CLOEXEC")
            && text.contains(", 0600)")
            && (is_lock || text.contains("O_EXCL"));
        // What is opened for writing without O_CREAT, the audit log, must not be a link either.
        let writes = text.contains("O_WRONLY") || text.contains("O_RDWR");
        let may_follow = call.touches(scene.home()) && writes && !text.contains("O_NOFOLLOW");
        call.name == "openat" && (creates(call) && !well || may_follow)
    };
    let bad = calls.iter().filter(is_bad).map(|call| format!("{name}: openat({}", call.text)).collect();
    (calls.iter().filter(|call| creates(call)).count(), bad)
}

fn created_by<'a>(names: impl Iterator<Item = &'a str>) {
    if strace::usable().is_none() {
        return;
    }
    let (mut commands, mut created, mut violations) = (0, 0, Vec::new());
    for name in names {
        let (files, bad) = created_badly(name, None);
        commands += 1;
        created += files;
        violations.extend(bad);
    }
    let number = format!(
        "{commands} commands created {created} files, each 0600 in one step, without following links"
    );
    reached("R14", number, violations.len());
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn every_file_is_created_in_one_step() {
    created_by(["init", "token get", "recipient remove, operator (rekeys)"].into_iter());
}

/// The harness must be able to fail.
#[test]
fn a_mode_for_all_is_found() {
    if strace::usable().is_some() {
        assert!(!created_badly("token get", Some("mode-for-all")).1.is_empty());
    }
}

/// `cargo prove R14`
#[test]
#[ignore = "a minute"]
fn every_command_creates_its_files_in_one_step() {
    created_by(SCENARIOS.iter().filter(|scenario| story::wanted(scenario)).map(|scenario| scenario.name));
}
