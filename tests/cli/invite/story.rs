//! An invitation from its minting to its end.

use super::desk::Desk;
use crate::common::filters::filtered;

#[test]
fn from_the_link_to_the_end() {
    let _filters = filtered();
    let desk = Desk::new();
    let (id, file) = desk.mint();
    assert_eq!(desk.state(&id), "created");
    desk.ok(&["invite", "sent", &id]);
    for (step, state) in
        [("access", "accessed"), ("start", "in-progress"), ("submit", "submitted"), ("redeem", "consumed")]
    {
        desk.ok(&["invite", "check", &file]);
        desk.ok(&["invite", step, &file, "--dry-run"]);
        assert_ne!(desk.state(&id), state, "a plan changes nothing");
        let data = desk.data(&["invite", step, &file, "--ip=203.0.113.7"]);
        assert_eq!(
            (&data["invitation"]["state"], &data["invitation"]["id"]),
            (&state.into(), &id.clone().into())
        );
    }
    insta::assert_snapshot!(desk.run(&["invite", "redeem", &file]), @"
    --- stderr
    error: cannot redeem the invitation
      cause: invitation [ID] cannot be moved
      cause: it is used up
    hint: to see where it stands, run `tokenctl invite show [ID]`
    hint: to invite again, run `tokenctl invite mint --email=ann@supplier.example --company=NAME`
    --- exit 12
    ");
    desk.ends(12, &["invite", "check", &file]);
    assert_eq!(desk.alerts(), ["use-after-end"]);
    assert_eq!(desk.ok(&["audit", "verify"]).code, Some(0));
    desk.ok(&["vault", "check"]);
}

/// Every step from every state that the commands can reach; what skips one is recorded.
#[test]
fn a_skipped_step_is_refused_and_recorded() {
    let desk = Desk::new();
    let (id, file) = desk.mint();
    let mut skipped = 0;
    let order = ["sent", "access", "start", "submit", "redeem"];
    for (taken, next) in order.iter().enumerate() {
        for later in &order[taken + 1..] {
            let before = desk.generation();
            let ran = desk.ends(5, &["invite", later, &file]);
            assert!(ran.stderr.contains(&format!("`{next}` must come first")), "{ran}");
            assert_eq!(desk.generation(), before, "a refusal commits nothing");
            skipped += 1;
        }
        let target = if *next == "sent" { &id } else { &file };
        desk.ok(&["invite", next, target]);
        for earlier in &order[..taken] {
            // What is over is over; opening the page again, or saying twice that it was sent, is none of a kind.
            let ran = desk.run(&["invite", earlier, if *earlier == "sent" { &id } else { &file }]);
            let again = matches!((*earlier, *next), ("access", "start"));
            let expected = if *next == "redeem" {
                12
            } else if again {
                0
            } else {
                5
            };
            assert_eq!(ran.code, Some(expected), "{earlier} after {next}: {ran}");
        }
    }
    let alerts = desk.alerts();
    assert_eq!(alerts.iter().filter(|reason| *reason == "skipped-step").count(), skipped);
    assert_eq!(skipped, 10);
}

#[test]
fn what_is_said_twice_changes_nothing() {
    let desk = Desk::new();
    let (id, file) = desk.sent();
    desk.ok(&["invite", "access", &file]);
    desk.ok(&["invite", "start", &file]);
    let before = desk.generation();
    desk.ok(&["invite", "start", &file]);
    desk.ok(&["invite", "access", &file]);
    assert_eq!(desk.generation(), before);
    desk.ok(&["invite", "revoke", &id]);
    let again = desk.data(&["invite", "revoke", &id]);
    assert_eq!((&again["action"], &again["changed"]), (&"unchanged".into(), &0.into()));
}

#[test]
fn with_two_uses_it_is_opened_twice() {
    let desk = Desk::new();
    let (id, file) = desk.mint_for("ann@supplier.example", &["--uses=2"]);
    desk.ok(&["invite", "sent", &id]);
    for state in ["sent", "consumed"] {
        for step in ["access", "start", "submit", "redeem"] {
            desk.ok(&["invite", step, &file]);
        }
        assert_eq!(desk.state(&id), state);
    }
    desk.ends(12, &["invite", "access", &file]);
}

#[test]
fn what_was_revoked_works_nowhere() {
    let desk = Desk::new();
    let (id, file) = desk.sent();
    let (other, _) = desk.mint_for("bob@supplier.example", &[]);
    desk.ok(&["invite", "revoke", "--email=ANN@supplier.example", "--yes"]);
    assert_eq!((desk.state(&id), desk.state(&other)), ("revoked".into(), "created".into()));
    desk.ends(12, &["invite", "check", &file]);
    for step in ["access", "start", "submit", "redeem"] {
        desk.ends(12, &["invite", step, &file]);
    }
    assert_eq!(desk.alerts(), ["use-after-end"; 4]);
    desk.ends(3, &["invite", "revoke", "--email=nobody@supplier.example", "--yes"]);
    desk.ends(3, &["invite", "revoke", "00000000000000000000000000000000"]);
    desk.ends(2, &["invite", "revoke"]);
    desk.ends(2, &["invite", "revoke", "--state=created", "--no-input"]);
}

#[test]
fn its_time_ends_to_the_second() {
    let desk = Desk::new();
    let (id, file) = desk.mint_for("ann@supplier.example", &["--ttl=5m"]);
    desk.ok(&["invite", "sent", &id]);
    desk.wait(jiff::SignedDuration::from_secs(299));
    desk.ok(&["invite", "access", &file]);
    desk.wait(jiff::SignedDuration::from_secs(1));
    assert_eq!(desk.state(&id), "expired", "although nobody wrote it down");
    desk.ends(12, &["invite", "start", &file]);
    assert_eq!(desk.data(&["invite", "check", &file])["verdict"], "expired");
    assert_eq!(desk.alerts(), ["use-after-expiry"]);
}
