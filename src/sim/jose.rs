//! The little of JOSE that a server needs: taking a compact JWS apart, checking it and making one.
//!
//! Written against RFC 7515 and RFC 7518 on the bare cryptography library, apart from the library with which
//! the client signs.

use aws_lc_rs::signature::{self, EcdsaKeyPair, UnparsedPublicKey, VerificationAlgorithm};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// The header of a JWS; a member given twice is refused (RFC 7515 section 4).
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) typ: Option<String>,
    pub(super) kid: Option<String>,
    crit: Option<serde_json::Value>,
}

/// A compact JWS, taken apart and not yet believed.
#[derive(Debug)]
pub(super) struct Jws {
    pub(super) header: Header,
    pub(super) payload: Vec<u8>,
    signed: String,
    signature: Vec<u8>,
}

impl Jws {
    /// Takes `token` apart; `None` if it is not a compact JWS or has critical extensions.
    pub(super) fn parse(token: &str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        // Source: RFC 7515 section 4.1.11: an extension that is critical and not understood must be refused.
        if header.crit.is_some() {
            return None;
        }
        Some(Self {
            header,
            payload: URL_SAFE_NO_PAD.decode(payload).ok()?,
            signed: signed.to_owned(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// Whether the signature is `key`'s under `algorithm`, and the two fit each other.
    pub(super) fn verifies(&self, algorithm: Algorithm, key: &PublicKey) -> bool {
        algorithm.verification(key.kind).is_some_and(|verification| {
            UnparsedPublicKey::new(verification, &key.bytes)
                .verify(self.signed.as_bytes(), &self.signature)
                .is_ok()
        })
    }
}

/// The signature algorithms of RFC 7518 sections 3.3 to 3.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
}

impl Algorithm {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "ES512" => Self::Es512,
            _ => return None,
        })
    }

    /// Each ES algorithm belongs to one curve (RFC 7518 section 3.4).
    fn verification(self, kind: KeyKind) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match (self, kind) {
            (Self::Rs256, KeyKind::Rsa(_)) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Self::Rs384, KeyKind::Rsa(_)) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Self::Rs512, KeyKind::Rsa(_)) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Self::Ps256, KeyKind::Rsa(_)) => &signature::RSA_PSS_2048_8192_SHA256,
            (Self::Ps384, KeyKind::Rsa(_)) => &signature::RSA_PSS_2048_8192_SHA384,
            (Self::Ps512, KeyKind::Rsa(_)) => &signature::RSA_PSS_2048_8192_SHA512,
            (Self::Es256, KeyKind::P256) => &signature::ECDSA_P256_SHA256_FIXED,
            (Self::Es384, KeyKind::P384) => &signature::ECDSA_P384_SHA384_FIXED,
            (Self::Es512, KeyKind::P521) => &signature::ECDSA_P521_SHA512_FIXED,
            _ => return None,
        })
    }
}

/// The kind of a public key, with the bits of an RSA modulus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Rsa(usize),
    P256,
    P384,
    P521,
}

/// A public key: an `RSAPublicKey` structure or an uncompressed curve point.
#[derive(Debug)]
pub(super) struct PublicKey {
    pub(super) kind: KeyKind,
    pub(super) bytes: Vec<u8>,
}

/// Returns the compact JWS of `header` and `payload`, or `None` if the library cannot sign.
pub(super) fn sign_es256(
    key: &EcdsaKeyPair,
    header: &serde_json::Value,
    payload: &serde_json::Value,
) -> Option<String> {
    let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(payload));
    let signature = key.sign(&aws_lc_rs::rand::SystemRandom::new(), signed.as_bytes()).ok()?;
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
