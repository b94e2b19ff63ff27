//! Recipients: who can open the vault, and how far.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a recipient may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees names and states.
    Viewer,
    /// Sees secrets too, and is the only one who can write.
    Operator,
}

impl Role {
    /// The word that users type and the vault stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// Somebody who can open the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The age or ssh-ed25519 public key, as text.
    pub public_key: String,
    /// What they may do.
    pub role: Role,
    /// Who it is; free text.
    pub label: Option<String>,
    /// Since when.
    pub added_at: Timestamp,
}
