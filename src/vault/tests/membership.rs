use super::*;
use crate::vault::recipient::RecipientKey;

/// Adds `name` with an identity file of its own.
fn invite(world: &World, vault: &Vault, name: &str, role: Role) -> RecipientKey {
    let identity = Identity::generate();
    world.write_identity(name, &identity);
    vault.add_recipient(identity.recipient(), role, Some(name.to_owned())).unwrap();
    identity.recipient().clone()
}

fn secret(vault: &Vault, key: &Key) -> Vec<u8> {
    vault.read(|rows| rows.private_key(&key.id)).unwrap().expose().clone()
}

#[test]
fn roles_come_and_go() {
    let world = World::new();
    let ann = world.operator();
    let acme = add(&ann, "acme");
    let key = key_of(&acme.id);
    ann.transact(&event(), |rows| rows.insert_key(&key, PEM, &Secret::new(b"private".to_vec()))).unwrap();
    let bob = invite(&world, &ann, "bob", Role::Viewer);
    assert!(matches!(ann.add_recipient(&bob, Role::Viewer, None), Err(VaultError::RecipientExists(_))));
    assert_eq!(world.open_as("bob").unwrap().role().unwrap(), Role::Viewer);

    assert!(ann.set_role(&bob, Role::Operator).unwrap().is_none(), "no rekey for a promotion");
    assert!(matches!(ann.set_role(&bob, Role::Operator), Err(VaultError::Taken(_))));
    let bobs = world.open_as("bob").unwrap();
    assert_eq!(secret(&bobs, &key), b"private");
    add(&bobs, "from-bob");
    assert_eq!(names(&ann), ["acme", "from-bob"]);
    assert!(!ann.info().unwrap().has_single_operator());
}

#[test]
fn removing_an_operator_rekeys() {
    let world = World::new();
    let ann = world.operator();
    let acme = add(&ann, "acme");
    let key = key_of(&acme.id);
    ann.transact(&event(), |rows| rows.insert_key(&key, PEM, &Secret::new(b"private".to_vec()))).unwrap();
    let bob = invite(&world, &ann, "bob", Role::Operator);
    journal_token(&ann, &acme.id, "journalled");
    let old_pin = ann.pin().unwrap();
    let old_secrets = ann.state().generation.as_ref().unwrap().keyring.sealer().recipient().to_string();

    let rekeyed = ann.remove_recipient(&bob).unwrap().unwrap();
    assert_ne!(rekeyed.pin, old_pin);
    assert_eq!(rekeyed.updated, [world.path("operator")]);
    let file = std::fs::read_to_string(world.path("operator")).unwrap();
    assert!(file.contains(&rekeyed.pin.to_string()) && !file.contains(&old_pin.to_string()), "{file}");
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(world.path("operator")).unwrap());
    assert_eq!(mode & 0o777, 0o600);

    for vault in [&ann, &world.operator()] {
        assert_eq!(secret(vault, &key), b"private");
        assert_eq!(stored_token(vault, &acme.id).as_deref(), Some("journalled"));
        assert_eq!(vault.read(|rows| rows.counts()).unwrap().exposed_keys, 1);
        assert!(vault.check().unwrap().holds());
        let secrets = vault.state().generation.as_ref().unwrap().keyring.sealer().recipient().to_string();
        assert_ne!(secrets, old_secrets);
    }
    assert!(matches!(world.open_as("bob").map(drop), Err(VaultError::WrongIdentity { .. })));
    // Elsewhere, the viewer's pin is the old one until somebody hands over the new one.
    world.open_as("viewer").unwrap();
    world.forget_everything();
    let viewer = world.open_as("viewer").map(drop);
    assert!(matches!(viewer, Err(VaultError::Untrusted(_))), "{viewer:?}");
    let credentials = Credentials { pin: Some(rekeyed.pin), ..world.credentials("viewer") };
    Vault::open(world.place.clone(), credentials, world.clock.clone()).unwrap();
    // Nothing on disk opens for the removed operator.
    std::fs::copy(world.home().join("vault.age.prev"), &world.place.vault).unwrap();
    assert!(matches!(world.open_as("bob").map(drop), Err(VaultError::WrongIdentity { .. })));
}

