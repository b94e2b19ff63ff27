use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// Tells the others to stop, also when its thread fails: a failure must not become a hang.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn sixty_four_writers_lose_no_update() {
    let world = World::new();
    world.operator().transact(&event(), |rows| rows.set_meta("count", "0")).unwrap();
    let vaults = (0..8).map(|_| world.operator()).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        for writer in 0..64 {
            let vault = &vaults[writer % vaults.len()];
            scope.spawn(move || {
                vault
                    .transact(&event(), |rows| {
                        let count: u32 = rows.meta("count")?.unwrap().parse().unwrap();
                        rows.set_meta("count", &(count + 1).to_string())
                    })
                    .unwrap();
                vault.read(|rows| rows.meta("count")).unwrap();
            });
        }
    });
    let vault = world.operator();
    assert_eq!(vault.read(|rows| rows.meta("count")).unwrap().as_deref(), Some("64"));
    assert_eq!(vault.generation().unwrap(), 66);
    assert!(vault.check().unwrap().holds());
    assert_eq!(
        files_in(&world.home()),
        ["vault.age", "vault.age.audit", "vault.age.locks", "vault.age.prev"],
        "nothing is left over"
    );
}

#[test]
fn no_reader_misses_a_token_while_commits_fold_it() {
    let world = World::new();
    let writer = world.operator();
    let acme = add(&writer, "acme");
    journal_token(&writer, &acme.id, "0");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let reader = world.operator();
            let (acme, done) = (&acme, &done);
            scope.spawn(move || {
                let mut seen = 0_u32;
                while !done.load(Ordering::SeqCst) {
                    let token: u32 = stored_token(&reader, &acme.id).unwrap().parse().unwrap();
                    assert!(token >= seen, "{token} after {seen}");
                    seen = token;
                }
            });
        }
        let _stop = Done(&done);
        let folder = world.operator();
        let committing = scope.spawn(move || {
            for round in 0..20 {
                folder.transact(&event(), |rows| rows.set_meta("round", &round.to_string())).unwrap();
            }
        });
        for value in 1..40 {
            journal_token(&writer, &acme.id, &value.to_string());
            assert_eq!(stored_token(&writer, &acme.id).unwrap(), value.to_string());
        }
        committing.join().unwrap();
    });
}

#[test]
fn tokens_and_rekeys_do_not_miss_each_other() {
    let world = World::new();
    let rekeying = world.operator();
    let acme = add(&rekeying, "acme");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let rekeyed = scope.spawn(|| {
            let _stop = Done(&done);
            for _ in 0..5 {
                rekeying.rekey(&|_| ()).unwrap();
            }
        });
        let mut last = None;
        while !done.load(Ordering::SeqCst) {
            // Another process: it reads the new pin from the identity file.
            let Ok(vault) = world.open_as("operator") else { continue };
            let lock = vault.lock_connection(&acme.id, Duration::from_mins(1)).unwrap();
            match vault.journal_token(&lock, &token("newest")) {
                Ok(()) => last = Some("newest".to_owned()),
                // Rekeyed since it was opened.
                Err(VaultError::Untrusted(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        rekeyed.join().unwrap();
        let vault = world.operator();
        assert_eq!(stored_token(&vault, &acme.id), last);
        assert!(vault.check().unwrap().holds());
    });
}

#[test]
fn a_locked_vault_says_who_holds_it() {
    let world = World::new();
    let holder = world.operator();
    let held = holder.locks.vault().unwrap();
    let impatient = Place { lock_timeout: Duration::ZERO, ..world.place.clone() };
    let vault = Vault::open(impatient, world.credentials("operator"), world.clock.clone()).unwrap();
    let change = vault.transact(&event(), |rows| rows.insert_connection(&connection("acme")));
    assert!(matches!(change, Err(VaultError::Locked { .. })), "{change:?}");
    assert!(names(&vault).is_empty(), "reading needs no lock");
    drop(held);
    add(&vault, "acme");
}
