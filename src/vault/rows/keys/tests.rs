use super::super::fixture::{Fixture, connection, instant, key};
use super::*;
use crate::domain::rotation::Phase;
use crate::secret::Secret;

const PEM: &str = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

fn private(text: &str) -> SecretBytes {
    Secret::new(text.as_bytes().to_vec())
}

#[test]
fn everything_comes_back() {
    let fixture = Fixture::new();
    let (rows, acme) = (fixture.rows(), connection("acme"));
    rows.insert_connection(&acme).unwrap();
    let mut pending = key(&acme.id, KeyState::Pending);
    pending.certificate_id = Some("-5f".parse().unwrap());
    rows.insert_key(&pending, PEM, &private("one")).unwrap();

    let set = fixture.viewer().keys_of(&acme.id).unwrap();
    assert_eq!(set.pending, Some(pending.clone()));
    assert_eq!(rows.key_sets().unwrap()[&acme.id], Box::new(set));
    assert_eq!(rows.private_key(&pending.id).unwrap().expose(), b"one");
    assert_eq!(fixture.viewer().certificate_pem(&pending.id).unwrap(), PEM);
    assert!(matches!(fixture.viewer().private_key(&pending.id), Err(VaultError::NotOperator)));

    rows.set_certificate_id(&pending.id, &"--all".parse().unwrap()).unwrap();
    rows.set_key_state(&pending.id, KeyState::Active, Some(instant(5))).unwrap();
    let active = rows.keys_of(&acme.id).unwrap().active.unwrap();
    assert_eq!(active.certificate_id.unwrap().as_str(), "--all");
    assert_eq!(active.activated_at, Some(instant(5)));

    rows.remove_key(&pending.id).unwrap();
    assert_eq!(rows.keys_of(&acme.id).unwrap(), KeySet::default());
    assert!(matches!(rows.private_key(&pending.id), Err(VaultError::Gone(_))));
    assert!(matches!(rows.remove_key(&pending.id), Err(VaultError::Gone(_))));
}

#[test]
fn private_keys_open_in_bulk_and_only_in_their_row() {
    let fixture = Fixture::new();
    let (rows, acme) = (fixture.rows(), connection("acme"));
    rows.insert_connection(&acme).unwrap();
    let (active, pending) = (key(&acme.id, KeyState::Active), key(&acme.id, KeyState::Pending));
    rows.insert_key(&active, PEM, &private("one")).unwrap();
    rows.insert_key(&pending, PEM, &private("two")).unwrap();

    let opened = rows.private_keys(&[active.id.clone(), KeyId::new(), pending.id.clone()]).unwrap();
    assert_eq!(opened.len(), 2);
    assert_eq!(opened[&active.id].expose(), b"one");
    assert_eq!(opened[&pending.id].expose(), b"two");

    let swap = "UPDATE keys SET sealed_private_key = (SELECT sealed_private_key FROM keys WHERE id = ?1)";
    rows.change(swap, [active.id.as_str()]).unwrap();
    assert!(matches!(rows.private_key(&pending.id), Err(VaultError::Damaged(_))));
    assert!(matches!(rows.private_keys(&[pending.id]), Err(VaultError::Damaged(_))));
}

#[test]
fn one_key_per_state() {
    let fixture = Fixture::new();
    let (rows, acme) = (fixture.rows(), connection("acme"));
    rows.insert_connection(&acme).unwrap();
    let (active, pending) = (key(&acme.id, KeyState::Active), key(&acme.id, KeyState::Pending));
    rows.insert_key(&active, PEM, &private("one")).unwrap();
    rows.insert_key(&pending, PEM, &private("two")).unwrap();
    let second = key(&acme.id, KeyState::Pending);
    assert!(matches!(rows.insert_key(&second, PEM, &private("three")), Err(VaultError::Taken(_))));
    assert!(matches!(rows.set_key_state(&pending.id, KeyState::Active, None), Err(VaultError::Taken(_))));
}

