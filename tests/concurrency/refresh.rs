//! Grants that rotate: one request for each expiry, and no family lost to a race, a crash or a misread answer (R9).

use jiff::SignedDuration;
use tokenctl::sim::Fault;

use crate::books::Books;
use crate::common::Ran;
use crate::common::proof::reached;
use crate::world::{MANY, World, codes, finish, start, sweep, until};

const GET: [&str; 3] = ["token", "get", "q0"];
const REFRESH: [&str; 3] = ["token", "refresh", "q0"];

fn soon(world: &World) {
    world.advance(SignedDuration::from_secs(31));
}

/// What is wrong with `processes` callers at each of `expiries`.
fn race(world: &World, books: &Books<'_>, (processes, expiries): (usize, usize)) -> Vec<String> {
    let mut found = Vec::new();
    for expiry in 0..expiries {
        world.control().forget_calls();
        let runs = world.fleet(vec![GET.to_vec(); processes]);
        if codes(&runs).keys().ne([&0]) {
            found.push(format!("expiry {expiry}: exit codes {:?}: {}", codes(&runs), runs[0]));
        }
        if books.asked("0") != 1 {
            found.push(format!("expiry {expiry}: {} requests for {processes} callers", books.asked("0")));
        }
        if runs.iter().any(|ran| ran.stdout != runs[0].stdout) {
            found.push(format!("expiry {expiry}: not everybody got the one token"));
        }
        world.advance(SignedDuration::from_mins(56)); // of 60, and 5 are the buffer
    }
    let family = books.admin.family(books.client_id(), "0").unwrap();
    if !family.live || family.reuses > 0 {
        found.push(format!("the family is lost, or was put at risk: {family:?}"));
    }
    found
}

#[test]
fn every_expiry_costs_one_request_and_no_family() {
    let world = World::new();
    let books = Books::new(&world);
    books.connect(1);
    assert_eq!(race(&world, &books, (16, 4)), [""; 0]);
    assert_eq!(world.open_requests(), 0);
    assert_eq!(world.violations(), [""; 0]);
}

#[test]
fn without_lock_or_second_look_a_family_would_be_lost() {
    for mutant in ["no-connection-lock", "refresh-without-reread"] {
        let world = World::new();
        let books = Books::new(&world);
        books.connect(1);
        let world = &world;
        books.arm(Fault::SlowHeaders { milliseconds: 300 }, "0");
        let runs: Vec<_> = (0..4)
            .map(|_| start(world.command(&GET).env("TOKENCTL_TEST_MUTANTS", mutant)))
            .collect::<Vec<_>>()
            .into_iter()
            .map(finish)
            .collect();
        let family = books.admin.family(books.client_id(), "0").unwrap();
        assert!(
            books.asked("0") > 1 || family.reuses > 0 || codes(&runs).len() > 1,
            "{mutant} goes unnoticed"
        );
    }
}

#[test]
fn a_lost_answer_is_told_and_asked_for_once_more() {
    for fault in [Fault::AnswerLost {}, Fault::RefuseAfter { status: 500, error: "server_error".to_owned() }]
    {
        let world = World::new();
        let books = Books::new(&world);
        books.connect(1);
        let armed = books.arm(fault.clone(), "0");
        let before = world.generation();
        let ran = world.run(&GET);
        assert_eq!(ran.code, Some(6), "{ran}");
        assert!(ran.stderr.contains("was lost, so its grant is uncertain"), "{ran}");
        assert_eq!(world.generation(), before + 1, "support reads commits, not the journal");
        world.control().disarm(armed).unwrap();

        let early = world.run(&GET);
        assert_eq!(early.code, Some(6), "{early}");
        assert_eq!(books.asked("0"), 1, "not before 30 seconds are over");
        soon(&world);
        // The vendor had spent it: that is the honest reason, and a person must act.
        let ran = world.run(&GET);
        assert_eq!(ran.code, Some(4), "{ran}");
        assert!(ran.stderr.contains("the answer to a refresh at 2027-03-01T12:00:00Z was lost"), "{ran}");
        assert_eq!(books.asked("0"), 2);
        soon(&world);
        assert_eq!(world.run(&GET).code, Some(4));
        assert_eq!(books.asked("0"), 2, "a grant that is over is not sent again");
        assert_eq!(world.violations(), [""; 0]);
    }
}

