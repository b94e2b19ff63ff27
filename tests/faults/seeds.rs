//! R19: every parser with the seeds of its fuzz target, as they are, damaged, and with arbitrary bytes.
//!
//! What must hold is said where the targets are (`tokenctl::fuzzing`); `fuzz/run` goes on from the same seeds for as long as
//! somebody wants. The input of a crash that was found is a seed whose name begins with `was-`.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use tokenctl::clock::Clock;
use tokenctl::fuzzing::{Target, targets};

use crate::common::proof::reached;
use crate::office::in_parallel;
use crate::parsers::{damage, damaged};

/// Nothing here takes as long for an input, however loaded the machine is.
const HANGS: Duration = Duration::from_secs(20);

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

fn names(folder: &Path) -> BTreeSet<String> {
    let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    folder.read_dir().unwrap().map(|entry| stem(entry.unwrap().path())).collect()
}

/// The seeds of a target by their names.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = folder("seeds").join(target);
    let mut names: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.into_iter().map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
}

/// Runs a target; says what it was given if it panics or takes for ever.
fn run(target: Target, bytes: &[u8]) -> Result<(), String> {
    let (name, parse) = target;
    let clock = Clock::system();
    let start = clock.instant();
    let given = || format!("{name}: {}", bytes.escape_ascii());
    catch_unwind(AssertUnwindSafe(|| parse(bytes))).map_err(|_| given())?;
    if start.elapsed() < HANGS { Ok(()) } else { Err(format!("it hangs: {}", given())) }
}

/// A parser that is in no program is not fuzzed, and a program without seeds begins from nothing.
#[test]
fn every_parser_has_its_program_and_its_seeds() {
    let known: BTreeSet<String> = targets().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(known.len(), targets().count(), "two targets have one name");
    assert_eq!(names(&folder("fuzz_targets")), known);
    assert_eq!(names(&folder("seeds")), known);
    assert!(names(&folder("dictionaries")).is_subset(&known));
    let manifest = std::fs::read_to_string(folder("Cargo.toml")).unwrap();
    for name in &known {
        let program = std::fs::read_to_string(folder("fuzz_targets").join(format!("{name}.rs"))).unwrap();
        assert!(program.contains(&format!("tokenctl_fuzz::parser!(\"{name}\");")), "{program}");
        assert!(
            manifest.contains(&format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"")),
            "{name}"
        );
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} has no seed");
        for (path, bytes) in seeds {
            assert!(bytes.len() <= 16 * 1024, "{path} is too large for a seed");
        }
    }
}

#[test]
fn every_seed_holds() {
    let mut count = 0;
    for target in targets() {
        for (path, bytes) in seeds(target.0) {
            run(target, &bytes).unwrap_or_else(|what| panic!("{path}: {what}"));
            count += 1;
        }
    }
    reached("R19", format!("{count} seeds of {} parsers", targets().count()), 0);
}

/// Runs every parser with so many damaged seeds and half as many arbitrary bytes.
fn sweep(cases: u32) {
    in_parallel(targets().collect(), 2, |target| {
        let (name, _) = target;
        // These build a command tree, or make a file, for each input.
        let cases =
            if matches!(name, "arguments" | "vault_file" | "database_pages") { cases / 8 } else { cases };
        let seeds = seeds(name);
        let config = |cases| Config { cases, failure_persistence: None, ..Config::default() };
        let inputs = (any::<Index>(), vec(damage(), 1..5));
        let damaged = TestRunner::new(config(cases)).run(&inputs, |(which, damages)| {
            let (_, seed) = which.get(&seeds);
            run(target, &damaged(seed, &damages)).map_err(TestCaseError::fail)
        });
        damaged.unwrap_or_else(|error| panic!("{name}: {error}"));
        let arbitrary = TestRunner::new(config(cases / 2))
            .run(&vec(any::<u8>(), 0..400), |bytes| run(target, &bytes).map_err(TestCaseError::fail));
        arbitrary.unwrap_or_else(|error| panic!("{name}: {error}"));
    });
}

#[test]
fn damaged_seeds_hold() {
    sweep(64);
}

#[test]
#[ignore = "long: half an hour; fuzz/run goes further"]
fn damaged_seeds_hold_by_the_ten_thousands() {
    sweep(20_000);
    let parsers = targets().count();
    reached(
        "R19",
        format!("20000 damaged seeds and 10000 arbitrary inputs for each of {parsers} parsers"),
        0,
    );
}

/// A vault that somebody without the signing key made anew, changed in many places, one at a time.
#[test]
fn forged_chunks_are_refused() {
    if let Ok(names) = std::env::var("TOKENCTL_TEST_MUTANTS") {
        tokenctl::hooks::seed(&names);
    }
    let vault_file = targets().find(|(name, _)| *name == "vault_file").unwrap();
    for place in (0_u32..250_000).step_by(2003) {
        let [_, high, middle, low] = place.to_be_bytes();
        run(vault_file, &[1, high, middle, low, 2, 0]).unwrap();
    }
}

/// The targets are no dummies: without the check of the chunks they find what the test above does not.
#[test]
fn a_target_finds_a_missing_check() {
    let ran = |mutants: &str| {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "seeds::forged_chunks_are_refused"])
            .env("TOKENCTL_TEST_MUTANTS", mutants)
            .output()
            .unwrap()
    };
    assert!(ran("").status.success());
    let found = ran("chunk-unverified");
    assert!(!found.status.success(), "{}", String::from_utf8_lossy(&found.stdout));
}
