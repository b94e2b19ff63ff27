//! strace as the hand that stops a program at a chosen system call.
//!
//! `when=` counts per thread and per call, so the program is run on one thread, and every injection must be seen
//! to have happened. An undumpable process hides its paths from an unprivileged tracer. The hook `traceable` is for
//! both.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::accompany::accompanied;
use crate::common::{Place, Ran};
use crate::tree::without_random;

/// When every invitation is over.
const MUCH_LATER: &str = "2030-01-01T00:00:00Z";

/// One system call of a recorded run.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// Which call of this name it is, from 1.
    pub(crate) number: u32,
    /// What strace printed after the name.
    pub(crate) text: String,
}

impl Call {
    /// Whether it can change what is on disk.
    pub(crate) fn changes(&self) -> bool {
        match self.name.as_str() {
            "openat" => self.text.contains("O_CREAT"),
            "write" | "pwrite64" | "writev" | "ftruncate" | "fallocate" | "copy_file_range" | "sendfile"
            | "rename" | "renameat" | "renameat2" | "link" | "linkat" | "unlink" | "unlinkat" | "mkdir"
            | "mkdirat" | "symlink" | "symlinkat" | "fchmod" | "chmod" | "fchmodat" | "fchown"
            | "fchownat" => true,
            _ => false,
        }
    }

    /// Whether it sends something through a socket.
    pub(crate) fn sends(&self) -> bool {
        let to = first_argument(&self.text);
        ["write", "writev", "sendto", "sendmsg"].contains(&&*self.name)
            && ["<socket:", "<TCP"].iter().any(|kind| to.contains(kind))
    }

    /// Whether it names `folder` or something below it, by path or by descriptor.
    pub(crate) fn touches(&self, folder: &Path) -> bool {
        // The home is also the current directory, which `AT_FDCWD<…>` repeats in every line.
        let cwd = format!("AT_FDCWD<{}>", folder.display());
        let named = match &*self.name {
            // What is written may be a report that names the home.
            "read" | "pread64" | "write" | "pwrite64" => first_argument(&self.text),
            _ => &self.text,
        };
        named.replace(&cwd, "").contains(&*folder.display().to_string())
    }
}

/// What happens at a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// SIGKILL before it is carried out.
    Kill,
    /// This error instead of it, once.
    Once(&'static str),
    /// This error instead of it and of every later call of its name.
    FromThenOn(&'static str),
}

/// Returns strace's path if it can trace here; says why not otherwise.
pub(crate) fn usable() -> Option<&'static Path> {
    static STRACE: OnceLock<Option<PathBuf>> = OnceLock::new();
    STRACE
        .get_or_init(|| {
            let found = find("strace").and_then(|strace| match probe(&strace) {
                Ok(()) => Ok(strace),
                Err(why) => Err(why),
            });
            found.map_err(|why| missing(&why)).ok()
        })
        .as_deref()
}

/// A tool is missing: a notice, or a failure where `TOKENCTL_REQUIRE_TOOLS` asks for all of them.
fn missing(why: &str) {
    assert!(std::env::var_os("TOKENCTL_REQUIRE_TOOLS").is_none(), "{why}");
    println!("SKIPPED: {why}");
}

fn find(tool: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(tool))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| format!("{tool} is not installed"))
}

/// Traces the program itself: ptrace may be forbidden, and the paths must be seen.
fn probe(strace: &Path) -> Result<(), String> {
    let place = Place::new();
    let (ran, calls) = record_with(strace, &place, &["help", "exit-codes"], None);
    let text = |calls: &[Call]| calls.iter().map(|call| call.text.clone()).collect::<String>();
    if ran.code != Some(0) || calls.is_empty() {
        return Err(format!("strace cannot trace here: {}", ran.stderr));
    }
    let sees_memory = text(&calls).contains("/.config/tokenctl/config.toml");
    sees_memory.then_some(()).ok_or_else(|| "strace sees no paths here".to_owned())
}

/// Runs a command as a user would, on the real clock.
pub(crate) fn plain(place: &Place, arguments: &[&str]) -> Ran {
    run(place, arguments, &mut command(place, arguments, ""))
}

/// A command with seeded bugs, on the real clock; what cleans up what is old waits for a long time first.
pub(crate) fn command(place: &Place, arguments: &[&str], bugs: &str) -> Command {
    let mut command = place.command(arguments);
    command.env_remove("TOKENCTL_TEST_NOW").env("TOKENCTL_TEST_MUTANTS", bugs);
    if arguments.starts_with(&["invite", "cleanup"]) {
        command.env("TOKENCTL_TEST_NOW", MUCH_LATER);
    }
    command
}

/// Whether somebody with a browser takes part in a command.
pub(crate) fn is_accompanied(arguments: &[&str]) -> bool {
    arguments.first() == Some(&"login")
}

/// Runs a command; a login has somebody who logs in.
fn run(place: &Place, arguments: &[&str], command: &mut Command) -> Ran {
    if is_accompanied(arguments) { accompanied(place, command) } else { place.finish(command) }
}

