//! What can keep a company from being found or changed.

use crate::domain::audit::AuditKind;
use crate::domain::ids::{CompanyId, ConnectionName};

/// A failure that is about a company.
#[derive(Debug, thiserror::Error)]
pub enum CompanyError {
    /// No company has the name or id (exit 3).
    #[error("there is no company `{name}`")]
    NotFound {
        /// What was asked for.
        name: String,
        /// The nearest name there is; foreign text.
        nearest: Option<String>,
    },
    /// Several have the name (exit 2: one must be named by its id).
    #[error("{} companies are called `{name}`", ids.len())]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// Their ids.
        ids: Vec<CompanyId>,
    },
    /// What was named is a connection that belongs to no company (exit 3).
    #[error("`{0}` is a connection that belongs to no company")]
    NoCompany(ConnectionName),
}

impl AuditKind for CompanyError {
    fn audit_kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } | Self::NoCompany(_) => "not-found",
            Self::Ambiguous { .. } => "usage",
        }
    }
}
