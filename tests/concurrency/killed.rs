//! R7: killed anywhere in a rotation: the connection works at all times, and the same commands finish the job.

use std::os::unix::fs::MetadataExt as _;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokenctl::clock::Clock;
use tokenctl::sim::{Endpoint, Fault, FaultRule};

use crate::common::proof::reached;
use crate::world::{World, finish, start, sweep};

/// When a process is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// So many microseconds after its start.
    After(u64),
    /// Once its request is in the audit log.
    Requested,
    /// Once the vendor works on its answer.
    Asked,
    /// Once the next generation is being written.
    Drafted,
    /// Once the previous generation is kept.
    Kept,
    /// Once the next generation is the vault.
    Switched,
}

const CHOSEN: [Moment; 5] =
    [Moment::Requested, Moment::Asked, Moment::Drafted, Moment::Kept, Moment::Switched];

/// What can be seen of a vault from outside.
#[derive(PartialEq, Eq)]
struct Sight {
    log: u64,
    vault: u64,
    previous: u64,
    calls: u64,
}

impl Sight {
    fn of(world: &World) -> Self {
        let inode = |ending| world.beside(ending).metadata().map_or(0, |metadata| metadata.ino());
        let months = world.beside(".audit").read_dir().unwrap();
        Self {
            log: months.map(|entry| entry.unwrap().metadata().map_or(0, |metadata| metadata.len())).sum(),
            vault: inode(""),
            previous: inode(".prev"),
            calls: world.control().calls_to(Endpoint::Token),
        }
    }
}

fn drafts(world: &World) -> usize {
    let folder = world.beside("").parent().unwrap().read_dir().unwrap();
    folder.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains(".tmp-")).count()
}

/// Kills `child` at `moment`; returns its exit code if it was faster.
fn kill(world: &World, mut child: Child, moment: Moment, before: &Sight) -> Option<i32> {
    let since = Clock::system().instant();
    while child.try_wait().unwrap().is_none() && !has_come(world, moment, before, since) {}
    if child.try_wait().unwrap().is_none() {
        kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    }
    let ran = finish(child);
    assert!(matches!(ran.code, None | Some(0 | 5)), "{ran}");
    ran.code
}

fn has_come(world: &World, moment: Moment, before: &Sight, since: Instant) -> bool {
    let now = Sight::of(world);
    match moment {
        Moment::After(microseconds) => since.elapsed() >= Duration::from_micros(microseconds),
        Moment::Requested => now.log != before.log,
        Moment::Asked => now.calls != before.calls,
        Moment::Drafted => drafts(world) > 0,
        Moment::Kept => now.previous != before.previous,
        Moment::Switched => now.vault != before.vault,
    }
}

/// A step of the rotation, with the states before and after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Initiate,
    Confirm,
    Rollback,
    Retire,
}

impl Step {
    const ALL: [Self; 5] = [Self::Initiate, Self::Confirm, Self::Rollback, Self::Rollback, Self::Retire];

    fn word(self) -> &'static str {
        match self {
            Self::Initiate => "initiate",
            Self::Confirm => "confirm",
            Self::Rollback => "rollback",
            Self::Retire => "retire",
        }
    }

    fn states(self) -> (&'static str, &'static str) {
        match self {
            Self::Initiate => ("active", "rotating"),
            Self::Confirm => ("rotating", "previous-kept"),
            Self::Rollback => ("previous-kept", "previous-kept"),
            Self::Retire => ("previous-kept", "active"),
        }
    }
}

/// What was done and found.
#[derive(Default)]
struct Tally {
    rotations: usize,
    kills: usize,
    /// Kills after which the step turned out to be done.
    done: usize,
    /// Processes that were faster than the kill.
    missed: usize,
    violations: Vec<String>,
}

impl Tally {
    fn expect(&mut self, what: impl FnOnce() -> String, holds: bool) -> bool {
        if !holds {
            self.violations.push(what());
        }
        holds
    }

    /// Runs `step`, killed at `moment`, and then again; returns whether the rotation can go on.
    fn step(&mut self, world: &World, step: Step, id: &str, moment: Moment) -> bool {
        let mut line = vec!["rotate", step.word(), "acme"];
        if step == Step::Confirm {
            line.push(id);
        }
        let active = |world: &World| status(world).1;
        let first = active(world);
        // The vendor's answer leaves time to be killed in.
        let slow = FaultRule::always(Fault::SlowHeaders { milliseconds: 200 }).at(Endpoint::Token);
        let slow = matches!(moment, Moment::Asked).then(|| world.control().arm(slow));
        let before = Sight::of(world);
        let code = kill(world, start(&mut world.command(&line)), moment, &before);
        if let Some(slow) = slow {
            world.control().disarm(slow).unwrap();
        }
        self.kills += usize::from(code.is_none());
        self.missed += usize::from(code.is_some());

        let context = format!("{step:?} killed at {moment:?}");
        let verified = world.run(&["verify", "acme"]);
        if !self
            .expect(|| format!("{context}: the vendor accepts no key: {verified}"), verified.code == Some(0))
        {
            return false;
        }
        let (state, now) = status(world);
        let (old, new) = step.states();
        // A rollback leads from overlap to overlap: only the keys tell.
        let done = if old == new { now != first } else { state == new };
        self.done += usize::from(done && code.is_none());
        let legal = (state == old || state == new) && (done || now == first) && (code != Some(0) || done);
        if !self.expect(|| format!("{context}: {state} with {now}, was {first}, exit {code:?}"), legal) {
            return false;
        }
        if !done {
            let again = world.run(&line);
            return self.expect(|| format!("{context}: the rerun fails: {again}"), again.code == Some(0));
        }
        if old != new {
            let again = world.run(&line);
            return self.expect(|| format!("{context}: done, but repeated: {again}"), again.code == Some(5));
        }
        true
    }

