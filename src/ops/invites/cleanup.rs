//! What becomes of old invitations: they expire, and personal data goes.

use jiff::{SignedDuration, Timestamp};

use crate::domain::audit::{Action, AuditEvent};
use crate::domain::invitation::{Invitation, State};
use crate::vault::{InvitationFilter, Rows};

use super::super::{OpsError, Session};
use super::{about, stored_issuer};

/// What was cleaned up, or would be.
#[derive(Debug)]
pub struct Cleaned {
    /// Those that expired.
    pub expired: Vec<Invitation>,
    /// Those whose personal data was erased.
    pub erased: Vec<Invitation>,
    /// How long personal data is kept, in days.
    pub retention_days: u32,
}

/// Writes down what expired, and erases the personal data of what ended longer ago than the issuer keeps it.
///
/// The audit trail still verifies: it never held any.
pub fn cleanup(session: &Session, dry_run: bool) -> Result<Cleaned, OpsError> {
    session.vault.require_writable()?;
    let now = session.clock.now();
    let planned = session.vault.read(|rows| plan(rows, now))?;
    if dry_run || (planned.expired.is_empty() && planned.erased.is_empty()) {
        return Ok(planned);
    }
    let ids = planned.expired.iter().chain(&planned.erased).map(|invitation| &invitation.id);
    let event = about(AuditEvent::new(Action::InvitationCleanup), ids)
        .with("expired", planned.expired.len())
        .with("erased", planned.erased.len());
    session.vault.transact::<_, OpsError>(&event, |rows| {
        let plan = plan(rows, now)?;
        for before in &plan.expired {
            let mut after = before.clone();
            after.enter(State::Expired, before.expires_at);
            rows.move_invitation(before, &after)?;
        }
        for invitation in &plan.erased {
            rows.erase_invitation(&invitation.id, now)?;
        }
        // The hashed addresses of old accesses are personal data as well.
        let issuer = stored_issuer(rows)?;
        let mut window = rows.access_window()?;
        window.prune(now);
        rows.put_access_window(&issuer.owner, &window)?;
        Ok(plan)
    })
}

fn plan(rows: &Rows<'_>, now: Timestamp) -> Result<Cleaned, OpsError> {
    let retention_days = stored_issuer(rows)?.settings.retention_days;
    let retention = SignedDuration::from_hours(24 * i64::from(retention_days));
    let all = rows.invitations(&InvitationFilter::default(), now)?;
    let over =
        |invitation: &&Invitation| invitation.state_at(now) == State::Expired && !invitation.state.is_final();
    let old = |invitation: &&Invitation| {
        let ended = invitation.steps.ended_at.unwrap_or(invitation.expires_at);
        invitation.state_at(now).is_final()
            && invitation.erased_at.is_none()
            && now.duration_since(ended) >= retention
    };
    Ok(Cleaned {
        expired: all.iter().filter(over).cloned().collect(),
        erased: all.iter().filter(old).cloned().collect(),
        retention_days,
    })
}
