//! What a recipient of a vault may do.

use std::fmt;
use std::str::FromStr;

use super::ids::InvalidName;

/// What a recipient may do; the difference is cryptographic (`architecture.md` section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Opens names, states and expiries.
    Viewer,
    /// Opens secrets, too, and is the only one who can write.
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

impl FromStr for Role {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text {
            "viewer" => Ok(Self::Viewer),
            "operator" => Ok(Self::Operator),
            _ => Err(InvalidName("must be viewer or operator".to_owned())),
        }
    }
}
