//! `exec`: what the program is given, what it is not, and how it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokenctl::clock::Clock;
use tokenctl::sim::{Endpoint, Fault, FaultRule};

use crate::common::scene::Scene;

/// The variables that `env -0` printed.
pub(crate) fn variables(text: &str) -> BTreeMap<&str, &str> {
    text.split_terminator('\0').map(|entry| entry.split_once('=').unwrap()).collect()
}

/// The token that is handed out at the moment.
pub(crate) fn token(scene: &Scene) -> String {
    scene.ok(&["token", "get", "acme"]).stdout.trim_end().to_owned()
}

/// Starts what prints a line when it is ready.
pub(crate) fn start(scene: &Scene, arguments: &[&str]) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = scene.command(arguments).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    (child, stdout)
}

pub(crate) fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Waits until `done`, or fails.
pub(crate) fn until(what: &str, done: impl Fn() -> bool) {
    let start = Clock::system().instant();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_environment_is_the_users_and_the_token() {
    let scene = Scene::settled();
    let identity = std::fs::read_to_string(scene.identity()).unwrap();
    std::fs::rename(scene.identity(), scene.place.home().join("away")).unwrap();
    let mut command = scene.command(&["exec", "acme", "--", "env", "-0"]);
    command
        .env("TOKENCTL_IDENTITY", &identity)
        .env("TOKENCTL_TOKEN", "stale")
        .env("TOKENCTL_TOKEN_GLOBEX", "stale")
        .env("TOKENCTL_TOKEN_EMPTY", "")
        .env("TOKENCTL_SOCKET", "/stale")
        .env("TOKENCTL_LOCK_TIMEOUT", "9s")
        .env("ODD", "a=b\nc");
    let ran = scene.place.finish(&mut command);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran}");
    let mut found = variables(&ran.stdout);
    let token = found.remove("TOKENCTL_TOKEN").unwrap();
    assert!(token.starts_with("eyJ"), "{token}");
    let expected = [
        ("HOME", "[HOME]"),
        ("ODD", "a=b\nc"),
        ("TOKENCTL_LOCK_TIMEOUT", "9s"),
        ("TOKENCTL_TEST_NOW", "2027-03-01T12:00:00Z"),
        ("TOKENCTL_TOKEN_EXPIRES_AT", "2027-03-01T13:00:00Z"),
    ];
    assert_eq!(found, expected.into());
}

#[test]
fn several_connections_in_variables_of_their_own() {
    let scene = Scene::settled();
    scene.add("glob-ex");
    scene.activate("glob-ex");
    let given = |flags: &[&str]| {
        let ran = scene.ok(&[&["exec", "acme", "glob-ex"], flags, &["--", "env", "-0"]].concat());
        let names: Vec<String> = variables(&ran.stdout).into_keys().map(str::to_owned).collect();
        names.into_iter().filter(|name| !["HOME", "TOKENCTL_TEST_NOW"].contains(&&**name)).collect::<Vec<_>>()
    };
    assert_eq!(
        given(&[]),
        [
            "TOKENCTL_TOKEN_ACME",
            "TOKENCTL_TOKEN_ACME_EXPIRES_AT",
            "TOKENCTL_TOKEN_GLOB_EX",
            "TOKENCTL_TOKEN_GLOB_EX_EXPIRES_AT"
        ]
    );
    assert_eq!(given(&["--env=acme=A", "--env=glob-ex=G"]), ["A", "A_EXPIRES_AT", "G", "G_EXPIRES_AT"]);
    let lines = scene.ok(&["exec", "acme", "glob-ex", "--token-fd=9", "--", "sh", "-c", "cat <&9"]).stdout;
    let other = scene.ok(&["token", "get", "glob-ex"]).stdout;
    assert_eq!(lines, format!("{}\n{other}", token(&scene)));
}

/// The descriptors may be those at which the runtime waits: its threads must have ended before they are exchanged. They
/// once looked at what had taken their place, and the process hung or was aborted.
#[test]
fn a_descriptor_of_the_runtime_can_be_given_away() {
    let scene = Scene::settled();
    for number in 3..=9 {
        let number = number.to_string();
        for program in ["/no/such/program", "/bin/true"] {
            let ran = scene.run(&["exec", "acme", "--token-fd", &number, "--", program]);
            assert_eq!(ran.code, Some(if program == "/bin/true" { 0 } else { 127 }), "{number}: {ran}");
            assert!(!ran.stderr.contains("panick"), "{number}: {ran}");
        }
    }
}

