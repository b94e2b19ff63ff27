//! Values that must not be seen: [`Secret`] owns one and wipes it.
//!
//! A leaf: imports nothing of ours. A `Secret` has no `Debug`, `Display`, `Clone` or `Serialize`, so a
//! structure that holds one cannot be logged by accident; [`Secret::expose`] is the one greppable way in,
//! and `tests/architecture.rs` lists the files that may call it.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// A value that is wiped when dropped and read only through [`Secret::expose`].
pub struct Secret<T: Zeroize>(Zeroizing<T>);

/// Secret text: a token, a client secret, an age identity.
pub type SecretString = Secret<String>;

/// Secret bytes: a private key, the plaintext of a sealed value.
pub type SecretBytes = Secret<Vec<u8>>;

impl<T: Zeroize> Secret<T> {
    /// Takes ownership of `value`; the caller keeps no copy.
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }

    /// Lends the value. Every caller is on the list in `tests/architecture.rs`.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + AsRef<[u8]>> Secret<T> {
    /// Compares in constant time (for equal lengths).
    pub fn matches(&self, other: &[u8]) -> bool {
        self.0.as_ref().ct_eq(other).into()
    }
}

impl Secret<Vec<u8>> {
    /// Turns UTF-8 bytes into secret text; `None`, with the bytes wiped, if they are not UTF-8.
    pub fn into_text(mut self) -> Option<SecretString> {
        match String::from_utf8(std::mem::take(&mut *self.0)) {
            Ok(text) => Some(Secret::new(text)),
            Err(error) => {
                error.into_bytes().zeroize();
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_by_content() {
        let secret = Secret::new(String::from("hunter2"));
        assert!(secret.matches(b"hunter2"));
        assert!(!secret.matches(b"hunter3"));
        assert!(!secret.matches(b"hunter"));
    }

    #[test]
    fn text_must_be_utf8() {
        assert!(Secret::new(vec![0xff]).into_text().is_none());
        assert!(Secret::new(b"ok".to_vec()).into_text().is_some_and(|text| text.expose() == "ok"));
    }
}