fn traced(
    strace: &Path,
    place: &Place,
    mutant: Option<&str>,
    options: &[&str],
    arguments: &[&str],
) -> Command {
    let hooks = mutant.map_or("traceable".to_owned(), |bug| format!("traceable,{bug}"));
    let mut command = Command::new(strace);
    command
        .arg("-f")
        .args(options)
        .arg("--")
        .arg(env!("CARGO_BIN_EXE_tokenctl"))
        .args(arguments)
        .env_clear()
        .current_dir(place.home())
        .stdin(std::process::Stdio::null());
    let plain = self::command(place, arguments, &hooks);
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// Runs a command and returns its system calls in order.
pub(crate) fn record(place: &Place, arguments: &[&str], mutant: Option<&str>) -> (Ran, Vec<Call>) {
    record_with(usable().unwrap(), place, arguments, mutant)
}

fn record_with(strace: &Path, place: &Place, arguments: &[&str], mutant: Option<&str>) -> (Ran, Vec<Call>) {
    // What is written is kept whole, as it is what a power cut may take away.
    let log = tempfile::NamedTempFile::new().unwrap();
    let path = log.path().to_str().unwrap();
    let options = ["-y", "-x", "-s", "2000000", "-o", path];
    let ran = run(place, arguments, &mut traced(strace, place, mutant, &options, arguments));
    let calls = parse(&std::fs::read_to_string(log.path()).unwrap());
    (ran, calls)
}

fn parse(log: &str) -> Vec<Call> {
    let mut numbers = HashMap::new();
    let mut calls = Vec::new();
    let mut first_thread = None;
    for line in log.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Some((name, text)) = rest.trim_start().split_once('(') else { continue };
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue; // `+++ exited`, `--- SIGCHLD`, `<... resumed>`
        }
        let number = numbers.entry((thread.to_owned(), name.to_owned())).or_insert(0);
        *number += 1;
        if first_thread.get_or_insert_with(|| thread.to_owned()) == thread {
            calls.push(Call { name: name.to_owned(), number: *number, text: text.to_owned() });
        } else {
            assert!(!text.contains("/tokenctl"), "another thread works on files: {line}");
        }
    }
    calls
}

/// Runs a command with a fault at one of its calls; also tells whether it happened.
pub(crate) fn inject(
    place: &Place,
    arguments: &[&str],
    mutant: Option<&str>,
    (call, fault): (&Call, Fault),
) -> (Ran, bool) {
    let log = tempfile::NamedTempFile::new().unwrap();
    let Call { name, number, .. } = call;
    let what = match fault {
        Fault::Kill => format!("inject={name}:signal=SIGKILL:when={number}"),
        Fault::Once(error) => format!("inject={name}:error={error}:when={number}"),
        Fault::FromThenOn(error) => format!("inject={name}:error={error}:when={number}+"),
    };
    let trace = format!("trace={name}");
    let options = ["-y", "-s", "0", "-o", log.path().to_str().unwrap(), "-e", &trace, "-e", &what];
    let ran = run(place, arguments, &mut traced(usable().unwrap(), place, mutant, &options, arguments));
    let log = std::fs::read_to_string(log.path()).unwrap();
    let fired = match fault {
        Fault::Kill => log.contains("+++ killed by SIGKILL +++"),
        // Elsewhere than meant it is none: a count that shifted may hit the runtime's own wake-ups, which no disk refuses.
        Fault::Once(_) | Fault::FromThenOn(_) => {
            let home = place.home().display().to_string();
            let cwd = format!("AT_FDCWD<{home}>");
            // A browser moves the counts further, to another file of the home.
            let is_meant = |line: &str| {
                !is_accompanied(arguments)
                    || line.split_once('(').is_some_and(|(_, text)| file_of(text) == file_of(&call.text))
            };
            whole(&log).any(|line| {
                line.contains("(INJECTED)") && line.replace(&cwd, "").contains(&home) && is_meant(&line)
            })
        }
    };
    (ran, fired)
}

/// The first argument of a call.
fn first_argument(text: &str) -> &str {
    text.split([',', ')']).next().unwrap_or_default()
}

/// The file that a call works on, by path or by descriptor, whichever number that has.
fn file_of(text: &str) -> String {
    let first = first_argument(text);
    without_random(first.find('<').map_or(first, |at| &first[at..]))
}

/// The lines of a log, with calls that another thread's came between put together again.
fn whole(log: &str) -> impl Iterator<Item = String> {
    let mut begun = HashMap::new();
    log.lines().filter_map(move |line| {
        let (thread, call) = line.split_once(' ')?;
        match (call.split_once(" <unfinished ...>"), call.split_once(" resumed>")) {
            (Some((beginning, _)), _) => {
                begun.insert(thread, beginning);
                None
            }
            (None, Some((_, end))) => Some(format!("{}{end}", begun.remove(thread).unwrap_or_default())),
            (None, None) => Some(call.to_owned()),
        }
    })
}
