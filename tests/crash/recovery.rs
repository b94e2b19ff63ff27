//! R1 and R3 in the run that recovers: a command was killed and left something over; the next write, which cleans that
//! up, is killed as well, or refused by the disk.

use std::collections::BTreeSet;

use crate::common::Ran;
use crate::common::proof::reached;
use crate::io_errors::{faults, said_well};
use crate::judge::{NEXT_WRITE, Trial};
use crate::story::{self, NEUTRAL};
use crate::strace::{self, Call, Fault, plain};
use crate::tree::{self, Saved};

/// The commands that leave each kind of thing over.
const LEAVERS: [&str; 7] = [
    "connection add",
    "rotate retire",
    "recipient remove, operator (rekeys)",
    "token get",
    "invite access, again",
    "login",
    "company disconnect",
];

/// What a killed command left over.
struct Leftover {
    /// Where it was killed.
    at: String,
    saved: Saved,
    /// What is seen of the vault, and what once a write has put into it what the journal holds.
    states: Vec<serde_json::Value>,
}

#[derive(Debug, Default)]
struct Found {
    leftovers: usize,
    injected: usize,
    violations: Vec<String>,
}

/// Kills a command at each call that changes a name below its home; returns each state with names that neither belong there
/// before nor after it.
fn leftovers(trial: &Trial, most: usize) -> Vec<Leftover> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for call in trial.calls.iter().filter(|call| call.touches(trial.scene.home()) && call.changes()) {
        let (ran, fired) = trial.run(call, Fault::Kill);
        let names = tree::names(trial.scene.home());
        if !fired || ran.code.is_some() || trial.nothing_is_left().is_ok() || !seen.insert(names) {
            continue;
        }
        let at = format!("{} {}", call.name, call.number);
        let state = story::observe(&trial.scene).unwrap();
        found.push(Leftover { at, saved: Saved::of(trial.scene.home()), states: vec![state] });
        if found.len() == most {
            break;
        }
    }
    found
}

/// The next write meets each of its faults, of which every `every`th is tried, over each left-over.
fn sweep(name: &str, most: usize, every: usize) -> Found {
    let trial = Trial::of(story::named(name), None);
    let mut found = Found::default();
    for mut leftover in leftovers(&trial, most) {
        found.leftovers += 1;
        leftover.saved.restore();
        let (ran, calls) = strace::record(&trial.scene.place, &NEXT_WRITE, None);
        assert_eq!(ran.code, Some(0), "{ran}");
        leftover.states.push(story::observe(&trial.scene).unwrap());
        let home = trial.scene.home();
        let kills = calls.iter().filter(|call| call.touches(home) && call.changes());
        let all = faults(&calls, home, |_, _| true);
        for (call, fault) in kills.map(|call| (call, Fault::Kill)).chain(all).step_by(every) {
            leftover.saved.restore();
            let (ran, fired) = strace::inject(&trial.scene.place, &NEXT_WRITE, None, (call, fault));
            found.injected += 1;
            let verdict =
                if fired { judge(&trial, &leftover, (call, fault), &ran) } else { Err("not hit".into()) };
            if let Err(what) = verdict {
                let Call { name: at, number, text } = call;
                let what = format!(
                    "{name} killed at {}, then {fault:?} at {at} {number} ({text:.160}): {what}\n{ran}",
                    leftover.at
                );
                println!("VIOLATION {what}");
                found.violations.push(what);
            }
        }
    }
    found
}

/// The vault is what it was, with the write or without it as was told, and another write leaves nothing over.
fn judge(trial: &Trial, leftover: &Leftover, (call, fault): (&Call, Fault), ran: &Ran) -> Result<(), String> {
    if fault != Fault::Kill {
        said_well(ran, (call, fault))?;
    }
    let state = story::observe(&trial.scene)?;
    if !leftover.states.contains(&state) {
        return Err(format!("it was one of {:?}, and is {state}", leftover.states));
    }
    trial.check()?;
    let place = &trial.scene.place;
    let is_there = plain(place, &["connection", "show", NEUTRAL]).code == Some(0);
    match ran.code {
        Some(0) if !is_there => return Err("acknowledged, but not there".to_owned()),
        Some(_) if ran.code != Some(0) && ran.stdout.is_empty() && is_there => {
            return Err("reported as failed, but there".to_owned());
        }
        _ => {}
    }
    let again = plain(place, &NEXT_WRITE);
    if again.code != Some(if is_there { 5 } else { 0 }) {
        return Err(format!("the write after that fails: {again}"));
    }
    finish(trial, is_there, "")
}

/// One more write, if there was none yet, and nothing is left over.
fn finish(trial: &Trial, is_there: bool, bugs: &str) -> Result<(), String> {
    let place = &trial.scene.place;
    if is_there {
        // A write that was refused swept nothing.
        let mut another = NEXT_WRITE;
        (another[3], another[5]) = ("neutral-2", "--client-id=z2");
        let last = place.finish(&mut strace::command(place, &another, bugs));
        if last.code != Some(0) {
            return Err(format!("the last write fails: {last}"));
        }
    }
    trial.check()?;
    trial.nothing_is_left()
}

#[test]
fn interrupted_while_it_cleans_up() {
    if strace::usable().is_none() {
        return;
    }
    let found = sweep("connection add", 1, 16);
    assert!(found.leftovers > 0 && found.injected > 0, "{found:?}");
    assert!(found.violations.is_empty(), "{}", found.violations.join("\n"));
}

/// The harness must be able to fail.
#[test]
fn drafts_that_stay_are_found() {
    if strace::usable().is_none() {
        return;
    }
    let trial = Trial::of(story::named("connection add"), None);
    let leftover = leftovers(&trial, 1).pop().unwrap();
    for (bugs, clean) in [("", true), ("drafts-left-behind", false)] {
        leftover.saved.restore();
        let place = &trial.scene.place;
        let ran = place.finish(&mut strace::command(place, &NEXT_WRITE, bugs));
        assert_eq!(ran.code, Some(0), "{ran}");
        assert_eq!(finish(&trial, false, bugs).is_ok(), clean, "{bugs}");
    }
}

/// `cargo prove R3`
#[test]
#[ignore = "many minutes"]
fn the_disk_refuses_every_call_of_what_cleans_up() {
    if strace::usable().is_none() {
        return;
    }
    let mut all = Found::default();
    for name in LEAVERS.iter().filter(|name| story::wanted(&story::named(name))) {
        let found = sweep(name, usize::MAX, 1);
        println!(
            "R3 recovery from {name:<36} {} left-overs, {} faults, {} violations",
            found.leftovers,
            found.injected,
            found.violations.len()
        );
        all.leftovers += found.leftovers;
        all.injected += found.injected;
        all.violations.extend(found.violations);
    }
    let number =
        format!("recovery: {} left-overs, {} kills and errors in the next run", all.leftovers, all.injected);
    reached("R3", number, all.violations.len());
    assert!(all.violations.is_empty(), "{}", all.violations.join("\n"));
}
