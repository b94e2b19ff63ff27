//! Adding many connections in one commit.

use crate::domain::audit::{Action, AuditEvent};
use crate::domain::connection::Connection;
use crate::vault::VaultError;

use super::connections::{self, NewConnection, Prepared};
use super::{OpsError, Session};

/// What came of one row.
#[derive(Debug)]
pub struct ImportedRow {
    /// The row's number in the file, starting at 1 (a CSV header does not count).
    pub row: usize,
    /// The connection as added, or why it was not.
    pub result: Result<Connection, OpsError>,
}

/// A row that was read, or why it cannot be.
#[derive(Debug)]
pub struct Row {
    /// Its number in the file.
    pub row: usize,
    /// What it says.
    pub parsed: Result<NewConnection, OpsError>,
}

/// Adds the connections of all good rows in one commit; a bad row is reported and keeps no other from being added.
///
/// With `dry_run` everything is checked and nothing stored.
pub fn import(session: &Session, rows: Vec<Row>, dry_run: bool) -> Result<Vec<ImportedRow>, OpsError> {
    let prepared: Vec<_> = rows
        .into_iter()
        .map(|row| {
            let checked = row.parsed.and_then(|new| connections::prepare(session, new));
            (row.row, checked)
        })
        .collect();
    let good = prepared.iter().filter(|(_, checked)| checked.is_ok()).count();
    if good == 0 || dry_run {
        return session.vault.read(|vault| {
            let mut seen = std::collections::BTreeSet::new();
            Ok(prepared
                .into_iter()
                .map(|(row, checked)| ImportedRow {
                    row,
                    result: checked.and_then(|Prepared { connection, .. }| {
                        connections::unused(vault, &connection)?;
                        if seen.insert(connection.name.clone()) {
                            Ok(connection)
                        } else {
                            Err(OpsError::NameTaken(connection.name))
                        }
                    }),
                })
                .collect())
        });
    }
    let added = || prepared.iter().filter_map(|(_, checked)| Some(&checked.as_ref().ok()?.connection));
    let mut trusted: Vec<_> =
        added().flat_map(|connection| connection.settings.trusted_hosts()).map(String::as_str).collect();
    trusted.sort_unstable();
    trusted.dedup();
    let mut event =
        AuditEvent::new(Action::ConnectionImport).with("count", good).on_all(added().map(|added| &added.id));
    if !trusted.is_empty() {
        event = event.with("trusted_hosts", trusted.join(" "));
    }
    session.vault.transact::<_, OpsError>(&event, |vault| {
        prepared
            .into_iter()
            .map(|(row, checked)| match checked.and_then(|prepared| connections::insert(vault, prepared)) {
                // A vault that fails is not one row's failure.
                Err(OpsError::Vault(error)) if !matches!(error, VaultError::Taken(_)) => Err(error.into()),
                result => Ok(ImportedRow { row, result }),
            })
            .collect()
    })
}
