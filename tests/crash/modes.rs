//! R14: what holds a secret is for its owner only, whatever the umask.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::common::Place;
use crate::story::{self, Scene};
use crate::strace;
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

/// Nothing follows a link, and nothing but a lock, which holds no secret, is opened if it is there already.
#[test]
fn every_file_is_created_in_one_step() {
    if strace::usable().is_none() {
        return;
    }
    let mut created = 0;
    for name in ["init", "token get", "recipient remove, operator (rekeys)"] {
        let scene = story::prepare(&story::named(name));
        let (ran, calls) = strace::record(&scene.place, &scene.arguments(), None);
        assert_eq!(ran.code, Some(0), "{ran}");
        for call in calls.iter().filter(|call| call.name == "openat" && call.text.contains("O_CREAT")) {
            created += 1;
            let text = &call.text;
            assert!(text.contains("O_NOFOLLOW") && text.contains("O_CLOEXEC"), "{text}");
            assert!(text.contains(", 0600)"), "{text}");
            let is_lock = text.contains(".locks/") || text.contains(".lock\"");
            assert!(is_lock || text.contains("O_EXCL"), "{text}");
        }
        // What is opened for writing without O_CREAT, the audit log, must not be a link either.
        let writing = |text: &str| text.contains("O_WRONLY") || text.contains("O_RDWR");
        for call in calls.iter().filter(|call| call.name == "openat" && call.touches(scene.home())) {
            assert!(!writing(&call.text) || call.text.contains("O_NOFOLLOW"), "{}", call.text);
        }
    }
    println!("R14: {created} files opened to be created, all 0600 and without following links");
}
