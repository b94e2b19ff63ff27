//! R3: an I/O error at every system call that works on the vault's files, once and from then on.

use std::collections::BTreeMap;
use std::path::Path;

use crate::common::Ran;
use crate::common::proof::reached;
use crate::judge::{Told, Trial};
use crate::story::{self, Scenario};
use crate::strace::{self, Call, Fault};

/// The calls that a disk can refuse, and how it does.
const REFUSALS: &[(&str, &[&str])] = &[
    ("openat", &["EACCES", "EIO", "ENOSPC", "EMFILE"]),
    ("read", &["EIO"]),
    ("pread64", &["EIO"]),
    ("write", &["ENOSPC", "EIO", "EDQUOT"]),
    ("copy_file_range", &["EIO", "ENOSPC"]),
    ("fsync", &["EIO", "ENOSPC"]),
    ("rename", &["EIO", "EACCES", "ENOSPC"]),
    ("link", &["EIO", "ENOSPC"]),
    ("linkat", &["EIO", "ENOSPC"]),
    ("unlink", &["EIO", "EACCES"]),
    ("ftruncate", &["EIO", "ENOSPC"]),
    ("mkdir", &["EACCES", "ENOSPC"]),
    ("statx", &["EIO"]),
    ("getdents64", &["EIO"]),
    ("flock", &["ENOLCK"]),
    ("fchmod", &["EIO"]),
];

#[derive(Debug, Default)]
struct Found {
    injected: usize,
    /// Calls that were never hit, as their numbers move with the pace of a browser and with how many digits a process id has
    /// (a lock's note is read in pieces); said aloud, and no verdict, as long as they are few.
    missed: usize,
    /// How often the command ended with which code.
    codes: BTreeMap<i32, usize>,
    violations: Vec<String>,
}

impl Found {
    /// The exit codes, with how often each came.
    fn codes(&self) -> String {
        let codes: Vec<_> = self.codes.iter().map(|(code, count)| format!("{count} exit {code}")).collect();
        codes.join(", ")
    }

    fn add(&mut self, other: Self) {
        self.injected += other.injected;
        self.missed += other.missed;
        for (code, count) in other.codes {
            *self.codes.entry(code).or_default() += count;
        }
        self.violations.extend(other.violations);
    }

    fn expect_none(&self) {
        assert!(self.injected > 0);
        assert!(self.missed * 20 <= self.injected, "{} of {} did not happen", self.missed, self.injected);
        assert!(self.violations.is_empty(), "{}", self.violations.join("\n"));
    }
}

/// The faults that a disk can have at those of `calls` that touch `home`, as far as `wanted` chooses them.
pub(crate) fn faults<'a>(
    calls: &'a [Call],
    home: &Path,
    wanted: impl Fn(&Call, Fault) -> bool,
) -> Vec<(&'a Call, Fault)> {
    let mut chosen = Vec::new();
    for call in calls.iter().filter(|call| call.touches(home)) {
        let Some((_, errors)) = REFUSALS.iter().find(|(name, _)| *name == call.name) else { continue };
        let once = errors.iter().map(|error| Fault::Once(error));
        // Not for write: it would take the runtime's own wake-ups away as well, which no disk does.
        let persistent = (call.name != "write").then_some(Fault::FromThenOn(errors[0]));
        let all = once.chain(persistent);
        chosen.extend(all.filter(|fault| wanted(call, *fault)).map(|fault| (call, fault)));
    }
    chosen
}

fn sweep(trial: &Trial, faults: &[(&Call, Fault)]) -> Found {
    let mut found = Found::default();
    for (call, fault) in faults {
        let (ran, fired) = trial.run(call, *fault);
        let mut violation = |what: String| {
            let Call { name, number, text } = call;
            let what = format!("{}: {fault:?} at {name} {number} ({text:.160}): {what}", trial.scenario.name);
            println!("VIOLATION {what}");
            found.violations.push(what);
        };
        let is_elsewhere = ran.code == Some(0) || trial.scenario.is_accompanied() || is_the_programs(&ran);
        if !fired && is_elsewhere {
            println!("MISSED {}: {fault:?} at {} {}", trial.scenario.name, call.name, call.number);
            found.missed += 1;
            continue;
        }
        if !fired {
            violation(format!("it did not happen: {ran}"));
            continue;
        }
        found.injected += 1;
        *found.codes.entry(ran.code.unwrap_or(-1)).or_default() += 1;
        if let Err(what) = said_well(&ran, (call, *fault)).and_then(|()| left_well(trial, &ran)) {
            violation(format!("{what}\n{ran}"));
        }
    }
    found
}

fn every_call(scenario: Scenario) -> Found {
    let trial = Trial::of(scenario, None);
    let found = sweep(&trial, &faults(&trial.calls, trial.scene.home(), |_, _| true));
    println!(
        "R3 {:<36} {:>4} errors, {} missed, {} violations, {}",
        scenario.name,
        found.injected,
        found.missed,
        found.violations.len(),
        found.codes()
    );
    found
}

