use super::*;
use crate::domain::app::App;
use crate::domain::grant::{Ending, Grant, GrantTokens, Renewal, Sender, StoredGrant};
use crate::domain::ids::OwnerId;
use crate::vault::journal::EntryName;
use crate::vault::rows::fixture::{app, member};

fn journal(world: &World) -> PathBuf {
    world.home().join("vault.age.journal")
}

fn renewal(token: &str) -> Renewal {
    Renewal { hash: format!("hash-of-{token}"), expires_at: Some(instant(9000)), hard_expires_at: None }
}

fn stored(token: &str) -> StoredGrant {
    let tokens = GrantTokens { current: Secret::new(token.to_owned()), predecessor: None };
    StoredGrant { grant: Grant::new(renewal(token), instant(0)), tokens: Some(tokens) }
}

pub(super) fn add_member(vault: &Vault, app: &App, name: &str, realm: &str) -> Connection {
    let added = member(name, app, realm);
    vault
        .transact(&event(), |rows| {
            if rows.app_by_id(&app.id)?.is_none() {
                rows.insert_app(app, None)?;
            }
            rows.insert_connection(&added)?;
            rows.put_grant(&added.id, &stored("one"))
        })
        .unwrap();
    added
}

/// What a refresh leaves in the journal: its intent and, if it comes, its answer.
fn refresh(vault: &Vault, connection: &ConnectionId, ending: Option<Ending>) {
    let lock = vault.lock_connection(connection, Duration::from_mins(1)).unwrap();
    let before = vault.grant(connection).unwrap().unwrap();
    let intent = before.grant.begin(Sender::Automatic, instant(100)).unwrap();
    let sending = StoredGrant { grant: intent, tokens: before.tokens };
    let answer = vault.journal_intent(&lock, &sending).unwrap();
    let Some(ending) = ending else { return };
    let grant = sending.grant.end(ending.clone(), instant(101));
    let (tokens, access) = match ending {
        Ending::Answered(renewal) => {
            let current = Secret::new(renewal.hash.trim_start_matches("hash-of-").to_owned());
            let predecessor = sending.tokens.map(|tokens| tokens.current);
            (Some(GrantTokens { current, predecessor }), Some(token("access")))
        }
        _ => (sending.tokens, None),
    };
    vault.journal_answer(&lock, answer, (&StoredGrant { grant, tokens }, access.as_ref())).unwrap();
}

/// A refresh that is answered with a token of its own, which is returned; a person may send an uncertain one, too.
pub(super) fn answered(vault: &Vault, connection: &ConnectionId) -> String {
    let lock = vault.lock_connection(connection, Duration::from_mins(1)).unwrap();
    let before = vault.grant(connection).unwrap().unwrap();
    let now = vault.clock.now() + jiff::SignedDuration::from_mins(1);
    let sending =
        StoredGrant { grant: before.grant.begin(Sender::Person, now).unwrap(), tokens: before.tokens };
    let answer = vault.journal_intent(&lock, &sending).unwrap();
    let token = KeyId::new().to_string();
    let grant = sending.grant.end(Ending::Answered(renewal(&token)), now);
    let tokens = Some(GrantTokens { current: Secret::new(token.clone()), predecessor: None });
    vault.journal_answer(&lock, answer, (&StoredGrant { grant, tokens }, None)).unwrap();
    token
}

pub(super) fn refresh_token(stored: &StoredGrant) -> String {
    stored.tokens.as_ref().unwrap().current.expose().clone()
}

fn tokens_of(vault: &Vault, connection: &ConnectionId) -> (String, Option<String>) {
    let tokens = vault.grant(connection).unwrap().unwrap().tokens.unwrap();
    (tokens.current.expose().clone(), tokens.predecessor.map(|token| token.expose().clone()))
}

#[test]
fn an_answer_counts_before_and_after_folding() {
    let world = World::new();
    let vault = world.operator();
    let acme = add_member(&vault, &app("books"), "acme", "9130");
    let generation = vault.generation().unwrap();
    refresh(&vault, &acme.id, Some(Ending::Answered(renewal("two"))));
    assert_eq!(vault.generation().unwrap(), generation, "a refresh costs no commit");
    for _ in 0..2 {
        let again = world.operator();
        assert_eq!(tokens_of(&again, &acme.id), ("two".to_owned(), Some("one".to_owned())));
        assert_eq!(stored_token(&again, &acme.id).as_deref(), Some("access"));
        add(&vault, &format!("other-{}", vault.generation().unwrap()));
    }
    assert!(files_in(&journal(&world)).is_empty());
    let facts = vault.read(|rows| rows.grant_facts(&acme.id)).unwrap().unwrap();
    assert_eq!(facts.hash, "hash-of-two");
}

#[test]
fn an_intent_without_an_answer_is_an_uncertain_grant() {
    let world = World::new();
    let vault = world.operator();
    let acme = add_member(&vault, &app("books"), "acme", "9130");
    refresh(&vault, &acme.id, None);
    for _ in 0..2 {
        let found = world.operator().grant(&acme.id).unwrap().unwrap();
        assert_eq!(found.grant.uncertain_since(), Some(instant(100)));
        assert!(found.tokens.unwrap().current.matches(b"one"));
        add(&vault, &format!("other-{}", vault.generation().unwrap()));
    }
}

