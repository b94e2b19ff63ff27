//! What can keep a grant from bringing a token.

use jiff::Timestamp;

use crate::domain::audit::AuditKind;
use crate::domain::grant::{NotNow, ReconnectReason};
use crate::domain::ids::{AppName, ConnectionName, QuarantineId};
use crate::domain::verification::{Outcome, Stage};
use crate::oauth::ExchangeError;
use crate::vault::VaultError;

/// A failure that is about a connection's grant.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// Nobody has consented yet (exit 3).
    #[error("`{name}` has no grant yet")]
    Missing {
        /// Whose.
        name: ConnectionName,
        /// The app to log in with.
        app: AppName,
    },
    /// Its refresh token may not be sent now (exit 6), without a person (exit 4), or ever again (exit 4; 12 where it was
    /// given back).
    #[error("the grant of `{name}` cannot be used now")]
    NotNow {
        /// Whose.
        name: ConnectionName,
        /// The app to log in with.
        app: AppName,
        /// Why.
        #[source]
        why: NotNow,
    },
    /// The answer was lost: nobody knows whether the refresh token is still good (exit 6).
    #[error("the answer to the refresh of `{name}` was lost, so its grant is uncertain")]
    Lost {
        /// Whose.
        name: ConnectionName,
        /// When the first answer was lost.
        since: Timestamp,
        /// What came instead of an answer.
        #[source]
        source: Box<ExchangeError>,
    },
    /// The vendor refused the refresh token; a second refusal, later, will be believed (exit 4).
    #[error("the vendor refused the refresh token of `{name}`, and nothing was given up yet")]
    RefusedOnce {
        /// Whose.
        name: ConnectionName,
        /// Its words.
        #[source]
        source: Box<ExchangeError>,
    },
    /// The grant is over: a person must consent again (exit 4).
    #[error("`{name}` must be connected again: {reason}")]
    Over {
        /// Whose.
        name: ConnectionName,
        /// The app to log in with.
        app: AppName,
        /// Why.
        reason: ReconnectReason,
        /// The vendor's words.
        #[source]
        source: Box<ExchangeError>,
    },
    /// The vendor refuses many connections of one app at once: no grant is to blame (exit 6).
    #[error("{refused} other connections of `{app}` were refused within minutes: no grant was given up")]
    Incident {
        /// Which app.
        app: AppName,
        /// How many others were refused.
        refused: usize,
        /// The vendor's words.
        #[source]
        source: Box<ExchangeError>,
    },
    /// The connection has a grant that may be good (exit 5).
    #[error("`{0}` holds a grant already")]
    Holds(ConnectionName),
    /// The grant is for another of the customer's accounts (exit 5).
    #[error("`{name}` is for {expected}, and the grant is for {found}")]
    OtherRealm {
        /// Whose.
        name: ConnectionName,
        /// The account that the connection is for.
        expected: String,
        /// The account that the grant is for.
        found: String,
    },
    /// No grant is kept apart under this id (exit 3).
    #[error("no grant is quarantined as {0}")]
    NotQuarantined(QuarantineId),
    /// A quarantined grant belongs to another app or account than the connection (exit 5).
    #[error("the quarantined grant does not belong to `{name}`: it is for {}", realm.as_deref().unwrap_or("another app"))]
    Elsewhere {
        /// The connection.
        name: ConnectionName,
        /// The account that the grant is for.
        realm: Option<String>,
    },
    /// The vendor answered and the answer could not be stored (exit 8): the grant is uncertain.
    #[error("the vendor gave `{name}` a new refresh token and it could not be stored")]
    NotStored {
        /// Whose.
        name: ConnectionName,
        /// What stood in the way.
        #[source]
        source: VaultError,
    },
}

impl GrantError {
    /// How far an exchange came that ended like this, and what that means.
    pub(super) fn verdict(&self) -> (Stage, Outcome) {
        match self {
            Self::Missing { .. } | Self::NotQuarantined(_) => (Stage::Load, Outcome::Missing),
            Self::Holds(_) | Self::OtherRealm { .. } | Self::Elsewhere { .. } => {
                (Stage::Load, Outcome::Conflict)
            }
            Self::NotNow { why, .. } => (Stage::Load, outcome_of(why)),
            Self::Lost { .. } | Self::Incident { .. } => (Stage::Exchange, Outcome::Unreachable),
            Self::RefusedOnce { .. } | Self::Over { .. } => (Stage::Exchange, Outcome::Rejected),
            Self::NotStored { .. } => (Stage::Exchange, Outcome::Failed),
        }
    }

    /// What the vendor said, if it was asked.
    pub fn exchange(&self) -> Option<&ExchangeError> {
        match self {
            Self::Lost { source, .. }
            | Self::RefusedOnce { source, .. }
            | Self::Over { source, .. }
            | Self::Incident { source, .. } => Some(source),
            _ => None,
        }
    }
}

fn outcome_of(why: &NotNow) -> Outcome {
    match why {
        NotNow::Wait { .. } => Outcome::Unreachable,
        NotNow::Undecided { .. } | NotNow::Reconnect(_) => Outcome::Rejected,
        NotNow::Revoked { .. } => Outcome::Expired,
    }
}

impl AuditKind for GrantError {
    fn audit_kind(&self) -> &'static str {
        match self {
            Self::NotStored { source, .. } => source.audit_kind(),
            other => super::kind_of(other.verdict().1),
        }
    }
}
