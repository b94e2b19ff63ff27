//! Recipients: the public keys that can open the vault, and what each may do.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::error::VaultError;
use super::trailer::sha256;
use crate::domain::ids::hex;
pub use crate::domain::role::Role;

/// A public key that the vault can be encrypted to: native age (X25519) or ssh-ed25519.
#[derive(Clone)]
pub struct RecipientKey {
    text: String,
    key: Key,
}

#[derive(Clone)]
enum Key {
    Native(age::x25519::Recipient),
    Ssh(age::ssh::Recipient),
}

impl RecipientKey {
    /// The canonical text: `age1…`, or `ssh-ed25519 AAAA…` without the comment.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the audit log calls it: the first 16 bytes of SHA-256 of the canonical text, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        hex(&sha256(self.text.as_bytes())[..16])
    }

    /// The key as age wants it.
    pub(in crate::vault) fn as_age(&self) -> &dyn age::Recipient {
        match &self.key {
            Key::Native(key) => key,
            Key::Ssh(key) => key,
        }
    }
}

impl From<age::x25519::Recipient> for RecipientKey {
    fn from(key: age::x25519::Recipient) -> Self {
        Self { text: key.to_string(), key: Key::Native(key) }
    }
}

impl TryFrom<age::ssh::Recipient> for RecipientKey {
    type Error = VaultError;

    fn try_from(key: age::ssh::Recipient) -> Result<Self, VaultError> {
        match &key {
            age::ssh::Recipient::SshEd25519(..) => Ok(Self { text: key.to_string(), key: Key::Ssh(key) }),
            age::ssh::Recipient::SshRsa(..) => Err(refuse_ssh_rsa()),
        }
    }
}

/// Why: age wraps for ssh-rsa with RSA-OAEP, whose implementation has a timing side channel (RUSTSEC-2023-0071).
pub(super) fn refuse_ssh_rsa() -> VaultError {
    VaultError::Recipient("ssh-rsa keys are not accepted; use an age key or an ssh-ed25519 key".to_owned())
}

impl FromStr for RecipientKey {
    type Err = VaultError;

    fn from_str(text: &str) -> Result<Self, VaultError> {
        let refuse = |why: &str| Err(VaultError::Recipient(why.to_owned()));
        let text = text.trim();
        if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") || text.contains("PRIVATE KEY") {
            return refuse("this is a private key; a recipient is the public key that belongs to it");
        }
        if let Some(rest) = text.strip_prefix("ssh-") {
            if rest.starts_with("rsa ") {
                return Err(refuse_ssh_rsa());
            }
            let key = text.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
            return match key.parse::<age::ssh::Recipient>() {
                Ok(key) => Self::try_from(key),
                Err(_) => refuse("this is not a complete ssh-ed25519 public key"),
            };
        }
        match text.parse::<age::x25519::Recipient>() {
            Ok(key) => Ok(Self::from(key)),
            Err(_) => refuse("a recipient is `age1…` or `ssh-ed25519 AAAA…`"),
        }
    }
}

impl fmt::Display for RecipientKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Debug for RecipientKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl PartialEq for RecipientKey {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for RecipientKey {}

/// A recipient of a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The public key.
    pub key: RecipientKey,
    /// What it may do.
    pub role: Role,
    /// Whose it is; foreign text.
    pub label: Option<String>,
    /// Since when.
    pub added_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SSH: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN alice@rust";

    #[test]
    fn comments_do_not_make_another_recipient() {
        let with: RecipientKey = SSH.parse().unwrap();
        let without: RecipientKey = SSH.rsplit_once(' ').unwrap().0.parse().unwrap();
        assert_eq!(with, without);
        assert_eq!(with.fingerprint(), without.fingerprint());
    }

    #[test]
    fn refused_keys_say_why() {
        let secret = age::x25519::Identity::generate();
        let secret = age::secrecy::ExposeSecret::expose_secret(&secret.to_string()).to_owned();
        for (text, why) in [
            ("ssh-rsa AAAAB3NzaC1yc2E= a@b", "ssh-rsa"),
            (secret.as_str(), "private key"),
            ("ssh-ed25519 AAAA", "complete"),
            ("ecdsa-sha2-nistp256 AAAA", "age1"),
            ("age1yubikey1qwerty", "age1"),
            ("", "age1"),
        ] {
            let error = text.parse::<RecipientKey>().unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert!(!error.to_string().contains(&secret));
        }
    }
}
