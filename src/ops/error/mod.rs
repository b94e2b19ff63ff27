//! What can keep an intention from being carried out; `commands::error` adds kinds, hints and exit codes.

mod apps;
mod companies;
mod grants;
mod login;

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use crate::domain::audit::AuditKind;
use crate::domain::certificate::CertificateError;
use crate::domain::ids::ConnectionName;
use crate::domain::key::{KeyAlgorithm, KeyState};
use crate::domain::keypair::KeyPairError;
use crate::domain::rotation::{Forbidden, Phase};
use crate::domain::settings::ClientAuthentication;
use crate::domain::verification::{Outcome, Stage};
use crate::oauth::{ClockSkew, ExchangeError};
use crate::providers::{EndpointError, PlanError, SettingsError};
use crate::vault::{Failure, VaultError};

pub use apps::AppError;
pub use companies::CompanyError;
pub use grants::GrantError;
pub use login::{KeptApart, LoginError};

use super::interact::NoAnswer;
use super::invites::InviteError;

/// A failure of an operation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpsError {
    /// The vault, its locks or its audit log.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Invitations.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// A question was needed and not answered (exit 2; 130 after Ctrl-C).
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// The audit log belongs to another account (exit 9).
    #[error("only the account that owns the vault can read its audit log")]
    AuditClosed,
    /// The vendor refused or did not answer.
    #[error(transparent)]
    Exchange(#[from] Box<ExchangeError>),
    /// An app.
    #[error(transparent)]
    App(#[from] AppError),
    /// A connection's grant.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// It is about a login.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// A company.
    #[error(transparent)]
    Company(#[from] CompanyError),
    /// A host that is not the vendor's, or a URL that cannot be used (exit 9).
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Settings that cannot be (exit 2).
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A private key cannot be made or taken over (exit 9: weak or unusable key).
    #[error(transparent)]
    KeyPair(#[from] KeyPairError),
    /// A certificate cannot be made or taken over.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// No connection has the name (exit 3).
    #[error("there is no connection `{name}`")]
    NoConnection {
        /// What was asked for.
        name: String,
        /// The nearest name there is.
        nearest: Option<String>,
    },
    /// No recipient has the public key, the fingerprint or the label (exit 3).
    #[error("there is no recipient `{name}`")]
    NoRecipient {
        /// What was asked for.
        name: String,
        /// The nearest label there is.
        nearest: Option<String>,
    },
    /// The name is taken (exit 5).
    #[error("there is a connection `{0}` already")]
    NameTaken(ConnectionName),
    /// A selection that matches nothing (exit 2).
    #[error("no connection matches")]
    EmptySelection,
    /// A step that the rotation state machine forbids (exit 5).
    #[error("{reason}")]
    Step {
        /// Whose keys.
        name: ConnectionName,
        /// Where they stand.
        phase: Phase,
        /// Why not.
        #[source]
        reason: Forbidden,
    },
    /// No key in the state that is needed (exit 3).
    #[error("`{name}` has no {state} key")]
    NoKey {
        /// Whose.
        name: ConnectionName,
        /// Which.
        state: KeyState,
    },
    /// The keys are not the ones that were proven: somebody else came between (exit 5).
    #[error("the keys of `{0}` were changed by somebody else meanwhile")]
    KeysChanged(ConnectionName),
    /// The certificate id of the key is not known, so nothing can be signed (exit 2).
    #[error("the certificate id of the {state} key is not known")]
    NoCertificateId {
        /// Whose.
        name: ConnectionName,
        /// Which.
        state: KeyState,
    },
    /// The connection is disabled (exit 5).
    #[error("`{0}` is disabled")]
    Disabled(ConnectionName),
    /// The connection's client proves itself otherwise: a key is of no use to it (exit 5).
    #[error("`{name}` has no use for a key: its client proves itself by {authentication}")]
    Keyless {
        /// Which.
        name: ConnectionName,
        /// How it proves itself.
        authentication: ClientAuthentication,
    },
    /// The vendor does not take this kind of key (exit 9).
    #[error("{provider} does not accept {algorithm} keys")]
    Algorithm {
        /// The vendor.
        provider: &'static str,
        /// The kind.
        algorithm: KeyAlgorithm,
    },
    /// The vendor's token shows another mapping than the one expected (exit 5).
    #[error("the certificate is mapped differently: {0}")]
    MappingDiffers(String),
    /// The certificate is not valid now (exit 12).
    #[error("the certificate expired at {expired_at}")]
    CertificateExpired {
        /// Whose.
        name: ConnectionName,
        /// When, by the vendor's rule.
        expired_at: Timestamp,
    },
    /// The clocks differ too much for a step that counts on them (exit 9).
    #[error("{0}, and nothing is destroyed before the clocks agree")]
    ClockSkew(ClockSkew),
    /// A value that cannot be (exit 2).
    #[error("{0}")]
    Invalid(String),
    /// Somebody else failed at the same thing a moment ago; it is not repeated (exit as theirs).
    #[error("another process failed at this a moment ago: {}", .0.error)]
    SharedFailure(Failure),
    /// The connection's lock was not free before the deadline (exit 7).
    #[error("connection `{name}` is locked by {holder}")]
    InUse {
        /// Which.
        name: ConnectionName,
        /// Process id, command and since when.
        holder: String,
    },
    /// The deadline came first (exit 6).
    #[error("the command's deadline came first")]
    OutOfTime,
    /// Only disabled connections match (exit 2).
    #[error("only disabled connections match: {}", names(.0))]
    OnlyDisabled(Vec<ConnectionName>),
    /// The vendor's tokens never live as long as was asked for (exit 2).
    #[error("tokens of `{name}` live {}: less than was asked for", in_minutes(*lifetime))]
    ShortLived {
        /// Whose.
        name: ConnectionName,
        /// How long they live.
        lifetime: SignedDuration,
    },
    /// There is no previous setting to go back to (exit 5).
    #[error("`{0}` has no previous settings")]
    NoPreviousSettings(ConnectionName),
    /// The identity file that `init` would make is there already (exit 9).
    #[error("{} is there already", .0.display())]
    IdentityExists(PathBuf),
}

fn names(names: &[ConnectionName]) -> String {
    names.iter().map(ConnectionName::as_str).collect::<Vec<_>>().join(", ")
}

fn in_minutes(lifetime: SignedDuration) -> String {
    format!("{} minutes", lifetime.as_mins())
}

impl From<PlanError> for OpsError {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Endpoint(error) => error.into(),
            PlanError::Settings(error) => error.into(),
        }
    }
}

impl OpsError {
    /// What the vendor said, if it was asked.
    pub fn exchange(&self) -> Option<&ExchangeError> {
        match self {
            Self::Exchange(error) => Some(error),
            Self::Grant(error) => error.exchange(),
            Self::Login(error) => error.exchange(),
            _ => None,
        }
    }

    /// How far an exchange came that ended like this, and what that means.
    pub fn verdict(&self) -> (Stage, Outcome) {
        match self {
            Self::Exchange(error) => (error.stage(), error.outcome()),
            Self::Grant(error) => error.verdict(),
            Self::Login(error) => error.verdict(),
            Self::MappingDiffers(_) => (Stage::Exchange, Outcome::Conflict),
            Self::NoKey { .. } | Self::NoCertificateId { .. } | Self::Keyless { .. } => {
                (Stage::Load, Outcome::Missing)
            }
            Self::Endpoint(_) => (Stage::Load, Outcome::Refused),
            Self::CertificateExpired { .. } => (Stage::Load, Outcome::Expired),
            _ => (Stage::Load, Outcome::Failed),
        }
    }
}

impl AuditKind for OpsError {
    fn audit_kind(&self) -> &'static str {
        match self {
            Self::Vault(error) => error.audit_kind(),
            Self::Invite(error) => error.audit_kind(),
            Self::App(error) => error.audit_kind(),
            Self::Grant(error) => error.audit_kind(),
            Self::Login(error) => error.audit_kind(),
            Self::Company(error) => error.audit_kind(),
            Self::NoAnswer(NoAnswer::Interrupted) => "interrupted",
            Self::NoAnswer(NoAnswer::Terminal(_)) => "failure",
            Self::Exchange(error) => kind_of(error.outcome()),
            Self::SharedFailure(failure) => kind_of(failure.outcome),
            Self::NoConnection { .. } | Self::NoRecipient { .. } | Self::NoKey { .. } => "not-found",
            Self::NameTaken(_)
            | Self::Step { .. }
            | Self::Disabled(_)
            | Self::Keyless { .. }
            | Self::MappingDiffers(_)
            | Self::KeysChanged(_)
            | Self::NoPreviousSettings(_) => "conflict",
            Self::OutOfTime => "unreachable",
            Self::InUse { .. } => "locked",
            Self::Endpoint(EndpointError::Missing { .. })
            | Self::NoAnswer(NoAnswer::NoPassphrase { .. } | NoAnswer::Unattended { .. })
            | Self::EmptySelection
            | Self::OnlyDisabled(_)
            | Self::ShortLived { .. }
            | Self::NoCertificateId { .. }
            | Self::KeyPair(KeyPairError::NotFound | KeyPairError::Encrypted | KeyPairError::Malformed)
            | Self::Certificate(
                CertificateError::NotFound | CertificateError::Malformed | CertificateError::Mismatch,
            )
            | Self::Settings(_)
            | Self::Invalid(_) => "usage",
            Self::AuditClosed
            | Self::Endpoint(_)
            | Self::KeyPair(_)
            | Self::Certificate(_)
            | Self::Algorithm { .. }
            | Self::ClockSkew(_)
            | Self::IdentityExists(_) => "refused",
            Self::CertificateExpired { .. } => "expired",
        }
    }
}

fn kind_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Missing => "not-found",
        Outcome::Rejected => "rejected",
        Outcome::Conflict => "conflict",
        Outcome::Unreachable => "unreachable",
        Outcome::Refused => "refused",
        Outcome::Expired => "expired",
        Outcome::Proven | Outcome::Failed => "failure",
    }
}
