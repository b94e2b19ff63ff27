//! The client assertion: a signed statement of who asks (RFC 7523, `vendors.md` 1.2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;
use zeroize::Zeroizing;

use super::signing::{SigningError, SigningKey};
use crate::clock;
use crate::domain::ids::{CertificateId, random_hex};
use crate::domain::settings::{ScopeStyle, SigningAlgorithm, SubjectClaim};
use crate::providers::{MIN_ASSERTION_SECONDS, Plan};
use crate::secret::{Secret, SecretString};

/// How far `iat` is set back, for a vendor whose clock is behind ours.
const BACKDATED: SignedDuration = SignedDuration::from_secs(30);

/// What an assertion says and who signs it.
pub struct AssertionRequest<'a> {
    /// Who asks whom for what, and how that is written.
    pub plan: &'a Plan,
    /// Signs.
    pub key: &'a SigningKey,
    /// The name that the vendor gave the key's certificate.
    pub certificate_id: &'a CertificateId,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Scope<'a>>,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Scope<'a> {
    Array(&'a [String]),
    Comma(String),
}

/// Returns a fresh assertion: its own `jti`, `iat` a little before `now`, `exp` the settings' span later.
///
/// Everything that cannot succeed is refused here, before the vendor sees it.
pub fn client_assertion(
    request: &AssertionRequest<'_>,
    now: Timestamp,
) -> Result<SecretString, SigningError> {
    let AssertionRequest { plan, key, certificate_id } = request;
    let (vendor, style) = (plan.vendor, &plan.assertion);
    let algorithm = style.algorithm.unwrap_or_else(|| key.algorithm().default_signing());
    if !vendor.signing_algorithms.contains(&algorithm) {
        return Err(SigningError::NotAccepted { vendor: vendor.name, algorithm });
    }
    let (seconds, max) = (style.seconds, vendor.assertion.max_seconds);
    if !(MIN_ASSERTION_SECONDS..=max).contains(&seconds) {
        return Err(SigningError::Lifetime { seconds, min: MIN_ASSERTION_SECONDS, max });
    }
    let issued = clock::add(now, -BACKDATED).as_second();
    let claims = Claims {
        iss: &plan.client_id,
        sub: match style.subject {
            SubjectClaim::Omit => None,
            SubjectClaim::ClientId => Some(&plan.client_id),
        },
        scope: style.scopes.map(|style| match style {
            ScopeStyle::Array => Scope::Array(&plan.scopes),
            ScopeStyle::Comma => Scope::Comma(plan.scopes.join(",")),
        }),
        // Exactly as it is posted to.
        aud: plan.endpoints.token().as_str(),
        iat: issued,
        exp: issued + i64::from(seconds),
        jti: random_hex::<16>(),
    };
    let mut header = Header::new(jose(algorithm));
    header.kid = Some(certificate_id.as_str().to_owned());
    let message = format!("{}.{}", part(&header)?, part(&claims)?);
    // Until it is signed it is no secret; from here on every copy is wiped.
    let signature = Zeroizing::new(key.sign(algorithm, message.as_bytes())?);
    let mut assertion = String::with_capacity(message.len() + 1 + signature.len() * 4 / 3 + 4);
    assertion.push_str(&message);
    assertion.push('.');
    URL_SAFE_NO_PAD.encode_string(&*signature, &mut assertion);
    Ok(Secret::new(assertion))
}

fn part(value: &impl Serialize) -> Result<String, SigningError> {
    serde_json::to_vec(value).map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| SigningError::Provider)
}

fn jose(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::PS256 => Algorithm::PS256,
        SigningAlgorithm::PS384 => Algorithm::PS384,
        SigningAlgorithm::PS512 => Algorithm::PS512,
        SigningAlgorithm::ES256 => Algorithm::ES256,
        SigningAlgorithm::ES384 => Algorithm::ES384,
        SigningAlgorithm::RS256 => Algorithm::RS256,
        SigningAlgorithm::RS384 => Algorithm::RS384,
        SigningAlgorithm::RS512 => Algorithm::RS512,
    }
}

#[cfg(test)]
#[path = "assertion_tests.rs"]
mod tests;