    /// A whole rotation in which each step is killed at the moment that `moments` gives.
    fn rotation(&mut self, world: &World, mut moments: impl FnMut() -> Moment) -> bool {
        let (_, old) = status(world);
        let mut id = String::new();
        for step in Step::ALL {
            if step == Step::Confirm {
                id = world.upload("acme");
            }
            if !self.step(world, step, &id, moments()) {
                return false;
            }
        }
        world.admin().revoke_certificate(&old).unwrap();
        self.rotations += 1;
        self.clean(world)
    }

    /// Nothing is orphaned: no file, no key, no certificate at the vendor.
    fn clean(&mut self, world: &World) -> bool {
        let keys = world.data(&["rotate", "status", "acme"])["keys"].as_array().unwrap().len();
        let (_, active) = status(world);
        let known: Vec<_> = world
            .admin()
            .certificates(world.client_id())
            .unwrap()
            .into_iter()
            .filter(|certificate| !certificate.revoked)
            .map(|certificate| certificate.certificate_id)
            .collect();
        let found = world.violations();
        self.expect(|| found.join("\n"), found.is_empty())
            & self.expect(|| format!("{keys} keys are left"), keys == 1)
            & self
                .expect(|| format!("the vendor has {known:?}, the vault {active}"), known == [active.clone()])
            & self.expect(|| "a draft is left over".to_owned(), drafts(world) == 0)
    }
}

/// Where the rotation stands, and the active key's certificate id.
fn status(world: &World) -> (String, String) {
    let shown = world.data(&["rotate", "status", "acme"]);
    let active = shown["keys"].as_array().unwrap().iter().find(|key| key["state"] == "active");
    let id = active.and_then(|key| key["certificate_id"].as_str()).unwrap_or("no active key");
    (shown["key_state"].as_str().unwrap().to_owned(), id.to_owned())
}

/// Random numbers that can be had again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        // Source: xorshift64, G. Marsaglia, 2003.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }

    fn moment(&mut self) -> Moment {
        match usize::try_from(self.roll(10)).unwrap() {
            chosen @ 0..5 => CHOSEN[chosen],
            _ => Moment::After(self.roll(120_000)),
        }
    }
}

#[test]
fn a_killed_rotation_breaks_nothing_and_goes_on() {
    let world = World::new();
    let mut tally = Tally::default();
    let mut moments = CHOSEN.into_iter().cycle();
    // Five moments meet five steps in turn; the extra one shifts them, so that each rotation is another one.
    for _ in 0..2 {
        assert!(tally.rotation(&world, || moments.next().unwrap()), "{}", tally.violations.join("\n"));
        moments.next();
    }
    assert!(tally.violations.is_empty(), "{}", tally.violations.join("\n"));
    assert!(tally.kills >= 6, "{} of 10 kills came in time", tally.kills);
}

#[test]
fn an_old_key_that_goes_too_early_is_noticed() {
    let world = World::new().seed("destroy-before-switch");
    let mut tally = Tally::default();
    let going = tally.rotation(&world, || Moment::Asked);
    assert!(!going && tally.violations[0].contains("the vendor accepts no key"), "{:?}", tally.violations);
}

#[test]
#[ignore = "a long sweep"]
fn sweep_kills_during_rotations() {
    let rotations = sweep(150);
    let world = World::new();
    let mut tally = Tally::default();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let since = Clock::system().instant();
    for rotation in 1..=rotations {
        assert!(tally.rotation(&world, || dice.moment()), "{}", tally.violations.join("\n"));
        if rotation.is_multiple_of(25) {
            println!("R7: {rotation} rotations, {} kills", tally.kills);
        }
    }
    let number = format!(
        "{} rotations, {} kills ({} of them after the switch), {} processes were faster, {:.0?}",
        tally.rotations,
        tally.kills,
        tally.done,
        tally.missed,
        since.elapsed()
    );
    reached("R7", number, tally.violations.len());
    assert!(tally.violations.is_empty(), "{}", tally.violations.join("\n"));
}
