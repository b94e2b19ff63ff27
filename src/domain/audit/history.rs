//! What became of each operation: requests and outcomes, paired.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::record::{AuditRecord, Kind, OK};
use crate::domain::ids::OperationId;

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
    /// About the connection, company, recipient, … with one of these ids; empty means about anything.
    pub subjects: Vec<String>,
    /// An action's word such as `rotation.confirm`, or the noun before its dot.
    pub action: Option<String>,
}

impl AuditFilter {
    /// Whether `record` is one to show.
    pub fn matches(&self, record: &AuditRecord) -> bool {
        let noun = record.action.split('.').next();
        self.since.is_none_or(|since| record.at >= since)
            && (self.subjects.is_empty()
                || record.subjects.iter().any(|subject| self.subjects.contains(&subject.id)))
            && self.action.as_deref().is_none_or(|action| record.action == action || noun == Some(action))
    }
}

/// Returns the operations of `records` (in the order of the log) that `filter` matches, each with its fate.
pub fn history<E>(
    records: impl IntoIterator<Item = Result<AuditRecord, E>>,
    filter: &AuditFilter,
    now: Timestamp,
) -> Result<Vec<Entry>, E> {
    let mut found: BTreeMap<u64, Entry> = BTreeMap::new();
    let mut open: BTreeMap<OperationId, Open> = BTreeMap::new();
    for record in records {
        let record = record?;
        let matches = filter.matches(&record);
        match record.kind {
            Kind::Request => match open.get_mut(&record.operation) {
                Some(begun) => {
                    begun.matches |= matches;
                    begun.record.subjects.extend(record.subjects);
                }
                None => drop(open.insert(record.operation.clone(), Open { record, matches })),
            },
            Kind::Outcome => {
                if let Some(Open { record: request, matches: true }) = open.remove(&record.operation) {
                    let (fate, ended_at) = (fate(record.outcome), Some(record.at));
                    found.insert(request.sequence, Entry { record: request, fate, ended_at });
                }
            }
            Kind::Release | Kind::Cut | Kind::Other(_) => {
                if matches {
                    let (fate, ended_at) = (fate(record.outcome.clone()), Some(record.at));
                    found.insert(record.sequence, Entry { record, fate, ended_at });
                }
            }
        }
    }
    for Open { record, .. } in open.into_values().filter(|begun| begun.matches) {
        let young = now.duration_since(record.at) <= PATIENCE;
        let fate = if young { Fate::Pending } else { Fate::Interrupted };
        found.insert(record.sequence, Entry { record, fate, ended_at: None });
    }
    Ok(found.into_values().collect())
}

/// An operation that has no outcome yet.
struct Open {
    /// Its first request, with the subjects of those that follow.
    record: AuditRecord,
    /// Whether one of its requests is to be shown.
    matches: bool,
}

fn fate(outcome: Option<String>) -> Fate {
    match outcome {
        Some(kind) if kind != OK => Fate::Failed(kind),
        _ => Fate::Done,
    }
}
