//! R10: bits flipped, ends cut, bytes added, parts exchanged, in every file of a vault.

use std::path::{Path, PathBuf};

use crate::common::proof::reached;
use crate::message::{assert_none, data, fault, fault_json};
use crate::snapshot::put;
use crate::world::World;

/// One damaged version of a file.
pub(crate) struct Damage {
    pub(crate) what: String,
    pub(crate) bytes: Vec<u8>,
}

/// Flips `flips` bits, evenly spread, and cuts, extends and exchanges in every other way.
pub(crate) fn damages(intact: &[u8], other: &[u8], flips: usize) -> Vec<Damage> {
    let mut all = Vec::new();
    let mut add = |what: String, bytes: Vec<u8>| {
        if bytes != intact {
            all.push(Damage { what, bytes });
        }
    };
    let length = intact.len();
    // Every byte of the ends, where the headers are, and as many between as were asked for.
    let step = (length / flips.max(1)).max(1);
    for place in (0..length).step_by(step).chain(length.saturating_sub(4)..length) {
        let mut bytes = intact.to_vec();
        bytes[place] ^= 1 << (place % 8);
        add(format!("bit {} of byte {place}", place % 8), bytes);
    }
    for keep in [0, 1, 21, 22, 100, length / 3, length / 2, length.saturating_sub(17), length - 1] {
        add(format!("cut to {keep}"), intact[..keep.min(length)].to_vec());
    }
    for tail in [&b"x"[..], b"\n", &[0; 4096], &intact[length / 2..], intact] {
        add(format!("{} bytes added", tail.len()), [intact, tail].concat());
    }
    add("a byte in front".to_owned(), [b"\n", intact].concat());
    for at in [length / 4, length / 2, length * 3 / 4] {
        let splice = [&intact[..at], &other[at.min(other.len())..]].concat();
        add(format!("another file from byte {at}"), splice);
        let splice = [&other[..at.min(other.len())], &intact[at..]].concat();
        add(format!("another file up to byte {at}"), splice);
    }
    add("text".to_owned(), b"not a vault\n".to_vec());
    add("only the first line".to_owned(), b"age-encryption.org/v1\n".to_vec());
    add("a later age".to_owned(), b"age-encryption.org/v9\n".to_vec());
    add("zeros".to_owned(), vec![0; length]);
    all
}

/// Damages the vault file in every way; returns how many versions there were, and the violations.
///
/// Each version is met by `commands` of three commands, in turn.
fn damage_the_vault(world: &World, flips: usize, commands: usize) -> (usize, Vec<String>) {
    let intact = std::fs::read(world.vault()).unwrap();
    let previous = std::fs::read(world.beside("prev")).unwrap();
    let mut violations = Vec::new();
    let damages = damages(&intact, &previous, flips);
    let run = |number| match number % 3 {
        0 => fault_json(&world.run_as("support", &["connection", "list", "-o", "json"]), 8),
        1 => fault_json(&world.run(&["token", "get", "acme", "-o", "json"]), 8),
        _ => fault(&world.run(&["connection", "disable", "acme"]), 8),
    };
    for (number, damage) in damages.iter().enumerate() {
        put(&world.vault(), &damage.bytes);
        let faults = (number..number + commands).filter_map(run);
        violations.extend(faults.map(|fault| format!("{}: {fault}", damage.what)));
        if std::fs::read(world.vault()).unwrap() != damage.bytes {
            violations.push(format!("{}: the evidence was overwritten", damage.what));
        }
    }
    put(&world.vault(), &intact);
    (damages.len(), violations)
}

