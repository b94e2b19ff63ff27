//! The door to the log's files; see `crate::fuzzing`.
#![expect(clippy::disallowed_methods, reason = "it writes the files that it then reads")]

use std::fs::File;
use std::time::Duration;

use super::AuditLog;
use super::backwards::Backwards;
use super::tail::Tail;
use crate::clock::Clock;
use crate::domain::audit::{AuditFilter, AuditHead, AuditRecord};
use crate::vault::file;
use crate::vault::lock::Locks;

/// Two months of a log, parted by a byte that is no text.
pub(in crate::vault) fn log(bytes: &[u8]) {
    thread_local! {
        static PLACE: tempfile::TempDir = tempfile::tempdir().expect("a folder");
    }
    PLACE.with(|place| {
        let folder = place.path().join("audit");
        file::ensure_folder(&folder).expect("a folder");
        let parted = bytes.iter().position(|byte| *byte == 0xff);
        let (first, second) = parted.map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + 1..]));
        for (month, content) in [("2027-02", first), ("2027-03", second)] {
            let path = folder.join(format!("{month}.jsonl"));
            std::fs::write(&path, content).expect("it can be written");
            backwards_is_forwards(&File::open(&path).expect("it is there"), content);
        }
        let clock = Clock::manual(jiff::Timestamp::constant(1_803_902_400, 0));
        let locks =
            Locks::new(place.path().join("locks"), "fuzzing".to_owned(), Duration::ZERO, clock.clone());
        read(&AuditLog::new(folder.clone(), locks, clock));
        let _ = Tail::find(&folder).map(|tail| tail.head().clone());
    });
}

fn backwards_is_forwards(file: &File, content: &[u8]) {
    let (torn, mut lines) = Backwards::new(file, content.len() as u64).expect("short lines");
    let mut found = vec![torn];
    while let Some(line) = lines.next_line().expect("short lines") {
        found.push(line);
    }
    found.reverse();
    assert!(content.split(|byte| *byte == b'\n').eq(found.iter().map(Vec::as_slice)));
}

fn read(log: &AuditLog) {
    let records: Result<Vec<AuditRecord>, _> = log.records().and_then(Iterator::collect);
    let check = log.verify(None);
    let _ = log.entries(&AuditFilter::default()).map_err(|error| error.to_string());
    let Ok(records) = records else {
        assert!(check.is_err(), "what cannot be read does not hold");
        return;
    };
    for record in &records {
        let line = record.to_line();
        assert_eq!(AuditRecord::from_line(&line).ok().as_ref(), Some(record));
    }
    let Ok(check) = check else { return };
    assert_eq!(check.records, records.len() as u64);
    let exported = log.export(&AuditFilter::default()).expect("what holds can be exported");
    let mut heads = vec![AuditHead::start()];
    for line in exported.split_inclusive(|byte| *byte == b'\n') {
        heads.push(AuditHead::after(heads.len() as u64, line.strip_suffix(b"\n").unwrap_or(line)));
    }
    // Each point of a log that holds is one that it can be anchored at, whichever way it is looked for.
    for head in heads {
        assert!(log.verify_since(&head, |_| ()).is_ok(), "{head:?}");
        let check = log.verify(Some(head.clone())).expect("it holds");
        assert_eq!(check.after_anchor, check.records - head.sequence);
        let other = AuditHead { hash: "f".repeat(64), ..head };
        assert!(other.sequence == 0 || log.verify(Some(other)).is_err());
    }
}
