//! One exchange for all callers, and tokens that work all through rotations (R8).

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use tokenctl::sim::{Endpoint, Fault, FaultRule};
use tokenctl::vault::lock::{Lock, Request};

use crate::common::Ran;
use crate::common::proof::reached;
use crate::world::{MANY, World, codes, finish, start, sweep, until, waiters};

const GET: [&str; 3] = ["token", "get", "acme"];

/// Holds the connection's lock until all of `count` wait for it, so that they really come at the same time.
fn together(world: &World, line: &[&str], count: usize) -> Vec<Ran> {
    let path = world.connection_lock("acme");
    let timeout = Duration::from_mins(1);
    let request = Request { path: &path, what: "the connection", command: "a test", timeout, stop: None };
    let held = Lock::exclusive(&request, &world.clock).unwrap();
    let children: Vec<_> = (0..count).map(|_| start(&mut world.command(line))).collect();
    until("all wait", || waiters(&path) == count);
    drop(held);
    children.into_iter().map(finish).collect()
}

fn exchanges(world: &World) -> u64 {
    world.control().calls_to(Endpoint::Token)
}

/// All got one token, which the vendor accepts, for one exchange.
fn one_for_all(world: &World, runs: &[Ran]) -> Vec<String> {
    let mut found = Vec::new();
    if codes(runs).keys().ne([&0]) {
        found.push(format!("exit codes {:?}: {}", codes(runs), runs[0]));
    }
    if exchanges(world) != 1 {
        found.push(format!("{} exchanges for {} callers", exchanges(world), runs.len()));
    }
    if runs.iter().any(|ran| ran.stdout != runs[0].stdout) || !world.opens(runs[0].stdout.trim_end()) {
        found.push("not everybody got the one good token".to_owned());
    }
    found
}

#[test]
fn a_cold_cache_costs_one_exchange() {
    let world = World::new();
    let runs = world.fleet(vec![GET.to_vec(); MANY]);
    assert_eq!(one_for_all(&world, &runs), [""; 0]);
    assert_eq!(world.open_requests(), 0, "every operation has an outcome");
    assert_eq!(world.violations(), [""; 0]);
}

#[test]
fn every_expiry_costs_one_exchange() {
    let world = World::new();
    for _ in 0..2 {
        world.control().forget_calls();
        let runs = world.fleet(vec![GET.to_vec(); 8]);
        assert_eq!(one_for_all(&world, &runs), [""; 0]);
        world.ok(&GET);
        assert_eq!(exchanges(&world), 1, "the cached token is good");
        world.advance(SignedDuration::from_mins(56)); // of 60, and 5 are the buffer
    }
}

#[test]
fn those_who_want_past_the_cache_at_the_same_time_share_one_exchange() {
    let world = World::new();
    let cached = world.ok(&GET);
    world.advance(SignedDuration::from_mins(1));
    world.control().forget_calls();
    let runs = together(&world, &["token", "get", "acme", "--refresh"], MANY);
    assert_eq!(one_for_all(&world, &runs), [""; 0]);
    assert_ne!(runs[0].stdout, cached, "a new one");
    world.advance(SignedDuration::from_mins(1));
    world.ok(&["token", "get", "acme", "--refresh"]);
    assert_eq!(exchanges(&world), 2, "whoever comes later gets a newer one");
}

#[test]
fn those_who_waited_share_a_refusal() {
    let world = World::new();
    world.admin().block_integration(world.client_id(), true).unwrap();
    let runs = together(&world, &GET, 32);
    assert_eq!(codes(&runs), [(4, 32)].into(), "{}", runs[0]);
    assert_eq!(exchanges(&world), 1);
    let shared = |ran: &&Ran| ran.stderr.contains("another process failed at this a moment ago: ");
    assert_eq!(runs.iter().filter(shared).count(), 31);
    assert!(runs.iter().all(|ran| ran.stdout.is_empty()));

    assert_eq!(world.run(&GET).code, Some(4));
    assert_eq!(exchanges(&world), 2, "who did not wait tries again");
    world.admin().block_integration(world.client_id(), false).unwrap();
    world.ok(&GET);
}

#[test]
fn those_who_waited_share_an_outage() {
    let world = World::new();
    world.control().arm(FaultRule::always(Fault::Refuse { status: 400, error: "server_error".to_owned() }));
    let runs = together(&world, &GET, 16);
    assert_eq!(codes(&runs).len(), 1, "{:?}", codes(&runs));
    assert_eq!(exchanges(&world), 1);
    world.control().disarm_all();
    // A failure that was passed on is still that one: it does not grow younger.
    world.advance(SignedDuration::from_secs(6));
    assert_eq!(codes(&together(&world, &GET, 4)), [(0, 4)].into());
}

