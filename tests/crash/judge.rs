//! Says whether what an interruption left behind is legal.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::common::Ran;
use crate::story::{self, NEUTRAL, Scenario, Scene, Stage};
use crate::strace::{self, Call, plain};
use crate::tree::{self, Saved};

/// Commands that write to the journal before they record, and answer, what they let happen.
const IN_ADVANCE: &[&str] = &["token get", "exec", "invite access, again"];

/// How often a call that was missed is aimed at.
const AIMS: usize = 12;

/// A scenario with what is known about its uninterrupted run.
pub(crate) struct Trial {
    pub(crate) scenario: Scenario,
    pub(crate) scene: Scene,
    pub(crate) saved: Saved,
    /// The system calls of an uninterrupted run, from the first one that touches the home.
    pub(crate) calls: Vec<Call>,
    pub(crate) old: Value,
    pub(crate) new: Value,
    /// After what the command does first at a vendor: kept at once, since it cannot be taken back.
    halfway: Option<Value>,
    /// How the command ends if it is run once more.
    again: Option<i32>,
    /// The names below the home after the command and one more commit.
    names: BTreeSet<String>,
    mutant: Option<&'static str>,
}

impl Trial {
    /// A scenario whose system calls are known, with a seeded bug.
    pub(crate) fn of(scenario: Scenario, mutant: Option<&'static str>) -> Self {
        let mut trial = Self { mutant, ..Self::untraced(scenario) };
        let (_, mut calls) = strace::record(&trial.scene.place, &trial.scene.arguments(), mutant);
        let first = calls.iter().position(|call| call.touches(trial.scene.home())).unwrap();
        trial.calls = calls.split_off(first);
        trial
    }

    /// A scenario whose system calls are not known.
    pub(crate) fn untraced(scenario: Scenario) -> Self {
        let scene = story::prepare(&scenario);
        let saved = Saved::of(scene.home());
        let old = story::observe(&scene).unwrap();
        // What is right is what happens without a bug.
        let ran = plain(&scene.place, &scene.arguments());
        assert_eq!(ran.code, Some(0), "{}: {ran}", scenario.name);
        let new = story::observe(&scene).unwrap();
        assert_ne!(old, new, "{}: nothing to be seen of it", scenario.name);
        let again = plain(&scene.place, &scene.arguments()).code;
        next_write(&scene).unwrap();
        let names = tree::names(scene.home());
        saved.restore();
        let halfway = scenario.first.map(|first| {
            let ran = plain(&scene.place, first);
            assert_eq!(ran.code, Some(0), "{}: {ran}", scenario.name);
            story::observe(&scene).unwrap()
        });
        saved.restore();
        Self { scenario, scene, saved, calls: Vec::new(), old, new, halfway, again, names, mutant: None }
    }

    /// Runs the command with a fault at `call`, from the beginning; tells whether it happened.
    ///
    /// How often a command with a browser beside it wakes, reads and writes depends on the browser: a call that was missed
    /// is aimed at again.
    pub(crate) fn run(&self, call: &Call, fault: strace::Fault) -> (Ran, bool) {
        let aims = if self.scenario.is_accompanied() { AIMS } else { 1 };
        let aim = || {
            self.saved.restore();
            strace::inject(&self.scene.place, &self.scene.arguments(), self.mutant, (call, fault))
        };
        let mut last = aim();
        for _ in 1..aims {
            if last.1 {
                break;
            }
            last = aim();
        }
        last
    }

    /// Returns what is wrong with the state on disk, given what the user was told, and with going on from there.
    pub(crate) fn judge(&self, told: Told) -> Result<(), String> {
        let is_new = self.judge_state(told)?;
        self.go_on(is_new)
    }

