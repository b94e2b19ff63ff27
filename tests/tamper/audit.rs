//! R15: no record, no deed; and a log that was changed says so, up to the vault's anchor.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;
use tokenctl::domain::ids::hex;

use crate::common::Ran;
use crate::common::proof::reached;
use crate::message::{assert_none, data, fault, fault_json};
use crate::snapshot::{Snapshot, put};
use crate::world::World;

/// What stands in the way of a record. Each gets the folder of the log and the month's file in it.
type Obstacle = fn(&Path, &Path);

const OBSTACLES: &[(&str, Obstacle)] = &[
    ("the folder is a file", |folder, _| {
        std::fs::remove_dir_all(folder).unwrap();
        put(folder, b"");
    }),
    ("the folder is a link", |folder, _| {
        let elsewhere = folder.with_extension("elsewhere");
        std::fs::rename(folder, &elsewhere).unwrap();
        std::os::unix::fs::symlink(elsewhere, folder).unwrap();
    }),
    ("the folder can be written by others", |folder, _| mode(folder, 0o777)),
    ("the month is a folder", |_, month| {
        std::fs::remove_file(month).unwrap();
        std::fs::create_dir(month).unwrap();
    }),
    ("the month is a link", |folder, month| {
        let elsewhere = folder.with_extension("elsewhere");
        std::fs::rename(month, &elsewhere).unwrap();
        std::os::unix::fs::symlink(elsewhere, month).unwrap();
    }),
    ("the month is a pipe", |_, month| {
        std::fs::remove_file(month).unwrap();
        assert!(Command::new("mkfifo").arg(month).status().unwrap().success());
    }),
    ("the month can be written by others", |_, month| mode(month, 0o666)),
];

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// What the kernel may say, as strace(1) injects it for the log's files only.
const REFUSALS: &[(&str, &str)] = &[
    ("a full disk", "write:error=ENOSPC"),
    ("a quota", "write:error=EDQUOT"),
    ("a bad disk", "write:error=EIO"),
    ("a read-only file system", "openat:error=EROFS"),
    ("no permission", "openat:error=EACCES"),
    ("a bad disk at the sync", "fsync:error=EIO"),
];

/// What leaves a record: handing out a cached token, asking for one, and changes.
const DEEDS: &[&[&str]] = &[
    &["token", "get", "acme"],
    &["token", "get", "acme", "--min-ttl=2h"],
    &["token", "get", "acme", "--format=json"],
    &["connection", "disable", "acme"],
    &["connection", "remove", "globex", "--yes"],
    &["rotate", "initiate", "acme", "--algorithm=ec-p256"],
    &["vault", "recipient", "remove", "support"],
    &["verify", "acme"],
];

/// Everything but what a refused deed may leave: notes in lock files, and the log, which is in the way itself.
fn state(world: &World) -> Snapshot {
    world.snapshot().without(&[".locks/", ".audit", "elsewhere"])
}

/// Whether it says more than that it failed; what a verification has found is no secret.
fn hands_out(deed: &[&str], ran: &Ran) -> bool {
    let is_failure = |stdout: &str| {
        let envelope: Option<serde_json::Value> = serde_json::from_str(stdout).ok();
        envelope.is_some_and(|envelope| envelope["ok"] == false && envelope["data"].is_null())
    };
    let is_report = deed[0] == "verify" && ran.stdout.starts_with("CONNECTION ");
    !ran.stdout.is_empty() && !is_report && !is_failure(&ran.stdout)
}

fn judge(world: &World, before: &(Snapshot, u64), deed: &[&str], ran: &Ran) -> Option<String> {
    let exchanged = world.exchanges() > before.1;
    let problem = if let Some(fault) = fault(ran, 9) {
        fault
    } else if hands_out(deed, ran) {
        format!("something was handed out:\n{ran}")
    } else if state(world) != before.0 {
        "something was changed".to_owned()
    } else if exchanged && deed[0] != "verify" {
        "a token was asked for".to_owned()
    } else {
        return None;
    };
    Some(format!("{deed:?}: {problem}"))
}

fn month(world: &World) -> PathBuf {
    World::first_in(&world.beside("audit"))
}

