//! R6: the steps of a rotation, wanted by many at once: one winner each, and keys that make sense.

use crate::common::Ran;
use crate::common::proof::reached;
use crate::world::{MANY, World, codes, sweep};

/// Runs `lines` at once; returns how many of them won, by line, and what was wrong with the others.
fn race(world: &World, lines: &[Vec<&str>], violations: &mut Vec<String>) -> Vec<usize> {
    let runs = world.fleet(lines.iter().cloned());
    for (line, ran) in lines.iter().zip(&runs) {
        if !matches!(ran.code, Some(0 | 5 | 7)) {
            violations.push(format!("{line:?}: {ran}"));
        }
    }
    lines.iter().zip(&runs).enumerate().filter(|(_, (_, ran))| won(ran)).map(|(index, _)| index).collect()
}

fn won(ran: &Ran) -> bool {
    ran.code == Some(0)
}

/// `first` and `second` in turn, `count` altogether.
fn mix<'a>(count: usize, first: &[&'a str], second: &[&'a str]) -> Vec<Vec<&'a str>> {
    (0..count).map(|index| if index % 2 == 0 { first.to_vec() } else { second.to_vec() }).collect()
}

/// Where the keys stand and how many there are.
fn state(world: &World) -> (String, usize) {
    let shown = world.data(&["rotate", "status", "acme"]);
    (shown["key_state"].as_str().unwrap().to_owned(), shown["keys"].as_array().unwrap().len())
}

fn expect(violations: &mut Vec<String>, what: &str, holds: bool) {
    if !holds {
        violations.push(what.to_owned());
    }
}

/// One rotation whose first steps are fought for by `processes`, and the mixed ones by `few`.
fn harness(world: &World, processes: usize, few: usize) -> Vec<String> {
    let mut found = Vec::new();
    let generation = world.generation();
    let initiate = ["rotate", "initiate", "acme"];

    let winners = race(world, &vec![initiate.to_vec(); processes], &mut found);
    expect(&mut found, &format!("{} initiated", winners.len()), winners.len() == 1);
    expect(&mut found, "one key beside the active one", state(world) == ("rotating".to_owned(), 2));

    let id = world.upload("acme");
    let confirm = ["rotate", "confirm", "acme", id.as_str()];
    world.control().forget_calls();
    let winners = race(world, &vec![confirm.to_vec(); processes], &mut found);
    expect(&mut found, &format!("{} confirmed", winners.len()), winners.len() == 1);
    expect(&mut found, "the old key is kept", state(world) == ("previous-kept".to_owned(), 2));

    let lines = mix(few, &["rotate", "rollback", "acme"], &["rotate", "retire", "acme"]);
    let winners = race(world, &lines, &mut found);
    let retired = winners.iter().filter(|index| *index % 2 == 1).count();
    expect(&mut found, &format!("{retired} retired"), retired == 1);
    expect(&mut found, "one key is left", state(world) == ("active".to_owned(), 1));
    let commits = 2 + winners.len() as u64;
    let risen = world.generation() - generation;
    expect(&mut found, &format!("{commits} steps, {risen} generations"), risen == commits);

    let lines = mix(few, &initiate, &["rotate", "abort", "acme"]);
    let winners = race(world, &lines, &mut found);
    let initiated = winners.iter().filter(|index| *index % 2 == 0).count();
    let aborted = winners.len() - initiated;
    expect(&mut found, &format!("{initiated} initiated, {aborted} aborted"), initiated - aborted <= 1);
    let rotating = state(world).0 == "rotating";
    expect(&mut found, "the last step counts", rotating == (initiated > aborted));
    if !rotating {
        world.ok(&initiate);
    }

    let id = world.upload("acme");
    let confirm = ["rotate", "confirm", "acme", id.as_str()];
    let winners = race(world, &mix(few, &confirm, &["rotate", "abort", "acme"]), &mut found);
    expect(&mut found, &format!("{} ended it", winners.len()), winners.len() == 1);
    let confirmed = winners.iter().any(|index| index % 2 == 0);
    let ended = if confirmed { ("previous-kept".to_owned(), 2) } else { ("active".to_owned(), 1) };
    expect(&mut found, "the winner's state", state(world) == ended);

    expect(&mut found, "the active key works", won(&world.run(&["verify", "acme"])));
    found.extend(world.violations());
    found
}

#[test]
fn every_step_has_one_winner() {
    let world = World::new();
    let found = harness(&world, MANY, 16);
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(world.open_requests(), 0, "every operation has an outcome");
}

#[test]
fn without_the_locks_there_are_several_winners() {
    let world = World::new().seed("no-vault-lock,no-connection-lock");
    let initiate = vec![vec!["rotate", "initiate", "acme"]; 8];
    // What they overwrite is each other's, so some round has two who are told that they won, or a broken vault.
    let noticed = (0..5).any(|_| {
        let runs = world.fleet(initiate.iter().cloned());
        let fine = codes(&runs).get(&0) == Some(&1) && codes(&runs).keys().all(|code| matches!(code, 0 | 5));
        !fine || world.run(&["rotate", "abort", "acme"]).code != Some(0)
    });
    assert!(noticed, "two writers at once go unnoticed");
}

#[test]
#[ignore = "a long sweep"]
fn sweep_races_for_every_step() {
    let rounds = sweep(15);
    let start = tokenctl::clock::Clock::system().instant();
    let mut found = Vec::new();
    for _ in 0..rounds {
        found.extend(harness(&World::new(), MANY, MANY));
    }
    let processes = rounds * 5 * MANY;
    let number = format!("{rounds} rounds of 5 races, {processes} processes, {:.0?}", start.elapsed());
    reached("R6", number, found.len());
    assert!(found.is_empty(), "{}", found.join("\n"));
}