/// Neither in the environment nor in the arguments: in memory that can be read and not changed.
#[test]
fn a_descriptor_keeps_the_token_to_itself() {
    let scene = Scene::settled();
    let script =
        "cat /proc/self/environ /proc/$$/environ /proc/$$/cmdline; echo; cat <&3; readlink /proc/$$/fd/3
        (echo x >/proc/self/fd/3) 2>/dev/null || echo sealed";
    let ran = scene.ok(&["exec", "acme", "--token-fd", "3", "--", "sh", "-c", script]);
    let token = token(&scene);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let [rest @ .., given, link, "sealed"] = &lines[..] else { panic!("{ran}") };
    assert_eq!(*given, token);
    assert!(link.starts_with("/memfd:tokenctl-token"), "{link}");
    let rest = rest.concat();
    assert!(!rest.contains(&token), "{rest}");
    assert!(rest.contains("TOKENCTL_TOKEN_FD=3\0"), "{rest}");
    assert!(rest.contains("TOKENCTL_TOKEN_EXPIRES_AT=2027-03-01T13:00:00Z\0"), "{rest}");
}

/// What was inherited from whoever runs this test is passed on; `ls` opens the folder itself as one more.
#[test]
fn no_descriptor_of_ours_is_inherited() {
    let scene = Scene::settled();
    let numbers = |text: &str| text.lines().map(|line| line.parse().unwrap()).collect::<BTreeSet<u32>>();
    let direct = Command::new("ls").arg("/proc/self/fd").stdin(Stdio::null()).output().unwrap();
    let mut direct = numbers(std::str::from_utf8(&direct.stdout).unwrap());
    for flags in [&[][..], &["--live"]] {
        let arguments = [&["exec", "acme"], flags, &["--", "ls", "/proc/self/fd"]].concat();
        assert_eq!(numbers(&scene.ok(&arguments).stdout), direct, "{flags:?}");
    }
    direct.insert(77);
    let with = scene.ok(&["exec", "acme", "--token-fd=77", "--", "ls", "/proc/self/fd"]);
    assert_eq!(numbers(&with.stdout), direct);
}

