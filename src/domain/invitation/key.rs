//! The issuer's signing keys: when each is used, and how long its public half is published.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use rsa::pkcs8::{EncodePublicKey as _, LineEnding};
use serde_json::{Map, Value, json};

use super::profile::Profile;
use super::token::InvitationSigner;
use crate::domain::ids::InvalidName;
use crate::domain::jwk;
use crate::domain::jws::{JwsAlgorithm, KeySet, VerifyingKey};
use crate::domain::keypair::{KeyPair, KeyPairError};
use crate::domain::signer::{Signer, SignerError};
use crate::secret::SecretBytes;

/// How long a key is published before its first use: twice as long as readers keep a set (30 minutes, `vendors.md`
/// 4.1).
pub const PUBLISHED_BEFORE_USE: SignedDuration = SignedDuration::from_hours(1);

/// How long a retired key stays published after the last token that it signed has expired: for readers' leeway.
pub const MARGIN: SignedDuration = SignedDuration::from_hours(1);

/// Where a signing key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SigningKeyState {
    /// Published, not used yet.
    Next,
    /// Signs.
    Active,
    /// Signed once; published until its last token has expired.
    Retired,
    /// Leaked: unpublished at once, and never believed again.
    Revoked,
}

impl SigningKeyState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Next, Self::Active, Self::Retired, Self::Revoked];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }
}

impl fmt::Display for SigningKeyState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl FromStr for SigningKeyState {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| InvalidName("must be next, active, retired or revoked".to_owned()))
    }
}

/// A signing key without its private half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationKey {
    /// Its RFC 7638 thumbprint: never another key's.
    pub kid: String,
    /// The one algorithm that it signs with.
    pub algorithm: JwsAlgorithm,
    /// Where it stands.
    pub state: SigningKeyState,
    /// Its public members (RFC 7518 section 6), as JSON.
    pub public: Map<String, Value>,
    /// When it was made, and published from then on.
    pub created_at: Timestamp,
    /// When it signed for the first time.
    pub activated_at: Option<Timestamp>,
    /// When another one took over, or it was revoked.
    pub ended_at: Option<Timestamp>,
    /// When the last token that it signed expires.
    pub last_expiry: Option<Timestamp>,
}

impl InvitationKey {
    /// Makes a key; returns its private half (PKCS#8, DER) beside it.
    pub fn generate(algorithm: JwsAlgorithm, now: Timestamp) -> Result<(Self, SecretBytes), KeyPairError> {
        let pair = KeyPair::generate(algorithm.key())?;
        let public = rcgen::PublicKeyData::der_bytes(&pair);
        let jwk = jwk::of_public_key(public, algorithm.key()).map_err(|_| KeyPairError::Malformed)?;
        let Ok(Value::Object(mut members)) = serde_json::to_value(&jwk) else {
            return Err(KeyPairError::Malformed);
        };
        let Some(Value::String(kid)) = members.remove("kid") else { return Err(KeyPairError::Malformed) };
        members.remove("use");
        let key = Self {
            kid,
            algorithm,
            state: SigningKeyState::Next,
            public: members,
            created_at: now,
            activated_at: None,
            ended_at: None,
            last_expiry: None,
        };
        Ok((key, pair.into_pkcs8()))
    }

    /// Until when its public half must be published; `None` is without end in sight.
    pub fn published_until(&self) -> Option<Timestamp> {
        match self.state {
            SigningKeyState::Next | SigningKeyState::Active => None,
            SigningKeyState::Revoked => self.ended_at.or(Some(self.created_at)),
            SigningKeyState::Retired => {
                let last = self.last_expiry.or(self.ended_at).unwrap_or(self.created_at);
                Some(last.checked_add(MARGIN).unwrap_or(Timestamp::MAX))
            }
        }
    }

    /// Whether it belongs into the published set at `now`.
    pub fn is_published(&self, now: Timestamp) -> bool {
        self.published_until().is_none_or(|until| now < until)
    }

    /// From when on readers can be expected to know it.
    pub fn known_from(&self) -> Timestamp {
        self.created_at.checked_add(PUBLISHED_BEFORE_USE).unwrap_or(Timestamp::MAX)
    }

    /// Its public half as a JSON Web Key; with [`Profile::Xsuaa`] with the `value` that SAP's libraries read.
    ///
    /// No private member can appear: the input has none.
    pub fn to_jwk(&self, profile: Profile) -> Value {
        let mut members = self.public.clone();
        members.insert("use".to_owned(), json!("sig"));
        members.insert("alg".to_owned(), json!(self.algorithm.as_str()));
        members.insert("kid".to_owned(), json!(self.kid));
        if profile == Profile::Xsuaa
            && let Some(pem) = self.pem()
        {
            members.insert("value".to_owned(), json!(pem));
        }
        Value::Object(members)
    }

    /// The public key as PEM (SPKI); of RSA keys only, and so that it cannot differ from `n` and `e`.
    fn pem(&self) -> Option<String> {
        use base64::Engine as _;
        let number = |name: &str| {
            let text = self.public.get(name)?.as_str()?;
            let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()?;
            Some(rsa::BigUint::from_bytes_be(&bytes))
        };
        let key = rsa::RsaPublicKey::new(number("n")?, number("e")?).ok()?;
        key.to_public_key_pem(LineEnding::LF).ok()
    }

    /// The key in the form that verifies; `None` if the stored members are not what they should be.
    pub fn verifying(&self) -> Option<VerifyingKey> {
        VerifyingKey::from_members(&self.public, self.algorithm)
    }

    /// The key in the form that signs.
    pub fn signing(&self, private_pkcs8: &SecretBytes) -> Result<InvitationSigner, SignerError> {
        let signer = Signer::from_pkcs8(self.algorithm.key(), private_pkcs8)?;
        Ok(InvitationSigner { kid: self.kid.clone(), algorithm: self.algorithm, signer })
    }
}

/// Returns the keys that readers of `profile` may be shown at `now`: what they are to publish.
pub fn published(
    keys: &[InvitationKey],
    profile: Profile,
    now: Timestamp,
) -> impl Iterator<Item = &InvitationKey> {
    // One key of another algorithm makes SAP's Java library drop the whole set.
    let fits = move |key: &&InvitationKey| profile.algorithms().contains(&key.algorithm);
    keys.iter().filter(move |key| key.is_published(now)).filter(fits)
}

/// Returns the JSON Web Key Set (RFC 7517 section 5).
pub fn key_set(keys: &[InvitationKey], profile: Profile, now: Timestamp) -> Value {
    json!({ "keys": published(keys, profile, now).map(|key| key.to_jwk(profile)).collect::<Vec<_>>() })
}

/// Returns the keys to verify with, and the names of those that must not be believed.
pub fn verifying_set(keys: &[InvitationKey]) -> KeySet {
    let mut set = KeySet::new();
    for key in keys {
        match (key.state, key.verifying()) {
            (SigningKeyState::Revoked, _) => set.revoke(&key.kid),
            (_, Some(verifying)) => set.trust(&key.kid, verifying),
            (_, None) => {}
        }
    }
    set
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
