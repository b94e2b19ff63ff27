//! How records hold together: each names the hash of the one before, the vault anchors the newest.
//!
//! The hash is over the line's bytes, so `sed -n 1p 2026-11.jsonl | tr -d '\n' | sha256sum` prints what stands in
//! `prev` of line 2, and the last line of a month leads to the first of the next.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::history::PATIENCE;
use super::record::{AuditRecord, Kind, VERSION};
use crate::domain::ids::{OperationId, hex};

/// A point in the chain: everything up to it follows from its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// The sequence number of the record; 0 before the first.
    pub sequence: u64,
    /// SHA-256 of its line as 64 hexadecimal digits; zeros before the first.
    pub hash: String,
}

impl AuditHead {
    /// The point before the first record.
    pub fn start() -> Self {
        Self { sequence: 0, hash: "0".repeat(64) }
    }

    /// The point after the record `sequence` that is stored as `line` (without its line feed).
    pub fn after(sequence: u64, line: &[u8]) -> Self {
        Self { sequence, hash: hex(digest(&SHA256, line).as_ref()) }
    }
}

/// Why the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The line is not a record.
    #[error("the line is not an audit record")]
    Unreadable,
    /// A newer tokenctl wrote it.
    #[error("the record has version {0}, this tokenctl knows {VERSION}")]
    Version(u64),
    /// A record is missing, there twice or in the wrong place.
    #[error("record {expected} should be here, not record {found}")]
    Sequence {
        /// The number that comes next.
        expected: u64,
        /// The number that is there.
        found: u64,
    },
    /// The line before was changed, or this one.
    #[error("record {0} does not follow from the one before it")]
    Link(u64),
    /// The records were rewritten up to here.
    #[error("record {0} is not the one that the vault has anchored")]
    Anchor(u64),
    /// The end is missing.
    #[error("the log ends at record {last}, but the vault has anchored record {anchored}")]
    Truncated {
        /// The last record that is there.
        last: u64,
        /// The record that the vault knows of.
        anchored: u64,
    },
}

/// Only what must be read of a line whatever its version.
#[derive(Deserialize)]
struct Envelope {
    v: u64,
}

/// Returns the record that `line` (without its line feed) holds.
pub(super) fn parse(line: &[u8]) -> Result<AuditRecord, Broken> {
    serde_json::from_slice::<AuditRecord>(line).ok().filter(|record| record.version == VERSION).ok_or_else(
        || match serde_json::from_slice::<Envelope>(line) {
            Ok(Envelope { v }) if v != u64::from(VERSION) => Broken::Version(v),
            _ => Broken::Unreadable,
        },
    )
}

impl AuditRecord {
    /// Reads a stored line, without its line feed.
    pub fn from_line(line: &[u8]) -> Result<Self, Broken> {
        parse(line)
    }
}

/// What an examination of the whole log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCheck {
    /// How many records there are.
    pub records: u64,
    /// How many monthly files they are in.
    pub months: usize,
    /// The record that the vault has anchored; up to it nothing can be changed unnoticed.
    pub anchored: Option<u64>,
    /// How many records come after it.
    pub after_anchor: u64,
    /// Requests without an outcome: operations that were interrupted.
    pub interrupted: u64,
    /// Bytes of a torn last line, which the next record will cut off.
    pub torn_bytes: u64,
}

/// Follows a log from its first line to its last.
pub struct Examination {
    head: AuditHead,
    anchor: Option<AuditHead>,
    open: BTreeMap<OperationId, Timestamp>,
}

impl Examination {
    /// Starts before the first record; `anchor` is what the vault knows.
    pub fn new(anchor: Option<AuditHead>) -> Self {
        Self { head: AuditHead::start(), anchor, open: BTreeMap::new() }
    }

    /// Takes the next line, without its line feed.
    pub fn line(&mut self, line: &[u8]) -> Result<(), Broken> {
        let record = parse(line)?;
        let expected = self.head.sequence + 1;
        if record.sequence != expected {
            return Err(Broken::Sequence { expected, found: record.sequence });
        }
        if record.prev != self.head.hash {
            return Err(Broken::Link(expected));
        }
        self.head = AuditHead::after(expected, line);
        if self.anchor.as_ref().is_some_and(|anchor| anchor.sequence == expected && *anchor != self.head) {
            return Err(Broken::Anchor(expected));
        }
        match record.kind {
            Kind::Request => drop(self.open.insert(record.operation, record.at)),
            Kind::Outcome => drop(self.open.remove(&record.operation)),
            Kind::Release | Kind::Cut | Kind::Other(_) => {}
        }
        Ok(())
    }

    /// Ends after the last line; `now` tells interrupted operations from those that are under way.
    pub fn finish(self, now: Timestamp) -> Result<AuditCheck, Broken> {
        let records = self.head.sequence;
        let anchored = self.anchor.map(|anchor| anchor.sequence);
        if let Some(anchored) = anchored.filter(|anchored| *anchored > records) {
            return Err(Broken::Truncated { last: records, anchored });
        }
        let interrupted = self.open.into_values().filter(|at| now.duration_since(*at) > PATIENCE).count();
        Ok(AuditCheck {
            records,
            months: 0,
            anchored,
            after_anchor: records - anchored.unwrap_or(0),
            interrupted: interrupted as u64,
            torn_bytes: 0,
        })
    }
}
