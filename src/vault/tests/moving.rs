use super::grants::{add_member, answered, refresh_token};
use super::*;
use crate::domain::grant::Sender;
use crate::vault::rows::fixture::app;

/// The vault file, copied to another machine, with the audit log or without.
fn carried(world: &World, with_log: bool) -> Place {
    let place = elsewhere(world);
    let folder = world.path("new-home");
    std::fs::copy(&world.place.vault, &place.vault).unwrap();
    if with_log {
        std::fs::create_dir_all(folder.join("vault.age.audit")).unwrap();
        for month in files_in(&world.home().join("vault.age.audit")) {
            let from = world.home().join("vault.age.audit").join(&month);
            std::fs::copy(from, folder.join("vault.age.audit").join(month)).unwrap();
        }
    }
    place
}

#[test]
fn a_home_is_given_up_and_taken_over() {
    let world = World::new();
    let vault = world.operator();
    let app = app("books");
    let acme = add_member(&vault, &app, "acme", "1");
    let token = answered(&vault, &acme.id);
    assert!(matches!(vault.plan_move(), Err(VaultError::AtHome(_))));
    vault.release_home(Duration::from_mins(1)).unwrap();
    assert!(files_in(&world.home().join("vault.age.journal")).is_empty(), "all of it is in the file");
    assert!(matches!(vault.require_writable(), Err(VaultError::ForeignHome(_))));
    assert!(matches!(vault.release_home(Duration::ZERO), Err(VaultError::ForeignHome(_))));
    assert!(vault.plan_move().unwrap().is_back(), "it asks before it takes it back");

    let place = carried(&world, true);
    let moved = open_at(&place, &world);
    let planned = moved.plan_move().unwrap();
    assert!(planned.is_released() && !planned.is_back());
    moved.take_home(&planned).unwrap();
    let grant = moved.grant(&acme.id).unwrap().unwrap();
    assert_eq!((refresh_token(&grant), grant.grant.uncertain_since()), (token, None));
    add(&moved, "more");
    assert!(moved.check().unwrap().holds());
    assert!(moved.verify_audit().unwrap().records > 4 && moved.log_before().unwrap().is_none());
    assert!(moved.warnings().is_empty());
    assert!(matches!(moved.take_home(&planned), Err(VaultError::ForeignHome(_))), "what was planned is over");
}

#[test]
fn a_home_that_is_lost_leaves_uncertain_grants() {
    let world = World::new();
    let vault = world.operator();
    let app = app("books");
    let acme = add_member(&vault, &app, "acme", "1");
    let place = carried(&world, false);
    let moved = open_at(&place, &world);
    let planned = moved.plan_move().unwrap();
    assert!(!planned.is_released() && planned.grants == 1);
    moved.take_home(&planned).unwrap();
    assert!(moved.grant(&acme.id).unwrap().unwrap().grant.uncertain_since().is_some());
    assert!(moved.log_before().unwrap().is_some(), "the log stayed behind");
    moved.verify_audit().unwrap();
    assert!(moved.warnings().is_empty());
}

/// Its answer could be written nowhere.
#[test]
fn a_home_is_not_given_up_under_a_refresh() {
    let world = World::new();
    let vault = world.operator();
    let app = app("books");
    let acme = add_member(&vault, &app, "acme", "1");
    let lock = vault.lock_connection(&acme.id, Duration::from_mins(1)).unwrap();
    let stored = vault.grant(&acme.id).unwrap().unwrap();
    let mut sending = stored;
    sending.grant = sending.grant.begin(Sender::Automatic, world.clock.now()).unwrap();
    let answer = vault.journal_intent(&lock, &sending).unwrap();
    let early = world.operator().release_home(Duration::ZERO);
    assert!(matches!(early, Err(VaultError::Locked { .. })), "{early:?}");
    std::thread::scope(|scope| {
        let releasing = scope.spawn(|| world.operator().release_home(Duration::from_mins(1)));
        sending.grant = sending.grant.end(crate::domain::grant::Ending::Lost, world.clock.now());
        vault.journal_answer(&lock, answer, (&sending, None)).unwrap();
        drop(lock);
        releasing.join().unwrap().unwrap();
    });
    let read = world.operator().read(|rows| rows.grant_facts(&acme.id)).unwrap().unwrap();
    assert!(read.uncertain_since().is_some(), "the answer is in the file");
    // Nobody writes into a journal that was folded for the last time.
    let lock = vault.lock_connection(&acme.id, Duration::from_mins(1)).unwrap();
    assert!(matches!(vault.journal_token(&lock, &token("late")), Err(VaultError::ForeignHome(_))));
}

#[test]
fn who_died_while_sending_stops_no_move() {
    let world = World::new();
    let vault = world.operator();
    let app = app("books");
    let acme = add_member(&vault, &app, "acme", "1");
    let lock = vault.lock_connection(&acme.id, Duration::from_mins(1)).unwrap();
    let mut sending = vault.grant(&acme.id).unwrap().unwrap();
    sending.grant = sending.grant.begin(Sender::Automatic, world.clock.now()).unwrap();
    drop(vault.journal_intent(&lock, &sending).unwrap());
    drop(lock);
    vault.release_home(Duration::ZERO).unwrap();
}
