//! R5: whoever holds a lock and is killed holds nothing any more.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use tokenctl::clock::Clock;

use crate::common::Place;
use crate::common::proof::reached;
use crate::story::{self, Scene};
use crate::tree::Saved;

/// Starts a command that stops for ever while it holds the lock at `lock`, and waits until it does.
fn holder(scene: &Scene, bug: &str, lock: &Path) -> Child {
    let child = scene
        .place
        .command(&scene.arguments())
        .env_remove("TOKENCTL_TEST_NOW")
        .env("TOKENCTL_TEST_MUTANTS", bug)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let clock = Clock::system();
    let start = clock.instant();
    while !is_locked_by(lock, child.id()) {
        assert!(start.elapsed() < Duration::from_mins(1), "it never takes the lock");
        std::thread::sleep(Duration::from_millis(5)); // until the kernel lists the lock
    }
    child
}

/// Source: proc_locks(5).
fn is_locked_by(lock: &Path, pid: u32) -> bool {
    let Ok(metadata) = lock.metadata() else { return false };
    let (pid, inode) = (format!(" {pid} "), format!(":{} ", metadata.ino()));
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    locks.lines().any(|line| line.contains(&pid) && line.contains(&inode) && !line.contains("->"))
}

fn while_held(place: &Place, arguments: &[&str]) {
    let ran = place.finish(
        place
            .command(&[arguments, &["--lock-timeout=50ms", "--deadline=20s"]].concat())
            .env_remove("TOKENCTL_TEST_NOW"),
    );
    assert_eq!(ran.code, Some(7), "{ran}");
    assert!(ran.stderr.contains("process "), "it does not name the holder: {ran}");
}

/// The next process gets the lock as soon as one that never met it would; returns how long it took, or why not.
fn next(place: &Place, arguments: &[&str], bug: &str) -> Result<Duration, String> {
    let clock = Clock::system();
    let start = clock.instant();
    let mut command = place.command(arguments);
    let ran = place.finish(command.env_remove("TOKENCTL_TEST_NOW").env("TOKENCTL_TEST_MUTANTS", bug));
    let took = start.elapsed();
    match ran.code {
        Some(0) if took < Duration::from_secs(1) => Ok(took),
        _ => Err(format!("after {took:?}: {ran}")),
    }
}

fn next_gets_it(place: &Place, arguments: &[&str]) {
    next(place, arguments, "").unwrap();
}

fn lock(scene: &Scene, name: &str) -> std::path::PathBuf {
    scene.home().join(".local/share/tokenctl/vault.age.locks").join(name)
}

fn killed(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn killed_with_the_vault_lock() {
    let scene = story::prepare(&story::named("connection add"));
    let mut child = holder(&scene, "hang-in-commit", &lock(&scene, "vault"));
    while_held(&scene.place, &scene.arguments());
    killed(&mut child);
    next_gets_it(&scene.place, &scene.arguments());
}

#[test]
fn killed_with_a_connection_lock() {
    let scene = story::prepare(&story::named("connection disable"));
    // It holds the connection's lock while it hangs with the vault's.
    let id = connection_id(&scene.place);
    let mut child = holder(&scene, "hang-in-commit", &lock(&scene, "vault"));
    assert!(is_locked_by(&lock(&scene, &id), child.id()));
    killed(&mut child);
    next_gets_it(&scene.place, &scene.arguments());
}

#[test]
fn killed_with_the_lock_of_the_log() {
    let scene = story::prepare(&story::named("connection add"));
    let mut child = holder(&scene, "hang-in-audit", &lock(&scene, "audit"));
    while_held(&scene.place, &scene.arguments());
    killed(&mut child);
    next_gets_it(&scene.place, &scene.arguments());
}

/// The harness must be able to fail.
#[test]
fn a_lock_that_outlives_its_holder_is_found() {
    let scene = story::prepare(&story::named("connection add"));
    let mut child = holder(&scene, "hang-in-commit,lock-outlives-holder", &lock(&scene, "vault"));
    killed(&mut child);
    assert!(next(&scene.place, &scene.arguments(), "lock-outlives-holder").is_err());
}

/// `cargo prove R5`
#[test]
#[ignore = "a minute"]
fn a_hundred_holders_are_killed() {
    let scene = story::prepare(&story::named("connection disable"));
    let saved = Saved::of(scene.home());
    let id = connection_id(&scene.place);
    let (mut killings, mut longest, mut violations) = (0, Duration::ZERO, Vec::new());
    for (bug, name) in [("hang-in-commit", "vault"), ("hang-in-commit", &id), ("hang-in-audit", "audit")] {
        for _ in 0..34 {
            saved.restore();
            let mut child = holder(&scene, bug, &lock(&scene, name));
            killed(&mut child);
            killings += 1;
            match next(&scene.place, &scene.arguments(), "") {
                Ok(took) => longest = longest.max(took),
                Err(what) => violations.push(format!("{name}: {what}")),
            }
        }
    }
    let number =
        format!("{killings} holders of 3 locks killed, the next one was done after {longest:.2?} at most");
    reached("R5", number, violations.len());
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

fn connection_id(place: &Place) -> String {
    let ran = place.run(&["connection", "show", "acme", "-o", "json"]);
    let envelope: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    envelope["data"]["connection"]["id"].as_str().unwrap().to_owned()
}
