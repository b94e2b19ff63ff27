//! R4: many processes read and write one vault; nothing is lost, nobody waits for ever, the log tells it all.

use std::collections::BTreeSet;

use crate::common::proof::reached;
use crate::world::{MANY, World, sweep};

/// What a fleet did.
#[derive(Default)]
struct Tally {
    processes: usize,
    commits: usize,
    violations: Vec<String>,
}

/// What process `number` of a round runs; every line changes something that no other line changes.
fn lines(number: usize, round: usize, addition: Vec<String>) -> Vec<Vec<String>> {
    let owned = |line: &[&str]| line.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let tag = format!("--tag=w{number}-{round}=kept");
    // The connection that belongs to this process alone is enabled and disabled in turn.
    let own = format!("own{number}");
    let turn = if round.is_multiple_of(2) { "disable" } else { "enable" };
    let write = match number % 3 {
        0 => addition,
        1 => owned(&["connection", turn, &own]),
        _ => owned(&["connection", "set", "shared", &tag]),
    };
    let read = match number % 4 {
        0 => owned(&["connection", "list"]),
        1 => owned(&["connection", "show", "shared"]),
        2 => owned(&["token", "get", "acme"]),
        _ => owned(&["audit", "list"]),
    };
    if number.is_multiple_of(2) { vec![write, read] } else { vec![read, write] }
}

/// Runs `processes` at a time, `rounds` times; each runs a writing and a reading command, in either order.
fn harness(world: &World, processes: usize, rounds: usize) -> Tally {
    let mut tally = Tally::default();
    let own = (1..processes).step_by(3).map(|number| format!("own{number}"));
    prepare(world, &std::iter::once("shared".to_owned()).chain(own).collect::<Vec<_>>());
    world.ok(&["token", "get", "acme"]);
    world.control().forget_calls();
    let first = world.generation();
    for round in 0..rounds {
        let run = |number: usize| {
            let name = format!("new{number}-{round}");
            let mut commits = 0;
            let mut violations = Vec::new();
            for line in lines(number, round, world.adding(&name)) {
                let words: Vec<_> = line.iter().map(String::as_str).collect();
                let ran = world.run(&words);
                let quiet = ran.stderr.lines().all(|text| text.starts_with("hint: "));
                if ran.code == Some(0) && quiet {
                    commits += usize::from(matches!(words[1], "add" | "set" | "enable" | "disable"));
                } else {
                    violations.push(format!("{words:?}: {ran}"));
                }
            }
            (commits, violations)
        };
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..processes).map(|number| scope.spawn(move || run(number))).collect();
            for running in running {
                let (commits, violations) = running.join().unwrap();
                tally.processes += 2;
                tally.commits += commits;
                tally.violations.extend(violations);
            }
        });
    }
    tally.violations.extend(lost(world, processes, rounds));
    if world.run(&["vault", "info"]).code == Some(0) {
        let risen = usize::try_from(world.generation() - first).unwrap();
        if risen != tally.commits {
            tally.violations.push(format!("{} commits raised the generation by {risen}", tally.commits));
        }
    }
    tally.violations.extend(world.violations());
    if tally.violations.is_empty() {
        assert_eq!(world.open_requests(), 0, "every operation has an outcome");
        assert_eq!(world.control().calls().len(), 0, "the cached token was good for all");
    }
    tally
}

/// Adds connections in one commit.
fn prepare(world: &World, names: &[String]) {
    let row = |name| {
        serde_json::json!({
            "provider": "netsuite", "name": name, "account": "1234567", "client_id": world.client_id(),
            "environment": "simulator", "token_url": world.token_url(), "entity": name,
        })
    };
    let rows: Vec<_> = names.iter().map(|name| row(name).to_string()).collect();
    let file = world.place.put("connections.jsonl", &rows.join("\n"));
    world.ok(&["connection", "import", file.to_str().unwrap()]);
}

/// Updates that were acknowledged, or should have been, and are not there.
fn lost(world: &World, processes: usize, rounds: usize) -> Vec<String> {
    let listed = world.run(&["connection", "list", "--output=json"]);
    let Ok(listed) = serde_json::from_str::<serde_json::Value>(&listed.stdout) else {
        return vec![format!("the vault cannot be read: {listed}")];
    };
    let connections = listed["data"]["connections"].as_array().cloned().unwrap_or_default();
    let find = |name: &str| connections.iter().find(|connection| connection["name"] == name);
    let mut wanted = BTreeSet::new();
    let mut lost = Vec::new();
    for round in 0..rounds {
        for number in 0..processes {
            if number % 3 == 2 {
                wanted.insert(format!("w{number}-{round}"));
            }
            let name = format!("new{number}-{round}");
            if number % 3 == 0 && find(&name).is_none() {
                lost.push(format!("connection {name}"));
            }
        }
    }
    for tag in wanted {
        if find("shared").is_none_or(|found| found["tags"][&tag] != "kept") {
            lost.push(format!("tag {tag}"));
        }
    }
    for number in (1..processes).step_by(3) {
        let name = format!("own{number}");
        if find(&name).is_none_or(|found| found["enabled"] != (rounds.is_multiple_of(2))) {
            lost.push(format!("state of {name}"));
        }
    }
    lost
}

#[test]
fn no_update_is_lost_and_every_operation_is_recorded() {
    let world = World::new();
    let tally = harness(&world, MANY, 1);
    assert!(tally.violations.is_empty(), "{}", tally.violations.join("\n"));
    assert_eq!((tally.processes, tally.commits), (2 * MANY, MANY));
}

#[test]
fn without_the_lock_of_the_vault_it_would_be_noticed() {
    let world = World::new().seed("no-vault-lock");
    assert!(!harness(&world, 12, 1).violations.is_empty());
}

#[test]
fn without_the_lock_of_the_log_it_would_be_noticed() {
    let world = World::new().seed("no-audit-lock");
    world.ok(&["token", "get", "acme"]);
    // Commits append under the vault's lock, too; those who get a cached token have only the log's.
    let noticed = (0..10).any(|_| {
        world.fleet(vec![vec!["token", "get", "acme"]; 24]);
        !world.violations().is_empty()
    });
    assert!(noticed);
}

#[test]
#[ignore = "a long sweep"]
fn sweep_mixed_reads_and_writes() {
    let rounds = sweep(20);
    let world = World::new();
    let start = tokenctl::clock::Clock::system().instant();
    let tally = harness(&world, MANY, rounds);
    let number = format!(
        "{MANY} processes at a time, {} runs, {} commits, {:.0?}",
        tally.processes,
        tally.commits,
        start.elapsed()
    );
    reached("R4", number, tally.violations.len());
    assert!(tally.violations.is_empty(), "{}", tally.violations.join("\n"));
}
