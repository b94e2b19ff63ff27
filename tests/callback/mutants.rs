//! The harness goes red on each seeded bug: every test is run anew in a process that has it.

use std::process::{Command, Stdio};

/// A bug, and a test that must find it.
const BUGS: [(&str, &str); 16] = [
    ("callback-state-unchecked", "hostile::every_hostile_request_is_refused_in_its_way"),
    ("callback-error-first", "hostile::every_hostile_request_is_refused_in_its_way"),
    ("callback-host-unchecked", "hostile::every_hostile_request_is_refused_in_its_way"),
    ("callback-any-method", "hostile::every_hostile_request_is_refused_in_its_way"),
    ("callback-any-path", "hostile::every_hostile_request_is_refused_in_its_way"),
    ("callback-echo", "hostile::every_hostile_request_is_refused_in_its_way"),
    ("callback-no-head-cap", "hostile::every_hostile_request_is_refused_in_its_way"),
    ("callback-closes-on-first", "hostile::the_genuine_answer_arrives_whatever_came_before"),
    ("callback-code-stays", "hostile::the_genuine_answer_arrives_whatever_came_before"),
    ("callback-state-reusable", "single_use::the_state_counts_once"),
    ("callback-issuer-unchecked", "single_use::the_issuer_is_compared_where_it_can_be"),
    ("callback-realm-unchecked", "single_use::another_company_is_noticed_before_anything_is_exchanged"),
    ("callback-no-eviction", "slow::three_hundred_slow_connections_do_not_hold_up_the_genuine_one"),
    ("callback-no-head-timeout", "slow::a_slow_connection_is_closed_after_five_seconds"),
    ("callback-v4-only", "ports::a_port_that_is_taken_on_one_address_is_taken"),
    ("callback-echo", "garbage::garbage_is_refused_alike_and_does_not_disturb_the_genuine_answer"),
];

pub(crate) fn passes(test: &str, bug: &str) -> bool {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env("TOKENCTL_TEST_MUTANTS", bug)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

#[test]
fn every_seeded_bug_is_found() {
    std::thread::scope(|scope| {
        let runs: Vec<_> =
            BUGS.iter().map(|(bug, test)| (bug, test, scope.spawn(|| passes(test, bug)))).collect();
        let missed: Vec<_> = runs
            .into_iter()
            .filter_map(|(bug, test, run)| run.join().unwrap().then_some(format!("{bug} by {test}")))
            .collect();
        assert!(missed.is_empty(), "bugs that were not found: {missed:?}");
    });
    // `--exact` with a name that is no test's passes, too: a bug would then never be "found".
    let mut tests: Vec<_> = BUGS.iter().map(|(_, test)| *test).collect();
    tests.sort_unstable();
    tests.dedup();
    for test in tests {
        let listed =
            Command::new(std::env::current_exe().unwrap()).args(["--exact", test, "--list"]).output();
        assert!(String::from_utf8_lossy(&listed.unwrap().stdout).contains("1 test"), "there is no {test}");
    }
}
