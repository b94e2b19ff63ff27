//! A key: a private key's public side, with its certificate and the id that the vendor gave it.
//!
//! The private key itself stays sealed in the vault and is handed to `oauth` as a `Secret`; nothing here holds it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{CertificateId, ConnectionId, InvalidName, KeyId};
use super::settings::SigningAlgorithm;

/// What kind of key pair it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyAlgorithm {
    /// RSA with a modulus of 4096 bits.
    #[serde(rename = "rsa-4096")]
    Rsa4096,
    /// RSA with a modulus of 3072 bits.
    #[serde(rename = "rsa-3072")]
    Rsa3072,
    /// NIST P-256.
    #[serde(rename = "ec-p256")]
    EcP256,
    /// NIST P-384.
    #[serde(rename = "ec-p384")]
    EcP384,
}

impl KeyAlgorithm {
    /// The word that users type and the vault stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rsa4096 => "rsa-4096",
            Self::Rsa3072 => "rsa-3072",
            Self::EcP256 => "ec-p256",
            Self::EcP384 => "ec-p384",
        }
    }

    /// The assertion algorithm used unless a setting names another.
    pub fn default_signing(self) -> SigningAlgorithm {
        match self {
            Self::Rsa4096 | Self::Rsa3072 => SigningAlgorithm::PS256,
            Self::EcP256 => SigningAlgorithm::ES256,
            Self::EcP384 => SigningAlgorithm::ES384,
        }
    }

    /// Whether a key of this kind can sign with `algorithm`.
    pub fn signs(self, algorithm: SigningAlgorithm) -> bool {
        match self {
            Self::Rsa4096 | Self::Rsa3072 => {
                matches!(
                    algorithm,
                    SigningAlgorithm::PS256
                        | SigningAlgorithm::PS384
                        | SigningAlgorithm::PS512
                        | SigningAlgorithm::RS256
                        | SigningAlgorithm::RS384
                        | SigningAlgorithm::RS512
                )
            }
            Self::EcP256 => algorithm == SigningAlgorithm::ES256,
            Self::EcP384 => algorithm == SigningAlgorithm::ES384,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl FromStr for KeyAlgorithm {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        [Self::Rsa4096, Self::Rsa3072, Self::EcP256, Self::EcP384]
            .into_iter()
            .find(|algorithm| algorithm.as_str() == text)
            .ok_or_else(|| InvalidName("must be rsa-4096, rsa-3072, ec-p256 or ec-p384".to_owned()))
    }
}

/// Where a key stands (`architecture.md` section 5). A destroyed or aborted key has no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Made, not yet proven to be accepted by the vendor.
    Pending,
    /// Signs every assertion.
    Active,
    /// Signed until the last switch; kept for going back.
    Previous,
}

impl KeyState {
    /// The word that users type and the vault stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Previous => "previous",
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl FromStr for KeyState {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        [Self::Pending, Self::Active, Self::Previous]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| InvalidName("must be pending, active or previous".to_owned()))
    }
}

/// An X.509 certificate with what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// One `CERTIFICATE` block, exported byte for byte: it never changes once it was stored.
    pub pem: String,
    /// What it says.
    pub facts: CertificateFacts,
}

/// What an X.509 certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// SHA-256 of the DER encoding, 64 lower-case hexadecimal digits.
    pub fingerprint: String,
    /// Subject as RFC 4514 text; foreign text when imported.
    pub subject: String,
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity by the certificate itself; the vendor may stop earlier (`providers::vendor_expiry`).
    pub not_after: Timestamp,
}

/// One key of a connection, without its private half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Stable and opaque.
    pub id: KeyId,
    /// Whose key it is.
    pub connection: ConnectionId,
    /// Where it stands.
    pub state: KeyState,
    /// What kind of pair it is.
    pub algorithm: KeyAlgorithm,
    /// The public side, as the vendor sees it.
    pub certificate: CertificateFacts,
    /// The id that the vendor gave the certificate; without it nothing can be signed.
    pub certificate_id: Option<CertificateId>,
    /// When it was made or imported.
    pub created_at: Timestamp,
    /// When it last became active.
    pub activated_at: Option<Timestamp>,
    /// When an operator who could read it was removed or demoted: it should be rotated.
    pub exposed_at: Option<Timestamp>,
}
