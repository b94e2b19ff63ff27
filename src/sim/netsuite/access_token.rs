//! NetSuite's own tokens, in the shape of Oracle's January 2026 sample (`vendors.md` 1.3).
//!
//! Signed with ES256 where the real ones have PS256 or RS256: they are opaque to a client, and an EC key is made
//! in no time. Each account has a key of its own, so that a token of one opens nothing in another.

use aws_lc_rs::rand::fill;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::assertion::Login;
use super::state::Account;
use crate::sim::jose::{Algorithm, Jws, KeyKind, PublicKey, sign_es256};

/// The scope that the REST services and the certificate endpoints ask for.
pub(super) const REST_SCOPE: &str = "rest_webservices";

/// The key that signs one account's tokens.
pub(super) struct TokenKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
    id: String,
}

/// What a live token says.
#[derive(Debug, Deserialize)]
pub(super) struct Bearer {
    sub: String,
    aud: [String; 2],
    exp: i64,
    pub(super) scope: Vec<String>,
}

impl TokenKey {
    pub(super) fn generate(account: &str, now: Timestamp) -> Option<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
        let public = PublicKey { kind: KeyKind::P256, bytes: pair.public_key().as_ref().to_vec() };
        Some(Self { pair, public, id: format!("c.{account}.{}", now.as_millisecond()) })
    }

    /// Returns a token for `login`, or `None` if the library cannot sign.
    pub(super) fn issue(
        &self,
        account: &str,
        login: &Login,
        now: Timestamp,
        lifetime: u32,
    ) -> Option<String> {
        let header = json!({"kid": self.id, "typ": "JWT", "alg": "ES256"});
        let payload = json!({
            "sub": format!("{};{}", login.role, login.entity),
            "aud": [format!("{};{account}", login.application_id), login.client_id],
            "scope": login.scopes,
            "iss": "https://system.netsuite.com",
            "oit": now.as_second(),
            "exp": now.as_second() + i64::from(lifetime),
            "iat": now.as_second(),
            "jti": format!("{account}.{}", random_text()?),
        });
        sign_es256(&self.pair, &header, &payload)
    }
}

impl Bearer {
    /// Returns what `token` says if the account issued it, it lives and its role and entity still may log in.
    pub(super) fn check(token: &str, account: &Account, now: Timestamp) -> Option<Self> {
        let jws = Jws::parse(token)?;
        let genuine = jws.header.alg == "ES256" && jws.verifies(Algorithm::Es256, &account.token_key.public);
        let bearer: Self = genuine.then(|| serde_json::from_slice(&jws.payload).ok())??;
        let integration = account.integrations.get(bearer.client_id())?;
        let welcome = now.as_second() < bearer.exp
            && !integration.blocked
            && account.may_log_in(bearer.role(), bearer.entity());
        welcome.then_some(bearer)
    }

    pub(super) fn client_id(&self) -> &str {
        &self.aud[1]
    }

    pub(super) fn role(&self) -> &str {
        self.sub.split_once(';').map_or("", |(role, _)| role)
    }

    pub(super) fn entity(&self) -> &str {
        self.sub.split_once(';').map_or("", |(_, entity)| entity)
    }
}

/// Returns 43 base64url characters of 32 random bytes, or `None` without random numbers.
pub(super) fn random_text() -> Option<String> {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut bytes = [0; 32];
    fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}
