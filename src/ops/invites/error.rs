//! What can keep an invitation from being minted, used or found; `commands::error` adds kinds, hints and exit codes.

use jiff::Timestamp;

use crate::domain::audit::AuditKind;
use crate::domain::ids::InvitationId;
use crate::domain::invitation::issuer::IssuerError;
use crate::domain::invitation::state::Refused;
use crate::domain::invitation::window::Limit;
use crate::domain::jws::{KeySetError, Refusal};
use crate::domain::signer::SignerError;

/// A failure around invitations.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InviteError {
    /// Nobody said who issues (exit 5).
    #[error("no issuer is set, so there are no invitations")]
    NoIssuer,
    /// Settings that cannot be (exit 2).
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// No such invitation (exit 3).
    #[error("there is no invitation {0}")]
    NotFound(InvitationId),
    /// Nothing matches what was asked for (exit 3).
    #[error("no invitation matches")]
    NoneMatches,
    /// The token holds, and its invitation is not here (exit 3).
    #[error("the token holds, but its invitation `{0}` is not in this vault")]
    Unknown(String),
    /// The token is not believed (exit 4; 12 if it only expired).
    #[error("the token is refused")]
    Token(#[source] Refusal),
    /// The token holds, but it is not the one that was handed out (exit 4).
    #[error("the token is refused: its invitation was given another one")]
    NotTheToken,
    /// It was accessed too often (exit 4).
    #[error("the access is refused")]
    Limit(#[source] Limit),
    /// The step cannot be taken (exit 5; 12 if the invitation is over).
    #[error("invitation {id} cannot be moved")]
    Step {
        /// Which.
        id: InvitationId,
        /// Why.
        #[source]
        reason: Refused,
    },
    /// Somebody else moved it first (exit 5).
    #[error("invitation {0} was moved by somebody else meanwhile")]
    MovedMeanwhile(InvitationId),
    /// The address has as many open invitations as the issuer allows (exit 9).
    #[error("the address has {open} open invitations, and the issuer allows {allowed}")]
    TooManyOpen {
        /// How many there are.
        open: u32,
        /// How many there may be.
        allowed: u32,
    },
    /// A scope that the issuer does not give (exit 2).
    #[error("the issuer does not give the scope `{scope}`; it gives {}", known.join(", "))]
    Scope {
        /// What was asked for.
        scope: String,
        /// What there is.
        known: Vec<String>,
    },
    /// More claims, or more uses, than a token takes (exit 2).
    #[error("{0}")]
    TooMuch(String),
    /// No such signing key (exit 3).
    #[error("there is no signing key `{0}`")]
    NoKey(String),
    /// The key was revoked before (exit 5).
    #[error("signing key `{0}` is revoked already")]
    KeyRevoked(String),
    /// Readers may not know the next key yet (exit 5).
    #[error("the next key is published since {since}, and readers can be expected to know it from {from} on")]
    NotYetKnown {
        /// When it was made.
        since: Timestamp,
        /// When it may be used.
        from: Timestamp,
    },
    /// The keys are not the ones that were looked at: somebody else came between (exit 5).
    #[error("the signing keys were changed by somebody else meanwhile")]
    KeysChanged,
    /// A key cannot sign (exit 8: the vault holds it).
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// A set of keys that cannot be used (exit 2).
    #[error(transparent)]
    KeySet(#[from] KeySetError),
    /// The set of keys cannot be fetched (exit 6).
    #[error("cannot fetch the key set from {url}: {why}")]
    Unreachable {
        /// Where from.
        url: String,
        /// Why.
        why: String,
    },
    /// A URL that keys are not fetched from (exit 9).
    #[error("keys are fetched over https only, plain http from loopback alone")]
    PlainHttp,
}

impl AuditKind for InviteError {
    fn audit_kind(&self) -> &'static str {
        match self {
            Self::NotFound(_) | Self::NoneMatches | Self::Unknown(_) | Self::NoKey(_) => "not-found",
            Self::Token(Refusal::Expired { .. }) | Self::Step { reason: Refused::Over(_), .. } => "expired",
            Self::Token(_) | Self::NotTheToken | Self::Limit(_) => "rejected",
            Self::NoIssuer
            | Self::Step { .. }
            | Self::MovedMeanwhile(_)
            | Self::KeyRevoked(_)
            | Self::NotYetKnown { .. }
            | Self::KeysChanged => "conflict",
            Self::TooManyOpen { .. } | Self::PlainHttp => "refused",
            Self::Issuer(_) | Self::Scope { .. } | Self::TooMuch(_) | Self::KeySet(_) => "usage",
            Self::Signer(_) => "vault",
            Self::Unreachable { .. } => "unreachable",
        }
    }
}
