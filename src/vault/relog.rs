//! Which audit log a vault goes on with that comes from elsewhere: a backup, or another machine.
//!
//! The vault anchors a record of the log that was beside it. If the log beside it now leads from there to its end, it
//! goes on, and the next commit anchors it as ever. If there is none, as on a new machine, one begins: the request of
//! whoever put the vault there is its first record and says, as detail `log_before`, where the log before it ended as
//! far as the vault knew; the vault remembers the same ([`LogBefore`]), so that `audit verify` can tell what it does not
//! cover. A log that is there and does not lead from the anchor (another vault's, cut off, rewritten) is evidence and
//! cannot be continued: it is moved to `vault.age.audit-…` as it is, and said so.

use jiff::Timestamp;

use super::audit_log::AuditLog;
use super::error::VaultError;
use super::file;
use super::generation::meta;
use super::rows::Rows;
use super::store::Vault;
use crate::domain::audit::{Action, AuditEvent, AuditHead};

/// The detail in which a new log's first record names the end of the one before.
const DETAIL: &str = "log_before";

/// A log that the vault was anchored in before the one beside it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogBefore {
    /// The last record of it that the vault knew of; there may have been more.
    pub sequence: u64,
    /// The hash of that record.
    pub hash: String,
    /// When the present log began.
    pub began_at: Timestamp,
}

impl Vault {
    /// Makes sure that the log beside the vault can be continued by a vault that anchors `anchor`, and returns `anchor`
    /// if it is of a log that is not there. The vault's lock must be held.
    pub(super) fn take_log_up(&self, anchor: &AuditHead) -> Result<Option<AuditHead>, VaultError> {
        match self.audit.verify_since(anchor, |_| ()) {
            Ok(()) => return Ok(None),
            Err(VaultError::AuditDamaged(_)) => {}
            Err(error) => return Err(VaultError::Audit(Box::new(error))),
        }
        if begins_after(&self.audit, anchor) {
            return Ok(Some(anchor.clone()));
        }
        let folder = self.location.audit();
        if folder.symlink_metadata().is_ok() {
            let aside = self.location.audit_aside();
            file::rename(&folder, &aside)?;
            file::sync_folder(self.location.folder())?;
            self.warn(format!(
                "the audit log that was here does not belong to this vault, or was tampered with: it is kept as {}",
                aside.display()
            ));
        }
        Ok(Some(anchor.clone()))
    }

    /// What the log beside the vault does not cover, if the vault was anchored in another one before.
    pub fn log_before(&self) -> Result<Option<LogBefore>, VaultError> {
        self.with(|generation| {
            let rows = generation.rows();
            let Some(sequence) = rows.meta(meta::LOG_BEFORE_SEQUENCE)? else { return Ok(None) };
            let damaged = || VaultError::damaged("what it says of the log before is not readable");
            Ok(Some(LogBefore {
                sequence: sequence.parse().map_err(|_| damaged())?,
                hash: rows.meta(meta::LOG_BEFORE_HASH)?.ok_or_else(damaged)?,
                began_at: rows
                    .meta(meta::LOG_BEGAN_AT)?
                    .and_then(|at| at.parse().ok())
                    .ok_or_else(damaged)?,
            }))
        })
    }
}

/// Whether the log is empty, or began when a vault that anchors `anchor` was put here, and holds together since.
fn begins_after(log: &AuditLog, anchor: &AuditHead) -> bool {
    let first = match log.records().map(|mut records| records.next()) {
        Ok(None) => return true,
        Ok(Some(Ok(first))) => first,
        Ok(Some(Err(_))) | Err(_) => return false,
    };
    let puts_it_here = [Action::VaultRestore, Action::VaultMoveHome].map(Action::as_str);
    puts_it_here.contains(&first.action.as_str())
        && first.details.get(DETAIL).is_some_and(|named| *named == detail(anchor))
        && log.verify(None).is_ok()
}

fn detail(before: &AuditHead) -> String {
    format!("{}:{}", before.sequence, before.hash)
}

/// Names the log before, if there is one, in the event that the new one begins with.
pub(super) fn with_log_before(event: AuditEvent, before: Option<&AuditHead>) -> AuditEvent {
    match before {
        Some(before) => event.with(DETAIL, detail(before)),
        None => event,
    }
}

/// Remembers the log before, if there is one, in the vault.
pub(super) fn store_log_before(
    rows: &Rows<'_>,
    before: Option<&AuditHead>,
    now: Timestamp,
) -> Result<(), VaultError> {
    let Some(before) = before else { return Ok(()) };
    rows.set_meta(meta::LOG_BEFORE_SEQUENCE, &before.sequence.to_string())?;
    rows.set_meta(meta::LOG_BEFORE_HASH, &before.hash)?;
    rows.set_meta(meta::LOG_BEGAN_AT, &now.to_string())
}
