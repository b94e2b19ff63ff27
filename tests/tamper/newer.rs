//! What a newer tokenctl wrote is told from damage.

use std::process::Command;

use crate::common::Ran;
use crate::forge::{Plain, identity};
use crate::message::{assert_none, fault, fault_json};
use crate::snapshot::put;
use crate::world::World;

#[test]
fn a_newer_format_has_its_own_message() {
    let world = World::new();
    let viewer = identity(&world.file("support.txt"));
    let mut plain = Plain::open(&world.vault(), &viewer);
    // The format stands before the magic, the last 8 bytes, so that every later one can be told.
    let at = plain.trailer.len() - 12;
    plain.trailer[at + 3] = 2;
    plain.write(&world.vault(), &plain.recipients());
    for ran in
        [world.run(&["status", "-o", "json"]), world.run_as("support", &["connection", "list", "-o", "json"])]
    {
        assert_eq!(fault_json(&ran, 8), None);
        assert!(ran.stderr.contains("has format 2, this tokenctl knows 1"), "{ran}");
        assert!(ran.stderr.contains("hint: install the tokenctl that wrote it, or a newer one"), "{ran}");
    }
}

/// An operator's newer tokenctl: the schema is higher and the signature right. Returns what is wrong with how it is met.
fn meet_a_newer_schema(world: &World) -> Vec<String> {
    let operator = identity(&world.file(".config/tokenctl/identity.txt"));
    let mut plain = Plain::open(&world.vault(), &operator);
    let secrets = plain.secrets(&operator);
    let (_, seed) = secrets.iter().find(|(what, _)| what.contains("signing seed")).unwrap();
    let key = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(seed).unwrap();
    plain.change("PRAGMA user_version = 99");
    plain.sign(&key, None);
    plain.write(&world.vault(), &plain.recipients());
    let wrong = |ran: Ran| {
        let told = ran.stderr.contains("has schema 99, this tokenctl knows ")
            && ran.stderr.contains("hint: install the tokenctl that wrote it, or a newer one");
        fault_json(&ran, 8).or_else(|| (!told).then(|| ran.to_string()))
    };
    let reads = [
        world.run(&["status", "-o", "json"]),
        world.run_as("support", &["connection", "list", "-o", "json"]),
    ];
    let writes = [world.run(&["connection", "disable", "acme", "-o", "json"])];
    reads.into_iter().chain(writes).filter_map(wrong).collect()
}

#[test]
fn a_newer_schema_has_its_own_message() {
    assert_none(&meet_a_newer_schema(&World::new()));
}

#[test]
fn a_schema_that_nobody_checks_is_found() {
    let mut world = World::new();
    world.mutants = "any-schema".to_owned();
    assert_eq!(meet_a_newer_schema(&world).len(), 3);
}

#[test]
fn a_newer_age_is_told() {
    let world = World::new();
    let bytes = std::fs::read(world.vault()).unwrap();
    put(&world.vault(), &[b"age-encryption.org/v2", &bytes[21..]].concat());
    let ran = world.run(&["status"]);
    assert_eq!(fault(&ran, 8), None);
    assert!(ran.stderr.contains("age file of a version that is not known here"), "{ran}");
}

/// The forging tool and the product agree on the format with stock tools.
#[test]
fn stock_tools_open_what_the_forging_tool_reads() {
    if !crate::audit::has("sqlite3") || Command::new("age").arg("--version").output().is_err() {
        return;
    }
    let world = World::new();
    let state = world.file("state.db");
    let identity_file = world.file(".config/tokenctl/identity.txt");
    let mut age = Command::new("age");
    age.arg("-d").arg("-i").arg(&identity_file).arg("-o").arg(&state).arg(world.vault());
    assert!(age.status().unwrap().success());
    let mut sqlite = Command::new("sqlite3");
    let rows = sqlite.arg(&state).arg("SELECT name FROM connections ORDER BY name").output().unwrap();
    assert_eq!(String::from_utf8(rows.stdout).unwrap(), "acme\nglobex\n");
    let plain = Plain::open(&world.vault(), &identity(&identity_file));
    assert_eq!(std::fs::read(&state).unwrap(), [plain.image, plain.trailer].concat());
}
