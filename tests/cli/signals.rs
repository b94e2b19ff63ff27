use std::io::Read as _;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokenctl::clock::Clock;

use crate::common::Place;

/// Starts a command with a seeded bug and waits until it runs: the log's first line says so.
fn start(place: &Place, bug: &str, arguments: &[&str]) -> Child {
    let mut child = place
        .command(&[&["help", "-v"], arguments].concat())
        .env("TOKENCTL_TEST_MUTANTS", bug)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut byte = [0];
    child.stderr.as_mut().unwrap().read_exact(&mut byte).unwrap();
    child
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

fn rest(child: &mut Child) -> (String, String, ExitStatus) {
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    (stdout, stderr, child.wait().unwrap())
}

#[test]
fn a_signal_ends_a_command_with_its_code() {
    let place = Place::new();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut child = start(&place, "wait-in-command", &["-o", "json"]);
        send(&child, signal);
        let (stdout, stderr, status) = rest(&mut child);
        assert_eq!(status.code(), Some(code), "{stderr}");
        assert!(stderr.ends_with("error: interrupted; nothing is left half done\n"), "{stderr}");
        let envelope: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!((&envelope["error"]["code"], &envelope["error"]["retry"]), (&code.into(), &true.into()));
    }
}

#[test]
fn a_second_signal_ends_what_does_not_listen() {
    let place = Place::new();
    let mut child = start(&place, "hang-in-command", &[]);
    let clock = Clock::system();
    let start = clock.instant();
    while child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(20), "it ignores signals");
        send(&child, Signal::INT);
        std::thread::sleep(Duration::from_millis(20)); // between two signals, as a person would press twice
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn the_deadline_ends_a_command() {
    let place = Place::new();
    let mut command = place.command(&["help", "--deadline", "50ms"]);
    let ran = place.finish(command.env("TOKENCTL_TEST_MUTANTS", "wait-in-command"));
    insta::assert_snapshot!(ran, @"
    --- stderr
    error: the command took too long and was stopped
      cause: its deadline of 50ms is over
    hint: to give it longer, add `--deadline 30m`
    --- exit 6
    ");
}

/// Whoever starts a command under nohup(1) wants it to outlive the terminal.
#[test]
fn an_ignored_hang_up_stays_ignored() {
    let place = Place::new();
    let program = place.command(&[]).get_program().to_owned();
    let mut child = std::process::Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" help -v"])
        .arg(program)
        .env_clear()
        .env("HOME", place.home())
        .env("TOKENCTL_TEST_MUTANTS", "wait-in-command")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut byte = [0];
    child.stderr.as_mut().unwrap().read_exact(&mut byte).unwrap();
    send(&child, Signal::HUP);
    send(&child, Signal::TERM);
    let (_, stderr, status) = rest(&mut child);
    assert_eq!(status.code(), Some(143), "{stderr}");
}
