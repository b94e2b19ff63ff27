//! Runs tests with cargo, and keeps what they say that they reached.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bars::{Bar, Part};
use crate::mutants::{How, Mutant};

/// The variable that switches seeded bugs on.
const MUTANTS: &str = "TOKENCTL_TEST_MUTANTS";

/// What came out for a bar.
#[derive(Default)]
pub(crate) struct Proof {
    /// What the harnesses say that they reached, with the violations of each; nothing may be said by quick tests.
    pub(crate) reached: Vec<(String, u64)>,
    /// How many tests passed.
    pub(crate) passed: u64,
    /// What failed or was left out.
    pub(crate) wrong: Vec<String>,
    /// How long it took.
    pub(crate) took: Duration,
}

/// What became of a seeded bug.
pub(crate) struct Fate<'a> {
    /// The bug.
    pub(crate) mutant: &'a Mutant,
    /// Whether its test found it.
    pub(crate) caught: bool,
    /// How long the test took.
    pub(crate) took: Duration,
}

/// How a run of a test binary ended.
struct Ended {
    lines: Vec<String>,
    passed: u64,
    failed: u64,
}

/// How the program is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// As `cargo test` builds it.
    Plain,
    /// Optimised, assertions and all: a sweep starts it a hundred thousand times, which is worth the minutes that it takes
    /// to compile.
    Optimised,
}

fn cargo_test(build: Build) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["test", "--locked", "--quiet"]);
    if build == Build::Optimised {
        cargo.args(["--config", "profile.dev.package.tokenctl.opt-level=1"]);
    }
    cargo
}

/// Builds every test, so that no bar's time has a compiler's in it; returns whether they build.
pub(crate) fn builds(build: Build) -> bool {
    eprintln!("building the tests …");
    cargo_test(build).arg("--no-run").status().is_ok_and(|status| status.success())
}

/// Runs a program to its end, passing on what it says; returns its lines, and whether it ended well.
fn follow(command: &mut Command) -> (Vec<String>, bool) {
    let mut child = match command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("{command:?} cannot be run: {error}");
            return (Vec::new(), false);
        }
    };
    let mut lines = Vec::new();
    for line in child.stdout.take().into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
        // What is not text is no line of a harness.
        let Ok(line) = line else { continue };
        if !line.trim().is_empty() {
            eprintln!("    {line}");
        }
        lines.push(line);
    }
    (lines, child.wait().is_ok_and(|status| status.success()))
}

fn run(build: Build, suite: &str, options: &[&str], mutants: Option<&str>) -> Ended {
    let mut command = cargo_test(build);
    match suite {
        "lib" => command.arg("--lib"),
        _ => command.args(["--test", suite]),
    };
    command.arg("--").args(options).env_remove(MUTANTS);
    if let Some(mutants) = mutants {
        command.env(MUTANTS, mutants);
    }
    let (lines, success) = follow(&mut command);
    let (mut passed, mut failed) = (0, 0);
    for (some, others) in lines.iter().filter_map(|line| result(line)) {
        passed += some;
        failed += others;
    }
    Ended { lines, passed, failed: if success { failed } else { failed.max(1) } }
}

/// Runs every fuzz target for so many seconds; each counts as a test.
fn fuzz(bar: &str, seconds: &str) -> Ended {
    let (mut lines, success) = follow(Command::new("fuzz/run").arg(seconds));
    let targets: Vec<_> = lines.iter().filter_map(|line| fuzzed(line)).collect();
    let (inputs, crashes) =
        targets.iter().fold((0, 0), |sum, (runs, crashes)| (sum.0 + runs, sum.1 + crashes));
    let passed = targets.len() as u64;
    lines.push(format!(
        "PROOF {bar}: {passed} fuzz targets, {seconds} s each, {inputs} inputs: {crashes} violations"
    ));
    Ended { lines, passed, failed: u64::from(!success) }
}

/// Reads `NAME 123 runs … 0 crashes`.
fn fuzzed(line: &str) -> Option<(u64, u64)> {
    let words: Vec<_> = line.split_whitespace().collect();
    let before = |word: &str| {
        words.iter().position(|other| *other == word).and_then(|at| words.get(at.checked_sub(1)?))
    };
    Some((before("runs")?.parse().ok()?, before("crashes")?.parse().ok()?))
}

