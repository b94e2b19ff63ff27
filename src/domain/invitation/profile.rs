//! The two kinds of token, which are never blended.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::ids::InvalidName;
use crate::domain::jws::JwsAlgorithm;

/// Who is to verify the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Any JOSE library (RFC 8725, RFC 9068).
    Standard,
    /// SAP's libraries (`vendors.md` 4.2 and 4.3).
    Xsuaa,
}

impl Profile {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Standard, Self::Xsuaa];

    /// The word that users type and the vault stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Xsuaa => "xsuaa",
        }
    }

    /// What the header's `typ` says: a type of its own where the readers allow one (RFC 8725 section 3.11).
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Standard => "invitation+jwt",
            Self::Xsuaa => "JWT",
        }
    }

    /// The algorithms that its readers know, the default first; one foreign key makes SAP's readers drop the set.
    pub const fn algorithms(self) -> &'static [JwsAlgorithm] {
        match self {
            Self::Standard => &[JwsAlgorithm::ES256, JwsAlgorithm::PS256],
            Self::Xsuaa => &[JwsAlgorithm::RS256],
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl FromStr for Profile {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.as_str() == text)
            .ok_or_else(|| InvalidName("must be standard or xsuaa".to_owned()))
    }
}
