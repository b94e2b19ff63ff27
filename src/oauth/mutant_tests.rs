//! The tests of this module go red on each of its seeded bugs: every one is run anew in a process that has it.

use std::process::{Command, Stdio};

/// Names the seeded bugs of a process.
const VARIABLE: &str = "TOKENCTL_TEST_MUTANTS";

/// A bug, and a test that must find it.
const BUGS: [(&str, &str); 7] = [
    ("retry-refresh", "oauth::token::tests::a_refresh_token_is_sent_once_unless_nobody_saw_it"),
    ("basic-unescaped", "oauth::request::tests::basic_is_urlencoded_before_base64_and_stands_alone"),
    ("two-auth-methods", "oauth::request::tests::basic_is_urlencoded_before_base64_and_stands_alone"),
    ("any-issuer", "oauth::discovery::tests::answers_that_are_no_metadata"),
    ("revoked-anyway", "oauth::revoke::tests::what_is_dead_and_what_is_alive"),
    ("slow-down-unheard", "oauth::device::tests::a_person_is_waited_for"),
    ("redirects-followed", "oauth::token::tests::redirects_are_not_followed"),
];

/// Switches on the bugs that the environment names; every test that finds one calls it first.
pub(super) fn seed() {
    #[expect(clippy::disallowed_methods, reason = "the tests of this module run themselves with it")]
    if let Ok(names) = std::env::var(VARIABLE) {
        crate::hooks::seed(&names);
    }
}

fn test(name: &str, bug: &str) -> std::process::Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env(VARIABLE, bug)
        .stderr(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn every_seeded_bug_is_found() {
    std::thread::scope(|scope| {
        let runs: Vec<_> = BUGS
            .iter()
            .map(|(bug, name)| (bug, name, scope.spawn(|| test(name, bug).status.success())))
            .collect();
        let missed: Vec<_> = runs
            .into_iter()
            .filter_map(|(bug, name, run)| run.join().unwrap().then_some(format!("{bug} by {name}")))
            .collect();
        assert!(missed.is_empty(), "bugs that were not found: {missed:?}");
    });
}

/// A name that is no test's passes, too, and a test that always fails finds every bug.
#[test]
fn the_finders_are_tests_that_pass_without_a_bug() {
    for (_, name) in BUGS {
        let run = test(name, "");
        assert!(run.status.success(), "{name}");
        assert!(String::from_utf8_lossy(&run.stdout).contains("1 passed"), "there is no {name}");
    }
}
