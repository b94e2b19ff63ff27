#![expect(clippy::disallowed_methods, reason = "the tests tamper with files in folders of their own")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::domain::audit::{AuditCheck, AuditFilter, Fate, PATIENCE, SubjectKind};
use crate::domain::ids::ConnectionId;

struct Bench {
    folder: tempfile::TempDir,
    clock: Clock,
}

impl Bench {
    fn new() -> Self {
        let now: Timestamp = "2026-11-30T23:59:50Z".parse().unwrap();
        Self { folder: tempfile::tempdir().unwrap(), clock: Clock::manual(now) }
    }

    fn log(&self) -> AuditLog {
        let locks = Locks::new(
            self.folder.path().join("locks"),
            "tokenctl test".to_owned(),
            Duration::from_mins(1),
            self.clock.clone(),
        );
        AuditLog::new(self.folder.path().join("audit"), locks, self.clock.clone())
    }

    fn month(&self, month: &str) -> std::path::PathBuf {
        self.folder.path().join("audit").join(format!("{month}.jsonl"))
    }

    /// Every line of the log, with its month.
    fn lines(&self) -> Vec<(String, String)> {
        ["2026-11", "2026-12"]
            .iter()
            .flat_map(|month| {
                let text = fs::read_to_string(self.month(month)).unwrap_or_default();
                text.lines().map(|line| ((*month).to_owned(), line.to_owned())).collect::<Vec<_>>()
            })
            .collect()
    }

    fn set_lines(&self, lines: &[(String, String)]) {
        for month in ["2026-11", "2026-12"] {
            let of_month = lines.iter().filter(|(of, _)| of == month);
            let text = of_month.fold(String::new(), |text, (_, line)| text + line + "\n");
            fs::write(self.month(month), text).unwrap();
        }
    }
}

fn actor() -> Actor {
    Actor { recipient: "ab".repeat(8), user: "1000:ann".to_owned() }
}

fn event() -> AuditEvent {
    AuditEvent::new(Action::KeyCreate).with("key", "cd".repeat(8))
}

/// Eight records over a month's edge; the anchor is the sixth.
fn eight_records(bench: &Bench) -> AuditHead {
    let log = bench.log();
    let mut anchor = AuditHead::start();
    for index in 0..4 {
        let operation = log.request(&event(), &actor()).unwrap();
        log.outcome(&operation, if index == 1 { Err("rejected") } else { Ok(()) }).unwrap();
        bench.clock.advance(SignedDuration::from_secs(4));
        if index == 2 {
            anchor = log.head().unwrap();
        }
    }
    assert_eq!(anchor.sequence, 6);
    assert!(bench.month("2026-12").exists());
    anchor
}

fn is_damaged<T>(result: &Result<T, VaultError>) -> bool {
    matches!(result, Err(VaultError::AuditDamaged(_)))
}

#[test]
fn a_chain_that_sha256sum_can_follow() {
    let bench = Bench::new();
    let anchor = eight_records(&bench);
    let lines = bench.lines();
    let mut before = "0".repeat(64);
    for (index, (_, line)) in lines.iter().enumerate() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["seq"], index + 1);
        assert_eq!(record["prev"], before);
        before = crate::domain::ids::hex(&crate::vault::trailer::sha256(line.as_bytes()));
        if record["seq"] == anchor.sequence {
            assert_eq!(before, anchor.hash);
        }
    }
    let first = &lines[0].1;
    assert!(
        first.starts_with("{\"v\":1,\"seq\":1,\"at\":\"2026-11-30T23:59:50Z\",\"kind\":\"request\""),
        "{first}"
    );
    for (record, (_, line)) in bench.log().records().unwrap().zip(&lines) {
        assert_eq!(record.unwrap().to_line(), line.as_bytes());
    }
    assert_eq!(
        bench.log().verify(Some(anchor.clone())).unwrap(),
        AuditCheck {
            records: 8,
            months: 2,
            anchored: Some(6),
            after_anchor: 2,
            interrupted: 0,
            torn_bytes: 0
        }
    );
    bench.log().verify_since(&anchor, |_| ()).unwrap();
}

