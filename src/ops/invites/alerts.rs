//! What was suspicious, out of the audit log.

use jiff::Timestamp;

use crate::domain::audit::{Action, AuditFilter, SubjectKind};
use crate::domain::invitation::Suspicion;

use super::super::history::closed;
use super::super::{OpsError, Session};

/// Something that somebody should know.
#[derive(Debug)]
pub struct Alert {
    /// When.
    pub at: Timestamp,
    /// What, by the word that the log has; a later version's may mean nothing here.
    pub reason: String,
    /// What it means, where it is known here.
    pub meaning: Option<&'static str>,
    /// The invitation that it is about, if it is about one.
    pub invitation: Option<String>,
    /// The keyed hash of the address that it came from: the same for the same address.
    pub address: Option<String>,
    /// A word that says more.
    pub detail: Option<String>,
}

/// Returns what was suspicious since then, oldest first.
pub fn alerts(session: &Session, since: Option<Timestamp>) -> Result<Vec<Alert>, OpsError> {
    let action = Some(Action::InvitationSuspicious.as_str().to_owned());
    let filter = AuditFilter { since, subjects: Vec::new(), action };
    let entries = session.vault.audit().entries(&filter).map_err(closed)?;
    Ok(entries
        .into_iter()
        .map(|entry| {
            let mut record = entry.record;
            let reason = record.details.remove("reason").unwrap_or_default();
            Alert {
                at: record.at,
                meaning: Suspicion::named(&reason).map(Suspicion::meaning),
                reason,
                invitation: record
                    .subjects
                    .into_iter()
                    .find(|subject| subject.is(SubjectKind::Invitation))
                    .map(|subject| subject.id),
                address: record.details.remove("address"),
                detail: record.details.remove("detail"),
            }
        })
        .collect())
}