#[test]
fn the_switch_goes_there_and_back() {
    let fixture = Fixture::new();
    let (rows, acme) = (fixture.rows(), connection("acme"));
    rows.insert_connection(&acme).unwrap();
    let (old, new) = (key(&acme.id, KeyState::Pending), key(&acme.id, KeyState::Pending));
    let states = || {
        let set = rows.keys_of(&acme.id).unwrap();
        let id = |key: Option<Key>| key.map(|key| key.id);
        (set.phase(), id(set.active), id(set.previous))
    };

    rows.insert_key(&old, PEM, &private("old")).unwrap();
    rows.switch_key(&old.id, instant(1)).unwrap();
    assert_eq!(states(), (Phase::Settled, Some(old.id.clone()), None));

    rows.insert_key(&new, PEM, &private("new")).unwrap();
    rows.switch_key(&new.id, instant(2)).unwrap();
    assert_eq!(states(), (Phase::Overlap, Some(new.id.clone()), Some(old.id.clone())));

    rows.switch_key(&old.id, instant(3)).unwrap();
    assert_eq!(states(), (Phase::Overlap, Some(old.id.clone()), Some(new.id.clone())));
    rows.switch_key(&old.id, instant(4)).unwrap();
    assert_eq!(rows.keys_of(&acme.id).unwrap().active.unwrap().activated_at, Some(instant(3)));

    // A third key cannot push the previous one out.
    let third = key(&acme.id, KeyState::Pending);
    rows.insert_key(&third, PEM, &private("third")).unwrap();
    assert!(matches!(rows.switch_key(&third.id, instant(5)), Err(VaultError::Taken(_))));
}

#[test]
fn a_switch_that_stopped_halfway_is_damage() {
    let fixture = Fixture::new();
    let (rows, acme) = (fixture.rows(), connection("acme"));
    rows.insert_connection(&acme).unwrap();
    rows.insert_key(&key(&acme.id, KeyState::Active), PEM, &private("x")).unwrap();
    rows.change("UPDATE keys SET state = 'switching'", []).unwrap();
    assert!(matches!(rows.keys_of(&acme.id), Err(VaultError::Damaged(_))));
    assert!(matches!(rows.key_sets(), Err(VaultError::Damaged(_))));
}

#[test]
fn exposure_keeps_its_first_time() {
    let fixture = Fixture::new();
    let (rows, acme) = (fixture.rows(), connection("acme"));
    rows.insert_connection(&acme).unwrap();
    rows.insert_key(&key(&acme.id, KeyState::Active), PEM, &private("x")).unwrap();
    assert_eq!(rows.mark_all_keys_exposed(instant(1)).unwrap(), 1);
    assert_eq!(rows.mark_all_keys_exposed(instant(2)).unwrap(), 0);
    assert_eq!(rows.keys_of(&acme.id).unwrap().active.unwrap().exposed_at, Some(instant(1)));
    assert_eq!(rows.counts().unwrap().exposed_keys, 1);
}

#[test]
fn keys_go_with_their_connection() {
    let fixture = Fixture::new();
    let (rows, acme) = (fixture.rows(), connection("acme"));
    rows.insert_connection(&acme).unwrap();
    rows.insert_key(&key(&acme.id, KeyState::Active), PEM, &private("x")).unwrap();
    assert_eq!(rows.counts().unwrap().active_keys, 1);
    rows.remove_connection(&acme.id, instant(1)).unwrap();
    assert_eq!(rows.counts().unwrap(), crate::vault::rows::Counts::default());
}

/// A listing that read the rows themselves would decrypt every certificate and every private key.
#[test]
fn a_listing_reads_the_index_alone() {
    let fixture = Fixture::new();
    for sql in [select!(""), select!("INDEXED BY keys_listed WHERE connection_id = 'x'")] {
        let plan: Vec<String> = fixture
            .rows()
            .all(&format!("EXPLAIN QUERY PLAN {sql}"), [], |columns| {
                let _: (i64, i64, i64) = (columns.value()?, columns.value()?, columns.value()?);
                columns.value()
            })
            .unwrap();
        assert!(plan.iter().all(|step| step.contains("USING COVERING INDEX keys_listed")), "{plan:?}");
    }
}