#[test]
fn files_and_folder_are_private() {
    let bench = Bench::new();
    bench.log().request(&event(), &actor()).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&bench.month("2026-11")), 0o600);
    assert_eq!(mode(&bench.folder.path().join("audit")), 0o700);
}

#[test]
fn operations_are_paired_with_their_outcomes() {
    let bench = Bench::new();
    let log = bench.log();
    let id = ConnectionId::new();
    let done = log.request(&event().on(&id), &actor()).unwrap();
    log.request(&AuditEvent::new(Action::RotationConfirm), &actor()).unwrap();
    let failed = log.request(&event(), &actor()).unwrap();
    log.outcome(&failed, Err("unreachable")).unwrap();
    log.outcome(&done, Ok(())).unwrap();
    bench.clock.advance(PATIENCE);
    log.release(&AuditEvent::new(Action::TokenRelease).on(&id), &actor()).unwrap();
    log.request(&event(), &actor()).unwrap();

    let fates = |filter: &AuditFilter| -> Vec<Fate> {
        log.entries(filter).unwrap().into_iter().map(|entry| entry.fate).collect()
    };
    let all = AuditFilter::default();
    let failed = Fate::Failed("unreachable".to_owned());
    assert_eq!(fates(&all), [Fate::Done, Fate::Pending, failed.clone(), Fate::Done, Fate::Pending]);
    bench.clock.advance(SignedDuration::from_millis(1));
    assert_eq!(fates(&all), [Fate::Done, Fate::Interrupted, failed, Fate::Done, Fate::Pending]);
    assert_eq!(log.verify(None).unwrap().interrupted, 1);

    let filter = |action: &str| AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
    assert_eq!(fates(&filter("rotation")), [Fate::Interrupted]);
    assert_eq!(fates(&filter("token.release")), [Fate::Done]);
    assert_eq!(fates(&filter("tok")), []);
    assert_eq!(fates(&AuditFilter { subjects: vec![id.to_string()], ..all.clone() }).len(), 2);
    assert_eq!(fates(&AuditFilter { since: Some(bench.clock.now()), ..all.clone() }), []);
}

/// R15: whatever is done to a record up to the anchor is found.
#[test]
fn tampering_up_to_the_anchor_is_always_found() {
    let bench = Bench::new();
    let anchor = eight_records(&bench);
    let lines = bench.lines();
    let mut tried = 0;
    let mut must_be_found = |what: &str, tampered: &[(String, String)]| {
        bench.set_lines(tampered);
        let result = bench.log().verify(Some(anchor.clone()));
        assert!(is_damaged(&result), "{what}");
        tried += 1;
    };
    for position in 0..6 {
        for byte in (0..lines[position].1.len()).step_by(5) {
            let mut tampered = lines.clone();
            // Stays ASCII, is never a line feed and always another byte.
            let flipped = char::from(lines[position].1.as_bytes()[byte] ^ 0b1);
            tampered[position].1.replace_range(byte..=byte, &flipped.to_string());
            must_be_found("edited", &tampered);
        }
        let mut tampered = lines.clone();
        tampered.remove(position);
        must_be_found("deleted", &tampered);
        let mut tampered = lines.clone();
        tampered.insert(position, lines[position].clone());
        must_be_found("doubled", &tampered);
        must_be_found("truncated", &lines[..position]);
        for other in (position + 1)..lines.len() {
            let mut tampered = lines.clone();
            tampered[position].1.clone_from(&lines[other].1);
            tampered[other].1.clone_from(&lines[position].1);
            must_be_found("reordered", &tampered);
        }
        must_be_found("rewritten with a chain of its own", &rewritten_from(&lines, position));
    }
    println!("{tried} ways to tamper with 6 anchored records, all found");
    bench.set_lines(&lines);
    bench.log().verify(Some(anchor)).unwrap();
}

