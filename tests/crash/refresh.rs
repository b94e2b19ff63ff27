//! R1 and R9 for the one sending of a refresh token: killed at any system call, the grant is good, or it is told that
//! the vendor's answer was lost.

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::SignedDuration;
use tokenctl::clock::Clock;
use tokenctl::sim::quickbooks::{Admin, AppEntry, NewApp, NewCompany, NewGrant};

use crate::common::proof::reached;
use crate::common::{Place, Ran};
use crate::io_errors;
use crate::power_cut::{Disk, unsynced_when_told};
use crate::story::simulator;
use crate::strace::{self, Call, Fault, plain};
use crate::tree::Saved;

const REFRESH: [&str; 3] = ["token", "refresh", "acme"];
/// No two tests have one company.
static REALMS: AtomicU32 = AtomicU32::new(90_000);

/// A home whose one company is connected anew before each kill, since a refresh changes the vendor, too.
struct Bench {
    place: Place,
    admin: Admin,
    app: AppEntry,
    realm: String,
    saved: Saved,
}

/// What the kills left.
#[derive(Debug, Default)]
struct Found {
    kills: usize,
    /// The vendor had not rotated, or the answer was durable.
    good: usize,
    /// The vendor had rotated and nobody had the answer: told as such.
    lost: usize,
    violations: Vec<String>,
}

impl Found {
    fn say(&self) {
        let Self { kills, good, lost, violations } = self;
        reached(
            "R1",
            format!("`token refresh`: {kills} kills: {good} good, {lost} lost and told"),
            violations.len(),
        );
    }
}

impl Bench {
    fn new() -> Self {
        let admin = simulator().control().quickbooks();
        let app = admin.register_app(NewApp::default()).unwrap();
        let realm = REALMS.fetch_add(1, Ordering::Relaxed).to_string();
        admin.add_company(NewCompany { realm: Some(realm.clone()), name: "Acme".to_owned() }).unwrap();
        let place = Place::new();
        let secret = place.put("app.secret", &app.client_secret);
        done(&place, &["init"]);
        let (client, secret) =
            (format!("--client-id={}", app.client_id), format!("--client-secret-file={}", secret.display()));
        let token_url = format!("--token-url={}", admin.token_url());
        let add = ["app", "add", "quickbooks", "books", "--environment=simulator"];
        done(&place, &[&add[..], &[&client, &secret, &token_url]].concat());
        let saved = Saved::of(place.home());
        Self { place, admin, app, realm, saved }
    }

    /// The home with a fresh grant in it.
    fn connect(&self) {
        self.saved.restore();
        let (client_id, realm) = (self.app.client_id.clone(), self.realm.clone());
        let grant = NewGrant { client_id, realm: realm.clone(), scopes: None };
        let token = self.admin.issue_grant(grant).unwrap().refresh_token;
        let file = self.place.put("refresh.token", &token);
        let (file, realm) = (format!("--refresh-token-file={}", file.display()), format!("--realm={realm}"));
        done(&self.place, &["token", "import", "acme", "--app=books", &realm, &file, "--unproven"]);
    }

    /// The system calls of an uninterrupted refresh that can leave something behind.
    fn calls(&self, mutant: Option<&str>) -> Vec<Call> {
        self.connect();
        let (ran, calls) = strace::record(&self.place, &REFRESH, mutant);
        assert_eq!(ran.code, Some(0), "{ran}");
        let first = calls.iter().position(|call| call.touches(self.place.home())).unwrap();
        calls.into_iter().skip(first).collect()
    }

    fn sweep(&self, calls: &[Call], mutant: Option<&str>) -> Found {
        let mut found = Found::default();
        for call in calls {
            self.connect();
            let (ran, fired) = strace::inject(&self.place, &REFRESH, mutant, (call, Fault::Kill));
            if !fired || ran.code.is_some() {
                continue; // a wait that took another turn: what it interrupts is killed at another call
            }
            found.kills += 1;
            match self.judge(&ran) {
                Ok(true) => found.good += 1,
                Ok(false) => found.lost += 1,
                Err(what) => {
                    let what = format!("killed at {} {} ({:.80}): {what}", call.name, call.number, call.text);
                    println!("VIOLATION {what}");
                    found.violations.push(what);
                }
            }
        }
        found
    }

    /// Whether the grant is good, or lost and told so; anything else is wrong.
    fn judge(&self, ran: &Ran) -> Result<bool, String> {
        let check = plain(&self.place, &["vault", "check"]);
        if check.code != Some(0) {
            return Err(format!("`vault check` fails: {check}"));
        }
        let before = self.admin.family(&self.app.client_id, &self.realm).unwrap();
        let rotated = before.refreshed > 0;
        // Whoever was not cut off says by the code whether the grant was renewed.
        let acknowledged = ran.code.map_or(!ran.stdout.is_empty(), |code| code == 0);
        let mut command = self.place.command(&REFRESH);
        let later = Clock::system().now() + SignedDuration::from_mins(1);
        let next = self.place.finish(command.env("TOKENCTL_TEST_NOW", later.to_string()));
        let family = self.admin.family(&self.app.client_id, &self.realm).unwrap();
        match next.code {
            Some(0) if family.live && family.reuses == 0 => Ok(true),
            Some(4) if rotated && !acknowledged && next.stderr.contains("was lost") => Ok(false),
            _ => Err(format!("rotated: {rotated}, acknowledged: {:?}, then {next}, {family:?}", ran.stdout)),
        }
    }
}

