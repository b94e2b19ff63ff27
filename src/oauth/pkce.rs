//! Proof Key for Code Exchange (RFC 7636): binds a code to the program that asked for it.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::secret::{Secret, SecretString};

/// What the challenge is made by; the only method offered (RFC 7636 section 7.2: never fall back to `plain`).
pub const CHALLENGE_METHOD: &str = "S256";

/// Returns 256 random bits as 43 characters of base64url: letters, digits, `-` and `_`.
pub(super) fn random_text() -> SecretString {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    // expect: the generator is seeded by the operating system at start and has no other failure.
    aws_lc_rs::rand::fill(bytes.as_mut_slice()).expect("the system's random generator works");
    // One allocation that is never outgrown: 32 bytes are 43 characters.
    let mut text = String::with_capacity(44);
    BASE64_URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
    Secret::new(text)
}

/// The secret of one login: sent with the code, never before.
pub struct Verifier(SecretString);

impl Verifier {
    /// Returns a fresh verifier of 32 random bytes, as RFC 7636 section 4.1 recommends.
    #[expect(clippy::new_without_default, reason = "every call returns a different verifier")]
    pub fn new() -> Self {
        Self(random_text())
    }

    /// Returns the S256 challenge that the authorization URL carries (RFC 7636 section 4.2).
    pub fn challenge(&self) -> String {
        challenge_of(self.0.expose())
    }

    /// The value of `code_verifier` in the token request.
    pub fn secret(&self) -> &SecretString {
        &self.0
    }
}

fn challenge_of(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_those_of_the_rfc() {
        // RFC 7636 appendix B.
        let challenge = challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn verifiers_are_fresh_and_unreserved() {
        let (one, other) = (Verifier::new(), Verifier::new());
        assert_ne!(one.secret().expose(), other.secret().expose());
        assert_eq!(one.secret().expose().len(), 43);
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        assert!(one.secret().expose().bytes().all(unreserved));
        assert_eq!(one.challenge(), challenge_of(one.secret().expose()));
    }
}