/// The log as somebody would write it who changes a record and computes the chain anew from there.
fn rewritten_from(lines: &[(String, String)], position: usize) -> Vec<(String, String)> {
    let mut rewritten = lines[..position].to_vec();
    for (index, (month, line)) in lines.iter().enumerate().skip(position) {
        let mut record = AuditRecord::from_line(line.as_bytes()).unwrap();
        if index == position {
            "somebody else".clone_into(&mut record.actor.user);
        } else {
            let before = rewritten[index - 1].1.as_bytes();
            record.prev = AuditHead::after(record.sequence - 1, before).hash;
        }
        rewritten.push((month.clone(), String::from_utf8(record.to_line()).unwrap()));
    }
    rewritten
}

#[test]
fn what_comes_after_the_anchor_is_counted() {
    let bench = Bench::new();
    let anchor = eight_records(&bench);
    let lines = bench.lines();
    for (kept, after_anchor) in [(8, 2), (7, 1), (6, 0)] {
        bench.set_lines(&lines[..kept]);
        assert_eq!(bench.log().verify(Some(anchor.clone())).unwrap().after_anchor, after_anchor);
    }
}

/// Otherwise the next commit would anchor the tampered log, and nothing could be found any more.
#[test]
fn a_new_head_is_not_anchored_over_a_tampered_log() {
    let bench = Bench::new();
    let anchor = eight_records(&bench);
    let lines = bench.lines();
    for last in [&anchor, &AuditHead::start()] {
        bench.log().verify_since(last, |_| ()).unwrap();
    }
    for position in 0..6 {
        for tampered in [lines[..position].to_vec(), rewritten_from(&lines, position)] {
            bench.set_lines(&tampered);
            bench.log().request(&event(), &actor()).unwrap();
            assert!(is_damaged(&bench.log().verify_since(&anchor, |_| ())));
        }
    }
    // Between the anchor and the end, the chain must hold, too.
    let mut tampered = lines;
    tampered.remove(6);
    bench.set_lines(&tampered);
    assert!(is_damaged(&bench.log().verify_since(&anchor, |_| ())));
    fs::remove_dir_all(bench.folder.path().join("audit")).unwrap();
    assert!(is_damaged(&bench.log().verify_since(&anchor, |_| ())));
    assert!(is_damaged(&bench.log().verify(Some(anchor))));
}

#[test]
fn a_torn_line_is_cut_and_the_cut_is_recorded() {
    let bench = Bench::new();
    let log = bench.log();
    log.request(&event(), &actor()).unwrap();
    let first = fs::read(bench.month("2026-11")).unwrap();
    log.request(&event(), &actor()).unwrap();
    let both = fs::read(bench.month("2026-11")).unwrap();
    for length in (first.len() + 1)..both.len() {
        fs::write(bench.month("2026-11"), &both[..length]).unwrap();
        let torn_bytes = (length - first.len()) as u64;
        assert_eq!(log.verify(None).unwrap().torn_bytes, torn_bytes);
        assert_eq!(log.records().unwrap().count(), 1);

        log.request(&event(), &actor()).unwrap();
        let check = log.verify(None).unwrap();
        assert_eq!((check.records, check.torn_bytes), (3, 0));
        let cut = log.records().unwrap().nth(1).unwrap().unwrap();
        assert_eq!(cut.kind, Kind::Cut);
        assert_eq!(cut.details["bytes"], torn_bytes.to_string());
    }
}

