//! Private keys that sign client assertions: `domain::signer` with the algorithms that vendors take.

use crate::domain::key::KeyAlgorithm;
use crate::domain::settings::SigningAlgorithm;
use crate::domain::signer::{Scheme, Signer, SignerError};
use crate::secret::SecretBytes;

/// Why a key does not sign (exit 9; it is found before the vendor is asked).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The private key is not what it is said to be.
    #[error("the private key is not a readable {0} key")]
    Unreadable(KeyAlgorithm),
    /// The setting asks for a signature that this kind of key cannot make.
    #[error("a key of kind {key} cannot sign with {algorithm}")]
    WrongKind {
        /// What the key is.
        key: KeyAlgorithm,
        /// What was asked for.
        algorithm: SigningAlgorithm,
    },
    /// The setting asks for a signature that the vendor does not accept.
    #[error("{vendor} does not accept assertions signed with {algorithm}")]
    NotAccepted {
        /// The vendor's name.
        vendor: &'static str,
        /// What was asked for.
        algorithm: SigningAlgorithm,
    },
    /// The assertion would live too long for the vendor, or too short to arrive.
    #[error("an assertion of {seconds} seconds is outside {min} to {max}")]
    Lifetime {
        /// What was asked for.
        seconds: u32,
        /// The shortest that makes sense.
        min: u32,
        /// The longest that the vendor accepts.
        max: u32,
    },
    /// The cryptographic provider failed.
    #[error("signing failed")]
    Provider,
}

/// A private key that signs assertions.
pub struct SigningKey(Signer);

impl SigningKey {
    /// Imports a PKCS#8 DER private key; fails if it is not of the kind `algorithm`.
    pub fn from_pkcs8(algorithm: KeyAlgorithm, private_key: &SecretBytes) -> Result<Self, SigningError> {
        Signer::from_pkcs8(algorithm, private_key).map(Self).map_err(|_| SigningError::Unreadable(algorithm))
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.0.algorithm()
    }

    /// Returns the signature as JOSE wants it.
    pub fn sign(&self, algorithm: SigningAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let key = self.algorithm();
        if !key.signs(algorithm) {
            return Err(SigningError::WrongKind { key, algorithm });
        }
        self.0.sign(scheme(algorithm), message).map_err(|error| match error {
            SignerError::WrongKind(key) => SigningError::WrongKind { key, algorithm },
            SignerError::Unreadable(_) | SignerError::Provider => SigningError::Provider,
        })
    }
}

fn scheme(algorithm: SigningAlgorithm) -> Scheme {
    match algorithm {
        SigningAlgorithm::RS256 => Scheme::RS256,
        SigningAlgorithm::RS384 => Scheme::RS384,
        SigningAlgorithm::RS512 => Scheme::RS512,
        SigningAlgorithm::PS256 => Scheme::PS256,
        SigningAlgorithm::PS384 => Scheme::PS384,
        SigningAlgorithm::PS512 => Scheme::PS512,
        SigningAlgorithm::ES256 => Scheme::ES256,
        SigningAlgorithm::ES384 => Scheme::ES384,
    }
}