fn deeds_without_a_record(world: &World, deeds: &[&[&str]]) -> (usize, Vec<String>) {
    let snapshot = world.snapshot();
    let (mut tried, mut violations) = (0, Vec::new());
    for (what, obstacle) in OBSTACLES {
        for deed in deeds {
            let before = (state(world), world.exchanges());
            obstacle(&world.beside("audit"), &month(world));
            let ran = world.run(deed);
            violations.extend(judge(world, &before, deed, &ran).map(|fault| format!("{what}, {fault}")));
            clear(&world.beside("audit"));
            clear(&world.beside("audit").with_extension("elsewhere"));
            world.restore(&snapshot);
            tried += 1;
        }
    }
    (tried, violations)
}

/// Removes whatever is at `path` and makes it an empty folder of the owner's, unless it was made elsewhere.
fn clear(path: &Path) {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(path).unwrap(),
        Ok(_) => std::fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
    if !path.ends_with("vault.age.elsewhere") {
        std::fs::create_dir(path).unwrap();
        mode(path, 0o700);
    }
}

#[test]
fn nothing_happens_without_a_record() {
    let world = World::new();
    let (tried, violations) = deeds_without_a_record(&world, &[DEEDS[0], DEEDS[1], DEEDS[3]]);
    reached("R15", format!("{tried} deeds without a place for their record"), violations.len());
    assert_none(&violations);
}

#[test]
fn the_harness_finds_deeds_without_a_record() {
    let mut world = World::new();
    world.mutants = "unrecorded".to_owned();
    let (_, violations) = deeds_without_a_record(&world, &DEEDS[..1]);
    assert!(violations.iter().any(|violation| violation.contains("exit Some(0)")), "{violations:?}");
}

/// Runs a deed under strace(1), which makes system calls on the log's files fail.
fn injected(world: &World, inject: &str, deed: &[&str]) -> (Ran, bool) {
    let trace = world.file("trace");
    let (folder, month) = (world.beside("audit"), month(world));
    let plain = world.command(deed);
    let mut strace = Command::new("strace");
    let call = inject.split(':').next().unwrap();
    strace.arg("-f").arg("-qq").arg("-o").arg(&trace).arg("-P").arg(&folder).arg("-P").arg(&month);
    strace.arg("-e").arg(format!("trace={call}")).arg("-e").arg(format!("inject={inject}"));
    strace.arg(plain.get_program()).args(plain.get_args()).env_clear().stdin(std::process::Stdio::null());
    strace.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(world.home());
    let ran = world.place.finish(&mut strace);
    let fired = std::fs::read_to_string(&trace).unwrap_or_default().contains("(INJECTED)");
    let _ = std::fs::remove_file(trace);
    (ran, fired)
}

/// Whether `tool` is there; without it a test is skipped, unless `TOKENCTL_REQUIRE_TOOLS` is set.
pub(crate) fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("-V").output().is_ok();
    assert!(found || std::env::var_os("TOKENCTL_REQUIRE_TOOLS").is_none(), "{tool} is not installed");
    found
}

fn refused_by_the_kernel(world: &World, deeds: &[&[&str]]) -> (usize, Vec<String>) {
    let snapshot = world.snapshot();
    let (mut tried, mut violations) = (0, Vec::new());
    for (what, inject) in REFUSALS {
        for deed in deeds {
            // The line of a cached token is not synced.
            if inject.starts_with("fsync") && deed[0] == "token" {
                continue;
            }
            let before = (state(world), world.exchanges());
            let (ran, fired) = injected(world, inject, deed);
            assert!(fired, "{what}, {deed:?}: nothing was injected\n{ran}");
            violations.extend(judge(world, &before, deed, &ran).map(|fault| format!("{what}, {fault}")));
            world.restore(&snapshot);
            tried += 1;
        }
    }
    (tried, violations)
}

#[test]
fn nothing_happens_when_the_kernel_refuses_the_record() {
    if !has("strace") {
        return;
    }
    let (tried, violations) = refused_by_the_kernel(&World::new(), &[DEEDS[0], DEEDS[3]]);
    reached("R15", format!("{tried} records refused by the kernel"), violations.len());
    assert_none(&violations);
}