#[test]
fn without_single_flight_it_would_be_noticed() {
    for mutant in ["no-connection-lock", "refresh-without-reread"] {
        let world = World::new().seed(mutant);
        // The answers overlap only if they take longer than a process takes to start.
        world.control().arm(FaultRule::always(Fault::SlowHeaders { milliseconds: 300 }));
        let runs = world.fleet(vec![GET.to_vec(); 4]);
        assert!(!one_for_all(&world, &runs).is_empty(), "{mutant} goes unnoticed");
    }
}

/// What happened while rotations went on.
struct Duty {
    tokens: usize,
    distinct: usize,
    exchanges: u64,
    violations: Vec<String>,
}

/// Rotates `rotations` times while `callers` get tokens and use them at once.
fn harness(world: &World, callers: usize, rotations: usize) -> Duty {
    let over = AtomicBool::new(false);
    let given = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let distinct = Mutex::new(std::collections::BTreeSet::new());
    let violated = |what: String| found.lock().unwrap().push(what);
    world.control().forget_calls();
    std::thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    let ran = world.run(&GET);
                    let token = ran.stdout.trim_end();
                    if ran.code != Some(0) || !ran.stderr.is_empty() {
                        violated(format!("a failed exchange: {ran}"));
                    } else if !world.opens(token) {
                        violated("the vendor does not accept a token that was handed out".to_owned());
                    }
                    given.fetch_add(1, Ordering::SeqCst);
                    distinct.lock().unwrap().insert(token.to_owned());
                }
            });
        }
        // The callers stop even if a step fails.
        let _stop = Stop(&over);
        for rotation in 1..=rotations {
            rotate(world);
            if rotation.is_multiple_of(50) {
                let (tokens, violations) = (given.load(Ordering::SeqCst), found.lock().unwrap().len());
                println!("R8: {rotation} rotations, {tokens} tokens, {violations} violations");
            }
        }
    });
    // Proofs are exchanges, too: two for each confirmation, one for each retirement.
    let exchanges = exchanges(world) - 3 * rotations as u64;
    Duty {
        tokens: given.into_inner(),
        distinct: distinct.into_inner().unwrap().len(),
        exchanges,
        violations: found.into_inner().unwrap(),
    }
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A whole rotation; in the end the vendor does not know the old certificate any more.
fn rotate(world: &World) {
    let old = world.data(&["rotate", "status", "acme"])["keys"][0]["certificate_id"].clone();
    world.ok(&["rotate", "initiate", "acme"]);
    let id = world.upload("acme");
    world.ok(&["rotate", "confirm", "acme", &id]);
    world.ok(&["rotate", "retire", "acme"]);
    world.admin().revoke_certificate(old.as_str().unwrap()).unwrap();
}

#[test]
fn tokens_work_all_through_rotations() {
    let world = World::new();
    let duty = harness(&world, 2, 8);
    assert_eq!(duty.violations, [""; 0]);
    assert!(duty.tokens >= 8, "{} tokens", duty.tokens);
    assert!(duty.exchanges <= 8 + 1, "{} exchanges: one for each key at most", duty.exchanges);
    assert_eq!(world.violations(), [""; 0]);
}

#[test]
fn a_key_that_is_gone_too_early_would_be_noticed() {
    let world = World::new().seed("destroy-before-switch");
    // The proof takes long enough for somebody to want a token meanwhile.
    world.control().arm(FaultRule::always(Fault::SlowHeaders { milliseconds: 300 }).at(Endpoint::Token));
    world.ok(&["rotate", "initiate", "acme"]);
    let id = world.upload("acme");
    let confirming = start(&mut world.command(&["rotate", "confirm", "acme", &id]));
    until("the vendor is asked", || exchanges(&world) > 0);
    let ran = world.run(&["verify", "acme"]);
    assert_ne!(ran.code, Some(0), "{ran}");
    finish(confirming);
}

#[test]
#[ignore = "a long sweep"]
fn sweep_tokens_during_rotations() {
    let rotations = sweep(1000);
    let world = World::new();
    let start = tokenctl::clock::Clock::system().instant();
    let duty = harness(&world, 4, rotations);
    let number = format!(
        "{rotations} rotations, {} tokens handed out and accepted ({} distinct, {} exchanges), {:.0?}",
        duty.tokens,
        duty.distinct,
        duty.exchanges,
        start.elapsed()
    );
    reached("R8", number, duty.violations.len());
    assert_eq!(duty.violations, [""; 0]);
    assert_eq!(world.violations(), [""; 0]);
}

#[test]
#[ignore = "a long sweep"]
fn sweep_expiries() {
    let expiries = sweep(50);
    let world = World::new();
    let start = tokenctl::clock::Clock::system().instant();
    let mut total = 0;
    for _ in 0..expiries {
        world.control().forget_calls();
        let runs = world.fleet(vec![GET.to_vec(); MANY]);
        assert_eq!(one_for_all(&world, &runs), [""; 0]);
        total += exchanges(&world);
        world.advance(SignedDuration::from_hours(1));
    }
    let number = format!("{MANY} processes, {expiries} expiries: {total} exchanges, {:.0?}", start.elapsed());
    reached("R8", number, 0);
}