#[test]
fn a_crash_at_the_month_edge_is_mended() {
    for left_behind in ["", "{\"v\":1,\"se"] {
        let bench = Bench::new();
        let log = bench.log();
        log.request(&event(), &actor()).unwrap();
        fs::write(bench.month("2026-12"), left_behind).unwrap();
        fs::set_permissions(bench.month("2026-12"), fs::Permissions::from_mode(0o600)).unwrap();
        log.verify(None).unwrap();
        log.request(&event(), &actor()).unwrap();
        assert_eq!(log.verify(None).unwrap().records, if left_behind.is_empty() { 2 } else { 3 });
        assert_eq!(fs::read_to_string(bench.month("2026-11")).unwrap().lines().count(), 1);
    }
}

/// A torn line at the old month's end goes before the new month begins.
#[test]
fn a_torn_line_does_not_stay_in_an_old_month() {
    let bench = Bench::new();
    let log = bench.log();
    log.request(&event(), &actor()).unwrap();
    let mut torn = fs::read(bench.month("2026-11")).unwrap();
    torn.extend_from_slice(b"{\"v\":1");
    fs::write(bench.month("2026-11"), torn).unwrap();
    bench.clock.advance(SignedDuration::from_secs(20));
    log.request(&event(), &actor()).unwrap();
    assert_eq!(
        bench.lines().iter().map(|(month, _)| month.as_str()).collect::<Vec<_>>(),
        ["2026-11", "2026-12", "2026-12"]
    );
    assert_eq!(log.verify(None).unwrap().torn_bytes, 0);
}

#[test]
fn months_only_move_forward() {
    let bench = Bench::new();
    let log = bench.log();
    for step in [0, 20, -86_400, 0, 20] {
        bench.clock.advance(SignedDuration::from_secs(step));
        log.request(&event(), &actor()).unwrap();
    }
    let months: Vec<String> = bench.lines().into_iter().map(|(month, _)| month).collect();
    assert_eq!(months, ["2026-11", "2026-12", "2026-12", "2026-12", "2026-12"]);
    assert_eq!(log.verify(None).unwrap().records, 5);
}

#[test]
fn many_writers_make_one_chain() {
    let bench = Bench::new();
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                let log = bench.log();
                let operation = log.request(&event(), &actor()).unwrap();
                log.release(&event(), &actor()).unwrap();
                log.outcome(&operation, Ok(())).unwrap();
            });
        }
    });
    let check = bench.log().verify(Some(bench.log().head().unwrap())).unwrap();
    assert_eq!((check.records, check.interrupted, check.after_anchor), (64 * 3, 0, 0));
}

#[test]
fn appending_reads_the_end_only() {
    let bench = Bench::new();
    bench.log().request(&event(), &actor()).unwrap();
    let line = fs::read(bench.month("2026-11")).unwrap();
    // A line that no reader could take: whoever meets it fails.
    let mut long = vec![b'x'; 4 * super::backwards::LINE_LIMIT];
    long.push(b'\n');
    long.extend_from_slice(&line);
    fs::write(bench.month("2026-11"), long).unwrap();
    let operation = bench.log().request(&event(), &actor()).unwrap();
    assert_eq!(operation.head().sequence, 2);
    assert!(is_damaged(&bench.log().verify(None)));
}

#[test]
fn nothing_is_recorded_where_the_log_cannot_be() {
    let bench = Bench::new();
    fs::write(bench.folder.path().join("audit"), "in the way").unwrap();
    let log = bench.log();
    assert!(matches!(log.request(&event(), &actor()), Err(VaultError::Audit(_))));
    assert!(matches!(log.release(&event(), &actor()), Err(VaultError::Audit(_))));
    assert!(log.head().is_err());
    assert!(log.verify(None).is_err());
}

#[test]
fn a_busy_lock_is_told_as_such() {
    let bench = Bench::new();
    let folder = bench.folder.path();
    let locks =
        |timeout| Locks::new(folder.join("locks"), "tokenctl test".to_owned(), timeout, bench.clock.clone());
    let _held = locks(Duration::from_mins(1)).audit().unwrap();
    let log = AuditLog::new(folder.join("audit"), locks(Duration::ZERO), bench.clock.clone());
    assert!(matches!(log.request(&event(), &actor()), Err(VaultError::Locked { .. })));
}

