//! R12: of 64 processes that redeem one invitation at once, exactly one succeeds.

use super::desk::Desk;
use crate::common::proof::reached;

/// Redeems with so many processes at once; returns how many succeeded, came too late, and ended otherwise.
fn race(desk: &Desk, file: &str, processes: usize, mutants: &str) -> (usize, usize, usize) {
    let codes = desk.race(processes, &["invite", "redeem", file], mutants);
    let count = |wanted: i32| codes.iter().filter(|code| **code == Some(wanted)).count();
    (count(0), count(12), processes - count(0) - count(12))
}

#[test]
fn exactly_one_of_64_redeems() {
    let desk = Desk::new();
    let (id, file) = desk.submitted();
    let before = desk.generation();
    let (won, late, other) = race(&desk, &file, 64, "");
    reached("R12", format!("64 processes, {won} redeemed, {late} came too late"), other);
    assert_eq!((won, late, other), (1, 63, 0));
    assert_eq!(desk.state(&id), "consumed");
    assert_eq!(desk.generation(), before + 1, "nobody but the winner commits");
    let redeemed = desk.data(&["audit", "list", "--action=invitation.redeem"]);
    let done = redeemed["operations"].as_array().unwrap().iter().filter(|row| row["outcome"] == "ok").count();
    assert_eq!(done, 1);
    desk.ok(&["audit", "verify"]);
    desk.ok(&["vault", "check"]);
}

/// The race is one: without the look inside the transaction there are several winners.
#[test]
fn the_race_finds_a_redemption_without_a_second_look() {
    let found = (0..5).any(|_| {
        let desk = Desk::new();
        let (_, file) = desk.submitted();
        race(&desk, &file, 24, "redeem-without-reread").0 > 1
    });
    assert!(found);
}
