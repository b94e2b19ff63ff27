//! How often an invitation may be accessed, and what is suspicious.

use jiff::SignedDuration;

use super::desk::Desk;

#[test]
fn five_accesses_an_hour_and_looking_is_free() {
    let desk = Desk::new();
    let (_, file) = desk.sent();
    desk.ok(&["invite", "access", &file]);
    let before = desk.generation();
    for _ in 0..4 {
        desk.wait(SignedDuration::from_mins(1));
        desk.ok(&["invite", "check", &file]);
        desk.ok(&["invite", "access", &file]);
    }
    assert_eq!(desk.generation(), before, "they are counted without a commit");
    let refused = desk.ends(4, &["invite", "access", &file]);
    assert!(
        refused.stderr.contains("5 times within an hour; the next time is at 2027-03-01T13:00:00Z"),
        "{refused}"
    );
    let checked = desk.data(&["invite", "check", &file]);
    assert_eq!(checked["verdict"], "rate-limit", "{checked}");
    desk.ends(4, &["invite", "access", &file, "--dry-run"]);
    assert_eq!(desk.alerts(), ["rate-limit"]);
    desk.ok(&["vault", "check"]);
    // A commit folds the count in and forgets nothing of it.
    desk.mint();
    desk.ends(4, &["invite", "access", &file]);
    desk.wait(SignedDuration::from_mins(56));
    desk.ok(&["invite", "access", &file]);
    desk.ends(4, &["invite", "access", &file]);
    // The issuer decides how many.
    desk.ok(&["invite", "issuer", "set", "--max-checks-per-hour=6"]);
    desk.ok(&["invite", "access", &file]);
}

#[test]
fn of_many_accesses_at_once_five_are_let_in() {
    let desk = Desk::new();
    let (_, file) = desk.sent();
    let codes = desk.race(24, &["invite", "access", &file], "");
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 5, "{codes:?}");
    assert!(codes.iter().all(|code| matches!(code, Some(0 | 4))), "{codes:?}");
}

/// The count is what lets only five in.
#[test]
fn without_the_limit_everybody_is_let_in() {
    let desk = Desk::new();
    let (_, file) = desk.sent();
    let codes = desk.race(12, &["invite", "access", &file], "no-access-limit");
    assert_eq!(codes, [Some(0); 12]);
}

#[test]
fn twenty_attempts_an_hour_for_an_address() {
    let desk = Desk::new();
    desk.ok(&["invite", "issuer", "set", "--max-active-per-email=10"]);
    let (_, good) = desk.sent();
    desk.place.put("bad", "a.b.c");
    for attempt in 0..20 {
        desk.ends(4, &["invite", "access", "bad", "--ip=203.0.113.7"]);
        if attempt == 3 {
            desk.ok(&["invite", "access", &good, "--ip=203.0.113.8"]);
        }
    }
    let refused = desk.ends(4, &["invite", "access", &good, "--ip=203.0.113.7"]);
    assert!(refused.stderr.contains("20 attempts within an hour"), "{refused}");
    // The same host in another spelling, and a neighbour.
    desk.ends(4, &["invite", "access", &good, "--ip=::ffff:203.0.113.7"]);
    desk.ok(&["invite", "access", &good, "--ip=203.0.113.9"]);
    let alerts = desk.alerts();
    let count = |reason: &str| alerts.iter().filter(|found| *found == reason).count();
    assert_eq!(count("failed-check"), 20);
    assert_eq!(count("many-failures"), 17, "from the fourth on");
    assert_eq!(count("rate-limit"), 2);
    assert_eq!(count("several-addresses"), 1);
}

#[test]
fn several_addresses_within_five_minutes() {
    let desk = Desk::new();
    let (id, file) = desk.sent();
    desk.ok(&["invite", "access", &file, "--ip=203.0.113.7"]);
    desk.wait(SignedDuration::from_mins(6));
    let quiet = desk.data(&["invite", "access", &file, "--ip=198.51.100.9"]);
    assert_eq!(quiet["suspicions"], serde_json::json!([]));
    desk.wait(SignedDuration::from_mins(4));
    let loud = desk.data(&["invite", "access", &file, "--ip=2001:db8::1"]);
    assert_eq!(loud["suspicions"], serde_json::json!(["several-addresses"]));
    assert_eq!(loud["invitation"]["first_address"], "203.0.113.7");
    let alerts = desk.data(&["invite", "alerts"]);
    let alert = &alerts["alerts"][0];
    assert_eq!((&alert["reason"], &alert["invitation"]), (&"several-addresses".into(), &id.into()));
    assert_eq!(alert["address"].as_str().unwrap().len(), 32, "a hash, not the address");
    desk.wait(SignedDuration::from_hours(1));
    assert_eq!(desk.data(&["invite", "alerts", "--since=30m"])["alerts"], serde_json::json!([]));
}

/// A flood of bad tokens costs a line each: no commit, no growing journal.
#[test]
fn bad_tokens_cost_no_commit() {
    let desk = Desk::new();
    desk.place.put("bad", "a.b.c");
    let before = desk.generation();
    for _ in 0..10 {
        desk.ends(4, &["invite", "access", "bad", "--ip=203.0.113.7"]);
        desk.ends(4, &["invite", "redeem", "bad"]);
    }
    assert_eq!(desk.generation(), before);
    let journal = desk.vault().with_file_name("vault.age.journal");
    assert_eq!(journal.read_dir().unwrap().count(), 1, "each count takes the place of the one before");
    desk.ok(&["audit", "verify"]);
}