/// R14: what somebody planted is refused, without following it and without waiting for it.
#[test]
fn planted_files_are_refused() {
    type Plant = fn(&Path);
    let plants: [(&str, Plant); 4] = [
        ("symlink", |path| symlink("/etc/hostname", path).unwrap()),
        ("dangling symlink", |path| symlink("/nonexistent/victim", path).unwrap()),
        ("fifo", |path| {
            rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
                .unwrap();
        }),
        ("folder", |path| fs::create_dir(path).unwrap()),
    ];
    for (what, plant) in plants {
        for place in ["audit/2026-11.jsonl", "audit/2027-01.jsonl", "audit", "locks/audit"] {
            if (what, place) == ("folder", "audit") {
                continue;
            }
            let bench = Bench::new();
            let path = bench.folder.path().join(place);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            plant(&path);
            let result = bench.log().request(&event(), &actor());
            let Err(VaultError::Audit(source)) = result else { panic!("{what} at {place}: {result:?}") };
            assert!(matches!(*source, VaultError::UnsafeFile { .. }), "{what} at {place}: {source:?}");
            if place != "locks/audit" {
                assert!(bench.log().verify(None).is_err(), "{what} at {place}");
            }
        }
    }
}

#[test]
fn modes_that_let_others_write_are_refused() {
    let bench = Bench::new();
    let log = bench.log();
    log.request(&event(), &actor()).unwrap();
    let folder = bench.folder.path().join("audit");
    for (path, unsafe_mode, safe_mode) in [
        (bench.month("2026-11"), 0o620, 0o600),
        (bench.month("2026-11"), 0o602, 0o600),
        (folder, 0o770, 0o700),
    ] {
        fs::set_permissions(&path, fs::Permissions::from_mode(unsafe_mode)).unwrap();
        let Err(VaultError::Audit(source)) = log.request(&event(), &actor()) else {
            panic!("{unsafe_mode:o}")
        };
        let VaultError::UnsafeFile { fix, .. } = *source else { panic!("{source:?}") };
        assert!(fix.starts_with("chmod "), "{fix}");
        assert!(matches!(log.verify(None), Err(VaultError::UnsafeFile { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(safe_mode)).unwrap();
    }
    assert_eq!(log.verify(None).unwrap().records, 1);
}

#[test]
fn a_newer_record_is_told_as_such() {
    let bench = Bench::new();
    bench.log().request(&event(), &actor()).unwrap();
    let line = fs::read_to_string(bench.month("2026-11")).unwrap();
    fs::write(bench.month("2026-11"), line.replace("\"v\":1", "\"v\":2")).unwrap();
    for result in [bench.log().verify(None).map(drop), bench.log().request(&event(), &actor()).map(drop)] {
        let Err(VaultError::AuditDamaged(why)) = result else { panic!("{result:?}") };
        assert!(why.contains("version 2"), "{why}");
    }
}

proptest! {
    #[test]
    fn no_line_can_cause_a_panic(line in any::<Vec<u8>>()) {
        let _ = AuditRecord::from_line(&line);
    }

    #[test]
    fn no_file_can_cause_a_panic(content in prop_oneof![any::<Vec<u8>>(), "(\\{\"v\":[0-9]+.*\\}?\n?){0,4}".prop_map(String::into_bytes)]) {
        let bench = Bench::new();
        bench.log().request(&event(), &actor()).unwrap();
        let mut file = fs::read(bench.month("2026-11")).unwrap();
        file.extend_from_slice(&content);
        fs::write(bench.month("2026-11"), &file).unwrap();
        let _ = bench.log().verify(None);
        let _ = bench.log().entries(&AuditFilter::default());
        let _ = bench.log().verify_since(&AuditHead { sequence: 1, hash: "0".repeat(64) }, |_| ());
        // Whatever is refused is left as it is.
        if bench.log().request(&event(), &actor()).is_err() {
            prop_assert_eq!(fs::read(bench.month("2026-11")).unwrap(), file);
        }
    }
}

/// A batch names everything that it happens to, be it more than a line takes.
#[test]
fn batches_name_their_subjects() {
    let bench = Bench::new();
    let log = bench.log();
    let ids: Vec<_> = (0..=2 * SUBJECTS).map(|_| ConnectionId::new()).collect();
    let batch = log.request(&event().on_all(&ids).with("count", ids.len()), &actor()).unwrap();
    let single = log.request(&event().on(&ids[7]).about(SubjectKind::Recipient, "ab12"), &actor()).unwrap();
    log.outcome(&batch, Ok(())).unwrap();
    log.outcome(&single, Err("conflict")).unwrap();
    assert_eq!(batch.head().sequence, 3);
    let check = log.verify(Some(log.head().unwrap())).unwrap();
    assert_eq!((check.records, check.interrupted), (6, 0));
    assert!(bench.lines().iter().all(|(_, line)| line.len() < 100 * SUBJECTS));

    let about = |id: &str| {
        let filter = AuditFilter { subjects: vec![id.to_owned()], ..AuditFilter::default() };
        let entries = log.entries(&filter).unwrap();
        let exported = String::from_utf8(log.export(&filter).unwrap()).unwrap();
        (entries, exported.lines().count())
    };
    let (entries, exported) = about(ids.last().unwrap().as_str());
    assert_eq!((entries.len(), exported), (1, 4), "all lines of the operation, its outcome too");
    assert_eq!((&entries[0].fate, entries[0].record.sequence), (&Fate::Done, 1));
    assert_eq!(entries[0].record.details["count"], ids.len().to_string());
    let found: Vec<_> = entries[0].record.subjects.iter().map(|subject| subject.id.as_str()).collect();
    assert_eq!(found, ids.iter().map(ConnectionId::as_str).collect::<Vec<_>>());
    assert_eq!(about(ids[7].as_str()).0.len(), 2);
    let (entries, exported) = about("ab12");
    assert_eq!((entries.len(), exported), (1, 2));
    assert_eq!(entries[0].fate, Fate::Failed("conflict".to_owned()));
}

/// What a later version records is listed, checked and followed, although its meaning is not known here.
#[test]
fn later_records_are_no_damage() {
    let bench = Bench::new();
    let log = bench.log();
    log.request(&event(), &actor()).unwrap();
    let mut line = bench.lines()[0].1.clone();
    line = line.replace("\"request\"", "\"checkpoint\"").replace("{\"v\":1", "{\"new\":[1],\"v\":1");
    line = line.replace("key.create", "key.escrow").replace("\"seq\":1", "\"seq\":2");
    let before = AuditHead::after(1, bench.lines()[0].1.as_bytes());
    line = line.replace(&"0".repeat(64), &before.hash);
    let stored = bench.lines()[0].1.clone() + "\n" + &line + "\n";
    fs::write(bench.month("2026-11"), &stored).unwrap();

    log.request(&event(), &actor()).unwrap();
    bench.clock.advance(PATIENCE + SignedDuration::from_secs(1));
    let check = log.verify(Some(log.head().unwrap())).unwrap();
    assert_eq!((check.records, check.interrupted), (3, 2), "it is owed no outcome");
    let entries = log.entries(&AuditFilter::default()).unwrap();
    assert_eq!(entries[1].record.kind, Kind::Other("checkpoint".to_owned()));
    assert_eq!(entries[1].fate, Fate::Done);
    let exported = log.export(&AuditFilter::default()).unwrap();
    assert!(exported.starts_with(stored.as_bytes()), "byte for byte, what is not known here included");
}
