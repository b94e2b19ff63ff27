//! R10 and R15a for a vault of which only the pages that are asked for are read: a large one, or any one with
//! `seek-in-small-vaults`.

use crate::common::Ran;
use crate::common::proof::reached;
use crate::damage::damages;
use crate::forge::{Plain, identity};
use crate::message::{assert_none, fault, fault_json};
use crate::snapshot::put;
use crate::world::World;

/// What reads a few rows.
const READS: [(&str, &[&str]); 3] = [
    ("operator", &["token", "get", "acme"]),
    ("support", &["connection", "show", "acme", "-o", "json"]),
    ("support", &["connection", "list", "-o", "json"]),
];

fn world(mutants: &str) -> World {
    World::with_mutants(&format!("seek-in-small-vaults,{mutants}"))
}

/// Whoever reads gets what was there before, or a refusal.
fn misled(ran: &Ran, before: &str) -> Option<String> {
    if ran.code == Some(0) && ran.stdout == before { None } else { fault(ran, 8) }
}

/// Puts each version in the vault's place; returns how many there were, how many were refused, and the violations.
fn read_damaged(world: &World, versions: &[(String, Vec<u8>)]) -> (usize, usize, Vec<String>) {
    let intact = std::fs::read(world.vault()).unwrap();
    let before = READS.map(|(who, arguments)| world.run_as(who, arguments).stdout);
    let (mut refused, mut violations) = (0, Vec::new());
    for (number, (what, bytes)) in versions.iter().enumerate() {
        put(&world.vault(), bytes);
        let read = number % READS.len();
        let ran = world.run_as(READS[read].0, READS[read].1);
        refused += usize::from(ran.code == Some(8));
        violations.extend(misled(&ran, &before[read]).map(|fault| format!("{what}: {fault}")));
        // A change reads everything, whatever a reader did not touch.
        let change = fault_json(&world.run(&["connection", "disable", "acme", "-o", "json"]), 8);
        violations.extend(change.map(|fault| format!("{what}, a change: {fault}")));
    }
    put(&world.vault(), &intact);
    (versions.len(), refused, violations)
}

fn damaged(world: &World, flips: usize) -> Vec<(String, Vec<u8>)> {
    let intact = std::fs::read(world.vault()).unwrap();
    let previous = std::fs::read(world.beside("prev")).unwrap();
    damages(&intact, &previous, flips).into_iter().map(|damage| (damage.what, damage.bytes)).collect()
}

/// What a viewer could write: rows changed, everything else as it was, the signature included.
fn forged(world: &World) -> Vec<(String, Vec<u8>)> {
    let intact = std::fs::read(world.vault()).unwrap();
    let plain = Plain::open(&world.vault(), &identity(&world.file("support.txt")));
    let recipients = plain.recipients();
    let changes = [
        "UPDATE connections SET settings = json_set(settings, '$.token_url', 'https://evil.example/token')",
        "UPDATE connections SET name = 'acme' || name WHERE name <> 'acme'",
        "UPDATE recipients SET role = 'operator' WHERE role = 'viewer'",
        "DELETE FROM verifications",
    ];
    let versions = changes.map(|sql| {
        let mut forged = plain.clone();
        forged.change(sql);
        forged.write(&world.vault(), &recipients);
        (sql.to_owned(), std::fs::read(world.vault()).unwrap())
    });
    put(&world.vault(), &intact);
    versions.to_vec()
}

#[test]
fn readers_of_pages_are_never_misled() {
    let world = world("");
    let (tried, refused, violations) = read_damaged(&world, &[damaged(&world, 12), forged(&world)].concat());
    reached("R10", format!("by pages: {tried} damaged vaults, {refused} refused"), violations.len());
    assert_none(&violations);
    assert!(refused > tried / 2);
}

#[test]
fn the_harness_finds_chunks_that_nobody_verifies() {
    let world = world("chunk-unverified");
    let (_, _, violations) = read_damaged(&world, &forged(&world));
    assert!(violations.iter().any(|violation| violation.contains("evil.example")), "{violations:?}");
}

/// What is about one connection decrypts little of a large vault: damage elsewhere does not concern it. That is how the
/// chunks that a command reads are counted here, by damaging one after the other.
#[test]
fn what_concerns_one_connection_reads_few_chunks() {
    use std::fmt::Write as _;
    let world = World::new();
    let rows = (0..3000).fold(String::new(), |mut rows, number| {
        let account = 8_000_000 + number;
        writeln!(rows, r#"{{"name":"c-{number:04}","account":"{account}","client_id":"{number:064}"}}"#)
            .unwrap();
        rows
    });
    put(&world.file("many.jsonl"), rows.as_bytes());
    world.ok(&["connection", "import", "many.jsonl", "-q"]);
    let intact = std::fs::read(world.vault()).unwrap();
    let chunk = 64 * 1024 + 16;
    let places: Vec<usize> = (chunk / 2..intact.len()).step_by(chunk).collect();
    assert!(places.len() > 20, "{} chunks", places.len());
    for (who, arguments) in
        [("operator", &["token", "get", "acme"][..]), ("support", &["connection", "show", "acme"])]
    {
        let before = world.run_as(who, arguments);
        assert_eq!(before.code, Some(0), "{before}");
        let (mut touched, mut untouched) = (0, None);
        for place in &places {
            let mut damaged = intact.clone();
            damaged[*place] ^= 1;
            put(&world.vault(), &damaged);
            let ran = world.run_as(who, arguments);
            match ran.code {
                Some(0) => {
                    assert_eq!(ran.stdout, before.stdout);
                    untouched = Some(damaged);
                }
                _ => touched += usize::from(fault(&ran, 8).is_none()),
            }
        }
        println!("`{}` reads {touched} of {} chunks", arguments.join(" "), places.len());
        assert!((1..=places.len() / 3).contains(&touched), "{touched} of {}", places.len());
        put(&world.vault(), &untouched.unwrap());
        assert_eq!(
            fault(&world.run_as(who, &["vault", "check"]), 8),
            None,
            "what nobody touched is found by the check"
        );
        put(&world.vault(), &intact);
    }
}

#[test]
#[ignore = "long: cargo prove R10"]
fn a_thousand_damaged_vaults_by_pages() {
    let world = world("");
    let (tried, refused, violations) = read_damaged(&world, &damaged(&world, 1000));
    reached("R10", format!("by pages: {tried} damaged vaults, {refused} refused"), violations.len());
    assert_none(&violations);
}
