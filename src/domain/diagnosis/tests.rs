//! What the rules make of what was seen, one observation after the other.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::domain::key::KeyState;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A connection that worked yesterday and is refused today, with nothing to compare with.
fn refused() -> Observations {
    Observations {
        name: "acme".to_owned(),
        now: at("2027-03-01T12:00:00Z"),
        skew: SignedDuration::ZERO,
        sandbox: false,
        account: "1234567".to_owned(),
        client_id: "client-1".to_owned(),
        entity: Some("42".to_owned()),
        role: Some("1000".to_owned()),
        scopes: vec!["restlets".to_owned(), "rest_webservices".to_owned()],
        key: Candidate {
            state: KeyState::Active,
            certificate_id: "own".to_owned(),
            not_before: at("2026-09-01T00:00:00Z"),
            not_after: at("2028-03-01T00:00:00Z"),
            ends_at: at("2028-03-01T00:00:00Z"),
            worked_at: Some(at("2027-02-28T12:00:00Z")),
        },
        trials: Vec::new(),
        listings: Vec::new(),
        peers: Vec::new(),
        other_ids: vec![("theirs".to_owned(), "the active key of beta".to_owned())],
    }
}

fn peer(name: &str, (client, entity, role): (&str, &str, &str), accepted: bool) -> Peer {
    Peer {
        name: name.to_owned(),
        client_id: client.to_owned(),
        entity: Some(entity.to_owned()),
        role: Some(role.to_owned()),
        accepted,
        worked_before: true,
        application: None,
    }
}

fn list(ids: &[&str]) -> Listing {
    let entry = |id: &&str| RemoteCertificate { id: (*id).to_owned(), revoked: false, valid_until: None };
    let listed = Listed::Certificates(ids.iter().map(entry).collect());
    Listing { by: "beta".to_owned(), same_entity: true, listed }
}

fn trial(change: Change, accepted: bool) -> Trial {
    Trial { change, accepted }
}

#[track_caller]
fn first(seen: &Observations) -> (Cause, Certainty) {
    let found = diagnose(seen);
    let first = found.first().expect("there is a suspect");
    assert!(found.iter().all(|suspect| !suspect.fixes.is_empty()), "{found:?}");
    (first.cause, first.certainty())
}

#[test]
fn without_anything_to_compare_with_nothing_is_certain() {
    let found = diagnose(&refused());
    assert!(found.len() >= 4, "{found:?}");
    assert!(found.iter().all(|suspect| suspect.certainty() == Certainty::Possible), "{found:?}");
    let sandbox = Observations { sandbox: true, ..refused() };
    assert_eq!(first(&sandbox), (Cause::SandboxRefreshed, Certainty::Likely));
}

#[test]
fn who_shares_what_with_whom() {
    let (same, other_role) = (("client-1", "42", "1000"), ("client-1", "42", "1001"));
    let (other_entity, other_client) = (("client-1", "43", "1000"), ("client-2", "42", "1002"));
    for (peers, cause) in [
        (vec![peer("b", other_role, true), peer("d", other_entity, false)], Cause::RoleDisabled),
        (vec![peer("b", other_role, true)], Cause::RoleDisabled),
        (vec![peer("b", other_role, false), peer("d", other_entity, true)], Cause::EntityDisabled),
        (vec![peer("b", other_role, true), peer("d", other_entity, true)], Cause::RoleOfEntity),
        (vec![peer("b", other_role, false), peer("g", other_client, true)], Cause::IntegrationBlocked),
        (vec![peer("b", other_role, false), peer("s", same, false)], Cause::IntegrationBlocked),
        (vec![peer("b", other_role, false), peer("g", other_client, false)], Cause::AccountWide),
    ] {
        let seen = Observations { peers: peers.clone(), ..refused() };
        assert_eq!(first(&seen), (cause, Certainty::Likely), "{peers:?}");
    }
    let peers = vec![peer("b", other_role, false), peer("g", other_client, false)];
    let sandbox = Observations { sandbox: true, peers, ..refused() };
    assert_eq!(first(&sandbox).0, Cause::SandboxRefreshed);
}

