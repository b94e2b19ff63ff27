//! `exec --live`: the socket, the signals, the end.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokenctl::sim::{Endpoint, Fault, FaultRule};

use crate::common::scene::Scene;
use crate::exec::{send, start, token, until, variables};

/// A shell that runs `script` below `exec --live`; `ask PATH` in it asks the socket.
fn live<'a>(flags: &[&'a str], script: &'a str) -> Vec<&'a str> {
    [&["exec", "acme", "--live"], flags, &["--", "sh", "-c", script]].concat()
}

const ASK: &str =
    r#"ask() { curl -s -w ' %{http_code}\n' --unix-socket "$TOKENCTL_SOCKET" "http://localhost$1"; }; "#;

#[test]
fn a_program_asks_for_tokens() {
    let scene = Scene::settled();
    scene.add("globex");
    let script = format!("{ASK} ask /token/acme; ask '/token/acme?format=raw'; ask /token/globex; env -0");
    let ran = scene.ok(&live(&[], &script));
    let mut lines = ran.stdout.splitn(6, '\n');
    let mut next = || lines.next().unwrap();
    let (answer, status) = (next(), next());
    assert_eq!(status, " 200");
    let mut envelope: Value = serde_json::from_str(answer).unwrap();
    let mut expected: Value =
        serde_json::from_str(&scene.ok(&["token", "get", "acme", "--format=json"]).stdout).unwrap();
    for envelope in [&mut envelope, &mut expected] {
        assert!(envelope["data"]["access_token"].as_str().is_some_and(|token| token.starts_with("eyJ")));
    }
    assert_eq!(envelope, expected, "the same as `token get --format json`");
    assert_eq!((next(), next()), (&*token(&scene), " 200"));
    // `globex` is a connection, and none of this program's.
    let rest = next().to_owned() + "\n" + next();
    let (refusal, environment) = rest.split_once('\n').unwrap();
    let refusal: Value = serde_json::from_str(refusal).unwrap();
    assert_eq!(refusal["error"]["kind"], "not-found");
    let environment = environment.strip_prefix(" 404\n").unwrap();
    let found = variables(environment);
    let mut names: Vec<&str> = found.keys().copied().filter(|name| name.starts_with("TOKENCTL_")).collect();
    names.retain(|name| *name != "TOKENCTL_TEST_NOW");
    assert_eq!(names, ["TOKENCTL_SOCKET"], "a token would grow old there");
}

#[test]
fn the_socket_is_its_owners_and_passes_with_the_program() {
    let scene = Scene::settled();
    let runtime = scene.place.home().join("run");
    std::fs::create_dir(&runtime).unwrap();
    std::fs::set_permissions(&runtime, std::fs::Permissions::from_mode(0o700)).unwrap();
    let script = r#"stat -c %a "$TOKENCTL_SOCKET" "${TOKENCTL_SOCKET%/*}"; echo "$TOKENCTL_SOCKET""#;
    let place = |variable: &Path| {
        let mut command = scene.command(&live(&[], script));
        let ran = scene.place.finish(command.env("XDG_RUNTIME_DIR", variable));
        assert_eq!(ran.code, Some(0), "{ran}");
        let socket = ran.stdout.strip_prefix("600\n700\n").unwrap_or_else(|| panic!("{ran}"));
        let socket = PathBuf::from(socket.trim_end().replace("[HOME]", scene.place.home().to_str().unwrap()));
        assert!(!socket.parent().unwrap().exists(), "it is removed");
        socket
    };
    assert!(place(&runtime).starts_with(runtime.join("tokenctl")));
    // What others can write to is no place for it.
    std::fs::set_permissions(&runtime, std::fs::Permissions::from_mode(0o777)).unwrap();
    assert!(place(&runtime).starts_with(scene.place.home().join(".local/state/tokenctl")));
    assert!(place(Path::new("/nonexistent")).starts_with(scene.place.home().join(".local/state/tokenctl")));
}

