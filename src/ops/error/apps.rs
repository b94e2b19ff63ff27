//! What can keep an app from being added, changed or removed.

use crate::domain::audit::AuditKind;
use crate::domain::counted::counted;
use crate::domain::ids::AppName;

/// A failure that is about an app.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// No app has the name (exit 3).
    #[error("there is no app `{name}`")]
    NotFound {
        /// What was asked for.
        name: AppName,
        /// The nearest name there is.
        nearest: Option<AppName>,
    },
    /// The name is taken (exit 5).
    #[error("there is an app `{0}` already")]
    NameTaken(AppName),
    /// Its way to prove who it is needs a client secret (exit 2).
    #[error("the app `{0}` needs a client secret")]
    NoClientSecret(AppName),
    /// Somebody else changed it while its new keys were being proven (exit 5).
    #[error("the app `{0}` was changed by somebody else meanwhile")]
    Changed(AppName),
    /// There are no previous keys to go back to (exit 5).
    #[error("the app `{0}` has no previous keys")]
    NoPreviousKeys(AppName),
    /// A grant belongs to the client id that it was given to (exit 5).
    #[error(
        "`{name}` has grants of {}, given to its client id: another one cannot use them",
        counted(holders, "connection")
    )]
    WouldOrphan {
        /// Which app.
        name: AppName,
        /// How many connections hold a grant.
        holders: usize,
    },
    /// Connections belong to it (exit 5).
    #[error("the app `{name}` is used by {}", counted(connections, "connection"))]
    InUse {
        /// Which app.
        name: AppName,
        /// How many.
        connections: u64,
    },
}

impl AuditKind for AppError {
    fn audit_kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not-found",
            Self::NoClientSecret(_) => "usage",
            Self::NameTaken(_)
            | Self::Changed(_)
            | Self::NoPreviousKeys(_)
            | Self::WouldOrphan { .. }
            | Self::InUse { .. } => "conflict",
        }
    }
}