#[test]
fn an_answer_that_was_lost_before_the_vendor_did_anything_costs_nothing() {
    let world = World::new();
    let books = Books::new(&world);
    books.connect(1);
    let armed = books.arm(Fault::Refuse { status: 503, error: "temporarily_unavailable".to_owned() }, "0");
    assert_eq!(world.run(&GET).code, Some(6));
    assert_eq!(books.asked("0"), 1, "never repeated blindly");
    world.control().disarm(armed).unwrap();
    soon(&world);
    world.ok(&GET);
    assert!(books.lives("0"));
}

#[test]
fn two_lost_answers_need_a_person() {
    let world = World::new();
    let books = Books::new(&world);
    books.connect(1);
    let armed = books.arm(Fault::Reset {}, "0");
    for _ in 0..2 {
        assert_eq!(world.run(&GET).code, Some(6));
        soon(&world);
    }
    let ran = world.run(&GET);
    assert_eq!(ran.code, Some(4), "{ran}");
    assert!(ran.stderr.contains("two answers were lost"), "{ran}");
    assert_eq!(books.asked("0"), 2);
    world.control().disarm(armed).unwrap();
    world.ok(&REFRESH);
    assert!(books.lives("0"));
}

#[test]
fn a_refresh_token_without_an_access_token_is_kept() {
    let world = World::new();
    let books = Books::new(&world);
    books.connect(1);
    let armed = books.arm(Fault::MissingToken {}, "0");
    let ran = world.run(&GET);
    assert_eq!(ran.code, Some(6), "{ran}");
    assert!(ran.stderr.contains("gave a refresh token beside an answer that cannot be used"), "{ran}");
    world.control().disarm(armed).unwrap();
    world.ok(&GET);
    let family = books.admin.family(books.client_id(), "0").unwrap();
    assert!(family.live && family.reuses == 0, "{family:?}");
}

#[test]
fn one_refusal_is_not_believed_and_a_second_one_is() {
    let world = World::new();
    let books = Books::new(&world);
    books.connect(1);
    books.admin.revoke(books.client_id(), "0").unwrap();
    let ran = world.run(&GET);
    assert_eq!(ran.code, Some(4), "{ran}");
    assert!(ran.stderr.contains("nothing was given up yet"), "{ran}");
    soon(&world);
    let ran = world.run(&GET);
    assert_eq!(ran.code, Some(4), "{ran}");
    assert!(ran.stderr.contains("`q0` must be connected again"), "{ran}");
    assert_eq!(books.asked("0"), 2);
}

#[test]
fn wrong_client_keys_change_no_grant() {
    let world = World::new();
    let books = Books::new(&world);
    books.connect(1);
    books.admin.set_client_secret(books.client_id(), "another one").unwrap();
    for _ in 0..3 {
        let ran = world.run(&GET);
        assert_eq!(ran.code, Some(4), "{ran}");
        assert!(ran.stderr.contains("invalid_client"), "{ran}");
        soon(&world);
    }
    let secret = world.place.put("new.secret", "another one");
    world.ok(&["app", "set", "books", &format!("--client-secret-file={}", secret.display())]);
    world.ok(&GET);
    assert!(books.lives("0"));
}

#[test]
fn many_refusals_at_once_are_an_incident_and_end_no_grant() {
    let world = World::new();
    let books = Books::new(&world);
    let names = books.connect(8);
    let refused = Fault::Refuse { status: 400, error: "invalid_grant".to_owned() };
    let rules: Vec<_> = (0..8).map(|realm| books.arm(refused.clone(), &realm.to_string())).collect();
    for round in 0..3 {
        let ran = world.run(&["token", "refresh", "--all", "--due", "--parallel=1", "--output=json"]);
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let found = Books::codes(&report["data"]);
        let incidents = names.iter().filter(|name| found[*name] == 6).count();
        assert!(incidents >= if round == 0 { 5 } else { 8 }, "round {round}: {found:?}");
        soon(&world);
    }
    for rule in rules {
        world.control().disarm(rule).unwrap();
    }
    world.ok(&["token", "refresh", "--all", "--due"]);
    assert!((0..8).all(|realm| books.lives(&realm.to_string())));
}

