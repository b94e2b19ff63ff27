use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

fn renewal(hash: &str) -> Renewal {
    Renewal { hash: hash.to_owned(), expires_at: Some(at(8_640_000)), hard_expires_at: None }
}

fn fresh() -> Grant {
    Grant::new(renewal("one"), at(0))
}

fn sent(grant: &Grant, seconds: i64) -> Grant {
    grant.begin(Sender::Automatic, at(seconds)).unwrap()
}

#[test]
fn an_answer_replaces_the_token_and_keeps_what_it_does_not_say() {
    let mut grant = fresh();
    grant.hard_expires_at = Some(at(100));
    let answered = sent(&grant, 10).end(Ending::Answered(renewal("two")), at(11));
    assert_eq!(answered.hash, "two");
    assert_eq!(answered.state, GrantState::Active { refused_at: None });
    assert_eq!((answered.authorized_at, answered.refreshed_at), (at(0), at(11)));
    assert_eq!(answered.hard_expires_at, Some(at(100)));
}

#[test]
fn what_was_not_sent_or_not_looked_at_changes_nothing() {
    let refused = sent(&fresh(), 0).end(Ending::Refused, at(1));
    for before in [fresh(), refused] {
        for ending in [Ending::NotSent, Ending::Untouched] {
            assert_eq!(sent(&before, 100).end(ending, at(101)), before);
        }
    }
}

#[test]
fn a_lost_answer_is_asked_for_once_more_and_not_too_soon() {
    let lost = sent(&fresh(), 0).end(Ending::Lost, at(1));
    assert_eq!(lost.uncertain_since(), Some(at(0)));
    let wait = NotNow::Wait { until: at(30), uncertain_since: Some(at(0)) };
    assert_eq!(lost.begin(Sender::Automatic, at(29)).unwrap_err(), wait);
    assert_eq!(lost.begin(Sender::Person, at(29)).unwrap_err(), wait);
    let again = sent(&lost, 30);
    assert_eq!(again.end(Ending::Answered(renewal("two")), at(31)).hash, "two");

    let lost_again = again.end(Ending::Lost, at(31));
    assert_eq!(lost_again.state, GrantState::Uncertain { since: at(0), sent_at: at(30), sendings: 2 });
    assert_eq!(
        lost_again.begin(Sender::Automatic, at(1000)).unwrap_err(),
        NotNow::Undecided { since: at(0) }
    );
    assert!(lost_again.begin(Sender::Person, at(1000)).is_ok());
}

#[test]
fn a_sender_that_died_leaves_what_a_lost_answer_leaves() {
    let died = sent(&fresh(), 0);
    assert_eq!(died.uncertain_since(), Some(at(0)));
    assert!(died.begin(Sender::Automatic, at(29)).is_err());
    let again = sent(&died, 30);
    let reason = ReconnectReason::AnswerLost { at: at(0) };
    assert_eq!(again.end(Ending::Refused, at(31)).state, GrantState::Reconnect { at: at(31), reason });
}

#[test]
fn one_refusal_is_no_end_and_a_second_one_spaced_apart_is() {
    let once = sent(&fresh(), 0).end(Ending::Refused, at(1));
    assert_eq!(once.state, GrantState::Active { refused_at: Some(at(1)) });
    assert_eq!(
        once.begin(Sender::Automatic, at(2)).unwrap_err(),
        NotNow::Wait { until: at(31), uncertain_since: None }
    );
    let twice = sent(&once, 31).end(Ending::Refused, at(32));
    let reason = ReconnectReason::Refused;
    assert_eq!(twice.state, GrantState::Reconnect { at: at(32), reason });
    assert_eq!(twice.begin(Sender::Person, at(1000)).unwrap_err(), NotNow::Reconnect(reason));
}

#[test]
fn no_refusal_among_many_ends_a_grant() {
    let mut grant = fresh();
    for round in 0..5 {
        grant = sent(&grant, round * 40).end(Ending::RefusedAmongMany, at(round * 40 + 1));
        assert_eq!(grant.state, GrantState::Active { refused_at: Some(at(round * 40 + 1)) });
    }
    let lost = sent(&fresh(), 0).end(Ending::Lost, at(1));
    let after = sent(&lost, 40).end(Ending::RefusedAmongMany, at(41));
    assert_eq!(after.uncertain_since(), Some(at(0)));
}

#[test]
fn a_refusal_after_its_expiry_needs_no_second_one() {
    let late = 8_640_001;
    let refused = sent(&fresh(), late).end(Ending::Refused, at(late + 1));
    let reason = ReconnectReason::Expired { at: at(8_640_000) };
    assert_eq!(refused.state, GrantState::Reconnect { at: at(late + 1), reason });
}

#[test]
fn a_clock_that_was_set_back_does_not_hold_it_for_ever() {
    let lost = sent(&fresh(), 100_000).end(Ending::Lost, at(100_001));
    assert!(lost.begin(Sender::Automatic, at(50)).is_ok());
}

#[test]
fn a_restored_vault_makes_it_uncertain() {
    let restored = fresh().restored(at(5));
    assert_eq!(restored.uncertain_since(), Some(at(5)));
    let dead = Grant { state: GrantState::Revoked { at: at(1) }, ..fresh() };
    assert_eq!(dead.restored(at(5)), dead);
}

#[test]
fn what_is_stored_reads_back() {
    for grant in [
        fresh(),
        sent(&fresh(), 1),
        sent(&fresh(), 1).end(Ending::Lost, at(2)),
        sent(&fresh(), 1).end(Ending::Refused, at(2)),
        sent(&sent(&fresh(), 1), 40).end(Ending::Refused, at(41)),
    ] {
        let json = serde_json::to_string(&grant).unwrap();
        assert_eq!(serde_json::from_str::<Grant>(&json).unwrap(), grant, "{json}");
    }
}