#[test]
fn the_room_for_an_answer_is_there_while_it_is_awaited_and_given_back() {
    let world = World::new();
    let vault = world.operator();
    let acme = add_member(&vault, &app("books"), "acme", "9130");
    let lock = vault.lock_connection(&acme.id, Duration::from_mins(1)).unwrap();
    let before = vault.grant(&acme.id).unwrap().unwrap();
    let intent = before.grant.begin(Sender::Automatic, instant(100)).unwrap();
    let sending = StoredGrant { grant: intent, tokens: before.tokens };
    let answer = vault.journal_intent(&lock, &sending).unwrap();
    let room = files_in(&journal(&world)).into_iter().find(|name| name.contains(".room-")).unwrap();
    let metadata = journal(&world).join(&room).metadata().unwrap();
    let blocks = std::os::unix::fs::MetadataExt::blocks(&metadata);
    assert!(blocks * 512 >= 64 * 1024, "allocated, not only promised: {blocks} blocks");
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&metadata) & 0o777, 0o600);
    drop(answer);
    assert!(files_in(&journal(&world)).iter().all(|name| !name.contains("room")), "given back");

    // One that a crash left behind goes with the next entry.
    std::fs::write(journal(&world).join(&room), b"left").unwrap();
    drop(vault.journal_intent(&lock, &sending).unwrap());
    assert!(!journal(&world).join(&room).exists());
}

#[test]
fn refusals_are_found_in_the_journal_and_in_the_vault() {
    let world = World::new();
    let vault = world.operator();
    let (books, other) = (app("books"), app("other"));
    let members: Vec<_> =
        (0..4).map(|index| add_member(&vault, &books, &format!("m{index}"), &index.to_string())).collect();
    let stranger = add_member(&vault, &other, "stranger", "0");
    for one in members.iter().take(2).chain([&stranger]) {
        refresh(&vault, &one.id, Some(Ending::Refused));
    }
    add(&vault, "fold");
    refresh(&vault, &members[2].id, Some(Ending::Refused));
    let mut found = vault.refused_grants(&books.id, (instant(50), 10)).unwrap();
    found.sort();
    let mut wanted: Vec<_> = members.iter().take(3).map(|one| one.id.clone()).collect();
    wanted.sort();
    assert_eq!(found, wanted);
    assert!(vault.refused_grants(&books.id, (instant(102), 10)).unwrap().is_empty());
}

#[test]
fn only_an_operator_can_plant_a_grant() {
    let world = World::new();
    let vault = world.operator();
    let acme = add_member(&vault, &app("books"), "acme", "9130");
    assert!(matches!(world.viewer().grant(&acme.id), Err(VaultError::NotOperator)));
    let owner = OwnerId::from(&acme.id);
    refresh(&vault, &acme.id, Some(Ending::Lost));
    let name = EntryName { owner, sequence: 2 };
    let path = journal(&world).join(format!("{}.{}", name.owner, name.sequence));
    let entry = std::fs::read(&path).unwrap();
    // Another connection's entry in its place is refused, not taken.
    let twin = add_member(&vault, &app("more"), "twin", "1");
    std::fs::write(journal(&world).join(format!("{}.1", twin.id)), entry).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(journal(&world).join(format!("{}.1", twin.id)), mode).unwrap();
    assert!(matches!(vault.grant(&twin.id), Err(VaultError::JournalDamaged { .. })));
}

#[test]
fn a_commit_learns_when_tokens_were_handed_out() {
    let world = World::new();
    let vault = world.operator();
    let (acme, idle) = (add(&vault, "acme"), add(&vault, "idle"));
    let released = AuditEvent::new(Action::TokenRelease).on(&acme.id);
    vault.audit().release(&released, &vault.actor().unwrap()).unwrap();
    let before = world.clock.now();
    assert_eq!(vault.read(|rows| rows.last_use(&acme.id)).unwrap(), None, "as of the last commit");
    add(&vault, "other");
    let used = world.viewer().read(|rows| rows.last_use(&acme.id)).unwrap().unwrap();
    assert!(before.duration_since(used).as_secs() < 60, "{used}");
    assert_eq!(vault.read(|rows| rows.last_use(&idle.id)).unwrap(), None);
}

#[test]
fn an_operator_sees_a_grant_as_it_is_now_and_a_viewer_as_of_the_last_commit() {
    let world = World::new();
    let vault = world.operator();
    let acme = add_member(&vault, &app("books"), "acme", "9130");
    refresh(&vault, &acme.id, Some(Ending::Lost));
    let seen = |vault: &Vault| {
        vault
            .read_now::<_, VaultError>(|rows, grants| {
                Ok((rows.grant_facts(&acme.id)?.unwrap().uncertain_since(), grants.get(&acme.id).cloned()))
            })
            .unwrap()
    };
    let (stored, now) = seen(&vault);
    assert!(stored.is_none() && now.unwrap().uncertain_since().is_some());
    assert_eq!(seen(&world.viewer()), (None, None));
    add(&vault, "other");
    let (stored, now) = seen(&world.viewer());
    assert!(stored.is_some() && now.is_none(), "a commit folds it in");
}
