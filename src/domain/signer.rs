//! Private keys that sign assertions and tokens: imported once, used often, never copied.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
    RsaKeyPair,
};

use super::key::KeyAlgorithm;
use crate::secret::SecretBytes;

/// A signature as RFC 7518 section 3.1 names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the registered names")]
pub enum Scheme {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
}

/// Why a key does not sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// The private key is not what it is said to be.
    #[error("the private key is not a readable {0} key")]
    Unreadable(KeyAlgorithm),
    /// This kind of key cannot make such a signature.
    #[error("a key of kind {0} cannot sign like this")]
    WrongKind(KeyAlgorithm),
    /// The cryptographic provider failed.
    #[error("signing failed")]
    Provider,
}

/// A private key in the form that the cryptographic provider signs with.
///
/// jsonwebtoken parses and checks the key again for every signature and keeps a copy of it; a held key signs in
/// about half of the time, and its memory is the provider's, which wipes it when freed.
pub struct Signer {
    algorithm: KeyAlgorithm,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl fmt::Debug for Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Signer").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl Signer {
    /// Imports a PKCS#8 DER private key; fails if it is not of the kind `algorithm`.
    pub fn from_pkcs8(algorithm: KeyAlgorithm, private_key: &SecretBytes) -> Result<Self, SignerError> {
        let unreadable = SignerError::Unreadable(algorithm);
        let der = private_key.expose();
        let pair = match algorithm {
            KeyAlgorithm::Rsa4096 => Pair::Rsa(rsa(der, 4096).ok_or(unreadable)?),
            KeyAlgorithm::Rsa3072 => Pair::Rsa(rsa(der, 3072).ok_or(unreadable)?),
            KeyAlgorithm::EcP256 => Pair::Ec(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map_err(|_| unreadable)?,
            ),
            KeyAlgorithm::EcP384 => Pair::Ec(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der).map_err(|_| unreadable)?,
            ),
        };
        Ok(Self { algorithm, pair })
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// Returns the signature as JOSE wants it: PSS with a salt of the hash's length (RFC 7518 section 3.5), or
    /// R and S side by side (section 3.4).
    pub fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        match (&self.pair, self.algorithm, scheme) {
            (Pair::Rsa(pair), _, scheme) => {
                let padding: &'static dyn RsaEncoding = match scheme {
                    Scheme::RS256 => &RSA_PKCS1_SHA256,
                    Scheme::RS384 => &RSA_PKCS1_SHA384,
                    Scheme::RS512 => &RSA_PKCS1_SHA512,
                    Scheme::PS256 => &RSA_PSS_SHA256,
                    Scheme::PS384 => &RSA_PSS_SHA384,
                    Scheme::PS512 => &RSA_PSS_SHA512,
                    Scheme::ES256 | Scheme::ES384 => return Err(SignerError::WrongKind(self.algorithm)),
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| SignerError::Provider)?;
                Ok(signature)
            }
            (Pair::Ec(pair), KeyAlgorithm::EcP256, Scheme::ES256)
            | (Pair::Ec(pair), KeyAlgorithm::EcP384, Scheme::ES384) => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SignerError::Provider),
            (Pair::Ec(_), ..) => Err(SignerError::WrongKind(self.algorithm)),
        }
    }
}

fn rsa(der: &[u8], bits: usize) -> Option<RsaKeyPair> {
    RsaKeyPair::from_pkcs8(der).ok().filter(|pair| pair.public_modulus_len() * 8 == bits)
}
