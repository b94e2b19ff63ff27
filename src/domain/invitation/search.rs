//! Keyed hashes: what e-mail and network addresses are found and compared by without being known.

use std::net::IpAddr;

use aws_lc_rs::hmac;

use super::email::Email;
use super::window::AddressHash;
use crate::domain::ids::hex;
use crate::secret::{Secret, SecretBytes};

/// The length of a search key: that of the hash (RFC 2104 section 3).
const KEY: usize = 32;

/// The keyed hash of an e-mail address: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailHash(pub String);

/// Turns addresses into hashes.
pub struct Searcher(hmac::Key);

impl Searcher {
    /// Returns a fresh key.
    #[expect(clippy::missing_panics_doc, reason = "it cannot: see the proof")]
    pub fn new_key() -> SecretBytes {
        let mut key = vec![0; KEY];
        // expect: the generator is seeded by the operating system at start and has no other failure.
        aws_lc_rs::rand::fill(&mut key).expect("the system's random generator works");
        Secret::new(key)
    }

    /// Takes a key that [`Searcher::new_key`] made.
    pub fn new(key: &SecretBytes) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }

    /// Returns what all spellings of an address have in common.
    pub fn email(&self, email: &Email) -> EmailHash {
        EmailHash(hex(self.hash("email", &email.normalised()).as_ref()))
    }

    /// Returns 128 bits that stand for an address. An IPv6 address counts by its /64, which is one household or host.
    pub fn address(&self, address: IpAddr) -> AddressHash {
        let text = match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        };
        AddressHash(hex(&self.hash("address", &text).as_ref()[..16]))
    }

    /// The kind keeps a hash of one from being taken for a hash of the other.
    fn hash(&self, kind: &str, text: &str) -> hmac::Tag {
        hmac::sign(&self.0, format!("tokenctl invitation {kind} v1\n{text}").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_have_one_hash() {
        let searcher = Searcher::new(&Searcher::new_key());
        let email = |text: &str| searcher.email(&text.parse().unwrap());
        assert_eq!(email("Ann@Supplier.example"), email("ann@supplier.EXAMPLE"));
        assert_ne!(email("ann@supplier.example"), email("bob@supplier.example"));
        let address = |text: &str| searcher.address(text.parse().unwrap());
        assert_eq!(address("203.0.113.7"), address("::ffff:203.0.113.7"));
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::2"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("203.0.113.7").0.len(), 32);
    }

    #[test]
    fn another_key_gives_another_hash() {
        let email: Email = "ann@supplier.example".parse().unwrap();
        let hash = || Searcher::new(&Searcher::new_key()).email(&email);
        assert_ne!(hash(), hash());
    }
}
