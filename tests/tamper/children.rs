//! R13: what other processes can see: arguments, environments, memory left behind by a crash.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::audit::has;
use crate::canary::Canaries;
use crate::common::Place;
use crate::common::proof::reached;
use crate::forge::{Plain, identity};
use crate::message::assert_none;

/// Every process that the demo starts: its arguments and its environment, as strace(1) sees execve(2).
#[test]
fn the_demo_passes_no_secret_on() {
    if !has("strace") {
        return;
    }
    let place = Place::new();
    let variable =
        age::secrecy::ExposeSecret::expose_secret(&age::x25519::Identity::generate().to_string()).to_owned();
    let trace = place.home().join("trace");
    let plain = place.command(&["demo", "--keep", "kept", "-vv"]);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-v", "-s", "1000000", "-e", "trace=execve", "-o"]).arg(&trace);
    strace.arg(plain.get_program()).args(plain.get_args()).env_clear().current_dir(place.home());
    strace.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    strace.env_remove("TOKENCTL_TEST_NOW");
    strace.env("TOKENCTL_IDENTITY", &variable).env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    let ran = place.finish(&mut strace);
    assert_eq!(ran.code, Some(0), "{ran}");

    let kept = place.home().join("kept");
    let own = kept.join("config/tokenctl/identity.txt");
    let mut canaries = Canaries::default();
    let operator = identity(&own);
    let text = std::fs::read_to_string(&own).unwrap();
    let secret = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap();
    canaries.add("the demo's identity", secret.as_bytes());
    canaries.add("the user's identity", variable.as_bytes());
    for (what, secret) in Plain::open(&kept.join("data/tokenctl/vault.age"), &operator).secrets(&operator) {
        // Of a long key the middle is enough, and none of it is public.
        let middle = &secret[secret.len() / 2..];
        // What is short (an address, say) would be found by accident; `cli::invite` looks for those.
        if middle.len() >= 16 {
            canaries.add(what, &middle[..middle.len().min(64)]);
        }
    }
    let trace = std::fs::read_to_string(&trace).unwrap();
    let children: Vec<&str> = trace.lines().filter(|line| line.contains("execve(")).skip(1).collect();
    assert!(children.len() > 10, "{trace}");
    let mut hits = canaries.search("execve of the children", children.join("\n").as_bytes(), "");
    hits.extend(canaries.search("stdout", ran.stdout.as_bytes(), ""));
    hits.extend(canaries.search("stderr", ran.stderr.as_bytes(), ""));
    hits.extend(canaries.search_files(&kept, &["/identity.txt"]));
    reached(
        "R13",
        format!("{} children of the demo, {} canaries", children.len(), canaries.len()),
        hits.len(),
    );
    assert_none(&hits);
    // The trace does show what is passed on.
    assert!(trace.lines().next().unwrap().contains(&variable), "the demo itself was given the variable");
}

/// Starts `program` as an ordinary user who allows core dumps, and waits until it runs.
fn start(place: &Place, program: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -c unlimited 2>/dev/null || ulimit -c hard; exec \"$0\" \"$@\""])
        .arg(program)
        .args(arguments);
    command.env_clear().env("HOME", place.home()).env("TOKENCTL_TEST_MUTANTS", "wait-in-command");
    command.current_dir(place.home()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut byte = [0];
    if arguments.contains(&"-v") {
        // The log's first line comes after the hardening.
        std::io::Read::read_exact(child.stderr.as_mut().unwrap(), &mut byte).unwrap();
    }
    child
}

/// Whether the kernel lets other processes of the same account look into it: /proc(5) then belongs to the account.
fn limits(child: &Child) -> String {
    let text = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    text.lines().find(|line| line.starts_with("Max core file size")).unwrap().to_owned()
}

#[test]
fn a_crash_leaves_no_memory_behind() {
    let place = Place::new();
    let program = Path::new(env!("CARGO_BIN_EXE_tokenctl"));
    let mut child = start(&place, program, &["help", "-v"]);
    let line = limits(&child);
    // The limit that counts; the other one is kept for programs that `exec` starts.
    assert_eq!(line.split_whitespace().nth(4), Some("0"), "{line}");
    if !rustix::process::geteuid().is_root() {
        // Source: proc(5): what is not dumpable belongs to root there.
        let owner = std::fs::metadata(format!("/proc/{}/environ", child.id())).unwrap().uid();
        assert_eq!(owner, 0, "another process of the account could read the memory");
    }
    kill_process(Pid::from_child(&child), Signal::ABORT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(Signal::ABORT.as_raw()));
    assert!(!status.core_dumped(), "a core was dumped");
    let files: Vec<_> = place.home().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!files.iter().any(|name| name.to_string_lossy().starts_with("core")), "{files:?}");

    // The test can fail: a program without the hardening does dump, where this machine lets it.
    let mut other = start(&place, Path::new("/bin/sleep"), &["60"]);
    let allowed = !limits(&other).contains(" 0 ");
    kill_process(Pid::from_child(&other), Signal::ABORT).unwrap();
    let dumped = other.wait().unwrap().core_dumped();
    println!("an unhardened program: core allowed {allowed}, dumped {dumped}");
}
