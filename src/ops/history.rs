//! The audit log, with names joined at display: records hold ids only.

use std::collections::BTreeMap;

use crate::domain::audit::{AuditCheck, AuditFilter, Entry, Fate};
use crate::domain::ids::ConnectionName;
use crate::vault::recipient::Recipient;

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

/// One operation with names in the place of ids.
#[derive(Debug)]
pub struct Operation {
    /// The record and what became of it.
    pub entry: Entry,
    /// The connection's name; the one it had if it was removed.
    pub connection: Option<String>,
    /// The label of the recipient that acted; its fingerprint without one.
    pub actor: String,
}

impl Operation {
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
    let filter = resolve(session, filter)?;
    let (names, recipients) =
        session.vault.read(|rows| Ok::<_, OpsError>((rows.display_names()?, rows.recipients()?)))?;
    let labels = labels(&recipients);
    let entries = session.vault.audit().entries(&filter)?;
    Ok(entries
        .into_iter()
        .map(|entry| {
            let id = entry.record.connection.as_ref().map(|id| id.as_str().to_owned());
            let fingerprint = &entry.record.actor.recipient;
            Operation {
                connection: id.map(|id| names.get(&id).cloned().unwrap_or(id)),
                actor: labels.get(fingerprint).cloned().unwrap_or_else(|| fingerprint.clone()),
                entry,
            }
        })
        .collect())
}

/// Checks the whole chain against the vault's anchor.
pub fn verify(session: &Session) -> Result<AuditCheck, OpsError> {
    Ok(session.vault.verify_audit()?)
}

/// Returns the stored lines of every record that `filter` matches, outcomes included, each with its line feed.
pub fn export(session: &Session, filter: &Filter) -> Result<Vec<u8>, OpsError> {
    let filter = resolve(session, filter)?;
    let mut lines = Vec::new();
    for record in session.vault.audit().records()? {
        let record = record?;
        if filter.matches(&record) {
            lines.extend(record.to_line());
            lines.push(b'\n');
        }
    }
    Ok(lines)
}

/// Turns a name into the id that records hold; a removed connection is found by the name it had.
fn resolve(session: &Session, filter: &Filter) -> Result<AuditFilter, OpsError> {
    let connection = match &filter.connection {
        None => None,
        Some(name) => Some(session.vault.read(|rows| {
            match rows.connection(name)? {
                Some(connection) => Ok(connection.id),
                None => rows
                    .display_names()?
                    .into_iter()
                    .find(|(_, known)| known.eq_ignore_ascii_case(name.as_str()))
                    .and_then(|(id, _)| id.parse().ok())
                    .ok_or_else(|| OpsError::NoConnection { name: name.to_string(), nearest: None }),
            }
        })?),
    };
    Ok(AuditFilter { since: filter.since, connection, action: filter.action.clone() })
}

fn labels(recipients: &[Recipient]) -> BTreeMap<String, String> {
    recipients
        .iter()
        .filter_map(|recipient| Some((recipient.key.fingerprint(), recipient.label.clone()?)))
        .collect()
}
