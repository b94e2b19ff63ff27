//! Runs the harnesses under `tests/` and prints one table of what they reached.
//!
//! `cargo prove [quick] [R1 R7 …]` proves the bars (all of them without a name): first the quick half, which every change
//! runs, too, then the sweeps, which take hours; `quick` leaves those out. `cargo prove mutants [R1 …]` runs, for each
//! seeded bug, the test that must find it; a bug that nobody finds is a failure, and so is a violation: exit code 1.
//!
//! `SWEEP` in the environment scales the sweeps of many processes, `CRASH_ONLY` restricts the kills, the I/O errors and the
//! power cuts to the commands whose names begin with it (several with `|` between them), and a `TMPDIR` in memory makes those
//! several times as fast. What the harnesses say meanwhile goes to stderr.
#![allow(clippy::disallowed_methods, reason = "a stopwatch and the environment; the bans are the program's")]

mod bars;
mod mutants;
mod run;
mod table;

use std::process::ExitCode;

use bars::BARS;
use mutants::MUTANTS;
use run::Build;

fn main() -> ExitCode {
    let mut asked: Vec<String> = std::env::args().skip(1).collect();
    let mut takes = |word: &str| {
        let before = asked.len();
        asked.retain(|argument| argument != word);
        asked.len() < before
    };
    let (quick, seeded) = (takes("quick"), takes("mutants"));
    let known = |name: &String| {
        BARS.iter().any(|bar| bar.name == name) || seeded && MUTANTS.iter().any(|mutant| mutant.bar == name)
    };
    if let Some(unknown) = asked.iter().find(|name| !known(name)) {
        let names: Vec<_> = BARS.iter().map(|bar| bar.name).collect();
        eprintln!("`{unknown}` is no bar; there are: quick, mutants, {}", names.join(", "));
        return ExitCode::from(2);
    }
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|word| word == name);
    let build = if quick || seeded { Build::Plain } else { Build::Optimised };
    if !run::builds(build) {
        return ExitCode::FAILURE;
    }
    let held = if seeded {
        let mutants: Vec<_> = MUTANTS.iter().filter(|mutant| wanted(mutant.bar)).collect();
        table::of_mutants(&run::mutants(&mutants))
    } else {
        let bars: Vec<_> = BARS.iter().filter(|bar| wanted(bar.name)).collect();
        let proven: Vec<_> = bars.iter().map(|bar| (*bar, run::bar(bar, build, quick))).collect();
        table::of_bars(&proven)
    };
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