/// Reads `test result: ok. 3 passed; 1 failed; …`.
fn result(line: &str) -> Option<(u64, u64)> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let count = |word: &str| {
        let part = counts.split("; ").find(|part| part.ends_with(word))?;
        part.split(' ').next()?.parse().ok()
    };
    Some((count(" passed")?, count(" failed")?))
}

/// Reads `PROOF R1: so many kills: 0 violations`; the harness of one bar may speak for another one.
fn reached<'a>(line: &'a str, bar: &str) -> Option<(&'a str, u64)> {
    // A test that runs beside it may have begun the line.
    let (_, said) = line.split_once("PROOF ")?;
    let (name, rest) = said.split_once(": ")?;
    let (number, violations) = rest.strip_suffix(" violations")?.rsplit_once(": ")?;
    (name == bar).then_some((number, violations.parse().ok()?))
}

/// Runs everything that proves `bar`, or only its quick half.
pub(crate) fn bar(bar: &Bar, build: Build, quick: bool) -> Proof {
    let since = Instant::now();
    let mut proof = Proof::default();
    for part in bar.parts.iter().filter(|part| !(quick && part.long)) {
        eprintln!("{}: {} {}", bar.name, part.suite, part.tests);
        let ended = match part.suite {
            "fuzz" => fuzz(bar.name, part.tests),
            suite => run(build, suite, &options(part), None),
        };
        proof.passed += ended.passed;
        let said = |lines: &[String]| {
            lines
                .iter()
                .filter_map(|line| reached(line, bar.name))
                .map(|(number, violations)| (number.to_owned(), violations))
                .collect::<Vec<_>>()
        };
        proof.reached.extend(said(&ended.lines));
        if ended.failed > 0 {
            proof.wrong.push(format!("{} {}: {} failed", part.suite, part.tests, ended.failed));
        } else if ended.passed == 0 {
            proof.wrong.push(format!("{} {}: there is no such test", part.suite, part.tests));
        }
        // A tool that is not there proves nothing.
        let skipped = ended.lines.iter().filter_map(|line| line.split_once("SKIPPED: "));
        proof.wrong.extend(skipped.map(|(_, why)| format!("skipped: {why}")));
    }
    proof.took = since.elapsed();
    proof
}

fn options(part: &Part) -> Vec<&'static str> {
    let mut options = vec![part.tests, "--nocapture"];
    if part.long {
        // One after the other: each uses every core.
        options.extend(["--ignored", "--exact", "--test-threads=1"]);
    }
    options
}

/// Runs the test of each bug, once where several bugs share it.
pub(crate) fn mutants<'a>(mutants: &[&'a Mutant]) -> Vec<Fate<'a>> {
    let mut known: BTreeMap<_, (bool, Duration)> = BTreeMap::new();
    let mut fates = Vec::new();
    for mutant in mutants {
        let seeded = (mutant.how == How::Red).then_some(mutant.name);
        let (caught, took) = *known.entry((mutant.suite, mutant.test, seeded)).or_insert_with(|| {
            eprintln!("{}: {} by {} {}", mutant.bar, mutant.name, mutant.suite, mutant.test);
            let since = Instant::now();
            let caught = is_found(mutant, seeded);
            eprintln!("{}", if caught { "caught" } else { "MISSED" });
            (caught, since.elapsed())
        });
        fates.push(Fate { mutant, caught, took });
    }
    fates
}

fn is_found(mutant: &Mutant, seeded: Option<&str>) -> bool {
    let options = [mutant.test, "--exact"];
    match seeded {
        None => {
            let ended = run(Build::Plain, mutant.suite, &options, None);
            ended.failed == 0 && ended.passed == 1
        }
        Some(bug) => {
            // A test that always fails finds every bug.
            let without = run(Build::Plain, mutant.suite, &options, None);
            let with = run(Build::Plain, mutant.suite, &options, Some(bug));
            (without.passed, without.failed, with.passed, with.failed) == (1, 0, 0, 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_understood() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 2.00s";
        assert_eq!(result(line), Some((12, 3)));
        assert_eq!(result("running 3 tests"), None);
        let line = ".PROOF R1: 41 commands, 8602 kills: 0 violations";
        assert_eq!(reached(line, "R1"), Some(("41 commands, 8602 kills", 0)));
        assert_eq!(reached(line, "R15"), None);
        let line = "vault_file            12345 runs  cov: 12 ft: 34         0 crashes";
        assert_eq!((fuzzed(line), fuzzed("Compiling fuzz")), (Some((12345, 0)), None));
    }
}
