use super::grants::{add_member, answered, refresh_token};
use super::*;
use crate::vault::rows::fixture::app;
use crate::vault::{BackupTarget, Restore, RestoreRequest, Restored};

fn target(world: &World, name: &str) -> BackupTarget {
    BackupTarget { path: world.path(name), replace: false }
}

/// Opens a backup at the place, or elsewhere.
fn open_backup(
    place: &Place,
    world: &World,
    backup: &Path,
    seen: Option<u64>,
) -> Result<Restore, VaultError> {
    let request = RestoreRequest { place: place.clone(), backup: backup.to_owned(), seen };
    Restore::open(request, world.credentials("operator"), world.clock.clone())
}

fn restore(world: &World, backup: &str) -> Restored {
    open_backup(&world.place, world, &world.path(backup), None).unwrap().run().unwrap()
}

#[test]
fn a_backup_holds_the_journal_and_the_head_of_the_log() {
    let world = World::new();
    let vault = world.operator();
    let acme = add(&vault, "acme");
    journal_token(&vault, &acme.id, "journalled");
    let backed = vault.backup(&target(&world, "copy.age")).unwrap();
    assert!(backed.folded && backed.length == world.bytes().len() as u64);
    assert_eq!(backed.backup.generation, vault.generation().unwrap());
    assert_eq!(std::fs::read(world.path("copy.age")).unwrap(), world.bytes(), "exactly that generation");
    assert_eq!(vault.last_backup().unwrap(), Some(backed.backup));
    assert!(files_in(&world.home().join("vault.age.journal")).is_empty());
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(world.path("copy.age")).unwrap());
    assert_eq!(mode & 0o777, 0o600);
    let check = vault.verify_audit().unwrap();
    assert_eq!((check.after_anchor, check.interrupted), (2, 0), "both outcomes, and no request");
}

#[test]
fn nothing_is_overwritten_unasked() {
    let world = World::new();
    let vault = world.operator();
    std::fs::write(world.path("taken"), "mine").unwrap();
    let generation = vault.generation().unwrap();
    for path in [world.path("taken"), world.place.vault.clone(), world.home().join("vault.age.prev")] {
        let refused = vault.backup(&BackupTarget { path, replace: false });
        assert!(matches!(refused, Err(VaultError::Occupied { .. })), "{refused:?}");
    }
    let own = BackupTarget { path: world.place.vault.clone(), replace: true };
    assert!(matches!(vault.backup(&own), Err(VaultError::Occupied { .. })));
    assert_eq!(vault.generation().unwrap(), generation, "and nothing was committed for it");
    assert_eq!(vault.last_backup().unwrap(), None);
    let missing = vault.backup(&target(&world, "missing/copy.age"));
    assert!(matches!(&missing, Err(error) if error.is_missing_file()), "{missing:?}");
    vault.backup(&BackupTarget { path: world.path("taken"), replace: true }).unwrap();
    assert_eq!(std::fs::read(world.path("taken")).unwrap(), world.bytes());
    // In a folder each generation has a name of its own.
    std::fs::create_dir(world.path("backups")).unwrap();
    for _ in 0..2 {
        vault.backup(&target(&world, "backups")).unwrap();
    }
    assert_eq!(files_in(&world.path("backups")), ["vault-3.age", "vault-4.age"]);
}

#[test]
fn who_cannot_commit_copies_the_last_commit() {
    let world = World::new();
    let vault = world.operator();
    let acme = add(&vault, "acme");
    journal_token(&vault, &acme.id, "journalled");
    let before = vault.audit().head().unwrap();
    let foreign = Place { home_id: Some("another machine".to_owned()), ..world.place.clone() };
    for (name, vault) in [("viewer.age", world.viewer()), ("foreign.age", open_at(&foreign, &world))] {
        let backed = vault.backup(&target(&world, name)).unwrap();
        assert!(!backed.folded);
        assert_eq!(std::fs::read(world.path(name)).unwrap(), world.bytes());
        assert_eq!(vault.generation().unwrap(), 2);
    }
    assert_eq!(vault.audit().head().unwrap(), before);
}

#[test]
fn a_backup_becomes_the_newest_generation() {
    let world = World::new();
    let vault = world.operator();
    let app = app("books");
    let acme = add_member(&vault, &app, "acme", "1");
    let backed = vault.backup(&target(&world, "copy.age")).unwrap().backup.generation;
    // Later than the backup: a commit, and in the journal a refresh token that nothing else holds.
    add(&vault, "later");
    let token = answered(&vault, &acme.id);
    let current = vault.generation().unwrap();

    let restored = restore(&world, "copy.age");
    assert_eq!((restored.plan.backup, restored.plan.replaces), (backed, Some(current)));
    assert_eq!((restored.plan.generation, restored.newer_entries), (current + 1, 2));
    assert!(restored.warnings.is_empty() && restored.log_before.is_none(), "{restored:?}");
    let again = world.operator();
    assert_eq!(names(&again), ["acme"], "what it was");
    let grant = again.grant(&acme.id).unwrap().unwrap();
    assert_eq!(refresh_token(&grant), token, "but the newest token that there is");
    assert!(grant.grant.uncertain_since().is_some());
    assert_eq!(names(&vault), ["acme"], "who had it open follows");
    assert!(again.check().unwrap().holds(), "{:?}", again.check());
    assert!(again.verify_audit().unwrap().after_anchor <= 1);
    // The viewer of another machine saw the newest one: what follows it is no surprise.
    add(&again, "after");
    let previous = Place { vault: world.home().join("vault.age.prev"), ..world.place.clone() };
    assert_eq!(names(&open_at(&previous, &world)), ["acme"]);
}

