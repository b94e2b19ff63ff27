//! The algorithms that tokens may be signed with; there is no `none` and nothing symmetric to come out of this.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::ids::InvalidName;
use crate::domain::key::KeyAlgorithm;
use crate::domain::signer::Scheme;

/// What a token is signed with (RFC 7518 section 3.1). A key has one of them for all of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are the registered names")]
pub enum JwsAlgorithm {
    RS256,
    PS256,
    ES256,
}

impl JwsAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::RS256, Self::PS256, Self::ES256];

    /// The registered name, as in the JOSE header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
        }
    }

    /// The kind of key that is made for it.
    pub const fn key(self) -> KeyAlgorithm {
        match self {
            Self::RS256 | Self::PS256 => KeyAlgorithm::Rsa3072,
            Self::ES256 => KeyAlgorithm::EcP256,
        }
    }

    /// How such a key signs.
    pub const fn scheme(self) -> Scheme {
        match self {
            Self::RS256 => Scheme::RS256,
            Self::PS256 => Scheme::PS256,
            Self::ES256 => Scheme::ES256,
        }
    }
}

impl fmt::Display for JwsAlgorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl FromStr for JwsAlgorithm {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == text)
            .ok_or_else(|| InvalidName("must be RS256, PS256 or ES256".to_owned()))
    }
}
