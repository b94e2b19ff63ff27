//! R1: SIGKILL at every system call of every command that writes.

use crate::common::proof::reached;
use crate::judge::{Told, Trial};
use crate::story::{self, Scenario};
use crate::strace::{self, Call, Fault};
use crate::tree;

/// What a sweep over one scenario found.
#[derive(Debug, Default)]
struct Found {
    killed: usize,
    missed: usize,
    judged: usize,
    violations: Vec<String>,
}

/// Kills the command at each of `calls` and judges what is left.
///
/// A call that changes nothing leaves the same state as the next one that does: there it is enough that the
/// names are the same.
fn sweep(trial: &Trial, calls: &[&Call], stop_at_first: bool) -> Found {
    let mut found = Found::default();
    let mut judged = None;
    for call in calls.iter().rev() {
        let (ran, fired) = trial.run(call, Fault::Kill);
        let mut violation = |what: String| {
            let Call { name, number, text } = call;
            let what = format!("{}: killed at {name} {number} ({text:.80}): {what}", trial.scenario.name);
            println!("VIOLATION {what}");
            found.violations.push(what);
        };
        if !fired && ran.code == Some(0) && !call.changes() {
            found.missed += 1; // how often memory is asked for differs from run to run
            continue;
        }
        if !fired || ran.code.is_some() {
            violation(format!("it was not killed: {ran}"));
            continue;
        }
        found.killed += 1;
        let names = tree::names(trial.scene.home());
        if !call.changes() && ran.stdout.is_empty() && judged.as_ref() == Some(&names) {
            continue;
        }
        found.judged += 1;
        judged = Some(names);
        if let Err(what) = trial.judge(Told::by(&ran)) {
            violation(what);
        }
        if stop_at_first && !found.violations.is_empty() {
            break;
        }
    }
    found
}

/// The moments that matter most: where a file gets or loses a name, and around each sync.
fn critical(trial: &Trial) -> Vec<&Call> {
    let matters = |call: &&Call| {
        call.touches(trial.scene.home())
            && (call.name == "fsync" || call.changes() && call.name != "write" && call.name != "ftruncate")
    };
    trial.calls.iter().filter(matters).collect()
}

fn no_violations(found: &Found) {
    assert!(found.missed * 20 <= found.killed, "{} of {} were not killed", found.missed, found.killed);
    assert!(found.killed > 0);
    assert!(found.violations.is_empty(), "{}", found.violations.join("\n"));
}

/// Kills at every `every`th of the critical moments.
fn quick(name: &str, every: usize) {
    if strace::usable().is_none() {
        return;
    }
    let trial = Trial::of(story::named(name), None);
    let calls: Vec<_> = critical(&trial).into_iter().step_by(every).collect();
    no_violations(&sweep(&trial, &calls, false));
}

#[test]
fn killed_in_a_commit() {
    quick("connection add", 2);
}

#[test]
fn killed_while_something_is_destroyed() {
    quick("rotate retire", 3);
}

#[test]
fn killed_in_a_rekey() {
    quick("recipient remove, operator (rekeys)", 3);
}

#[test]
fn killed_while_the_vault_is_cared_for() {
    quick("vault backup", 4);
    quick("vault restore", 5);
    quick("vault rekey", 5);
    quick("vault move-home --release", 6);
}

#[test]
fn killed_while_a_token_is_kept() {
    quick("token get", 3);
}

#[test]
fn killed_while_a_grant_is_given_back() {
    quick("token revoke", 4);
}

#[test]
fn killed_while_somebody_logs_in() {
    quick("login", 3);
    quick("login, again", 5);
}

#[test]
fn killed_in_a_migration() {
    quick("first write, schema 1", 3);
}

#[test]
fn killed_in_init() {
    quick("init", 4);
}

/// The harness must be able to fail.
#[test]
fn seeded_bugs_are_found() {
    if strace::usable().is_none() {
        return;
    }
    for mutant in ["acknowledge-before-commit", "non-atomic-write", "delete-before-switch"] {
        let trial = Trial::of(story::named("connection add"), Some(mutant));
        let mut calls: Vec<_> = trial.calls.iter().filter(|call| call.changes()).collect();
        // The bugs are where the vault file gets its new content and where success is reported.
        calls.retain(|call| call.text.contains("vault.age>") || call.text.contains("/vault.age\""));
        let after = trial.calls.last().unwrap();
        calls.push(after);
        let found = sweep(&trial, &calls, true);
        assert!(!found.violations.is_empty(), "{mutant} was not found");
        println!("{mutant}: {:.300}", found.violations[0]);
    }
}

/// Every system call of every command. `cargo prove R1`
#[test]
#[ignore = "several minutes"]
fn killed_at_every_system_call_of_every_command() {
    if strace::usable().is_none() {
        return;
    }
    let (found, stopped) = story::for_each(every_call);
    let commands = found.len();
    let mut all = Found { violations: stopped, ..Found::default() };
    for Found { killed, missed, judged, violations } in found {
        all.killed += killed;
        all.judged += judged;
        all.missed += missed;
        all.violations.extend(violations);
    }
    let number = format!("{commands} commands, {} kills, {} states judged", all.killed, all.judged);
    reached("R1", number, all.violations.len());
    no_violations(&all);
}

fn every_call(scenario: Scenario) -> Found {
    let trial = Trial::of(scenario, None);
    let calls: Vec<_> = trial.calls.iter().filter(|call| call.name != "execve").collect();
    let found = sweep(&trial, &calls, false);
    println!(
        "R1 {:<36} {:>4} kills, {:>3} states judged, {} violations",
        scenario.name,
        found.killed,
        found.judged,
        found.violations.len()
    );
    found
}
