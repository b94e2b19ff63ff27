use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

fn from(address: &str) -> AddressHash {
    AddressHash(address.to_owned())
}

fn access(seconds: i64, invitation: Option<&InvitationId>, address: Option<&str>) -> Access {
    Access { at: at(seconds), invitation: invitation.cloned(), address: address.map(from) }
}

#[test]
fn five_an_hour_for_an_invitation() {
    let (id, other) = (InvitationId::new(), InvitationId::new());
    let mut window = AccessWindow::default();
    for second in 0..5 {
        assert_eq!(window.limit(Some(&id), None, 5, at(second)), None);
        window.record(access(second, Some(&id), None));
    }
    assert_eq!(window.limit(Some(&id), None, 5, at(5)), Some(Limit::Token { count: 5, retry_at: at(3600) }));
    assert_eq!(window.limit(Some(&other), None, 5, at(5)), None);
    assert!(window.limit(Some(&id), None, 5, at(3599)).is_some());
    assert_eq!(window.limit(Some(&id), None, 5, at(3600)), None);
}

#[test]
fn twenty_an_hour_for_an_address_failed_ones_included() {
    let mut window = AccessWindow::default();
    for second in 0..20 {
        let id = (second % 2 == 0).then(InvitationId::new);
        assert_eq!(window.limit(id.as_ref(), Some(&from("here")), 5, at(second)), None);
        window.record(access(second, id.as_ref(), Some("here")));
    }
    assert!(matches!(
        window.limit(None, Some(&from("here")), 5, at(20)),
        Some(Limit::Address { count: 20, .. })
    ));
    assert_eq!(window.limit(None, Some(&from("there")), 5, at(20)), None);
}

#[test]
fn several_addresses_within_five_minutes() {
    let id = InvitationId::new();
    let mut window = AccessWindow::default();
    assert_eq!(window.record(access(0, Some(&id), Some("a"))), []);
    assert_eq!(window.record(access(10, Some(&id), Some("a"))), []);
    assert_eq!(window.record(access(20, Some(&InvitationId::new()), Some("b"))), []);
    assert_eq!(window.record(access(310, Some(&id), Some("b"))), [Suspicion::SeveralAddresses]);
    let mut later = AccessWindow::default();
    later.record(access(0, Some(&id), Some("a")));
    assert_eq!(later.record(access(301, Some(&id), Some("b"))), []);
}

#[test]
fn more_than_three_failures_of_one_address() {
    let mut window = AccessWindow::default();
    for second in 0..3 {
        assert_eq!(window.record(access(second, None, Some("a"))), []);
    }
    assert_eq!(window.record(access(3, None, Some("b"))), []);
    assert_eq!(window.record(access(4, None, Some("a"))), [Suspicion::ManyFailures]);
}

#[test]
fn a_clock_that_was_set_back_locks_nobody_out() {
    let id = InvitationId::new();
    let mut window = AccessWindow::default();
    for _ in 0..5 {
        window.record(access(100_000, Some(&id), None));
    }
    window.prune(at(0));
    assert_eq!(window.limit(Some(&id), None, 5, at(0)), None);
}

#[test]
fn it_cannot_grow_without_end() {
    let id = InvitationId::new();
    let mut window = AccessWindow::default();
    window.record(access(0, Some(&id), None));
    for number in 0..MOST {
        window.record(access(0, None, Some(&number.to_string())));
    }
    assert_eq!(window.accesses.len(), MOST);
    assert_eq!(window.accesses[0].invitation, Some(id), "failed ones go first");
}

proptest! {
    #[test]
    fn never_more_than_allowed_in_any_hour(gaps in proptest::collection::vec(0_i64..1200, 1..60), max in 1_u32..8) {
        let id = InvitationId::new();
        let (mut window, mut now, mut granted) = (AccessWindow::default(), 0, Vec::new());
        for gap in gaps {
            now += gap;
            match window.limit(Some(&id), None, max, at(now)) {
                None => {
                    granted.push(now);
                    window.record(access(now, Some(&id), None));
                }
                Some(limit) => {
                    prop_assert!(limit.retry_at() > at(now));
                    prop_assert_eq!(window.limit(Some(&id), None, max, limit.retry_at()), None);
                }
            }
        }
        for start in &granted {
            let within = granted.iter().filter(|at| (*start..start + 3600).contains(at)).count();
            prop_assert!(within <= max as usize);
        }
        let text = serde_json::to_string(&window).unwrap();
        prop_assert_eq!(serde_json::from_str::<AccessWindow>(&text).unwrap(), window);
    }
}