#[test]
fn a_demoted_operator_is_a_viewer() {
    let world = World::new();
    let ann = world.operator();
    let bob = invite(&world, &ann, "bob", Role::Operator);
    let rekeyed = ann.set_role(&bob, Role::Viewer).unwrap().unwrap();
    let credentials = Credentials { pin: Some(rekeyed.pin), ..world.credentials("bob") };
    let bobs = Vault::open(world.place.clone(), credentials, world.clock.clone()).unwrap();
    assert_eq!(bobs.role().unwrap(), Role::Viewer);
}

#[test]
fn whoever_takes_away_their_own_role_is_done() {
    let world = World::new();
    let ann = world.operator();
    invite(&world, &ann, "bob", Role::Operator);
    let own = world.credentials("operator").identities().next().unwrap().recipient().clone();
    ann.set_role(&own, Role::Viewer).unwrap().unwrap();
    assert_eq!(ann.role().unwrap(), Role::Viewer);
    assert!(matches!(ann.require_writable(), Err(VaultError::NotOperator)));
    let bob = world.credentials("bob").identities().next().unwrap().recipient().clone();
    assert!(matches!(ann.remove_recipient(&bob), Err(VaultError::NotOperator)));
}

#[test]
fn the_last_operator_stays() {
    let world = World::new();
    let ann = world.operator();
    let before = world.bytes();
    let own = ann.recipients().unwrap().into_iter().find(|one| one.role == Role::Operator).unwrap().key;
    assert!(matches!(ann.remove_recipient(&own), Err(VaultError::LastOperator(_))));
    assert!(matches!(ann.set_role(&own, Role::Viewer), Err(VaultError::LastOperator(_))));
    assert_eq!(world.bytes(), before);
    assert_eq!(world.operator().pin().unwrap(), world.pin);
    let stranger = Identity::generate();
    assert!(matches!(ann.remove_recipient(stranger.recipient()), Err(VaultError::NoRecipient(_))));
    assert!(matches!(ann.set_role(stranger.recipient(), Role::Viewer), Err(VaultError::NoRecipient(_))));
}

#[test]
fn removing_a_viewer_keeps_the_keys() {
    let world = World::new();
    let ann = world.operator();
    let viewer = ann.recipients().unwrap().into_iter().find(|one| one.role == Role::Viewer).unwrap().key;
    assert!(ann.remove_recipient(&viewer).unwrap().is_none());
    assert_eq!(ann.pin().unwrap(), world.pin);
    assert!(matches!(world.open_as("viewer").map(drop), Err(VaultError::WrongIdentity { .. })));
    std::fs::copy(world.home().join("vault.age.prev"), &world.place.vault).unwrap();
    assert!(matches!(world.open_as("viewer").map(drop), Err(VaultError::WrongIdentity { .. })));
}

#[test]
fn a_rekey_that_was_announced_and_never_came_locks_nobody_out() {
    let world = World::new();
    let ann = world.operator();
    // As after a crash between the announcement and the commit.
    let next = Pin { verify_key: [7; 32], ..world.pin.clone() };
    ann.high_water().announce(&next, &world.clock).unwrap();
    ann.state().credentials.files[0].add_pin(&world.pin, &next).unwrap();
    let again = world.operator();
    let rekeyed = again.rekey(&|_| ()).unwrap();
    assert_eq!(world.operator().pin().unwrap(), rekeyed.pin);
}

#[test]
fn an_explicit_pin_follows_a_rekey_of_this_process() {
    let world = World::new();
    let credentials = Credentials { pin: Some(world.pin.clone()), ..world.credentials("operator") };
    let vault = Vault::open(world.place.clone(), credentials, world.clock.clone()).unwrap();
    let rekeyed = vault.rekey(&|_| ()).unwrap();
    add(&vault, "acme");
    assert_eq!(vault.pin().unwrap(), rekeyed.pin);
    world.forget_everything();
    assert_eq!(names(&world.operator()), ["acme"], "the identity file knows the new pin");
}

