//! What became of each operation: requests and outcomes, paired.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::record::{AuditRecord, Kind, OK};
use crate::domain::ids::ConnectionId;

/// How long an operation may be without an outcome before it counts as interrupted: 5 minutes.
pub const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// What became of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It succeeded.
    Done,
    /// It failed, with this kind of error.
    Failed(String),
    /// It has no outcome yet and is young enough to get one.
    Pending,
    /// It will not get an outcome any more: the process died.
    Interrupted,
}

/// One operation: its first record and its fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The request, the release or the cut.
    pub record: AuditRecord,
    /// What became of it.
    pub fate: Fate,
    /// When the outcome was recorded.
    pub ended_at: Option<Timestamp>,
}

/// Which operations to show; every part that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Recorded then or later.
    pub since: Option<Timestamp>,
    /// Of this connection.
    pub connection: Option<ConnectionId>,
    /// An action's word such as `rotation.confirm`, or the noun before its dot.
    pub action: Option<String>,
}

impl AuditFilter {
    /// Whether `record` is one to show.
    pub fn matches(&self, record: &AuditRecord) -> bool {
        let noun = record.action.split('.').next();
        self.since.is_none_or(|since| record.at >= since)
            && self
                .connection
                .as_ref()
                .is_none_or(|connection| record.connection.as_ref() == Some(connection))
            && self.action.as_deref().is_none_or(|action| record.action == action || noun == Some(action))
    }
}

/// Returns the operations of `records` (in the order of the log) that `filter` matches, each with its fate.
pub fn history<E>(
    records: impl IntoIterator<Item = Result<AuditRecord, E>>,
    filter: &AuditFilter,
    now: Timestamp,
) -> Result<Vec<Entry>, E> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut open = BTreeMap::new();
    for record in records {
        let record = record?;
        match record.kind {
            Kind::Outcome => {
                if let Some(index) = open.remove(&record.operation) {
                    let entry: &mut Entry = &mut entries[index];
                    entry.fate = fate(record.outcome);
                    entry.ended_at = Some(record.at);
                }
            }
            _ if !filter.matches(&record) => {}
            Kind::Request => {
                open.insert(record.operation.clone(), entries.len());
                let young = now.duration_since(record.at) <= PATIENCE;
                let fate = if young { Fate::Pending } else { Fate::Interrupted };
                entries.push(Entry { record, fate, ended_at: None });
            }
            Kind::Release | Kind::Cut => {
                let (fate, ended_at) = (fate(record.outcome.clone()), Some(record.at));
                entries.push(Entry { record, fate, ended_at });
            }
        }
    }
    Ok(entries)
}

fn fate(outcome: Option<String>) -> Fate {
    match outcome {
        Some(kind) if kind != OK => Fate::Failed(kind),
        _ => Fate::Done,
    }
}