#[test]
fn what_the_vendor_lists() {
    let works = vec![peer("beta", ("client-1", "42", "1001"), true)];
    let of = |listing: Listing| Observations { listings: vec![listing], peers: works.clone(), ..refused() };
    assert_eq!(first(&of(list(&["own"]))), (Cause::RoleDisabled, Certainty::Likely));
    let mut revoked = list(&["own"]);
    if let Listed::Certificates(all) = &mut revoked.listed {
        all[0].revoked = true;
    }
    assert_eq!(first(&of(revoked)), (Cause::CertificateRevoked, Certainty::Certain));
    assert_eq!(first(&of(list(&["b"]))), (Cause::MappingGone, Certainty::Likely));
    let mut never = of(list(&["b"]));
    never.key.worked_at = None;
    assert_eq!(first(&never).0, Cause::CertificateNotUploaded);
    never.listings = vec![list(&["own"])];
    assert_eq!(first(&never).0, Cause::WrongCertificate);
    let mut blocked = of(Listing { listed: Listed::UnknownClient, ..list(&[]) });
    blocked.peers = vec![peer("g", ("client-2", "42", "1002"), true)];
    assert_eq!(first(&blocked), (Cause::ClientIdUnknown, Certainty::Likely));
}

#[test]
fn a_trial_is_a_proof() {
    for (change, cause) in [
        (Change::CertificateId("b".to_owned()), Cause::CertificateIdMistyped),
        (Change::Subject(crate::domain::settings::SubjectClaim::Omit), Cause::SubjectClaim),
        (Change::Lifetime(60), Cause::AssertionLifetime),
        (Change::TokenUrl("https://x.example/".to_owned()), Cause::TokenUrl),
        (Change::Account("1234567_SB1".to_owned()), Cause::OtherAccount),
        (Change::ClientId("client-2".to_owned()), Cause::ClientIdUnknown),
        (Change::PreviousSettings, Cause::SettingsChanged),
    ] {
        let seen = Observations { trials: vec![trial(change.clone(), true)], ..refused() };
        assert_eq!(first(&seen), (cause, Certainty::Certain), "{change:?}");
        assert_eq!(diagnose(&seen).len(), 1, "what is certain leaves no room for guesses");
    }
    let scope = |name: &str, accepted| trial(Change::Scope(name.to_owned()), accepted);
    let seen =
        Observations { trials: vec![scope("restlets", false), scope("rest_webservices", true)], ..refused() };
    assert_eq!(first(&seen).0, Cause::ScopeNotAllowed);
    let seen =
        Observations { trials: vec![scope("restlets", true), scope("rest_webservices", true)], ..refused() };
    assert_eq!(first(&seen).0, Cause::ScopesTogether);
}

#[test]
fn dates_and_clocks() {
    let mut seen = refused();
    seen.now = at("2028-03-02T00:00:00Z");
    assert_eq!(first(&seen), (Cause::CertificateExpired, Certainty::Certain));
    seen.key.not_after = at("2029-03-01T00:00:00Z");
    assert_eq!(first(&seen).0, Cause::CertificateClamped);
    seen.key.not_before = at("2028-03-03T00:00:00Z");
    assert_eq!(first(&seen).0, Cause::CertificateNotYetValid);
    for (hours, cause) in [(1, Cause::ClockBehind), (-24, Cause::ClockAhead)] {
        let skew = SignedDuration::from_hours(hours);
        let likely = Observations { skew, ..refused() };
        assert_eq!(first(&likely), (cause, Certainty::Likely));
        let proven = Observations { skew, trials: vec![trial(Change::Clock, true)], ..refused() };
        assert_eq!(first(&proven), (cause, Certainty::Certain));
    }
}

#[test]
fn ids_of_other_keys() {
    let mut seen = refused();
    (seen.key.certificate_id, seen.key.worked_at) = ("theirs".to_owned(), None);
    assert_eq!(first(&seen), (Cause::CertificateIdOfAnotherKey, Certainty::Likely));
    seen.trials = vec![trial(Change::CertificateId("own".to_owned()), true)];
    assert_eq!(first(&seen), (Cause::CertificateIdOfAnotherKey, Certainty::Certain));
}

#[test]
fn every_cause_has_a_word_of_its_own() {
    let mut words: Vec<_> = Cause::ALL.iter().map(|cause| cause.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Cause::ALL.len());
}
