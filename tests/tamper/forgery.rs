//! R15a: a viewer rewrites the vault, or somebody puts an older one back. Everybody with a pin refuses.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use tokenctl::domain::ids::hex;

use crate::common::proof::reached;
use crate::forge::{Plain, encrypt, identity};
use crate::message::{assert_none, fault, fault_json};
use crate::snapshot::put;
use crate::world::World;

/// What a viewer would change.
const CHANGES: &[(&str, &str)] = &[
    (
        "a token URL swapped",
        "UPDATE connections SET settings = json_set(settings, '$.token_url', 'https://evil.example/token')",
    ),
    (
        "a host trusted",
        "UPDATE connections SET settings = json_set(settings, '$.trust_hosts', json('[\"evil.example\"]'))",
    ),
    ("the viewer made an operator", "UPDATE recipients SET role = 'operator' WHERE role = 'viewer'"),
    (
        "an operator planted",
        "INSERT INTO recipients (public_key, role, label, added_at) SELECT \
         'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p', 'operator', 'x', added_at FROM recipients LIMIT 1",
    ),
    (
        "two sealed keys swapped",
        "UPDATE keys SET sealed_private_key = (SELECT other.sealed_private_key FROM keys other WHERE other.id <> keys.id)",
    ),
    (
        "a certificate id moved",
        "UPDATE keys SET certificate_id = (SELECT other.certificate_id FROM keys other WHERE other.id <> keys.id)",
    ),
    (
        "the vault's keys replaced",
        "UPDATE keyring SET secrets_recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'",
    ),
    ("a connection deleted", "DELETE FROM connections WHERE name = 'globex'"),
    ("a connection renamed", "UPDATE connections SET name = 'acme2' WHERE name = 'acme'"),
    ("a verification made up", "DELETE FROM verifications"),
    ("the audit anchor moved", "UPDATE meta SET value = '0' WHERE key LIKE 'audit%sequence%'"),
    ("the home moved", "UPDATE meta SET value = 'elsewhere' WHERE key LIKE 'home%'"),
    ("a trigger planted", "CREATE TRIGGER t AFTER UPDATE ON connections BEGIN DELETE FROM keys; END"),
    ("a later schema claimed", "PRAGMA user_version = 99"),
    ("nothing", ""),
];

/// How a viewer would sign.
const SIGNATURES: [&str; 5] = [
    "the old trailer",
    "a key of their own",
    "a key of their own, called the right one",
    "no trailer",
    "half a trailer",
];

fn signed(plain: &Plain, how: &str, key: &Ed25519KeyPair) -> Plain {
    let mut forged = plain.clone();
    match how {
        "the old trailer" => {}
        "a key of their own" => {
            forged.change(&format!("UPDATE keyring SET verify_key = x'{}'", hex(key.public_key().as_ref())));
            forged.sign(key, None);
        }
        "a key of their own, called the right one" => forged.sign(key, Some(&plain.verify_key())),
        "no trailer" => forged.trailer.clear(),
        _ => {
            forged.trailer.truncate(forged.trailer.len() / 2);
        }
    }
    forged
}

fn own_key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

/// How many there are to ask.
const EVERYBODY: usize = 6;
/// The one of them who has never seen the vault.
const A_STRANGER: usize = 3;

/// Asks one of those with a pin; returns why that was no refusal.
fn ask(world: &World, who: usize) -> Option<String> {
    let (who, fault) = match who % EVERYBODY {
        0 => ("the operator", fault_json(&world.run(&["token", "get", "acme", "-o", "json"]), 8)),
        1 => ("the viewer", fault_json(&world.run_as("support", &["connection", "list", "-o", "json"]), 8)),
        2 => ("the operator, writing", fault(&world.run(&["connection", "disable", "acme"]), 8)),
        A_STRANGER => {
            // Somebody who has no memory of the vault, and the pin from a variable.
            let mut stranger = world.command(&["connection", "list"]);
            stranger
                .env("TOKENCTL_IDENTITY_FILE", world.file("bare.txt"))
                .env("TOKENCTL_VAULT_PIN", &world.pin);
            stranger.env("XDG_STATE_HOME", world.file("no-memory"));
            ("the pin as a variable", fault(&world.place.finish(&mut stranger), 8))
        }
        4 => ("the operator, verifying", fault(&world.run(&["verify", "--all"]), 8)),
        _ => ("the pin from memory", fault(&world.run_as("bare", &["connection", "list"]), 8)),
    };
    fault.map(|fault| format!("{who}: {fault}"))
}

fn ask_everybody(world: &World, what: &str) -> Vec<String> {
    (0..EVERYBODY).filter_map(|who| Some(format!("{what}, {}", ask(world, who)?))).collect()
}

/// Writes the viewer's identity without its pin line: then the memory of the machine counts, or the variable.
fn bare_identity(world: &World) {
    let text = std::fs::read_to_string(world.file("support.txt")).unwrap();
    let bare: String = text.split_inclusive('\n').filter(|line| !line.starts_with('#')).collect();
    put(&world.file("bare.txt"), bare.as_bytes());
}

