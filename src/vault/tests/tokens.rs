use super::*;
use crate::domain::ids::OwnerId;
use crate::vault::journal::EntryName;
use crate::vault::keyring::Keyring;
use crate::vault::seal::Sealer;
use crate::vault::signing::SigningKey;

fn journal(world: &World) -> PathBuf {
    world.home().join("vault.age.journal")
}

#[test]
fn the_newest_token_wins_before_and_after_folding() {
    let world = World::new();
    let vault = world.operator();
    let (acme, other) = (add(&vault, "acme"), add(&vault, "other"));
    assert_eq!(stored_token(&vault, &acme.id), None);
    for value in ["first", "second", "third"] {
        journal_token(&vault, &acme.id, value);
    }
    assert_eq!(files_in(&journal(&world)).len(), 3);
    assert_eq!(stored_token(&world.operator(), &acme.id).as_deref(), Some("third"));
    assert_eq!(stored_token(&vault, &other.id), None);
    let generation = vault.generation().unwrap();
    add(&vault, "b");
    assert_eq!(vault.generation().unwrap(), generation + 1, "tokens cost no commit");
    assert!(files_in(&journal(&world)).is_empty());
    assert_eq!(stored_token(&vault, &acme.id).as_deref(), Some("third"));
    journal_token(&vault, &acme.id, "fourth");
    assert_eq!(files_in(&journal(&world)), [format!("{}.4", acme.id)]);
    assert_eq!(stored_token(&vault, &acme.id).as_deref(), Some("fourth"));
}

#[test]
fn entries_that_are_in_the_vault_are_ignored() {
    let world = World::new();
    let vault = world.operator();
    let acme = add(&vault, "acme");
    journal_token(&vault, &acme.id, "first");
    let path = journal(&world).join(format!("{}.1", acme.id));
    let folded = std::fs::read(&path).unwrap();
    journal_token(&vault, &acme.id, "second");
    add(&vault, "b");
    // A crash between the commit and the removal, or somebody who puts an old entry back.
    std::fs::write(&path, folded).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, mode).unwrap();
    assert_eq!(stored_token(&vault, &acme.id).as_deref(), Some("second"));
    add(&vault, "c");
    assert_eq!(stored_token(&vault, &acme.id).as_deref(), Some("second"));
    assert!(!path.exists());
}

#[test]
fn a_change_wins_over_the_journal() {
    let world = World::new();
    let vault = world.operator();
    let acme = add(&vault, "acme");
    journal_token(&vault, &acme.id, "old key's");
    vault.transact(&event(), |rows| rows.drop_token(&acme.id)).unwrap();
    assert_eq!(stored_token(&vault, &acme.id), None);
    journal_token(&vault, &acme.id, "late");
    vault
        .transact(&AuditEvent::new(Action::ConnectionRemove), |rows| {
            rows.remove_connection(&acme.id, instant(1))
        })
        .unwrap();
    assert_eq!(stored_token(&vault, &acme.id), None);
    assert!(files_in(&journal(&world)).is_empty());
}

#[test]
fn forged_entries_are_refused() {
    let world = World::new();
    let vault = world.operator();
    let (acme, other) = (add(&vault, "acme"), add(&vault, "other"));
    journal_token(&vault, &acme.id, "genuine");
    let genuine = std::fs::read(journal(&world).join(format!("{}.1", acme.id))).unwrap();
    let next = format!("{}.2", acme.id);
    let viewer =
        Sealer::viewer(vault.state().generation.as_ref().unwrap().keyring.sealer().recipient().clone());
    let own_key = SigningKey::generate().unwrap();
    let body = b"{\"access-token\":{\"token\":\"evil\"}}";
    let planted = [body.as_slice(), &own_key.sign(body).unwrap()].concat();
    let mut flipped = genuine.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let foreign = Keyring::generate().unwrap().sealer().seal(&format!("journal/{next}"), &planted).unwrap();
    for (what, name, bytes) in [
        ("planted by a viewer", next.clone(), viewer.seal(&format!("journal/{next}"), &planted).unwrap()),
        ("too short", next.clone(), viewer.seal(&format!("journal/{next}"), b"x").unwrap()),
        ("for other keys", next.clone(), foreign),
        ("replayed as newer", next.clone(), genuine.clone()),
        ("moved to another connection", format!("{}.1", other.id), genuine.clone()),
        ("flipped", format!("{}.1", acme.id), flipped),
        ("cut", format!("{}.1", acme.id), genuine[..genuine.len() - 1].to_vec()),
        ("empty", next.clone(), Vec::new()),
    ] {
        let path = journal(&world).join(&name);
        let kept = std::fs::read(&path).ok();
        std::fs::write(&path, bytes).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode).unwrap();
        let victim = if name.starts_with(acme.id.as_str()) { &acme } else { &other };
        let read = vault.token(&victim.id).map(drop);
        assert!(
            matches!(&read, Err(error @ VaultError::JournalDamaged { .. }) if error.to_string().contains(&name)),
            "{what}: {read:?}"
        );
        let before = world.bytes();
        let change = vault.transact(&event(), |rows| rows.insert_connection(&connection("x")));
        assert!(matches!(change, Err(VaultError::JournalDamaged { .. })), "{what}: {change:?}");
        assert_eq!(world.bytes(), before, "{what}");
        assert!(!vault.check().unwrap().holds(), "{what}");
        match kept {
            Some(kept) => std::fs::write(&path, kept).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
    }
    assert_eq!(stored_token(&vault, &acme.id).as_deref(), Some("genuine"));
}