fn connections(world: &World, arguments: &[&str]) -> Vec<String> {
    let ran = world.ok(&[arguments, &["connection", "list", "-o", "plain", "--fields", "name"]].concat());
    ran.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn a_damaged_vault_is_never_opened() {
    let world = World::new();
    let exchanges = world.exchanges();
    let (tried, violations) = damage_the_vault(&world, 20, 1);
    reached("R10", format!("{tried} damaged vaults"), violations.len());
    assert_none(&violations);
    assert_eq!(world.exchanges(), exchanges, "nobody asked the vendor");
    assert_eq!(connections(&world, &[]), ["acme", "globex"]);
}

#[test]
fn the_harness_finds_a_panic() {
    let mut world = World::new();
    world.mutants = "panic-on-damage".to_owned();
    let (_, violations) = damage_the_vault(&world, 1, 1);
    assert!(violations.iter().any(|violation| violation.contains("a bug and stopped")), "{violations:?}");
}

#[test]
#[ignore = "long: cargo prove R10"]
fn a_thousand_damaged_vaults() {
    let world = World::new();
    let (tried, violations) = damage_the_vault(&world, 1000, 3);
    reached("R10", format!("{tried} damaged vaults, 3 commands each"), violations.len());
    assert_none(&violations);
    let (tried, violations) = damage_the_journal(&world, 300);
    reached("R10", format!("{tried} damaged journal entries, 3 commands each"), violations.len());
    assert_none(&violations);
}

#[test]
fn the_previous_generation_still_opens() {
    let world = World::new();
    put(&world.vault(), b"damaged");
    // Where it lies, as the hint says: to look at, not to write.
    let previous = world.beside("prev").display().to_string();
    let hint = world.run(&["status"]);
    assert!(hint.stderr.contains("with the ending `.prev`"), "{hint}");
    assert_eq!(connections(&world, &["--vault", &previous]), ["acme", "globex"]);
    assert_eq!(
        data(&world.run_as("support", &["--vault", &previous, "vault", "info", "-o", "json"]))["at_home"],
        false
    );
    let write = world.run(&["--vault", &previous, "connection", "disable", "acme"]);
    assert_eq!(fault(&write, 9), None);
    // Put back by hand, on a machine that remembers the lost one: refused, and the way out is named.
    std::fs::copy(world.beside("prev"), world.vault()).unwrap();
    let refused = world.run(&["connection", "list"]);
    assert_eq!(fault(&refused, 8), None);
    // What this machine remembers is one file.
    std::fs::remove_dir_all(world.state()).unwrap();
    assert_eq!(connections(&world, &[]), ["acme", "globex"]);
    world.ok(&["connection", "disable", "acme"]);
}

/// Damages a journal entry; whoever would use it, or fold it in, is refused.
fn damage_the_journal(world: &World, flips: usize) -> (usize, Vec<String>) {
    let entry = World::first_in(&world.beside("journal"));
    let other = last_in(&world.beside("journal"));
    assert_ne!(entry, other);
    let snapshot = world.snapshot();
    let (intact, other) = (std::fs::read(&entry).unwrap(), std::fs::read(other).unwrap());
    let mut damages = damages(&intact, &other, flips);
    damages.push(Damage { what: "another connection's entry".to_owned(), bytes: other });
    let owner = entry.file_name().unwrap().to_string_lossy().split('.').next().unwrap().to_owned();
    let name = ["acme", "globex"].into_iter().find(|name| {
        data(&world.ok(&["connection", "show", name, "-o", "json"])).to_string().contains(&owner)
    });
    let name = name.unwrap();
    let mut violations = Vec::new();
    for damage in &damages {
        put(&entry, &damage.bytes);
        let runs = [
            fault_json(&world.run(&["token", "get", name, "-o", "json"]), 8),
            fault(&world.run(&["connection", "set", "acme", "--company=X"]), 8),
            fault(&world.run(&["vault", "check"]), 8),
        ];
        violations.extend(runs.into_iter().flatten().map(|fault| format!("{}: {fault}", damage.what)));
        // What does not need the entry goes on.
        for read in [world.run(&["status"]), world.run_as("support", &["connection", "list"])] {
            if read.code != Some(0) {
                violations.push(format!("{}: a reader was stopped:\n{read}", damage.what));
            }
        }
        world.restore(&snapshot);
    }
    (damages.len(), violations)
}

fn last_in(folder: &Path) -> PathBuf {
    let mut names: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.pop().unwrap()
}

#[test]
fn a_damaged_journal_is_never_used() {
    let world = World::new();
    let (tried, violations) = damage_the_journal(&world, 1);
    reached("R10", format!("{tried} damaged journal entries, 3 commands each"), violations.len());
    assert_none(&violations);
}

#[test]
fn the_harness_finds_an_entry_that_is_skipped() {
    let mut world = World::new();
    world.mutants = "skip-damaged-journal".to_owned();
    let (tried, violations) = damage_the_journal(&world, 1);
    assert!(violations.len() > tried, "{} of {tried}", violations.len());
}

#[test]
fn an_entry_that_was_folded_in_counts_no_more() {
    let world = World::new();
    let old = world.ok(&["token", "get", "acme"]).stdout;
    let before = world.snapshot();
    world.clock.advance(jiff::SignedDuration::from_secs(1));
    world.ok(&["token", "get", "acme", "--refresh"]);
    world.ok(&["connection", "set", "acme", "--company=X"]);
    let new = world.ok(&["token", "get", "acme"]).stdout;
    assert_ne!(old, new);
    for (path, bytes) in before.0.iter().filter(|(path, _)| path.starts_with(world.beside("journal"))) {
        put(path, bytes);
    }
    assert_eq!(world.ok(&["token", "get", "acme"]).stdout, new);
    world.ok(&["connection", "set", "acme", "--company=Y"]);
    assert_eq!(world.ok(&["token", "get", "acme"]).stdout, new);
}

#[test]
fn what_a_lock_file_says_is_never_believed() {
    let world = World::new();
    let locks = world.beside("locks");
    let intact = std::fs::read(locks.join("vault")).unwrap();
    for damage in damages(&intact, b"{}", 1) {
        for lock in locks.read_dir().unwrap() {
            put(&lock.unwrap().path(), &damage.bytes);
        }
        world.ok(&["connection", "set", "acme", "--company=X"]);
        world.clock.advance(jiff::SignedDuration::from_secs(1));
        world.ok(&["token", "get", "acme", "--refresh"]);
    }
    // A holder's note is foreign text when it is shown.
    put(
        &locks.join("vault"),
        "{\"pid\":7,\"command\":\"\\u001b]0;pwned\\u0007\\u202e\\n::error::x\",\"since\":\"2027-03-01T12:00:00Z\"}"
            .as_bytes(),
    );
    let held = std::fs::File::options().read(true).open(locks.join("vault")).unwrap();
    held.lock().unwrap();
    let ran = world.run(&["connection", "disable", "acme", "--lock-timeout=50ms"]);
    assert_eq!(fault(&ran, 7), None);
    assert!(
        !ran.stderr.chars().any(|char| char != '\n' && tokenctl::output::sanitize::is_hostile(char)),
        "{ran}"
    );
}

/// Damages what this machine remembers of the vault. The file is not signed: it is the user's own, like the
/// identity. So a version that says something sensible may be believed; nothing else may happen.
#[test]
fn a_damaged_memory_is_told_and_never_misleads() {
    let world = World::new();
    let mark = World::first_in(&world.state().join("vaults"));
    let mark = mark.with_extension("json");
    let intact = std::fs::read(&mark).unwrap();
    let list = world.ok(&["connection", "list"]).stdout;
    let (mut refused, mut believed) = (0, 0);
    for damage in damages(&intact, b"{\"v\":1}", 30) {
        put(&mark, &damage.bytes);
        let ran = world.run(&["connection", "list"]);
        match fault(&ran, 8) {
            None => refused += 1,
            Some(_) if ran.code == Some(0) && ran.stdout == list => {
                believed += 1;
                assert!(
                    ["bit", "added", "in front"].iter().any(|sensible| damage.what.contains(sensible)),
                    "{}",
                    damage.what
                );
            }
            Some(fault) => panic!("{}: {fault}", damage.what),
        }
    }
    reached("R10", format!("{refused} damaged marks refused, {believed} still sensible"), 0);
    assert!(refused > 25);
}