/// Tries the forgeries; `asked` of those with a pin meet each, in turn. Returns how many there were, and the violations.
fn forge_all(world: &World, changes: &[(&str, &str)], asked: usize) -> (usize, Vec<String>) {
    bare_identity(world);
    let viewer = identity(&world.file("support.txt"));
    let intact = Plain::open(&world.vault(), &viewer);
    let recipients = intact.recipients();
    let snapshot = world.snapshot();
    let (mut tried, mut violations) = (0, Vec::new());
    for (change, sql) in changes {
        let mut forged = intact.clone();
        forged.change(sql);
        for how in SIGNATURES {
            let unforged = forged.image == intact.image;
            if unforged && how == "the old trailer" {
                continue; // encrypting the very same anew harms nobody
            }
            signed(&forged, how, &own_key()).write(&world.vault(), &recipients);
            let faults = (tried..tried + asked).filter_map(|who| ask(world, who));
            violations.extend(faults.map(|fault| format!("{change}, {how}, {fault}")));
            world.restore(&snapshot);
            tried += 1;
        }
    }
    (tried, violations)
}

#[test]
fn a_viewer_cannot_rewrite_the_vault() {
    let world = World::new();
    let exchanges = world.exchanges();
    let (tried, violations) = forge_all(&world, CHANGES, 1);
    reached("R15a", format!("{tried} forgeries"), violations.len());
    assert_none(&violations);
    assert_eq!(world.exchanges(), exchanges, "nobody sent anything to a forged URL");
    // The forging tool itself works: the very same content under the same signature is the vault.
    let viewer = identity(&world.file("support.txt"));
    let intact = Plain::open(&world.vault(), &viewer);
    intact.write(&world.vault(), &intact.recipients());
    world.ok(&["token", "get", "acme"]);
}

#[test]
#[ignore = "long: cargo prove R15a"]
fn everybody_refuses_every_forgery() {
    let (tried, violations) = forge_all(&World::new(), CHANGES, EVERYBODY);
    reached("R15a", format!("{tried} forgeries, {EVERYBODY} openings each"), violations.len());
    assert_none(&violations);
}

#[test]
fn the_harness_finds_missing_checks() {
    for mutant in ["trust-any-key", "no-signature-check"] {
        let mut world = World::new();
        world.mutants = mutant.to_owned();
        let (_, violations) = forge_all(&world, &CHANGES[..2], 2);
        assert!(!violations.is_empty(), "{mutant}");
    }
}

#[test]
fn another_vault_in_its_place_is_refused() {
    let (world, other) = (World::new(), World::new());
    bare_identity(&world);
    let victim = Plain::open(&world.vault(), &identity(&world.file("support.txt")));
    let theirs = Plain::open(&other.vault(), &identity(&other.file("support.txt")));
    let recipients = victim.recipients();
    let snapshot = world.snapshot();
    let mut violations = Vec::new();
    theirs.write(&world.vault(), &recipients);
    violations.extend(ask_everybody(&world, "another vault, whole"));
    world.restore(&snapshot);
    for named in [None, Some(victim.verify_key())] {
        let mut disguised = theirs.clone();
        disguised.sign_as_next_of(&victim, &own_key(), named.as_deref());
        disguised.write(&world.vault(), &recipients);
        violations.extend(ask_everybody(&world, "another vault, called ours"));
        world.restore(&snapshot);
    }
    // Its image under our trailer.
    Plain { image: theirs.image, trailer: victim.trailer }.write(&world.vault(), &recipients);
    violations.extend(ask_everybody(&world, "another vault's rows under our signature"));
    assert_none(&violations);
}

/// Puts an older generation back, and a fork of one, on a machine that has seen the newest.
fn roll_back_and_fork(world: &World) -> Vec<String> {
    bare_identity(world);
    let first = world.snapshot();
    world.ok(&["connection", "set", "acme", "--company=A"]);
    world.ok(&["connection", "set", "acme", "--company=B"]);
    let ours = world.snapshot();
    // The same operator goes another way from the first one, on a machine without a memory of ours.
    world.restore(&first);
    world.ok(&["connection", "set", "acme", "--company=C"]);
    world.ok(&["connection", "set", "acme", "--company=D"]);
    let twin = std::fs::read(world.vault()).unwrap();
    world.ok(&["connection", "set", "acme", "--company=E"]);
    let child = std::fs::read(world.vault()).unwrap();
    let mut violations = Vec::new();
    let older = first.0[&world.vault()].clone();
    for (what, bytes) in [("an older generation", older), ("a twin", twin), ("a stranger's child", child)] {
        world.restore(&ours);
        put(&world.vault(), &bytes);
        let runs = [
            fault_json(&world.run(&["token", "get", "acme", "-o", "json"]), 8),
            fault(&world.run(&["connection", "disable", "acme"]), 8),
            fault_json(&world.run_as("support", &["connection", "list", "-o", "json"]), 8),
            fault(&world.run_as("bare", &["status"]), 8),
        ];
        violations.extend(runs.into_iter().flatten().map(|fault| format!("{what}: {fault}")));
    }
    world.restore(&ours);
    world.ok(&["status"]);
    violations
}