fn done(place: &Place, arguments: &[&str]) {
    let ran = plain(place, arguments);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {ran}");
}

/// Where a file gets a name or is synced, and where something is sent.
fn matters(call: &Call) -> bool {
    let name = call.name.as_str();
    call.sends()
        || matches!(name, "fsync" | "rename" | "renameat" | "renameat2" | "unlink" | "connect" | "recvfrom")
}

#[test]
fn killed_at_the_moments_that_matter() {
    if strace::usable().is_none() {
        return;
    }
    let bench = Bench::new();
    let calls: Vec<_> = bench.calls(None).into_iter().filter(matters).collect();
    let found = bench.sweep(&calls, None);
    found.say();
    assert!(found.violations.is_empty(), "{}", found.violations.join("\n"));
    assert!(found.good > 0 && found.lost > 0, "{found:?}");
}

/// What a power cut would take away of what was sent or told.
fn unsynced(bench: &Bench, mutant: Option<&str>) -> Vec<String> {
    bench.connect();
    let before = Disk::of(bench.place.home());
    let (ran, calls) = strace::record(&bench.place, &REFRESH, mutant);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(calls.iter().any(Call::sends), "nothing was sent");
    unsynced_when_told(bench.place.home(), &before, &calls)
}

/// R2: the intent is durable before the token is sent, the answer before anybody hears of it.
#[test]
fn no_power_cut_forgets_what_was_sent_or_told() {
    if strace::usable().is_none() {
        return;
    }
    let bench = Bench::new();
    let found = unsynced(&bench, None);
    reached("R2", "`token refresh`: nothing unsynced when it sends and when it tells", found.len());
    assert!(found.is_empty(), "{}", found.join("\n"));
    for mutant in ["no-fsync", "no-folder-fsync"] {
        let found = unsynced(&bench, Some(mutant));
        let says = |what: &str| found.iter().any(|found| found.starts_with(what));
        assert!(says("Send") && says("Acknowledge"), "{mutant} was not found: {found:?}");
    }
}

/// The harness must be able to fail.
#[test]
fn seeded_bugs_are_found() {
    if strace::usable().is_none() {
        return;
    }
    let bench = Bench::new();
    for mutant in ["refresh-without-intent", "release-before-durable"] {
        let mut calls = bench.calls(Some(mutant));
        let last = calls.pop().unwrap(); // when everything has been said
        calls.retain(matters);
        calls.push(last);
        let found = bench.sweep(&calls, Some(mutant));
        assert!(!found.violations.is_empty(), "{mutant} was not found: {found:?}");
    }
}

/// `cargo prove R1`
#[test]
#[ignore = "several minutes"]
fn the_disk_refuses_every_call() {
    if strace::usable().is_none() {
        return;
    }
    let bench = Bench::new();
    let calls = bench.calls(None);
    let mut found = Found::default();
    for (call, fault) in io_errors::faults(&calls, bench.place.home(), |_, _| true) {
        bench.connect();
        let (ran, fired) = strace::inject(&bench.place, &REFRESH, None, (call, fault));
        if !fired {
            continue; // a wait that took another turn
        }
        found.kills += 1;
        // What cannot be stored in one place is stored in another: that it ended well is judged by the grant.
        let said = if ran.code == Some(0) { Ok(()) } else { io_errors::said_well(&ran, (call, fault)) };
        match said.and_then(|()| bench.judge(&ran)) {
            Ok(true) => found.good += 1,
            Ok(false) => found.lost += 1,
            Err(what) => {
                let what = format!("{fault:?} at {} {} ({:.160}): {what}", call.name, call.number, call.text);
                println!("VIOLATION {what}\n{ran}");
                found.violations.push(what);
            }
        }
    }
    let Found { kills: errors, good, lost, violations } = found;
    let number = format!("`token refresh`: {errors} errors: {good} good, {lost} lost and told");
    reached("R3", number, violations.len());
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

/// Every system call. `cargo prove R1`
#[test]
#[ignore = "several minutes"]
fn killed_at_every_system_call() {
    if strace::usable().is_none() {
        return;
    }
    let bench = Bench::new();
    let calls: Vec<_> = bench.calls(None).into_iter().filter(|call| call.name != "execve").collect();
    let found = bench.sweep(&calls, None);
    found.say();
    assert!(found.violations.is_empty(), "{}", found.violations.join("\n"));
}