#[test]
fn tokens_in_other_ways_on_demand() {
    let scene = Scene::settled();
    let script = "echo $A; test -S \"$TOKENCTL_SOCKET\"";
    assert_eq!(scene.ok(&live(&["--env=A"], script)).stdout.trim_end(), token(&scene));
    let script = "cat <&3; test -S \"$TOKENCTL_SOCKET\"";
    assert_eq!(scene.ok(&live(&["--token-fd=3"], script)).stdout.trim_end(), token(&scene));
}

#[test]
fn signals_reach_the_program_and_its_end_is_ours() {
    let scene = Scene::settled();
    let script = "trap 'exit 7' TERM; trap 'exit 8' INT; trap 'exit 9' USR1; trap 'exit 10' HUP; echo ready
        while :; do sleep 0.05; done";
    for (signal, code) in [(Signal::TERM, 7), (Signal::INT, 8), (Signal::USR1, 9), (Signal::HUP, 10)] {
        let (mut child, _stdout) = start(&scene, &live(&[], script));
        send(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
    let (mut child, _stdout) = start(&scene, &live(&[], "echo ready; exec sleep 100"));
    send(&child, Signal::TERM);
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    assert_eq!(scene.run(&live(&[], "kill -KILL $$")).code, Some(128 + 9));
}

/// A program that does not heed a signal keeps running, and so do its answers; two signals are no reason to leave it.
#[test]
fn a_program_that_ignores_signals_is_not_left_alone() {
    let scene = Scene::settled();
    let script = format!("{ASK} trap '' INT TERM; echo ready; read line; ask '/token/acme?format=raw'");
    let mut child =
        scene.command(&live(&[], &script)).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut ready = [0; 6];
    stdout.read_exact(&mut ready).unwrap();
    for signal in [Signal::INT, Signal::TERM, Signal::TERM, Signal::INT] {
        send(&child, signal);
    }
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    let mut answer = String::new();
    stdout.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, format!("{}\n 200\n", token(&scene)));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// What the program sends to its own group does not come back to it.
#[test]
fn a_program_that_signals_its_group_gets_the_signal_once() {
    let scene = Scene::settled();
    let script = "n=0; trap 'n=$((n+1))' USR1; kill -USR1 0; sleep 0.3; echo $n";
    let mut command = scene.command(&live(&[], script));
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let ran = scene.place.finish(&mut command);
    assert_eq!((ran.stdout.as_str(), ran.code), ("1\n", Some(0)), "{ran}");
}

/// Ctrl-C reaches the whole foreground; it is not passed on a second time.
#[test]
fn ctrl_c_reaches_the_program_once() {
    if Command::new("script").arg("--version").output().is_err() {
        assert!(std::env::var_os("TOKENCTL_REQUIRE_TOOLS").is_none(), "script is not installed");
        eprintln!("skipped: script is not installed");
        return;
    }
    let scene = Scene::settled();
    let log = scene.place.put("log", "");
    // `wait` runs a trap at once; two signals before one trap would count as one.
    let script = r#"n=0; trap 'n=$((n+1))' INT; sleep 100 & echo ready >log
        while [ $n = 0 ]; do wait $!; done; sleep 0.3; kill $!; echo "$n" >log; exit 5"#;
    scene.place.put("script.sh", script);
    let program = scene.command(&[]).get_program().to_owned();
    let line = format!("exec {} exec acme --live -- sh script.sh", program.to_str().unwrap());
    let mut child = Command::new("script")
        .args(["-qefc", &line, "/dev/null"])
        .current_dir(scene.place.home())
        .env_clear()
        .env("HOME", scene.place.home())
        .env("TERM", "dumb")
        .env("TOKENCTL_TEST_NOW", "2027-03-01T12:00:00Z")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until("the program runs", || std::fs::read_to_string(&log).unwrap() == "ready\n");
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(b"\x03").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "1\n");
}

/// Eight threads of a job that lasts as long as three tokens: each answer is valid when it comes, and the vendor is
/// asked once for each token.
#[test]
fn a_job_outlives_its_tokens() {
    let scene = Scene::settled_in_real_time();
    let control = scene.control();
    let short = Fault::ExpiresIn { value: Some(json!(2)) };
    control.arm(FaultRule::always(short).at(Endpoint::Token));
    let before = control.calls_to(Endpoint::Token);
    // The first one still lives an hour: it is not wanted.
    scene.ok(&["token", "get", "acme", "--refresh"]);
    let script = r#"for i in 1 2 3 4 5 6 7 8; do
        (for j in $(seq 1 40); do
            curl -s --unix-socket "$TOKENCTL_SOCKET" http://localhost/token/acme || echo '{}'; sleep 0.1
        done) >answers$i &
    done; wait; cat answers*"#;
    let ran = scene.ok(&live(&[], script));
    let mut tokens = BTreeSet::new();
    let mut answers = 0;
    for line in ran.stdout.lines() {
        let answer: Value = serde_json::from_str(line).unwrap();
        let data = &answer["data"];
        let left = |member: &str| data[member].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        assert!(
            left("expires_at") > left("obtained_at") && data["expires_in"].as_i64().unwrap() >= 0,
            "{line}"
        );
        tokens.insert(data["access_token"].as_str().unwrap().to_owned());
        answers += 1;
    }
    assert_eq!(answers, 8 * 40);
    assert!(tokens.len() >= 3, "it lasted as long as {} tokens", tokens.len());
    let calls = usize::try_from(control.calls_to(Endpoint::Token) - before).unwrap();
    assert!(calls == tokens.len() || calls == tokens.len() + 1, "{calls} calls for {} tokens", tokens.len());
}

#[test]
fn an_outage_is_told_and_passes() {
    let scene = Scene::settled_in_real_time();
    let control = scene.control();
    let script = format!(
        r#"{ASK} echo ready; read line; ask "/token/acme?format=raw"; read line; ask "/token/acme?format=raw""#
    );
    let arguments = [&["--timeout=1s", "--deadline=2s"], &live(&["--min-ttl=59m59s"], &script)[..]].concat();
    let mut child = scene.command(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = || {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
        line
    };
    assert_eq!(line(), "ready\n");
    let mut stdin = child.stdin.take().unwrap();
    control.arm(FaultRule::always(Fault::Reset {}).at(Endpoint::Token));
    // A second after the token was issued it has less than the wanted lifetime left.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    stdin.write_all(b"\n").unwrap();
    let refusal: Value = serde_json::from_str(&line()).unwrap();
    assert_eq!(
        (&refusal["error"]["kind"], &refusal["error"]["retry"]),
        (&"unreachable".into(), &true.into())
    );
    assert_eq!(line(), " 503\n");
    control.disarm_all();
    // Those who waited share a failure that is less than five seconds old.
    std::thread::sleep(std::time::Duration::from_millis(5100));
    stdin.write_all(b"\n").unwrap();
    assert!(line().starts_with("eyJ"));
    assert_eq!(line(), " 200\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Nobody can tell a program that its parent was killed; the next one clears away what is left.
#[test]
fn what_a_killed_one_leaves_is_cleared_away() {
    let scene = Scene::settled();
    let (mut child, stdout) = start(&scene, &live(&[], "echo ready; echo $$; exec sleep 100"));
    let program = std::io::BufRead::lines(stdout).next().unwrap().unwrap();
    send(&child, Signal::KILL);
    child.wait().unwrap();
    let state = scene.place.home().join(".local/state/tokenctl");
    let sockets = || {
        let entries =
            state.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        entries.filter(|name| name.starts_with("exec-")).count()
    };
    assert_eq!(sockets(), 1);
    scene.ok(&live(&[], "true"));
    assert_eq!(sockets(), 0);
    assert!(Path::new("/proc").join(&program).exists(), "the program itself is left alone");
    let program = rustix::process::Pid::from_raw(program.parse().unwrap()).unwrap();
    rustix::process::kill_process(program, Signal::KILL).unwrap();
}