#[test]
fn an_older_or_forked_vault_is_refused_where_the_newest_was_seen() {
    assert_none(&roll_back_and_fork(&World::new()));
    let (tried, violations) = put_back_older_ones(&World::new(), 1);
    reached("R15a", format!("{tried} roll-backs, {} openings each", EVERYBODY - 1), violations.len());
    assert_none(&violations);
}

/// Puts every older generation back, alone, with its predecessor, and with all that lay beside it then; everybody who has
/// seen the newest one is asked. Whoever brings nothing but a pin to a fresh machine cannot tell: that is documented.
fn put_back_older_ones(world: &World, generations: usize) -> (usize, Vec<String>) {
    bare_identity(world);
    let mut older = Vec::new();
    for number in 0..generations {
        older.push(world.snapshot());
        world.ok(&["connection", "set", "acme", &format!("--company=C{number}")]);
    }
    let ours = world.snapshot();
    let (mut tried, mut violations) = (0, Vec::new());
    for (number, then) in older.iter().enumerate() {
        let vault = world.vault().display().to_string();
        let beside = |ending: &str| format!("{vault}{ending}");
        for (what, paths) in [
            ("alone", vec![vault.clone()]),
            ("with its predecessor", vec![vault.clone(), beside(".prev")]),
            ("with its journal", vec![vault.clone(), beside(".journal")]),
            ("with everything beside it", vec![vault.clone(), beside(".")]),
        ] {
            world.restore(&ours);
            let is_meant = |path: &std::path::Path| {
                let path = path.display().to_string();
                path == vault || paths[1..].iter().any(|begin| path.starts_with(begin))
            };
            for path in ours.0.keys().filter(|path| is_meant(path) && !then.0.contains_key(*path)) {
                std::fs::remove_file(path).unwrap();
            }
            for (path, bytes) in then.0.iter().filter(|(path, _)| is_meant(path)) {
                put(path, bytes);
            }
            let faults = (0..EVERYBODY).filter(|who| *who != A_STRANGER).filter_map(|who| ask(world, who));
            violations.extend(faults.map(|fault| format!("generation {number}, {what}, {fault}")));
            tried += 1;
        }
    }
    world.restore(&ours);
    world.ok(&["status"]);
    (tried, violations)
}

#[test]
#[ignore = "long: cargo prove R15a"]
fn everybody_refuses_every_older_generation() {
    let (tried, violations) = put_back_older_ones(&World::new(), 24);
    reached("R15a", format!("{tried} roll-backs, {} openings each", EVERYBODY - 1), violations.len());
    assert_none(&violations);
}

#[test]
fn the_harness_finds_a_missing_memory() {
    let violations = roll_back_and_fork(&World::with_mutants("no-high-water"));
    assert_eq!(violations.len(), 12, "{violations:?}");
}

/// A viewer knows the public half of the secrets identity, so can seal a journal entry; but not sign one.
fn plant_a_token(world: &World) -> Vec<String> {
    let viewer = identity(&world.file("support.txt"));
    let plain = Plain::open(&world.vault(), &viewer);
    let (recipient, connection): (String, String) = plain.with(|database| {
        let one = |sql: &str| database.query_row(sql, [], |row| row.get(0)).unwrap();
        (one("SELECT secrets_recipient FROM keyring"), one("SELECT id FROM connections WHERE name = 'acme'"))
    });
    let recipient: age::x25519::Recipient = recipient.parse().unwrap();
    let key = own_key();
    let name = format!("{connection}.99");
    let body = format!(
        "{{\"v\":1,\"kind\":\"access-token\",\"token\":\"planted\",\"facts\":{{\"hash\":\"{0}\",\"obtained_at\":\"2027-03-01T11:59:00Z\",\
         \"expires_at\":\"2027-03-01T12:59:00Z\",\"key\":null,\"settings\":\"{0}\"}}}}",
        "0".repeat(64)
    );
    let id = plain.vault_id_text();
    let text = format!("tokenctl journal entry v1\n{id}\n{name}\n{body}");
    let mut violations = Vec::new();
    let snapshot = world.snapshot();
    for signature in [key.sign(text.as_bytes()).as_ref().to_vec(), vec![0; 64], Vec::new()] {
        let entry = [format!("journal/{name}\n{body}").as_bytes(), &signature].concat();
        put(&world.beside("journal").join(&name), &encrypt(&entry, &[&recipient]));
        let ran = world.run(&["token", "get", "acme"]);
        violations.extend(fault(&ran, 8));
        violations.extend(fault(&world.run(&["connection", "disable", "globex"]), 8));
        if ran.stdout.contains("planted") {
            violations.push("the planted token was handed out".to_owned());
        }
        world.restore(&snapshot);
    }
    assert_eq!(key.public_key().as_ref().len(), 32);
    violations
}

#[test]
fn a_viewer_cannot_plant_a_token() {
    assert_none(&plant_a_token(&World::new()));
}

#[test]
fn the_harness_finds_an_unsigned_journal() {
    let mut world = World::new();
    world.mutants = "unsigned-journal".to_owned();
    let violations = plant_a_token(&world);
    assert!(!violations.is_empty());
}