/// A descriptor that an identity came from could be read once more, if it is a file.
#[test]
fn the_identitys_descriptor_is_not_inherited() {
    let scene = Scene::settled();
    let identity = scene.place.home().join("away");
    std::fs::rename(scene.identity(), &identity).unwrap();
    let probe = "readlink /proc/$$/fd/0; readlink /proc/$$/fd/5; echo ${TOKENCTL_IDENTITY_FILE-unset}";
    let through_shell = |variable: &str, flag: &str| {
        let mut command = Command::new("sh");
        let script = format!(r#"exec 5<"$1"; exec "$0" {flag} exec acme -- sh -c '{probe}'"#);
        command.args(["-c", &script]).arg(scene.command(&[]).get_program()).arg(&identity);
        command.current_dir(scene.place.home());
        command.env_clear().env("HOME", scene.place.home()).env("TOKENCTL_TEST_NOW", "2027-03-01T12:00:00Z");
        if !variable.is_empty() {
            command.env("TOKENCTL_IDENTITY_FILE", variable);
        }
        let ran = scene.place.finish(command.stdin(Stdio::null()));
        assert_eq!(ran.code, Some(0), "{ran}");
        ran.stdout
    };
    for (variable, flag) in
        [("", "--identity-file=fd:5"), ("fd:5", ""), ("/dev/fd/5", ""), ("fd:5", "--identity-file=away")]
    {
        let found = through_shell(variable, flag);
        assert_eq!(found, "/dev/null\n/dev/null\nunset\n", "{variable} {flag}");
    }
    let mut command = scene.command(&["--identity-file=-", "exec", "acme", "--", "sh", "-c", probe]);
    let ran = scene.place.finish(command.stdin(File::open(&identity).unwrap()));
    assert_eq!(ran.stdout, "/dev/null\nunset\n", "{ran}");
}

#[test]
fn exit_codes() {
    let scene = Scene::settled();
    let plain = scene.place.put("plain", "not a program");
    let table: &[(&[&str], i32)] = &[
        (&["exec", "acme", "--", "true"], 0),
        (&["exec", "acme", "--", "sh", "-c", "exit 42"], 42),
        (&["exec", "acme", "--", "sh", "-c", "exit 3"], 3),
        (&["exec", "acme", "--", "no-such-program"], 127),
        (&["exec", "acme", "--", plain.to_str().unwrap()], 126),
        (&["exec", "acme", "--", "/"], 126),
        (&["exec", "nobody", "--", "true"], 125),
        (&["exec", "acme"], 125),
        (&["exec", "acme", "true"], 125),
        (&["exec", "acme", "--env=9", "--", "true"], 125),
        (&["exec", "acme", "acme", "--", "true"], 125),
        (&["exec", "acme", "--token-fd=2", "--", "true"], 125),
        (&["exec", "acme", "--vault=missing", "--", "true"], 125),
        (&["exec", "--help"], 0),
        // The codes of the other commands are their own.
        (&["token", "get", "nobody"], 3),
        (&["token", "get", "acme", "--", "exec"], 2),
    ];
    for (arguments, code) in table {
        let ran = scene.run(arguments);
        assert_eq!(ran.code, Some(*code), "{arguments:?} {ran}");
        if arguments.contains(&"--") {
            let at = arguments.iter().position(|word| *word == "--").unwrap();
            let live = [&arguments[..at], &["--live"], &arguments[at..]].concat();
            let ran = scene.run(&live);
            let code = if arguments[0] == "exec" { *code } else { 2 };
            assert_eq!(ran.code, Some(code), "{live:?} {ran}");
        }
    }
}

#[test]
fn refusals() {
    let scene = Scene::settled();
    insta::assert_snapshot!(scene.run(&["exec", "acme", "true"]), @"
    --- stderr
    error: `PROGRAM` is missing
      cause: it goes after `--`
    hint: for the usage, run `tokenctl exec --help`
    --- exit 125
    ");
    insta::assert_snapshot!(scene.run(&["exec", "acmee", "--", "true"]), @"
    --- stderr
    error: cannot get a token for `acmee`
      cause: there is no connection `acmee`
    hint: did you mean `acme`?
    --- exit 125
    ");
    insta::assert_snapshot!(scene.run(&["exec", "acme", "--", "no-such-program"]), @"
    --- stderr
    error: cannot run `no-such-program`
      cause: No such file or directory (os error 2)
    hint: name a program that is on PATH, or its path; a script's interpreter must exist, too
    --- exit 127
    ");
    let json = scene.json(&["exec", "nobody", "--live", "--output=json", "--", "true"]);
    assert_eq!((&json["error"]["code"], &json["error"]["kind"]), (&3.into(), &"not-found".into()), "{json}");
}

/// No token counts as handed out for a program that was never run.
#[test]
fn releases_are_recorded_if_there_is_a_program() {
    let scene = Scene::settled();
    let releases = || {
        let listed = scene.json(&["audit", "list", "--action=token.release"]);
        listed["data"]["operations"].as_array().map_or_else(|| panic!("{listed}"), Vec::len)
    };
    let before = releases();
    scene.add("keyless");
    assert_eq!(scene.run(&["exec", "acme", "keyless", "--", "true"]).code, Some(125));
    assert_eq!(releases(), before);
    scene.ok(&["exec", "acme", "--", "true"]);
    assert_eq!(releases(), before + 1);
    scene.ok(&["exec", "acme", "--live", "--", "true"]);
    assert_eq!(releases(), before + 1, "nothing was asked for");
}

fn without_signal_32(line: &str) -> String {
    match line.split_once(' ').map(|(name, mask)| (name, u32::from_str_radix(mask, 16))) {
        Some((name, Ok(mask))) => format!("{name} {:08x}", mask & !(1 << 31)),
        _ => line.to_owned(),
    }
}

/// What was made hard for our secrets is as it was for the program; nothing of ours is ignored, blocked or caught.
#[test]
fn the_program_finds_what_it_would_find_without_us() {
    let scene = Scene::settled();
    // The upper half of the signals is the C library's and the real-time ones, which nobody here touches. The last of the
    // lower half, 32, is the C library's as well: its posix_spawn(3) leaves it ignored, which no program can see by it.
    let probe = "umask; ulimit -H -c; ulimit -S -c; exec sed -nE 's/^(Sig(Ign|Blk|Cgt)):.*(.{8})$/\\1 \\3/p' /proc/self/status";
    for before in [":", "umask 027; ulimit -S -c 100; trap '' HUP XFSZ USR2"] {
        let run = |words: &[&str]| {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("{before}; exec \"$@\""), "sh"]).args(words).env_clear();
            command.env("HOME", scene.place.home()).env("TOKENCTL_TEST_NOW", "2027-03-01T12:00:00Z");
            let told = scene.place.finish(command.stdin(Stdio::null())).stdout;
            told.lines().map(without_signal_32).collect::<Vec<_>>()
        };
        let program = scene.command(&[]).get_program().to_str().unwrap().to_owned();
        let probed = ["sh", "-c", probe];
        let direct = run(&probed);
        for flags in [&["exec", "acme", "--"][..], &["exec", "acme", "--live", "--"]] {
            let through_us = run(&[&[&*program], flags, &probed].concat());
            assert_eq!(through_us, direct, "{before} {flags:?}");
        }
    }
    // An undumpable process's files below /proc belong to root.
    let owner = "stat -c %u /proc/self/environ; id -u";
    let ran = scene.ok(&["exec", "acme", "--", "sh", "-c", owner]).stdout;
    assert_eq!(ran.lines().next(), ran.lines().nth(1));
}

#[test]
fn nothing_of_ours_remains() {
    let scene = Scene::settled();
    let script = "echo ready; read line; echo $$";
    let (mut child, mut stdout) = {
        let mut child = scene
            .command(&["exec", "acme", "--", "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        (child, stdout)
    };
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let name = std::fs::read_to_string(format!("/proc/{}/comm", child.id())).unwrap();
    assert_eq!(name, "sh\n");
    drop(child.stdin.take());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, format!("{}\n", child.id()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn signals_are_the_programs() {
    let scene = Scene::settled();
    let trap = "trap 'exit 7' TERM; trap 'exit 8' INT; echo ready; while :; do sleep 0.05; done";
    for (signal, code) in [(Signal::TERM, 7), (Signal::INT, 8)] {
        let (mut child, _) = start(&scene, &["exec", "acme", "--", "sh", "-c", trap]);
        send(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
    let (mut child, _) = start(&scene, &["exec", "acme", "--", "sh", "-c", "echo ready; exec sleep 100"]);
    send(&child, Signal::TERM);
    assert_eq!(child.wait().unwrap().signal(), Some(15));
}

#[test]
fn a_signal_before_the_program_keeps_it_from_running() {
    let scene = Scene::settled();
    let control = scene.control();
    for (flags, signal, code) in [(&[][..], Signal::INT, 130), (&["--live"], Signal::TERM, 143)] {
        control.arm(FaultRule::always(Fault::SlowHeaders { milliseconds: 60_000 }).at(Endpoint::Token));
        let before = control.calls_to(Endpoint::Token);
        let arguments = [&["exec", "acme", "--min-ttl=2h"], flags, &["--", "touch", "ran"]].concat();
        let mut child = scene.command(&arguments).spawn().unwrap();
        until("the vendor is asked", || control.calls_to(Endpoint::Token) > before);
        send(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert!(!scene.place.home().join("ran").exists());
        control.disarm_all();
    }
}

/// The token stays out of what people see and of every file.
#[test]
fn nothing_shows_the_token() {
    let scene = Scene::settled();
    let token = token(&scene);
    for flags in [&["-vv"][..], &["-vv", "--log-format=json", "--token-fd=3"], &["-vv", "--live"]] {
        let ran = scene.ok(&[&["exec", "acme"], flags, &["--", "sh", "-c", "cat /proc/$$/cmdline"]].concat());
        assert!(!ran.to_string().contains(&token), "{ran}");
    }
    for (path, bytes) in scene.files() {
        assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()), "{}", path.display());
    }
}
