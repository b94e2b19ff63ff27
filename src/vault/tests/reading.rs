//! Large vaults, of which no more is read than what is asked for.

use super::*;
use crate::domain::selection::Selection;
use crate::vault::trailer::CHUNK;

/// More than is read whole, with rows before and after much that most commands do not need.
fn large() -> (World, Vec<Connection>) {
    let world = World::new();
    let vault = world.operator();
    let first = add(&vault, "acme");
    vault.transact(&event(), |rows| rows.set_meta("padding", &"x".repeat(1_500_000))).unwrap();
    let added: Vec<_> = (0..40).map(|number| connection(&format!("company-{number}"))).collect();
    vault
        .transact(&event(), |rows| added.iter().try_for_each(|added| rows.insert_connection(added)))
        .unwrap();
    journal_token(&vault, &first.id, "token");
    (world, [vec![first], added].concat())
}

fn is_whole(vault: &Vault) -> bool {
    vault.state().generation.as_ref().unwrap().is_whole()
}

fn flip(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

#[test]
fn rows_are_read_by_pages_and_changes_by_the_whole() {
    let (world, connections) = large();
    for vault in [world.operator(), world.viewer()] {
        assert!(!is_whole(&vault));
        assert_eq!(names(&vault).len(), connections.len());
        assert_eq!(vault.info().unwrap().counts.connections, 41);
        let listed = vault.read_now(|rows, _| rows.connections(&Selection::all())).unwrap();
        assert_eq!(listed.len(), connections.len());
        assert!(!is_whole(&vault), "none of that needs everything");
        let change = vault.read(|rows| rows.insert_connection(&connection("b")));
        assert!(matches!(change, Err(VaultError::Database(_))), "{change:?}");
    }
    let vault = world.operator();
    assert_eq!(stored_token(&vault, &connections[0].id).as_deref(), Some("token"));
    journal_token(&vault, &connections[1].id, "other");
    assert!(!is_whole(&vault));
    add(&vault, "b");
    assert!(is_whole(&vault));
    assert_eq!(names(&vault).len(), connections.len() + 1);
    let vault = world.viewer();
    assert!(vault.check().unwrap().holds());
    assert!(is_whole(&vault));
}

/// So large that several threads make its file at once.
#[test]
fn a_very_large_vault_is_written_like_any() {
    let world = World::new();
    let vault = world.operator();
    vault.transact(&event(), |rows| rows.set_meta("padding", &"x".repeat(20_000_000))).unwrap();
    let before = world.bytes();
    add(&vault, "acme");
    assert_eq!(std::fs::read(world.home().join("vault.age.prev")).unwrap(), before);
    let viewer = world.viewer();
    assert_eq!(names(&viewer), ["acme"]);
    assert!(viewer.check().unwrap().holds());
    let files: Vec<_> = world.home().read_dir().unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(files.iter().all(|name| !name.to_string_lossy().contains(".tmp-")), "{files:?}");
}

#[test]
fn damage_is_found_by_whoever_touches_it() {
    let (world, connections) = large();
    let intact = world.bytes();
    let (mut harmless, mut found) = (0, 0);
    for place in (0..intact.len()).step_by(16_000).chain(intact.len() - 700..intact.len() - 690) {
        world.put(&flip(&intact, place));
        let read = world.open_as("operator").and_then(|vault| {
            let listed = vault.read(|rows| rows.connections(&Selection::default()))?;
            Ok((listed, stored_token(&vault, &connections[0].id)))
        });
        match read {
            Ok((listed, token)) => {
                harmless += 1;
                assert_eq!(listed.len(), connections.len(), "byte {place}");
                assert!(connections.iter().all(|connection| listed.contains(connection)), "byte {place}");
                assert_eq!(token.as_deref(), Some("token"));
                let vault = world.operator();
                let change = vault.transact(&event(), |rows| rows.insert_connection(&connection("b")));
                assert!(matches!(change, Err(VaultError::Damaged(_))), "byte {place}: {change:?}");
                let check = vault.check().map(|report| report.holds());
                assert!(matches!(check, Err(VaultError::Damaged(_))), "byte {place}: {check:?}");
            }
            Err(VaultError::Damaged(_) | VaultError::WrongIdentity { .. }) => found += 1,
            Err(other) => panic!("byte {place}: {other:?}"),
        }
        assert_eq!(world.bytes(), flip(&intact, place), "the evidence stays");
    }
    println!("{found} places found while reading rows, {harmless} by what reads everything");
    assert!(harmless > 10 && found > 10, "{harmless} {found}");
}

#[test]
fn every_cut_and_extended_file_is_found_at_once() {
    let (world, _) = large();
    let intact = world.bytes();
    let chunk = CHUNK + 16;
    for bytes in [
        intact[..intact.len() - 1].to_vec(),
        intact[..intact.len() - chunk].to_vec(),
        intact[..intact.len() / chunk * chunk].to_vec(),
        intact[..intact.len() / 2].to_vec(),
        [intact.as_slice(), b"x"].concat(),
        [intact.as_slice(), &intact[intact.len() - chunk..]].concat(),
        [intact.as_slice(), intact.as_slice()].concat(),
    ] {
        world.put(&bytes);
        let opened = world.open_as("viewer").map(drop);
        assert!(matches!(opened, Err(VaultError::Damaged(_))), "{} bytes: {opened:?}", bytes.len());
    }
}

#[test]
fn a_reader_never_mixes_two_generations() {
    let (world, connections) = large();
    let (reader, writer) = (world.viewer(), world.operator());
    let (before, during) = reader
        .read(|rows| {
            // One name is read; the vault is replaced, twice, so that the old file is gone from the folder.
            let first = rows.connection(&connections[0].name)?.unwrap();
            let event = AuditEvent::new(Action::ConnectionRemove);
            writer.transact(&event, |rows| {
                connections[1..].iter().try_for_each(|gone| rows.remove_connection(&gone.id, instant(1)))
            })?;
            add(&writer, "b");
            Ok::<_, VaultError>((first, rows.connections(&Selection::default())?))
        })
        .unwrap();
    assert_eq!(before, connections[0]);
    assert_eq!(during.len(), connections.len(), "all of the generation that was opened");
    assert_eq!(names(&reader), ["acme", "b"], "the next read sees the newest");
}

#[test]
fn a_file_that_is_overwritten_while_it_is_read_is_damage_and_nothing_worse() {
    let (world, connections) = large();
    let intact = world.bytes();
    let vault = world.operator();
    let garbage = vec![7; intact.len()];
    let read = vault.read(|rows| {
        world.put(&garbage);
        // Whatever is made of the failure: nothing that was read counts.
        Ok::<_, VaultError>(rows.connections(&Selection::default()).unwrap_or_default())
    });
    assert!(matches!(read, Err(VaultError::Damaged(_))), "{read:?}");
    assert!(vault.read(|rows| rows.connection_names()).is_err());
    world.put(&intact);
    assert_eq!(names(&vault).len(), connections.len(), "it is read again once it is whole");
}

#[test]
fn roll_backs_of_a_large_vault_are_found() {
    let (world, _) = large();
    let vault = world.viewer();
    let old = world.bytes();
    add(&world.operator(), "b");
    assert_eq!(names(&vault).len(), 42);
    world.put(&old);
    assert!(matches!(vault.read(|rows| rows.connection_names()), Err(VaultError::RolledBack { .. })));
    assert!(matches!(world.open_as("operator").map(drop), Err(VaultError::RolledBack { .. })));
}
