//! Private keys that sign: imported once, used often, never copied.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
    RsaKeyPair,
};

use crate::domain::key::KeyAlgorithm;
use crate::domain::settings::SigningAlgorithm;
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

/// A private key in the form that the cryptographic provider signs with.
///
/// jsonwebtoken parses and checks the key again for every signature and keeps a copy of it; a held key signs in
/// about half of the time, and its memory is the provider's, which wipes it when freed.
pub struct SigningKey {
    algorithm: KeyAlgorithm,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl SigningKey {
    /// Imports a PKCS#8 DER private key; fails if it is not of the kind `algorithm`.
    pub fn from_pkcs8(algorithm: KeyAlgorithm, private_key: &SecretBytes) -> Result<Self, SigningError> {
        let unreadable = |_| SigningError::Unreadable(algorithm);
        let der = private_key.expose();
        let pair = match algorithm {
            KeyAlgorithm::Rsa4096 => Pair::Rsa(rsa(der, 4096).ok_or(SigningError::Unreadable(algorithm))?),
            KeyAlgorithm::Rsa3072 => Pair::Rsa(rsa(der, 3072).ok_or(SigningError::Unreadable(algorithm))?),
            KeyAlgorithm::EcP256 => {
                Pair::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map_err(unreadable)?)
            }
            KeyAlgorithm::EcP384 => {
                Pair::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der).map_err(unreadable)?)
            }
        };
        Ok(Self { algorithm, pair })
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// Returns the signature as JOSE wants it: PSS with a salt of the hash's length (RFC 7518 section 3.5), or
    /// R and S side by side (section 3.4).
    pub fn sign(&self, algorithm: SigningAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        if !self.algorithm.signs(algorithm) {
            return Err(SigningError::WrongKind { key: self.algorithm, algorithm });
        }
        match &self.pair {
            Pair::Rsa(pair) => {
                let padding: &'static dyn RsaEncoding = match algorithm {
                    SigningAlgorithm::PS384 => &RSA_PSS_SHA384,
                    SigningAlgorithm::PS512 => &RSA_PSS_SHA512,
                    SigningAlgorithm::RS256 => &RSA_PKCS1_SHA256,
                    SigningAlgorithm::RS384 => &RSA_PKCS1_SHA384,
                    SigningAlgorithm::RS512 => &RSA_PKCS1_SHA512,
                    SigningAlgorithm::PS256 | SigningAlgorithm::ES256 | SigningAlgorithm::ES384 => {
                        &RSA_PSS_SHA256
                    }
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| SigningError::Provider)?;
                Ok(signature)
            }
            Pair::Ec(pair) => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SigningError::Provider),
        }
    }
}

fn rsa(der: &[u8], bits: usize) -> Option<RsaKeyPair> {
    RsaKeyPair::from_pkcs8(der).ok().filter(|pair| pair.public_modulus_len() * 8 == bits)
}
