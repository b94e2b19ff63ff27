use jiff::ToSpan as _;

use super::*;
use crate::domain::grant::{Before, ReconnectReason, Renewal};

const NOW: &str = "2027-03-01T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn in_days(days: i64) -> Timestamp {
    now() + (days * 24).hours()
}

fn finding(key: Option<&KeyId>, outcome: Outcome) -> Finding<'_> {
    Finding { key, checked_at: now(), outcome }
}

fn facts(key: &KeyId) -> Facts<'_> {
    Facts {
        enabled: true,
        key: Held::There(key),
        secret: Held::Unneeded,
        certificate_end: Some(in_days(700)),
        grant: Held::Unneeded,
        token_at: None,
        last: None,
        warn_days: 30,
        now: now(),
    }
}

#[test]
fn the_worst_that_holds() {
    let key = KeyId::new();
    let of = |days: i64, outcome: Option<Outcome>| {
        let last = outcome.map(|outcome| finding(Some(&key), outcome));
        let facts = Facts { certificate_end: Some(in_days(days)), last, ..facts(&key) };
        assert_eq!(standing(Facts { enabled: false, ..facts }), Standing::Disabled);
        assert_eq!(standing(Facts { key: Held::Missing, certificate_end: None, ..facts }), Standing::Pending);
        standing(facts)
    };
    assert_eq!(of(700, Some(Outcome::Proven)), Standing::Active);
    assert_eq!(of(30, Some(Outcome::Proven)), Standing::Active);
    assert_eq!(of(29, Some(Outcome::Proven)), Standing::Expiring);
    assert_eq!(of(29, None), Standing::Expiring);
    assert_eq!(of(0, Some(Outcome::Rejected)), Standing::Rejected);
    assert_eq!(of(-1, Some(Outcome::Rejected)), Standing::Expired);
    assert_eq!(of(700, Some(Outcome::Expired)), Standing::Expired);
    assert_eq!(of(700, Some(Outcome::Unreachable)), Standing::Unreachable);
    assert_eq!(of(700, Some(Outcome::Conflict)), Standing::Failed);
    assert_eq!(of(700, Some(Outcome::Missing)), Standing::NeverVerified);
    assert_eq!(of(700, None), Standing::NeverVerified);
}

#[test]
fn what_was_found_about_another_key_is_not_about_this_one() {
    let (key, other) = (KeyId::new(), KeyId::new());
    let facts = Facts { last: Some(finding(Some(&other), Outcome::Rejected)), ..facts(&key) };
    assert_eq!(standing(facts), Standing::Active);
}

#[test]
fn an_app_secret_needs_no_key_of_the_connection() {
    let key = KeyId::new();
    let facts = Facts { key: Held::Unneeded, certificate_end: None, ..facts(&key) };
    assert_eq!(standing(facts), Standing::NeverVerified);
    assert_eq!(standing(Facts { last: Some(finding(None, Outcome::Proven)), ..facts }), Standing::Active);
    assert_eq!(standing(Facts { secret: Held::Missing, ..facts }), Standing::Pending);
}

/// A grant that a person gave 50 days ago and that was refreshed ten days ago.
fn grant() -> Grant {
    let renewal =
        Renewal { hash: "h".to_owned(), expires_at: Some(in_days(90)), hard_expires_at: Some(in_days(1000)) };
    Grant { authorized_at: in_days(-50), refreshed_at: in_days(-10), ..Grant::new(renewal, now()) }
}