#[test]
#[ignore = "long: cargo prove R15"]
fn no_deed_survives_without_a_record() {
    let (tried, violations) = deeds_without_a_record(&World::new(), DEEDS);
    reached("R15", format!("{tried} deeds without a place for their record"), violations.len());
    assert_none(&violations);
    let (tried, violations) = refused_by_the_kernel(&World::new(), DEEDS);
    reached("R15", format!("{tried} records refused by the kernel"), violations.len());
    assert_none(&violations);
    let (tried, violations) = tamper_with_records(&World::new(), 1);
    reached("R15", format!("{tried} changes up to the anchor"), violations.len());
    assert_none(&violations);
}

/// A log over two months with records after the anchor; returns its files, oldest first.
fn long_log(world: &World) -> Vec<PathBuf> {
    world.clock.advance(jiff::SignedDuration::from_hours(24 * 32));
    for name in ["A", "B"] {
        world.ok(&["connection", "set", "acme", &format!("--company={name}")]);
    }
    world.ok(&["token", "get", "acme"]);
    world.ok(&["token", "get", "acme"]);
    world.ok(&["token", "get", "acme"]);
    let mut files: Vec<_> =
        world.beside("audit").read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 2);
    files
}

fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn write(path: &Path, lines: &[String]) {
    put(path, lines.iter().flat_map(|line| [line, "\n"]).collect::<String>().as_bytes());
}

/// What `audit verify` finds, without seeded bugs.
fn check(world: &World) -> Value {
    let mut command = world.command(&["audit", "verify", "-o", "json"]);
    data(&world.place.finish(command.env("TOKENCTL_TEST_MUTANTS", "")))
}

/// Edits, deletes, duplicates, exchanges and cuts at every `step`th record up to the anchor; `audit verify` must say
/// where.
fn tamper_with_records(world: &World, step: usize) -> (usize, Vec<String>) {
    let files = long_log(world);
    let anchored = check(world)["anchored_sequence"].as_u64().unwrap();
    let (mut tried, mut violations) = (0, Vec::new());
    for file in &files {
        let intact = lines(file);
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        for at in (0..intact.len()).step_by(step) {
            let sequence = serde_json::from_str::<Value>(&intact[at]).unwrap()["seq"].as_u64().unwrap();
            if sequence > anchored {
                break;
            }
            for (what, changed) in changes(&intact, at) {
                write(file, &changed);
                let ran = world.run(&["audit", "verify", "-o", "json"]);
                let told = fault_json(&ran, 8).or_else(|| {
                    let says_where = ran.stderr.contains(&name) || ran.stderr.contains("record ");
                    (!says_where).then(|| format!("it does not say where:\n{ran}"))
                });
                violations.extend(told.map(|fault| format!("{what} at record {sequence}: {fault}")));
                tried += 1;
            }
        }
        write(file, &intact);
    }
    // Whole files.
    let kept: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    for gone in [&files[..1], &files[1..], &files[..]] {
        for file in gone {
            std::fs::remove_file(file).unwrap();
        }
        violations
            .extend(fault(&world.run(&["audit", "verify"]), 8).map(|fault| format!("months gone: {fault}")));
        for (file, bytes) in files.iter().zip(&kept) {
            put(file, bytes);
        }
        tried += 1;
    }
    check(world);
    (tried, violations)
}

/// Every way to tamper with line `at`.
fn changes(intact: &[String], at: usize) -> Vec<(&'static str, Vec<String>)> {
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut changed = intact.to_vec();
        change(&mut changed);
        changed
    };
    let edited = |line: &str| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        record["actor"]["user"] = "0:somebody-else".into();
        record.to_string()
    };
    let mut all = vec![
        (
            "edited",
            with(&|lines| {
                lines[at] = intact[at].replace("\"actor\":{\"recipient\":\"", "\"actor\":{\"recipient\":\"0");
            }),
        ),
        ("edited and written anew", with(&|lines| lines[at] = edited(&intact[at]))),
        (
            "edited, and the chain made to fit",
            with(&|lines| {
                lines[at] = intact[at].replace("\"actor\":{\"recipient\":\"", "\"actor\":{\"recipient\":\"0");
                rechain(lines, at);
            }),
        ),
        ("deleted", with(&|lines| drop(lines.remove(at)))),
        ("there twice", with(&|lines| lines.insert(at, intact[at].clone()))),
        ("made nonsense", with(&|lines| "{}".clone_into(&mut lines[at]))),
        ("cut off from there", with(&|lines| lines.truncate(at))),
    ];
    if at + 1 < intact.len() {
        all.push(("exchanged with the next", with(&|lines| lines.swap(at, at + 1))));
    }
    all
}

