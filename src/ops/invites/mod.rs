//! Invitations: the issuer and its keys, minting, steps, checks, alerts, clean-up.
//!
//! A step that changes a state is one compare-and-set inside the vault's transaction. Accesses are counted in the
//! journal under a lock of their own (order: this lock → vault → audit). What is suspicious is one line in the audit
//! log, which holds ids and keyed hashes of addresses only.

mod alerts;
mod check;
mod cleanup;
pub mod error;
mod find;
mod issuer;
mod keys;
mod mint;
mod person;
mod steps;

pub use alerts::{Alert, alerts};
pub use check::{CheckRequest, Checked, Expected, check, check_alone, fetch_keys};
pub use cleanup::{Cleaned, cleanup};
pub use error::InviteError;
pub use find::{Found, Selector, list, show};
pub use issuer::{Issuer, IssuerSet, issuer, set_issuer};
pub use keys::{RevokedKey, Rotated, key_set, keys, revoke_key, rotate_key};
pub use mint::{MintRequest, MintRow, Minted, mint, mint_many};
pub use person::Person;
pub use steps::{Moved, MovedMany, Presented, access, advance, move_many, plan_step};

use jiff::Timestamp;

use crate::domain::audit::{Action, AuditEvent, SubjectKind};
use crate::domain::ids::InvitationId;
use crate::domain::invitation::Suspicion;
use crate::domain::invitation::key::InvitationKey;
use crate::domain::invitation::search::Searcher;
use crate::domain::invitation::window::AddressHash;
use crate::vault::{Rows, StoredIssuer, VaultError};

use super::{OpsError, Session};

/// Returns the issuer; without one there are no invitations.
fn stored_issuer(rows: &Rows<'_>) -> Result<StoredIssuer, OpsError> {
    Ok(rows.issuer()?.ok_or(InviteError::NoIssuer)?)
}

/// The issuer with its keys, and what finds addresses.
struct Desk {
    issuer: StoredIssuer,
    keys: Vec<InvitationKey>,
    searcher: Searcher,
}

impl Desk {
    /// Reads all of it; an operator's alone.
    fn open(session: &Session) -> Result<Self, OpsError> {
        session.vault.read(|rows| {
            Ok(Self {
                issuer: stored_issuer(rows)?,
                keys: rows.invitation_keys()?,
                searcher: Searcher::new(&rows.search_key()?),
            })
        })
    }
}

/// What is suspicious, and what it is about.
#[derive(Debug, Clone, Copy)]
struct Suspect<'a> {
    what: Suspicion,
    invitation: Option<&'a InvitationId>,
    address: Option<&'a AddressHash>,
    /// A word that says more.
    detail: Option<&'a str>,
}

/// Leaves a line in the audit log: one, and not synced, so that nobody can wear the disk out with bad tokens.
fn tell(session: &Session, suspect: Suspect<'_>) -> Result<(), OpsError> {
    let mut event = AuditEvent::new(Action::InvitationSuspicious).with("reason", suspect.what);
    if let Some(id) = suspect.invitation {
        event = event.about(SubjectKind::Invitation, id);
    }
    if let Some(address) = suspect.address {
        event = event.with("address", &address.0);
    }
    if let Some(detail) = suspect.detail {
        event = event.with("detail", detail);
    }
    Ok(session.vault.audit().release(&event, &session.vault.actor()?)?)
}

/// The subjects of an event about many.
fn about<'a>(event: AuditEvent, ids: impl IntoIterator<Item = &'a InvitationId>) -> AuditEvent {
    ids.into_iter().fold(event, |event, id| event.about(SubjectKind::Invitation, id))
}

/// Whole seconds: the precision of a token's times.
fn to_the_second(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// A row that was there in this transaction and is not any more.
fn gone() -> OpsError {
    VaultError::Gone("invitation").into()
}
