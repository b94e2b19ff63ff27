//! The key that signs commits and journal entries (Ed25519, RFC 8032); every operator holds it.

use aws_lc_rs::rand;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

use super::error::VaultError;
use crate::secret::{Secret, SecretBytes};

/// An Ed25519 key pair with its seed, which is what the vault stores.
pub(super) struct SigningKey {
    pair: Ed25519KeyPair,
    seed: SecretBytes,
    verify_key: [u8; 32],
}

impl SigningKey {
    /// Returns a fresh key.
    pub(super) fn generate() -> Result<Self, VaultError> {
        let mut seed = zeroize::Zeroizing::new(vec![0; 32]);
        rand::fill(&mut seed).map_err(VaultError::seal)?;
        Self::from_seed(Secret::new(std::mem::take(&mut *seed)))
    }

    /// Restores a key from its 32 bytes (RFC 8032 section 5.1.5).
    pub(super) fn from_seed(seed: SecretBytes) -> Result<Self, VaultError> {
        if seed.expose().len() != 32 {
            return Err(VaultError::damaged("the signing key is not 32 bytes long"));
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose())
            .map_err(|_| VaultError::damaged("the signing key is not an Ed25519 key"))?;
        let verify_key = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| VaultError::damaged("the verify key is not 32 bytes long"))?;
        Ok(Self { pair, seed, verify_key })
    }

    /// The 32 bytes that the key is restored from.
    pub(super) fn seed(&self) -> &SecretBytes {
        &self.seed
    }

    /// The public half.
    pub(super) fn verify_key(&self) -> &[u8; 32] {
        &self.verify_key
    }

    /// Returns the signature of `text`, 64 bytes.
    pub(super) fn sign(&self, text: &[u8]) -> Result<[u8; 64], VaultError> {
        let signature = self.pair.try_sign(text).map_err(VaultError::seal)?;
        signature.as_ref().try_into().map_err(VaultError::seal)
    }
}