/// Recomputes `prev` in every line after `at`, as somebody would who knows the format.
fn rechain(lines: &mut [String], at: usize) {
    for index in at + 1..lines.len() {
        let hash = hex(digest(&SHA256, lines[index - 1].as_bytes()).as_ref());
        let start = lines[index].rfind("\"prev\":\"").unwrap() + 8;
        lines[index].replace_range(start..start + 64, &hash);
    }
}

#[test]
fn a_changed_log_is_told_up_to_the_anchor() {
    let (tried, violations) = tamper_with_records(&World::new(), 5);
    reached("R15", format!("{tried} changes up to the anchor"), violations.len());
    assert_none(&violations);
}

#[test]
fn the_harness_finds_a_missing_anchor_and_a_missing_chain() {
    let mut world = World::new();
    world.mutants = "no-anchor-check".to_owned();
    let (_, violations) = tamper_with_records(&world, 9);
    assert!(violations.iter().any(|violation| violation.contains("made to fit")), "{violations:?}");
    let world = World::with_mutants("audit-no-chain");
    assert_eq!(fault(&world.run(&["audit", "verify"]), 8), None, "a log without a chain is no log");
}

#[test]
fn what_comes_after_the_anchor_is_counted() {
    let world = World::new();
    let files = long_log(&world);
    let intact = lines(&files[1]);
    let before = check(&world);
    let after = before["after_anchor"].as_u64().unwrap();
    // The outcome of the last change, and three times a token (the first with request and outcome).
    assert_eq!(after, 6, "{before}");
    for gone in 1..=5 {
        write(&files[1], &intact[..intact.len() - gone]);
        let found = check(&world);
        assert_eq!(found["after_anchor"], after - gone as u64, "{found}");
        assert_eq!(found["anchored_sequence"], before["anchored_sequence"]);
    }
    // In the middle of them the chain still tells.
    let mut changed = intact.clone();
    changed.remove(intact.len() - 2);
    write(&files[1], &changed);
    assert_eq!(fault(&world.run(&["audit", "verify"]), 8), None);
    // The next commit anchors all of them.
    write(&files[1], &intact);
    world.ok(&["connection", "set", "acme", "--company=C"]);
    assert_eq!(check(&world)["after_anchor"], 1);
    // A torn last line is no damage; it is told, and cut by the next record.
    let torn = [std::fs::read(&files[1]).unwrap(), b"{\"v\":1,\"seq\"".to_vec()].concat();
    put(&files[1], &torn);
    assert_eq!(check(&world)["torn_bytes"], 12);
    world.ok(&["token", "get", "acme"]);
    assert_eq!(check(&world)["torn_bytes"], 0);
    assert!(world.ok(&["audit", "list"]).stdout.contains("audit.cut"));
}

/// A log that was cut goes on being told: no commit moves the anchor over the gap.
#[test]
fn work_goes_on_and_the_verdict_stays() {
    let world = World::new();
    let files = long_log(&world);
    let intact = lines(&files[1]);
    write(&files[1], &intact[..1]);
    let ran = world.ok(&["connection", "set", "acme", "--company=Z"]);
    assert!(ran.stderr.contains("warning: ") && ran.stderr.contains("audit"), "{ran}");
    assert_eq!(fault(&world.run(&["audit", "verify"]), 8), None);
    assert_eq!(fault(&world.run(&["vault", "check"]), 8), None);
    assert_eq!(fault_json(&world.run_as("support", &["audit", "verify", "-o", "json"]), 8), None);
}