#[test]
fn left_over_and_foreign_files_are_no_entries() {
    let world = World::new();
    let vault = world.operator();
    let acme = add(&vault, "acme");
    journal_token(&vault, &acme.id, "token");
    let torn = format!(".{}.2.tmp-0123", acme.id);
    for name in [torn.as_str(), "README", &format!("{}.01", acme.id), &format!("{}.-1", acme.id)] {
        std::fs::write(journal(&world).join(name), "torn").unwrap();
    }
    assert_eq!(stored_token(&vault, &acme.id).as_deref(), Some("token"));
    journal_token(&vault, &acme.id, "next");
    assert!(!journal(&world).join(torn).exists(), "swept by the next write");
}

#[test]
fn an_entry_of_a_newer_version_is_told_as_such() {
    let world = World::new();
    let vault = world.operator();
    let acme = add(&vault, "acme");
    journal_token(&vault, &acme.id, "token");
    let path = journal(&world).join(format!("{}.1", acme.id));
    let put = |owner: OwnerId, document: &str| {
        let state = vault.state();
        let keyring = &state.generation.as_ref().unwrap().keyring;
        let body = document.as_bytes().to_vec().into();
        vault.journal.put(&EntryName { owner, sequence: 1 }, body, keyring).unwrap();
    };
    for (v, kind) in [(2, "access-token"), (1, "grant-intent")] {
        put((&acme.id).into(), &format!("{{\"v\":{v},\"kind\":\"{kind}\",\"else\":[{{}}]}}"));
        let is_newer = |result: &Result<(), VaultError>| {
            matches!(result, Err(VaultError::NewerEntry { path: at, kind: what, version })
                if *at == path && what == kind && *version == v)
        };
        let read = vault.token(&acme.id).map(drop);
        assert!(is_newer(&read), "{read:?}");
        let change = vault.transact(&event(), |rows| rows.set_meta("a", "b"));
        assert!(is_newer(&change), "{change:?}");
        let report = vault.check().unwrap();
        assert!(report.items.iter().any(|item| matches!(item.outcome, Err(VaultError::NewerEntry { .. }))));
    }
    put((&acme.id).into(), "{\"v\":1,\"kind\":\"access-token\"}");
    assert!(matches!(vault.token(&acme.id), Err(VaultError::JournalDamaged { .. })));
    std::fs::remove_file(path).unwrap();
    // What belongs to something that is no connection is not lost on the way.
    put(OwnerId::new(), "{\"v\":1,\"kind\":\"quarantine\"}");
    let change = vault.transact(&event(), |rows| rows.set_meta("a", "b"));
    assert!(matches!(change, Err(VaultError::NewerEntry { .. })));
}

#[test]
fn a_commit_sweeps_what_died_and_nothing_that_is_being_written() {
    let world = World::new();
    let vault = world.operator();
    let (acme, other) = (add(&vault, "acme"), add(&vault, "other"));
    journal_token(&vault, &acme.id, "first");
    for (id, kind) in [(&acme.id, "1.tmp"), (&acme.id, "room"), (&other.id, "1.tmp")] {
        std::fs::write(journal(&world).join(format!(".{id}.{kind}-0123456789abcdef")), "half").unwrap();
    }
    let busy = vault.lock_connection(&other.id, Duration::from_mins(1)).unwrap();
    add(&vault, "third");
    assert_eq!(files_in(&journal(&world)), [format!(".{}.1.tmp-0123456789abcdef", other.id)]);
    drop(busy);
    add(&vault, "fourth");
    assert_eq!(files_in(&journal(&world)), [] as [String; 0]);
}
