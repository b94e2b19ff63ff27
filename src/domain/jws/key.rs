//! Keys that verify, each for one algorithm, found by name in a map and nowhere else.

use std::collections::BTreeMap;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::traits::PublicKeyParts as _;
use rsa::{BigUint, RsaPublicKey};
use serde_json::{Map, Value};

use super::algorithm::JwsAlgorithm;
use super::json::{self, JsonProblem};
use super::refusal::Refusal;
use super::token::Unverified;

/// The largest set that is read, in bytes and in keys.
const LARGEST_SET: usize = 256 * 1024;
const MOST_KEYS: usize = 100;

/// Members that only a private or a symmetric key has (RFC 7518 sections 6.2.2, 6.3.2 and 6.4).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why a set of keys is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// It is larger than a set of public keys needs to be.
    #[error("the key set is too large")]
    TooLarge,
    /// It has no or more than one meaning.
    #[error("the key set {0}")]
    NotJson(JsonProblem),
    /// No `keys`, or a member that is none.
    #[error("this is not a JSON Web Key Set")]
    NotASet,
    /// It would tell everybody how to sign.
    #[error("the key set holds a private or symmetric key: whoever published it must replace it")]
    PrivateKey,
    /// Two keys have one name (RFC 7517 section 4.5).
    #[error("the key set has two keys `{0}`")]
    Duplicate(String),
    /// A key that says it is one of ours and cannot be.
    #[error("the key `{0}` cannot be read")]
    Unreadable(String),
    /// No key in it can verify anything.
    #[error("the key set has no key that can verify an invitation")]
    Empty,
}

/// A public key that verifies signatures of one algorithm.
#[derive(Debug, Clone)]
pub struct VerifyingKey {
    algorithm: JwsAlgorithm,
    key: std::sync::Arc<ParsedPublicKey>,
}

impl VerifyingKey {
    /// Reads the public members of a JSON Web Key for `algorithm`; `None` if they are none of that kind.
    ///
    /// RSA keys have 2048 to 8192 bits (RFC 7518 section 3.3), points lie on the curve.
    pub fn from_members(members: &Map<String, Value>, algorithm: JwsAlgorithm) -> Option<Self> {
        let kind = members.get("kty")?.as_str()?;
        let key = match (algorithm, kind) {
            (JwsAlgorithm::RS256, "RSA") => {
                ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, rsa_key(members)?)
            }
            (JwsAlgorithm::PS256, "RSA") => {
                ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, rsa_key(members)?)
            }
            (JwsAlgorithm::ES256, "EC") if members.get("crv")?.as_str()? == "P-256" => {
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(members)?)
            }
            _ => return None,
        };
        Some(Self { algorithm, key: std::sync::Arc::new(key.ok()?) })
    }
}

fn rsa_key(members: &Map<String, Value>) -> Option<Vec<u8>> {
    let number = |name| Some(BigUint::from_bytes_be(&octets(members, name)?));
    let key = RsaPublicKey::new_with_max_size(number("n")?, number("e")?, 8192).ok()?;
    let der = key.to_pkcs1_der().ok()?;
    (key.size() >= 256).then(|| der.as_bytes().to_vec())
}

/// RFC 7518 section 6.2.1: both coordinates in full length.
fn point(members: &Map<String, Value>) -> Option<Vec<u8>> {
    let (x, y) = (octets(members, "x")?, octets(members, "y")?);
    (x.len() == 32 && y.len() == 32).then(|| [&[0x04][..], &x, &y].concat())
}

fn octets(members: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(members.get(name)?.as_str()?).ok()
}

#[derive(Debug, Clone)]
enum Known {
    Trusted(VerifyingKey),
    Revoked,
}

/// Keys by name.
#[derive(Debug, Clone, Default)]
pub struct KeySet(BTreeMap<String, Known>);

impl KeySet {
    /// A set without keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key that is to be believed.
    pub fn trust(&mut self, kid: impl Into<String>, key: VerifyingKey) {
        self.0.insert(kid.into(), Known::Trusted(key));
    }

    /// Adds the name of a key that must not be believed any more, so that it can be told from an unknown one.
    pub fn revoke(&mut self, kid: impl Into<String>) {
        self.0.insert(kid.into(), Known::Revoked);
    }

    /// Reads a JSON Web Key Set (RFC 7517 section 5).
    ///
    /// Keys of other kinds and for other uses are left out, as section 5 asks for; so is a key that does not name
    /// its algorithm, since an RSA key could be taken for either of two. One private member spoils the set.
    pub fn from_jwks(bytes: &[u8]) -> Result<Self, KeySetError> {
        if bytes.len() > LARGEST_SET {
            return Err(KeySetError::TooLarge);
        }
        let document = json::parse(bytes).map_err(KeySetError::NotJson)?;
        let keys = document.get("keys").and_then(Value::as_array).ok_or(KeySetError::NotASet)?;
        if keys.len() > MOST_KEYS {
            return Err(KeySetError::TooLarge);
        }
        let mut set = BTreeMap::new();
        for key in keys {
            let members = key.as_object().ok_or(KeySetError::NotASet)?;
            if PRIVATE.iter().any(|name| members.contains_key(*name)) {
                return Err(KeySetError::PrivateKey);
            }
            let Some((kid, algorithm)) = usable(members) else { continue };
            let key = VerifyingKey::from_members(members, algorithm)
                .ok_or_else(|| KeySetError::Unreadable(super::token::shortened(kid)))?;
            if set.insert(kid.to_owned(), Known::Trusted(key)).is_some() {
                return Err(KeySetError::Duplicate(super::token::shortened(kid)));
            }
        }
        if set.is_empty() { Err(KeySetError::Empty) } else { Ok(Self(set)) }
    }

    /// The names of the keys that are believed.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, key)| matches!(key, Known::Trusted(_))).map(|(kid, _)| kid.as_str())
    }

    /// Checks the signature by the one key that the token names, with the one algorithm that this key is for.
    pub(super) fn verify(&self, token: &Unverified<'_>) -> Result<(), Refusal> {
        let key = match self.0.get(&token.kid) {
            None => return Err(Refusal::UnknownKey(super::token::shortened(&token.kid))),
            Some(Known::Revoked) => return Err(Refusal::RevokedKey(super::token::shortened(&token.kid))),
            Some(Known::Trusted(key)) => key,
        };
        if key.algorithm != token.algorithm {
            return Err(Refusal::KeyAlgorithm { key: key.algorithm, found: token.algorithm });
        }
        key.key.verify_sig(token.signed, &token.signature).map_err(|_| Refusal::Signature)
    }
}

/// The name and the algorithm of a key that is for verifying signatures.
fn usable(members: &Map<String, Value>) -> Option<(&str, JwsAlgorithm)> {
    let for_signatures = members.get("use").is_none_or(|purpose| purpose == "sig");
    let verifies = members.get("key_ops").is_none_or(|operations| {
        operations.as_array().is_some_and(|operations| operations.iter().any(|one| one == "verify"))
    });
    let kid = members.get("kid")?.as_str()?;
    let algorithm = members.get("alg")?.as_str()?.parse().ok()?;
    (for_signatures && verifies).then_some((kid, algorithm))
}