/// No panic, no signal, and a code that names the vault or the audit log.
pub(crate) fn said_well(ran: &Ran, (call, fault): (&Call, Fault)) -> Result<(), String> {
    if ran.stderr.contains("has a bug") {
        return Err("a panic".to_owned());
    }
    // Files that the user wrote.
    let given =
        ["config.toml", "one.token", "app.secret", "import.csv", "old.key", "old.pem", "acme.refresh"];
    let given = given.iter().any(|name| call.text.contains(name));
    match ran.code {
        None => Err("ended by a signal".to_owned()),
        Some(8 | 9) => Ok(()),
        Some(0) if takes_nothing_away(call, fault) || ran.stderr.contains("warning: ") => Ok(()),
        Some(0) => Err("it ended well and said nothing of it".to_owned()),
        Some(2) if given => Ok(()),
        // `exec` keeps the code for itself; the JSON error has the real one.
        Some(125) if ran.stderr.contains("error: ") => Ok(()),
        Some(_) if is_the_programs(ran) => Ok(()),
        Some(1) if is_deaf(ran) => Ok(()),
        // A batch, whose two fared differently.
        Some(13) if ran.stderr.contains("of 2 failed") => Ok(()),
        Some(code) => Err(format!("exit {code}")),
    }
}

/// Whether an error there costs nothing that was asked for, so that it need not even be told.
fn takes_nothing_away(call: &Call, fault: Fault) -> bool {
    // What a lock says of its holder, and what this machine remembers of the vault.
    let beside = ["/vault.age.locks/", "/.local/state/"].iter().any(|part| call.text.contains(part));
    // What cleans up is done again at the next write: it looks through a folder and removes names.
    let lists = call.name == "openat" && call.text.contains("O_DIRECTORY") || call.name == "getdents64";
    // Whether a folder is there is asked a second time before it is made.
    let asks = call.name == "statx" && matches!(fault, Fault::Once(_));
    beside || lists || asks || call.name == "unlink"
}

/// What failed is as if it had never been tried; nothing is left after the next run.
fn left_well(trial: &Trial, ran: &Ran) -> Result<(), String> {
    let is_told_each = trial.scenario.is_batch() && ran.code != Some(0);
    trial.judge(if is_deaf(ran) || is_told_each { Told::Nothing } else { Told::by(ran) })
}

/// Whether the error took the way to stdout as well: what was done could not be said.
fn is_deaf(ran: &Ran) -> bool {
    ran.stderr.contains("cannot write to standard output")
}

/// Whether the error went on, or came first, in the program that `exec` ran.
fn is_the_programs(ran: &Ran) -> bool {
    ran.code == Some(127) && ran.stderr.contains("error while loading shared libraries")
}

fn quick(name: &str, every: usize) {
    if strace::usable().is_none() {
        return;
    }
    let trial = Trial::of(story::named(name), None);
    let all = faults(&trial.calls, trial.scene.home(), |call, fault| {
        !["read", "pread64", "statx"].contains(&&*call.name) && matches!(fault, Fault::Once("ENOSPC" | "EIO"))
    });
    let sample: Vec<_> = all.into_iter().step_by(every).collect();
    sweep(&trial, &sample).expect_none();
}

#[test]
fn the_disk_refuses_a_commit() {
    quick("connection add", 5);
}

/// These once read the vault for their reports after the commit, and an error there said that nothing was changed.
#[test]
fn nothing_is_read_for_the_report_after_the_commit() {
    if strace::usable().is_none() {
        return;
    }
    for name in ["app set", "connection set"] {
        let trial = Trial::of(story::named(name), None);
        let wanted = |call: &Call, fault| call.name == "statx" && matches!(fault, Fault::Once("EIO"));
        let all = faults(&trial.calls, trial.scene.home(), wanted);
        sweep(&trial, &all[all.len().saturating_sub(5)..]).expect_none();
    }
}

/// A backup's draft that could not be removed once stayed for good, and a previous generation that had to go did so without
/// a word.
#[test]
fn what_cannot_be_tidied_is_told_or_tidied_later() {
    if strace::usable().is_none() {
        return;
    }
    for (name, at) in [("vault backup", "unlink"), ("recipient set-role, up", "rename")] {
        let trial = Trial::of(story::named(name), None);
        let wanted =
            |call: &Call, fault| call.name == at && !matches!(fault, Fault::Once("EACCES" | "ENOSPC"));
        sweep(&trial, &faults(&trial.calls, trial.scene.home(), wanted)).expect_none();
    }
}

/// The harness must be able to fail.
#[test]
fn seeded_bugs_are_found() {
    if strace::usable().is_none() {
        return;
    }
    for (mutant, at) in [("failed-sync-ignored", "fsync"), ("panic-on-refusal", "rename")] {
        let trial = Trial::of(story::named("connection add"), Some(mutant));
        let wanted = |call: &Call, fault| call.name == at && matches!(fault, Fault::Once("EIO"));
        let found = sweep(&trial, &faults(&trial.calls, trial.scene.home(), wanted));
        assert!(!found.violations.is_empty(), "{mutant} was not found");
    }
}

/// `cargo prove R3`
#[test]
#[ignore = "many minutes"]
fn the_disk_refuses_every_call_of_every_command() {
    if strace::usable().is_none() {
        return;
    }
    let (found, stopped) = story::for_each(every_call);
    let commands = found.len();
    let mut all = Found { violations: stopped, ..Found::default() };
    for found in found {
        all.add(found);
    }
    let number = format!("{commands} commands, {} errors, {}", all.injected, all.codes());
    reached("R3", number, all.violations.len());
    all.expect_none();
}
