//! The audit log, with names joined at display: records hold ids only.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use crate::domain::audit::{Action, AuditCheck, AuditFilter, Entry, Fate, Subject, SubjectKind};
use crate::domain::ids::ConnectionName;
use crate::vault::recipient::Recipient;
use crate::vault::{LogBefore, VaultError};

use super::{OpsError, Session};

/// Which records are wanted; every part that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Recorded then or later.
    pub since: Option<jiff::Timestamp>,
    /// About this connection.
    pub connection: Option<ConnectionName>,
    /// An action's word such as `rotation.confirm`, or the noun before its dot.
    pub action: Option<String>,
}

/// Something that an operation happened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSubject {
    /// What it is and its id, as recorded.
    pub subject: Subject,
    /// Its name, or the one it had when it was removed; none if it never had one.
    pub name: Option<String>,
}

impl NamedSubject {
    /// The name or, without one, the id.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.subject.id)
    }
}

/// One operation with names beside the ids.
#[derive(Debug)]
pub struct Operation {
    /// The record and what became of it.
    pub entry: Entry,
    /// What it happened to.
    pub subjects: Vec<NamedSubject>,
    /// The label of the recipient that acted; its fingerprint without one.
    pub actor: String,
}

impl Operation {
    /// The connection that it happened to, if there is exactly one.
    pub fn connection(&self) -> Option<&NamedSubject> {
        let mut connections = self.subjects.iter().filter(|named| named.subject.is(SubjectKind::Connection));
        connections.next().filter(|_| connections.next().is_none())
    }

    /// The word for what became of it.
    pub fn outcome(&self) -> &str {
        match &self.entry.fate {
            Fate::Done => "ok",
            Fate::Failed(kind) => kind,
            Fate::Pending => "pending",
            Fate::Interrupted => "interrupted",
        }
    }
}

/// Returns the operations that `filter` matches, oldest first.
pub fn list(session: &Session, filter: &Filter) -> Result<Vec<Operation>, OpsError> {
    matching(session, &resolve(session, filter)?)
}

/// Returns the last operations, at most `most` of them and the newest first, that are about one of `subjects` and worth
/// telling: tokens that were handed out or renewed without trouble are not.
pub fn recent(session: &Session, subjects: Vec<String>, most: usize) -> Result<Vec<Operation>, OpsError> {
    let mut found = matching(session, &AuditFilter { subjects, ..AuditFilter::default() })?;
    found.retain(|operation| !is_routine(operation));
    found.reverse();
    found.truncate(most);
    Ok(found)
}

fn is_routine(operation: &Operation) -> bool {
    const ROUTINE: [Action; 3] = [Action::TokenRelease, Action::TokenObtain, Action::GrantRefresh];
    operation.entry.fate == Fate::Done
        && ROUTINE.iter().any(|action| action.as_str() == operation.entry.record.action)
}

fn matching(session: &Session, filter: &AuditFilter) -> Result<Vec<Operation>, OpsError> {
    let (names, recipients) =
        session.vault.read(|rows| Ok::<_, OpsError>((rows.display_names()?, rows.recipients()?)))?;
    let labels = labels(&recipients);
    let entries = session.vault.audit().entries(filter).map_err(closed)?;
    Ok(entries
        .into_iter()
        .map(|entry| {
            // Ids are random and fingerprints are hashes: no two kinds share one.
            let name = |id: &String| labels.get(id).or_else(|| names.get(id)).cloned();
            let with_name =
                |subject: &Subject| NamedSubject { name: name(&subject.id), subject: subject.clone() };
            let fingerprint = &entry.record.actor.recipient;
            Operation {
                subjects: entry.record.subjects.iter().map(with_name).collect(),
                actor: name(fingerprint).unwrap_or_else(|| fingerprint.clone()),
                entry,
            }
        })
        .collect())
}

/// Checks the whole chain against the vault's anchor; also returns what a log before it held that is not here.
pub fn verify(session: &Session) -> Result<(AuditCheck, Option<LogBefore>), OpsError> {
    let check = session.vault.verify_audit().map_err(closed)?;
    Ok((check, session.vault.log_before()?))
}

/// Returns the stored lines of every operation that `filter` matches, byte for byte, each with its line feed.
pub fn export(session: &Session, filter: &Filter) -> Result<Vec<u8>, OpsError> {
    let filter = resolve(session, filter)?;
    session.vault.audit().export(&filter).map_err(closed)
}

/// Says whose the log is, where the system only says that it is closed.
pub(super) fn closed(error: VaultError) -> OpsError {
    match error {
        VaultError::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            OpsError::AuditClosed
        }
        error => error.into(),
    }
}

/// Turns a name into the id that records hold; a removed connection is found by the name it had.
fn resolve(session: &Session, filter: &Filter) -> Result<AuditFilter, OpsError> {
    let subjects = match &filter.connection {
        None => Vec::new(),
        Some(name) => vec![session.vault.read(|rows| {
            match rows.connection(name)? {
                Some(connection) => Ok(connection.id.to_string()),
                None => rows
                    .display_names()?
                    .into_iter()
                    .find(|(_, known)| known.eq_ignore_ascii_case(name.as_str()))
                    .map(|(id, _)| id)
                    .ok_or_else(|| OpsError::NoConnection { name: name.to_string(), nearest: None }),
            }
        })?],
    };
    Ok(AuditFilter { since: filter.since, subjects, action: filter.action.clone() })
}

fn labels(recipients: &[Recipient]) -> BTreeMap<String, String> {
    recipients
        .iter()
        .filter_map(|recipient| Some((recipient.key.fingerprint(), recipient.label.clone()?)))
        .collect()
}