#[test]
fn a_process_that_dies_while_it_waits_for_the_answer_leaves_an_uncertain_grant() {
    let world = World::new();
    let books = Books::new(&world);
    books.connect(1);
    let armed = books.arm(Fault::SlowHeaders { milliseconds: 20_000 }, "0");
    let mut child = start(&mut world.command(&GET));
    until("the vendor is asked", || books.asked("0") == 1);
    child.kill().unwrap();
    child.wait().unwrap();
    world.control().disarm(armed).unwrap();
    let ran = world.run(&GET);
    assert_eq!(ran.code, Some(6), "{ran}");
    assert_eq!(books.asked("0"), 1);
    soon(&world);
    let after = world.run(&GET);
    // The answer was on its way: the vendor rotated, or it had not begun.
    assert!(matches!(after.code, Some(0 | 4)), "{after}");
    if after.code == Some(4) {
        assert!(after.stderr.contains("was lost"), "{after}");
    }
}

#[test]
fn an_intent_that_is_not_durable_would_be_noticed() {
    let world = World::new();
    let books = Books::new(&world);
    books.connect(1);
    let armed = books.arm(Fault::SlowHeaders { milliseconds: 20_000 }, "0");
    let mut child = start(world.command(&GET).env("TOKENCTL_TEST_MUTANTS", "refresh-without-intent"));
    until("the vendor is asked", || books.asked("0") == 1);
    child.kill().unwrap();
    child.wait().unwrap();
    world.control().disarm(armed).unwrap();
    world.run(&GET);
    assert_eq!(books.asked("0"), 2, "nobody knows that it was sent: it is sent again at once");
}

#[test]
fn a_token_that_is_released_before_its_answer_is_durable_would_be_noticed() {
    let world = World::new();
    let books = Books::new(&world);
    books.connect(1);
    let ran = finish(start(world.command(&GET).env("TOKENCTL_TEST_MUTANTS", "release-before-durable")));
    assert_eq!(ran.code, Some(0), "{ran}");
    soon(&world);
    assert_eq!(world.run(&GET).code, Some(4), "the token that the vendor rotated away is all that is left");
}

#[test]
fn the_first_signal_waits_for_the_answer() {
    use rustix::process::{Pid, Signal, kill_process};
    let world = World::new();
    let books = Books::new(&world);
    books.connect(1);
    let armed = books.arm(Fault::SlowHeaders { milliseconds: 1_500 }, "0");
    let child = start(&mut world.command(&GET));
    until("the vendor is asked", || books.asked("0") == 1);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ran: Ran = finish(child);
    assert!(matches!(ran.code, Some(0 | 130)), "{ran}");
    world.control().disarm(armed).unwrap();
    world.ok(&GET);
    assert_eq!(books.asked("0"), 1, "the answer was kept");
    let family = books.admin.family(books.client_id(), "0").unwrap();
    assert!(family.live && family.reuses == 0, "{family:?}");
}

#[test]
fn a_full_set_of_due_companies_is_renewed_in_one_commit() {
    let world = World::new();
    let books = Books::new(&world);
    books.connect(12);
    let before = world.generation();
    let report = world.data(&["token", "refresh", "--all", "--due", "--parallel=4"]);
    assert_eq!(report["refreshed"], 13, "{report}"); // and acme, by client credentials
    assert_eq!(world.generation(), before + 1);
    let again = world.data(&["token", "refresh", "--all", "--due"]);
    assert_eq!((again["refreshed"].as_u64(), again["fresh"].as_u64()), (Some(0), Some(13)));
    assert_eq!(world.violations(), [""; 0]);
}

#[test]
#[ignore = "a long sweep"]
fn sweep_refresh_races() {
    let expiries = sweep(100);
    let world = World::new();
    let books = Books::new(&world);
    books.connect(1);
    let start = tokenctl::clock::Clock::system().instant();
    let found = race(&world, &books, (MANY, expiries));
    let refreshed = books.admin.family(books.client_id(), "0").unwrap().refreshed;
    let number =
        format!("{MANY} processes, {expiries} expiries, {refreshed} refreshes, {:.0?}", start.elapsed());
    reached("R9", number, found.len());
    assert_eq!(found, [""; 0]);
}