fn of_member(grant: Held<&Grant>, change: impl FnOnce(&mut Facts<'_>)) -> Standing {
    let key = KeyId::new();
    let mut facts = Facts { key: Held::Unneeded, certificate_end: None, grant, ..facts(&key) };
    change(&mut facts);
    standing(facts)
}

fn of_state(state: GrantState) -> Standing {
    of_member(Held::There(&Grant { state, ..grant() }), |_| ())
}

#[test]
fn a_grant_says_more_than_the_last_verification() {
    assert_eq!(of_member(Held::Missing, |_| ()), Standing::Pending);
    assert_eq!(of_state(GrantState::Active { refused_at: None }), Standing::Active);
    assert_eq!(of_state(GrantState::Active { refused_at: Some(now()) }), Standing::Rejected);
    assert_eq!(of_state(GrantState::Revoked { at: now() }), Standing::Revoked);
    let lost = ReconnectReason::AnswerLost { at: now() };
    assert_eq!(of_state(GrantState::Reconnect { at: now(), reason: lost }), Standing::Reconnect);
    let uncertain = GrantState::Uncertain { since: now(), sent_at: now(), sendings: 1 };
    assert_eq!(of_state(uncertain), Standing::Uncertain);
}

#[test]
fn a_refresh_under_way_is_no_news_until_it_is_overdue() {
    let sending = |sent_at| GrantState::Sending { sent_at, before: Before::Active { refused_at: None } };
    assert_eq!(of_state(sending(now())), Standing::Active);
    assert_eq!(of_state(sending(now() - 29.seconds())), Standing::Active);
    assert_eq!(of_state(sending(now() - 30.seconds())), Standing::Uncertain);
}

#[test]
fn a_grant_that_is_over_must_be_given_again() {
    for (rolling, hard) in [(0, 1000), (-1, 1000), (90, 0), (90, -1)] {
        let over =
            Grant { expires_at: Some(in_days(rolling)), hard_expires_at: Some(in_days(hard)), ..grant() };
        assert_eq!(of_member(Held::There(&over), |_| ()), Standing::Reconnect, "{rolling} {hard}");
    }
}

#[test]
fn the_nearer_end_counts() {
    let of = |rolling: i64, hard: i64| {
        let grant =
            Grant { expires_at: Some(in_days(rolling)), hard_expires_at: Some(in_days(hard)), ..grant() };
        let key = KeyId::new();
        let facts = Facts { certificate_end: Some(in_days(400)), grant: Held::There(&grant), ..facts(&key) };
        let end = facts.end().unwrap();
        (end.kind, end.at, standing(facts))
    };
    assert_eq!(of(90, 1000), (EndKind::Certificate, in_days(400), Standing::Active), "it rolls on");
    assert_eq!(of(90, 300), (EndKind::Hard, in_days(300), Standing::Active));
    assert_eq!(of(90, 20), (EndKind::Hard, in_days(20), Standing::Expiring));
    assert_eq!(of(29, 300), (EndKind::Hard, in_days(300), Standing::Active), "two thirds are not gone");
    assert_eq!(of(3, 1000), (EndKind::Rolling, in_days(3), Standing::Expiring));
}

#[test]
fn what_was_ended_on_purpose_makes_nobody_act() {
    let grant =
        Grant { state: GrantState::Revoked { at: now() }, hard_expires_at: Some(in_days(3)), ..grant() };
    let key = KeyId::new();
    let facts = Facts { key: Held::Unneeded, grant: Held::There(&grant), ..facts(&key) };
    assert_eq!((facts.end(), standing(facts)), (None, Standing::Revoked));
    let facts = Facts { enabled: false, ..self::facts(&key) };
    assert_eq!((facts.end(), standing(facts)), (None, Standing::Disabled));
}

#[test]
fn what_rolls_on_every_other_day_is_not_always_about_to_expire() {
    let rolls = |left_hours: i64| {
        let grant = Grant {
            refreshed_at: now() - (48 - left_hours).hours(),
            expires_at: Some(now() + left_hours.hours()),
            hard_expires_at: None,
            ..grant()
        };
        of_member(Held::There(&grant), |_| ())
    };
    assert_eq!(rolls(47), Standing::Active);
    assert_eq!(rolls(17), Standing::Active);
    assert_eq!(rolls(16), Standing::Expiring);
}

#[test]
fn a_renewal_is_a_proof_and_outdates_what_was_found_before() {
    let rejected = |days| Some(Finding { key: None, checked_at: in_days(days), outcome: Outcome::Rejected });
    let grant = grant();
    assert_eq!(of_member(Held::There(&grant), |facts| facts.last = rejected(-11)), Standing::Active);
    assert_eq!(of_member(Held::There(&grant), |facts| facts.last = rejected(-9)), Standing::Rejected);
    let taken_over = Grant { refreshed_at: in_days(-50), ..grant };
    assert_eq!(of_member(Held::There(&taken_over), |_| ()), Standing::NeverVerified);
    let with_token = |facts: &mut Facts<'_>| facts.token_at = Some(now());
    assert_eq!(of_member(Held::There(&taken_over), with_token), Standing::Active);
}

#[test]
fn the_urgent_ones_come_first_and_each_has_a_place() {
    assert_eq!(Standing::worst([]), None);
    assert_eq!(Standing::worst([Standing::Active, Standing::Expiring]), Some(Standing::Expiring));
    assert_eq!(Standing::worst([Standing::Reconnect, Standing::Expiring]), Some(Standing::Reconnect));
    assert_eq!(Standing::worst([Standing::Active, Standing::Revoked]), Some(Standing::Active));
    let mut all = Standing::BY_URGENCY.to_vec();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), Standing::BY_URGENCY.len());
}

#[test]
fn what_programs_may_count_on() {
    use Standing::{Active, Expiring, NeverVerified, Uncertain, Unreachable};
    for one in Standing::BY_URGENCY {
        let usable = [Active, Expiring, NeverVerified, Uncertain, Unreachable].contains(&one);
        assert_eq!(one.is_usable(), usable, "{one:?}");
    }
}
