//! The verifier: whose token it is, whom it is for, and when it holds.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::algorithm::JwsAlgorithm;
use super::key::KeySet;
use super::refusal::Refusal;
use super::token::{Unverified, shortened};
use crate::secret::SecretString;

/// How far the issuer's clock may be ahead of ours: 1 minute. An expiry has no such tolerance.
const LEEWAY: SignedDuration = SignedDuration::from_mins(1);

/// The last second of the year 9999: a later one is a mistake or an attack.
const LATEST: u64 = 253_402_300_799;

/// What a token must say.
#[derive(Debug, Clone, Copy)]
pub struct Expectations<'a> {
    /// Signatures to take, decided before any key is looked for.
    pub algorithms: &'a [JwsAlgorithm],
    /// What `typ` must say (RFC 8725 section 3.11).
    pub kind: &'static str,
    /// What `iss` must be, to the letter; `None` leaves it to the caller.
    pub issuer: Option<&'a str>,
    /// One of these must be in `aud`; none leaves it to the caller.
    pub audience: &'a [String],
    /// No token lives longer than this.
    pub longest: SignedDuration,
}

/// A token that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The key that signed it.
    pub kid: String,
    /// How.
    pub algorithm: JwsAlgorithm,
    /// `jti`
    pub id: String,
    /// `iss`
    pub issuer: String,
    /// `aud`, as a list.
    pub audience: Vec<String>,
    /// `iat`
    pub issued_at: Timestamp,
    /// `exp`
    pub expires_at: Timestamp,
    /// Everything that it claims.
    pub claims: Map<String, Value>,
}

/// Returns what `token` says if it holds at `now`; the signature is checked before any claim is looked at.
pub fn verify(
    token: &SecretString,
    keys: &KeySet,
    expected: &Expectations<'_>,
    now: Timestamp,
) -> Result<Verified, Refusal> {
    let token = Unverified::parse(token, expected.algorithms)?;
    keys.verify(&token)?;
    // RFC 7515 section 4.1.9: case does not count, and `application/` may be left out.
    let kind = token.kind.as_deref().unwrap_or("");
    if !kind.strip_prefix("application/").unwrap_or(kind).eq_ignore_ascii_case(expected.kind) {
        return Err(Refusal::Type { found: shortened(kind), expected: expected.kind });
    }
    let claims = token.payload;
    let issuer = text(&claims, "iss")?;
    if expected.issuer.is_some_and(|expected| expected != issuer) {
        return Err(Refusal::Issuer(shortened(&issuer)));
    }
    let audience = audience(&claims)?;
    let for_us = |name: &String| expected.audience.contains(name);
    if !expected.audience.is_empty() && !audience.iter().any(for_us) {
        return Err(Refusal::Audience(shortened(&audience.join(" "))));
    }
    text(&claims, "sub")?;
    let id = text(&claims, "jti")?;
    let issued_at = time(&claims, "iat")?;
    let expires_at = time(&claims, "exp")?;
    let not_before = if claims.contains_key("nbf") { time(&claims, "nbf")? } else { issued_at };
    let lifetime = expires_at.duration_since(issued_at);
    if lifetime <= SignedDuration::ZERO || lifetime > expected.longest || not_before >= expires_at {
        return Err(Refusal::Lifetime);
    }
    if issued_at.duration_since(now) > LEEWAY {
        return Err(Refusal::IssuedInFuture(issued_at));
    }
    if not_before.duration_since(now) > LEEWAY {
        return Err(Refusal::NotYet(not_before));
    }
    if expires_at <= now {
        return Err(Refusal::Expired { id, at: expires_at });
    }
    Ok(Verified {
        kid: token.kid,
        algorithm: token.algorithm,
        id,
        issuer,
        audience,
        issued_at,
        expires_at,
        claims,
    })
}

fn text(claims: &Map<String, Value>, name: &'static str) -> Result<String, Refusal> {
    let value = claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    value.map(ToOwned::to_owned).ok_or(Refusal::Claim(name))
}

/// RFC 7519 section 4.1.3: one text, or an array of texts.
fn audience(claims: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let texts = match claims.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several
            .iter()
            .map(|one| one.as_str().map(ToOwned::to_owned))
            .collect::<Option<_>>()
            .ok_or(Refusal::Claim("aud"))?,
        _ => return Err(Refusal::Claim("aud")),
    };
    if texts.is_empty() || texts.iter().any(String::is_empty) {
        return Err(Refusal::Claim("aud"));
    }
    Ok(texts)
}

/// RFC 7519 allows fractions of a second; no issuer here writes them, so one that has them is not from here.
fn time(claims: &Map<String, Value>, name: &'static str) -> Result<Timestamp, Refusal> {
    let seconds = claims.get(name).ok_or(Refusal::Claim(name))?.as_u64().filter(|seconds| *seconds <= LATEST);
    seconds
        .and_then(|seconds| i64::try_from(seconds).ok())
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or(Refusal::Time(name))
}
