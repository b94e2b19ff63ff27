//! Sealed values: age files of their own inside the vault, readable by operators only.
//!
//! The plaintext begins with a line that says what the value is, so that a value moved to another row or
//! column does not open there.

use std::io::{Read, Write};

use age::x25519;

use super::error::VaultError;
use crate::secret::{Secret, SecretBytes};

/// Seals to the vault's secrets identity and, in an operator's hands, opens.
pub struct Sealer {
    recipient: x25519::Recipient,
    identity: Option<x25519::Identity>,
}

impl Sealer {
    /// A sealer that opens, too: an operator's.
    pub fn operator(identity: x25519::Identity) -> Self {
        Self { recipient: identity.to_public(), identity: Some(identity) }
    }

    /// A sealer that cannot open: a viewer's.
    pub fn viewer(recipient: x25519::Recipient) -> Self {
        Self { recipient, identity: None }
    }

    /// The public half of the secrets identity.
    pub(super) fn recipient(&self) -> &x25519::Recipient {
        &self.recipient
    }

    /// Returns `value` as an age file for the operators; `context` must be repeated to open it.
    pub fn seal(&self, context: &str, value: &[u8]) -> Result<Vec<u8>, VaultError> {
        seal_to(std::iter::once(&self.recipient as &dyn age::Recipient), context, value)
    }

    /// Opens a value that was sealed under the same `context`.
    ///
    /// Fails with [`VaultError::NotOperator`] in a viewer's hands and with [`VaultError::Damaged`] if the value
    /// does not belong here.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<SecretBytes, VaultError> {
        let identity = self.identity.as_ref().ok_or(VaultError::NotOperator)?;
        open_with(std::iter::once(identity as &dyn age::Identity), context, sealed)
    }
}

/// Returns `value`, behind a line that says `context`, as an age file for `recipients`.
pub(super) fn seal_to<'a>(
    recipients: impl Iterator<Item = &'a dyn age::Recipient>,
    context: &str,
    value: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let encryptor = age::Encryptor::with_recipients(recipients).map_err(VaultError::seal)?;
    let mut sealed = Vec::with_capacity(value.len() + 256);
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(VaultError::seal)?;
    writer
        .write_all(context.as_bytes())
        .and_then(|()| writer.write_all(b"\n"))
        .and_then(|()| writer.write_all(value))
        .and_then(|()| writer.finish().map(drop))
        .map_err(VaultError::seal)?;
    Ok(sealed)
}

/// Opens what [`seal_to`] made with one of `identities`, if it was made under the same `context`.
pub(super) fn open_with<'a>(
    identities: impl Iterator<Item = &'a dyn age::Identity>,
    context: &str,
    sealed: &[u8],
) -> Result<SecretBytes, VaultError> {
    let damaged = || VaultError::damaged(format!("the sealed value `{context}` does not open"));
    let decryptor = age::Decryptor::new(sealed).map_err(|_| damaged())?;
    let mut reader = decryptor.decrypt(identities).map_err(|_| damaged())?;
    // One allocation that is never outgrown: a reallocation would leave a copy behind.
    let mut plain = zeroize::Zeroizing::new(Vec::with_capacity(sealed.len()));
    reader.read_to_end(&mut plain).map_err(|_| damaged())?;
    let value = plain
        .strip_prefix(context.as_bytes())
        .and_then(|rest| rest.strip_prefix(b"\n"))
        .ok_or_else(damaged)?;
    Ok(Secret::new(value.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_in_its_own_place() {
        let sealer = Sealer::operator(x25519::Identity::generate());
        let value = sealer.seal("key/1/private", b"secret").unwrap();
        assert_eq!(sealer.open("key/1/private", &value).unwrap().expose(), b"secret");
        assert!(matches!(sealer.open("key/2/private", &value), Err(VaultError::Damaged(_))));
    }

    #[test]
    fn a_viewer_seals_but_does_not_open() {
        let identity = x25519::Identity::generate();
        let viewer = Sealer::viewer(identity.to_public());
        let sealed = viewer.seal("x", b"secret").unwrap();
        assert!(matches!(viewer.open("x", &sealed), Err(VaultError::NotOperator)));
        assert_eq!(Sealer::operator(identity).open("x", &sealed).unwrap().expose(), b"secret");
    }
}
