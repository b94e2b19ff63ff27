//! Waiting for locks: it ends when the user, the lock's patience or the deadline says so; reading never waits.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokenctl::clock::Clock;
use tokenctl::vault::lock::{Lock, Request};

use crate::world::{World, finish, start, until, waiters};

/// A lock in the hands of this process, as `tokenctl rotate confirm` would hold it.
fn hold(path: &Path) -> Lock {
    let request = Request {
        path,
        what: "it",
        command: "tokenctl rotate confirm",
        timeout: Duration::from_mins(1),
        stop: None,
    };
    Lock::exclusive(&request, &Clock::system()).unwrap()
}

fn vault_lock(world: &World) -> PathBuf {
    world.beside(".locks").join("vault")
}

fn holder() -> String {
    format!("locked by process {} (`tokenctl rotate confirm`)", std::process::id())
}

#[test]
fn ctrl_c_ends_the_wait_for_a_lock_at_once() {
    let world = World::new();
    for path in [world.connection_lock("acme"), vault_lock(&world)] {
        let held = hold(&path);
        let before = world.generation();
        let child = start(&mut world.command(&["connection", "disable", "acme"]));
        until("it waits", || waiters(&path) == 1);
        let since = Clock::system().instant();
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let ran = finish(child);
        let took = since.elapsed();
        assert_eq!(ran.code, Some(130), "{ran}");
        assert!(ran.stderr.contains("error: interrupted; nothing is left half done"), "{ran}");
        assert!(took < Duration::from_secs(1), "{took:?}");
        drop(held);
        assert_eq!(world.generation(), before, "what was interrupted does not happen later");
        assert_eq!(waiters(&path), 0);
    }
    world.ok(&["connection", "disable", "acme"]);
}

#[test]
fn the_lock_timeout_ends_the_wait_for_the_vault() {
    let world = World::new();
    let held = hold(&vault_lock(&world));
    let since = Clock::system().instant();
    let ran = world.run(&["connection", "disable", "acme", "--lock-timeout=1s"]);
    let took = since.elapsed();
    assert_eq!(ran.code, Some(7), "{ran}");
    assert!(ran.stderr.contains(&format!("the vault is {}", holder())), "{ran}");
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(4), "{took:?}");
    drop(held);
    world.ok(&["connection", "disable", "acme", "--lock-timeout=1s"]);
}

#[test]
fn the_deadline_ends_the_wait_for_a_connection() {
    let world = World::new();
    let held = hold(&world.connection_lock("acme"));
    for line in [&["token", "get", "acme"][..], &["rotate", "initiate", "acme"]] {
        let since = Clock::system().instant();
        let ran = world.run(&[line, &["--deadline=1s", "--lock-timeout=1ms"]].concat());
        let took = since.elapsed();
        assert_eq!(ran.code, Some(7), "{ran}");
        assert!(ran.stderr.contains(&holder()), "{ran}");
        // A quarter of the time is kept for telling what came of it.
        assert!(took >= Duration::from_millis(750) && took < Duration::from_secs(3), "{took:?}");
    }
    drop(held);
    world.ok(&["token", "get", "acme", "--deadline=30s"]);
}

#[test]
fn a_name_that_goes_over_to_another_connection_is_locked_anew() {
    let world = World::new();
    let old = world.connection_lock("acme");
    let held = hold(&old);
    let renaming = start(&mut world.command(&["connection", "set", "acme", "--rename=before"]));
    until("the first one waits", || waiters(&old) == 1);
    let disabling = start(&mut world.command(&["connection", "disable", "acme"]));
    until("the second one waits", || waiters(&old) == 2);
    // It gets the lock, but can do nothing with it before another connection has the name.
    kill_process(Pid::from_child(&disabling), Signal::STOP).unwrap();
    drop(held);
    assert_eq!(finish(renaming).code, Some(0));
    let adding = world.adding("acme").join(" ").replace("--entity=42", "--entity=43");
    world.ok(&adding.split(' ').collect::<Vec<_>>());
    let new = world.connection_lock("acme");
    let held = hold(&new);
    kill_process(Pid::from_child(&disabling), Signal::CONT).unwrap();
    until("it waits for the new one", || waiters(&new) == 1);
    drop(held);
    assert_eq!(finish(disabling).code, Some(0));
    let enabled = |name| world.data(&["connection", "show", name])["connection"]["enabled"] == true;
    assert_eq!((enabled("before"), enabled("acme")), (true, false));
}

#[test]
fn a_dead_holder_holds_nothing() {
    let world = World::new();
    // R5, with the connection's lock: it is held while the vendor takes its time.
    let slow = tokenctl::sim::Fault::SlowHeaders { milliseconds: 30_000 };
    let id = world.control().arm(tokenctl::sim::FaultRule::always(slow));
    let mut child = start(&mut world.command(&["token", "get", "acme"]));
    until("the vendor is asked", || !world.control().calls().is_empty());
    world.control().disarm(id).unwrap();
    let waiter = start(&mut world.command(&["token", "get", "acme"]));
    let path = world.connection_lock("acme");
    until("somebody waits", || waiters(&path) == 1);
    let since = Clock::system().instant();
    child.kill().unwrap();
    child.wait().unwrap();
    let ran = finish(waiter);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
}

#[test]
fn readers_never_notice_a_commit() {
    let world = World::new();
    world.ok(&["token", "get", "acme"]);
    let over = AtomicBool::new(false);
    let lines: [&[&str]; 4] =
        [&["token", "get", "acme"], &["vault", "check"], &["audit", "verify"], &["audit", "list"]];
    std::thread::scope(|scope| {
        let readers: Vec<_> = lines
            .into_iter()
            .map(|line| {
                let (world, over) = (&world, &over);
                scope.spawn(move || {
                    let mut reads = 0;
                    while !over.load(Ordering::SeqCst) {
                        let ran = world.run(line);
                        if ran.code != Some(0) || !ran.stderr.is_empty() {
                            return Err(format!("{line:?} after {reads} reads: {ran}"));
                        }
                        reads += 1;
                    }
                    Ok(reads)
                })
            })
            .collect();
        for commit in 0..8 {
            world.ok(&["connection", "set", "acme", &format!("--tag=commit={commit}")]);
        }
        over.store(true, Ordering::SeqCst);
        for reader in readers {
            assert!(reader.join().unwrap().unwrap() > 0);
        }
    });
}