/// A backup from before a backup: its sequences must not hide what the journal got since.
#[test]
fn the_journal_stays_newer_than_any_backup() {
    let world = World::new();
    let vault = world.operator();
    let app = app("books");
    let acme = add_member(&vault, &app, "acme", "1");
    vault.backup(&target(&world, "first.age")).unwrap();
    for _ in 0..3 {
        answered(&vault, &acme.id);
    }
    vault.backup(&target(&world, "second.age")).unwrap();
    restore(&world, "first.age");
    let newest = answered(&world.operator(), &acme.id);
    let restored = restore(&world, "second.age");
    assert!(restored.newer_entries > 0, "{restored:?}");
    let grant = world.operator().grant(&acme.id).unwrap().unwrap();
    assert_eq!(refresh_token(&grant), newest);
}

#[test]
fn what_is_damaged_is_kept_apart() {
    for damage in [b"no age file".as_slice(), b"age-encryption.org/v1\n"] {
        let world = World::new();
        let vault = world.operator();
        add(&vault, "acme");
        vault.backup(&target(&world, "copy.age")).unwrap();
        add(&vault, "later");
        let previous = std::fs::read(world.home().join("vault.age.prev")).unwrap();
        world.put(damage);
        let restored = restore(&world, "copy.age");
        assert!(restored.plan.broken.is_some() && restored.plan.replaces.is_none());
        assert_eq!(std::fs::read(restored.kept.unwrap()).unwrap(), damage);
        assert_eq!(std::fs::read(world.home().join("vault.age.prev")).unwrap(), previous);
        let again = world.operator();
        assert_eq!(names(&again), ["acme"]);
        assert!(again.check().unwrap().holds());
        assert_eq!(again.generation().unwrap(), 5, "above what this machine has seen");
        add(&again, "more");
    }
}

#[test]
fn a_new_machine_begins_a_log_and_says_what_it_lacks() {
    let world = World::new();
    let vault = world.operator();
    add(&vault, "acme");
    vault.backup(&target(&world, "copy.age")).unwrap();
    let head = vault.audit().head().unwrap();
    let place = elsewhere(&world);
    let restored = open_backup(&place, &world, &world.path("copy.age"), None).unwrap().run().unwrap();
    let before = restored.log_before.unwrap();
    assert!(before.sequence > 1 && before.sequence <= head.sequence);
    let moved = open_at(&place, &world);
    assert_eq!(moved.verify_audit().unwrap().records, 2);
    assert_eq!(moved.log_before().unwrap().unwrap().sequence, before.sequence);
    add(&moved, "more");
    assert!(moved.warnings().is_empty());
    assert_eq!(moved.verify_audit().unwrap().after_anchor, 1);
    assert!(moved.check().unwrap().holds());
    assert!(matches!(world.operator().require_writable(), Ok(())), "nobody can tell the old home");
    // Once more over itself: the log goes on.
    let again = open_backup(&place, &world, &world.path("copy.age"), None).unwrap().run().unwrap();
    assert!(again.log_before.is_none());
    // Lost once more, log and all but the beginning: what a kill before the commit leaves.
    std::fs::remove_file(&place.vault).unwrap();
    let rerun = open_backup(&place, &world, &world.path("copy.age"), None).unwrap().run().unwrap();
    assert_eq!(rerun.log_before.unwrap().sequence, before.sequence);
    assert!(rerun.warnings.is_empty(), "{:?}", rerun.warnings);
}

#[test]
fn a_log_that_does_not_belong_is_moved_away() {
    let world = World::new();
    let vault = world.operator();
    add(&vault, "acme");
    vault.backup(&target(&world, "copy.age")).unwrap();
    let place = elsewhere(&world);
    let foreign = World::new();
    add(&foreign.operator(), "x");
    let copied = world.path("new-home/vault.age.audit");
    std::fs::rename(foreign.home().join("vault.age.audit"), &copied).unwrap();
    let restored = open_backup(&place, &world, &world.path("copy.age"), None).unwrap().run().unwrap();
    assert!(restored.warnings.iter().any(|warning| warning.contains("vault.age.audit-")), "{restored:?}");
    let kept: Vec<_> =
        files_in(&world.path("new-home")).into_iter().filter(|name| name.contains(".audit-")).collect();
    assert_eq!(kept.len(), 1);
    open_at(&place, &world).verify_audit().unwrap();
}