/// Removing an operator must not fail because of where somebody keeps an identity.
#[test]
fn an_identity_that_cannot_be_rewritten_stops_no_rekey() {
    let world = World::new();
    let real = world.path("dotfiles-identity");
    std::fs::rename(world.path("operator"), &real).unwrap();
    std::os::unix::fs::symlink(&real, world.path("operator")).unwrap();
    let text = std::fs::read(&real).unwrap();
    let open = |path: Option<PathBuf>| {
        let mut file =
            IdentityFile::from_bytes("my identity", &Secret::new(text.clone()), &|_| None).unwrap();
        if let Some(path) = path {
            file = file.kept_at(path);
        }
        Vault::open(world.place.clone(), Credentials { files: vec![file], pin: None }, world.clock.clone())
    };
    for path in [Some(world.path("operator")), None] {
        let ann = open(path).unwrap();
        let rekeyed = ann.rekey(&|_| ()).unwrap();
        assert_eq!(rekeyed.updated, Vec::<PathBuf>::new());
        let warnings = ann.warnings().join("\n");
        let line = format!("put the line `# tokenctl-vault-pin: {}` there", rekeyed.pin);
        assert!(
            warnings.contains("my identity still names the old pin") && warnings.contains(&line),
            "{warnings}"
        );
        add(&ann, if warnings.contains("symbolic link") { "acme" } else { "beta" });
        assert_eq!(std::fs::read(&real).unwrap(), text);
    }
    assert_eq!(names(&open(None).unwrap()), ["acme", "beta"], "this machine knows what became of the pin");
    world.forget_everything();
    assert!(matches!(open(None).map(drop), Err(VaultError::Untrusted(_))));
}

/// Whoever rekeyed would be the first who cannot open it any more.
#[test]
fn a_rekey_that_nothing_here_could_remember_changes_nothing() {
    let world = World::new();
    let text = std::fs::read(world.path("operator")).unwrap();
    // The mark can be read and not be written.
    let lock = world.place.state_dir.join("vaults").join(format!("{}.lock", world.pin.vault));
    let _ = std::fs::remove_file(&lock);
    std::fs::create_dir_all(&lock).unwrap();
    let open = |pin: Option<&Pin>| {
        let file = IdentityFile::from_bytes("my identity", &Secret::new(text.clone()), &|_| None).unwrap();
        let credentials = Credentials { files: vec![file], pin: pin.cloned() };
        Vault::open(world.place.clone(), credentials, world.clock.clone()).unwrap()
    };
    let before = world.bytes();
    let refused = open(None).rekey(&|_| ()).unwrap_err();
    assert!(refused.to_string().contains(".lock"), "{refused}");
    assert_eq!(world.bytes(), before);
    assert_eq!(open(None).pin().unwrap(), world.pin);
    // Whoever gives the pin gives the next one, too.
    let rekeyed = open(Some(&world.pin)).rekey(&|_| ()).unwrap();
    assert_eq!(open(Some(&rekeyed.pin)).pin().unwrap(), rekeyed.pin);
}

/// Killed after its commit: a second run finishes that rekey, and does not begin another.
#[test]
fn an_interrupted_rekey_is_finished_once() {
    let world = World::new();
    let ann = world.operator();
    let acme = add(&ann, "acme");
    let key = key_of(&acme.id);
    ann.transact(&event(), |rows| rows.insert_key(&key, PEM, &Secret::new(b"private".to_vec()))).unwrap();
    let stale = std::fs::read(world.home().join("vault.age.prev")).unwrap();
    let rekeyed = ann.rekey(&|_| ()).unwrap();
    assert_eq!(rekeyed.finished, None);
    assert_eq!(ann.interrupted_rekey().unwrap(), None);
    // What a kill leaves: the outcome is missing, and so is the copy in place of the previous generation.
    let month = world.home().join("vault.age.audit");
    let month = month.join(&files_in(&month)[0]);
    let log = std::fs::read_to_string(&month).unwrap();
    let cut = log.trim_end().rfind('\n').unwrap() + 1;
    std::fs::write(&month, &log[..cut]).unwrap();
    std::fs::write(world.home().join("vault.age.prev"), stale).unwrap();

    let again = world.operator();
    assert!(again.interrupted_rekey().unwrap().is_some());
    let finished = again.rekey(&|_| panic!("nothing is sealed anew")).unwrap();
    assert!(finished.finished.is_some());
    assert_eq!((&finished.pin, again.pin().unwrap()), (&rekeyed.pin, rekeyed.pin.clone()));
    assert_eq!(std::fs::read(world.home().join("vault.age.prev")).unwrap(), world.bytes());
    assert_eq!(again.verify_audit().unwrap().interrupted, 0);
    assert_eq!(secret(&again, &key), b"private");
    assert_eq!(again.interrupted_rekey().unwrap(), None);
    assert_ne!(again.rekey(&|_| ()).unwrap().pin, rekeyed.pin, "the next one is another");
}