    /// Returns whether the state on disk is the new one, or what is wrong with it.
    pub(crate) fn judge_state(&self, told: Told) -> Result<bool, String> {
        let state = story::observe(&self.scene)?;
        if !state.is_null() {
            self.check()?;
        }
        let is_new = state == self.new;
        if !is_new && state != self.old && Some(&state) != self.halfway.as_ref() && !self.is_mixed(&state) {
            return Err(format!("neither old nor new: {state}"));
        }
        match told {
            Told::Done if !is_new => Err("acknowledged, but not there".to_owned()),
            // A token that was kept, but whose release could not be recorded, is kept for the next caller; and an access that
            // could not be answered counts.
            Told::Failed if is_new && !IN_ADVANCE.contains(&self.scenario.name) => {
                Err("reported as failed, but there".to_owned())
            }
            _ => Ok(is_new),
        }
    }

    /// Whether a batch was done for some, and each of them is as it was, or as it should be.
    fn is_mixed(&self, state: &Value) -> bool {
        let known = [Some(&self.old), Some(&self.new), self.halfway.as_ref()];
        let rows = || known.into_iter().flatten().filter_map(Value::as_array).flatten();
        let all = state.as_array();
        self.scenario.is_batch()
            && all.is_some_and(|all| all.iter().all(|row| rows().any(|known| known == row)))
    }

    /// A rerun of the command does it or says that it is done; the next commit leaves nothing behind.
    fn go_on(&self, is_new: bool) -> Result<(), String> {
        let place = &self.scene.place;
        let mut ran = plain(place, &self.scene.arguments());
        if self.scenario.stage == Stage::Empty && !is_new && ran.code == Some(9) {
            // `init` does not overwrite the identity file that it had written: the user moves it away.
            let identity = place.home().join(".config/tokenctl/identity.txt");
            std::fs::remove_file(&identity).map_err(|error| format!("{error}: {ran}"))?;
            ran = plain(place, &self.scene.arguments());
        }
        let expected = if is_new { self.again } else { Some(0) };
        if ran.code != expected {
            return Err(format!("a rerun ends unlike {expected:?} (new: {is_new}): {ran}"));
        }
        if self.again != Some(0) || !is_new {
            let state = story::observe(&self.scene)?;
            if state != self.new {
                return Err(format!("after a rerun it is {state}"));
            }
        }
        next_write(&self.scene)?;
        self.check()?;
        self.nothing_is_left()
    }

    /// Fails if there is a file that is not there after an uninterrupted run.
    pub(crate) fn nothing_is_left(&self) -> Result<(), String> {
        let names: Vec<_> = tree::names(self.scene.home()).difference(&self.names).cloned().collect();
        if names.is_empty() { Ok(()) } else { Err(format!("left over after the next write: {names:?}")) }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        let ran = plain(&self.scene.place, &["vault", "check"]);
        if ran.code == Some(0) { Ok(()) } else { Err(format!("`vault check` fails: {ran}")) }
    }
}

/// What the command said of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// It ended well, or its report was out.
    Done,
    /// It ended with an error.
    Failed,
    /// It was cut off before it said anything.
    Nothing,
}

impl Told {
    pub(crate) fn by(ran: &Ran) -> Self {
        match ran.code {
            Some(0) => Self::Done,
            // `verify` reports what the vendors said whether or not it can be stored.
            Some(_) if ran.stderr.contains("the results could not be recorded") => Self::Failed,
            _ if !ran.stdout.is_empty() => Self::Done,
            Some(_) => Self::Failed,
            None => Self::Nothing,
        }
    }
}

/// One more commit, which cleans up after whatever came before.
pub(crate) const NEXT_WRITE: [&str; 6] =
    ["connection", "add", "netsuite", NEUTRAL, "--account=1234567", "--client-id=z"];

fn next_write(scene: &Scene) -> Result<(), String> {
    let mut ran = plain(&scene.place, &NEXT_WRITE);
    if ran.code == Some(9) && ran.stderr.contains("was given up") {
        ran = plain(&scene.place, &["vault", "move-home", "--yes"]);
        if ran.code == Some(0) {
            ran = plain(&scene.place, &NEXT_WRITE);
        }
    }
    if ran.code == Some(0) { Ok(()) } else { Err(format!("the next write fails: {ran}")) }
}