#[test]
fn another_vault_is_not_replaced() {
    let world = World::new();
    world.operator().backup(&target(&world, "copy.age")).unwrap();
    let other = World::new();
    let bytes = other.bytes();
    let place = elsewhere(&world);
    std::fs::write(&place.vault, &bytes).unwrap();
    let refused = open_backup(&place, &world, &world.path("copy.age"), None).map(drop);
    assert!(matches!(refused, Err(VaultError::Occupied { .. })), "{refused:?}");
    assert_eq!(std::fs::read(&place.vault).unwrap(), bytes);
    // A viewer restores nothing, and a damaged backup is none.
    let request =
        || RestoreRequest { place: world.place.clone(), backup: world.path("copy.age"), seen: None };
    let viewer = Restore::open(request(), world.credentials("viewer"), world.clock.clone()).map(drop);
    assert!(matches!(viewer, Err(VaultError::NotOperator)), "{viewer:?}");
    let mut damaged = std::fs::read(world.path("copy.age")).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(world.path("copy.age"), damaged).unwrap();
    let refused = open_backup(&world.place, &world, &world.path("copy.age"), None).map(drop);
    assert!(matches!(refused, Err(VaultError::Damaged(_))), "{refused:?}");
}

#[test]
fn machines_that_saw_more_follow_if_they_are_named() {
    let world = World::new();
    let vault = world.operator();
    vault.backup(&target(&world, "copy.age")).unwrap();
    for name in ["a", "b", "c"] {
        add(&vault, name);
    }
    let seen = vault.generation().unwrap();
    let place = elsewhere(&world);
    // This machine has seen `seen`; the new one has not.
    let follow = |place: &Place| {
        world.put(&std::fs::read(&place.vault).unwrap());
        world.open_as("viewer").map(drop)
    };
    open_backup(&place, &world, &world.path("copy.age"), None).unwrap().run().unwrap();
    assert!(matches!(follow(&place), Err(VaultError::RolledBack { .. })));
    open_backup(&place, &world, &world.path("copy.age"), Some(seen)).unwrap().run().unwrap();
    follow(&place).unwrap();
}

#[test]
fn a_backup_from_before_a_rekey_needs_its_pin_and_is_rekeyed() {
    let world = World::new();
    let vault = world.operator();
    let app = app("books");
    let acme = add_member(&vault, &app, "acme", "1");
    vault.backup(&target(&world, "copy.age")).unwrap();
    let rekeyed = vault.rekey(&|_| ()).unwrap();
    // The journal is sealed by keys that the backup does not have.
    let token = answered(&vault, &acme.id);
    let refused = open_backup(&world.place, &world, &world.path("copy.age"), None).map(drop);
    assert!(matches!(refused, Err(VaultError::Untrusted(_))), "{refused:?}");

    let credentials = Credentials { pin: Some(world.pin.clone()), ..world.credentials("operator") };
    let request = RestoreRequest { place: world.place.clone(), backup: world.path("copy.age"), seen: None };
    let restored = Restore::open(request, credentials, world.clock.clone()).unwrap().run().unwrap();
    let new = restored.rekeyed.unwrap().pin;
    assert!(new != world.pin && new != rekeyed.pin);
    let again = world.operator();
    assert_eq!(again.pin().unwrap(), new, "this machine follows");
    assert_eq!(refresh_token(&again.grant(&acme.id).unwrap().unwrap()), token);
    assert!(again.check().unwrap().holds(), "{:?}", again.check());
    assert!(restored.kept.is_some());
}

#[test]
fn entries_that_open_to_nobody_are_kept_apart() {
    let world = World::new();
    let vault = world.operator();
    let app = app("books");
    let acme = add_member(&vault, &app, "acme", "1");
    vault.backup(&target(&world, "copy.age")).unwrap();
    vault.rekey(&|_| ()).unwrap();
    answered(&vault, &acme.id);
    let entries = files_in(&world.home().join("vault.age.journal"));
    world.put(b"lost");
    let credentials = Credentials { pin: Some(world.pin.clone()), ..world.credentials("operator") };
    let request = RestoreRequest { place: world.place.clone(), backup: world.path("copy.age"), seen: None };
    let restored = Restore::open(request, credentials, world.clock.clone()).unwrap().run().unwrap();
    let (count, folder) = restored.unread.unwrap();
    assert_eq!((count, files_in(&folder)), (entries.len() as u64, entries));
    let again = world.operator();
    add(&again, "more");
    assert!(again.check().unwrap().holds(), "{:?}", again.check());
}

#[test]
fn a_mark_that_cannot_be_read_is_begun_anew() {
    let world = World::new();
    let vault = world.operator();
    vault.backup(&target(&world, "copy.age")).unwrap();
    let mark = world.place.state_dir.join("vaults").join(format!("{}.json", vault.id()));
    std::fs::write(&mark, "{").unwrap();
    assert!(world.open_as("operator").is_err());
    restore(&world, "copy.age");
    world.operator();
}
