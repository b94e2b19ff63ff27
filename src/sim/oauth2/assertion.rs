//! Client assertions and everything for which one can be refused (RFC 7523 section 3).

use jiff::Timestamp;
use serde::Deserialize;

use super::client::Client;
use super::state::{Settings, seconds};
use crate::clock;
use crate::sim::jose::{Algorithm, Jws};

/// The claims; a member given twice is refused (RFC 7519 section 4), unknown ones are ignored.
#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: f64,
    iat: Option<f64>,
    nbf: Option<f64>,
    jti: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// What must be remembered of an assertion.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) id: String,
    pub(super) remembered_until: Timestamp,
}

/// Returns who an assertion says it is from; nothing in it is believed yet.
pub(super) fn issuer(assertion: &str) -> Option<String> {
    let jws = Jws::parse(assertion)?;
    serde_json::from_slice::<Claims>(&jws.payload).ok().map(|claims| claims.iss)
}

/// Checks an assertion of `client`; says what is wrong with it.
pub(super) fn check(
    assertion: &str,
    client: &Client,
    settings: &Settings,
    issuer: &str,
    now: Timestamp,
) -> Result<Checked, &'static str> {
    let jws = Jws::parse(assertion).ok_or("the assertion is not a JWT")?;
    let claims: Claims =
        serde_json::from_slice(&jws.payload).map_err(|_| "the assertion lacks iss, sub, aud or exp")?;
    verify(&jws, client)?;
    let client_id = &client.entry.client_id;
    if claims.iss != *client_id || claims.sub != *client_id {
        return Err("iss and sub must be the client_id");
    }
    if !is_for(&claims.aud, issuer) {
        return Err("aud must be the issuer or the token endpoint");
    }
    let tolerance = f64::from(settings.clock_tolerance_seconds);
    let instant = now.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64();
    if claims.exp <= instant {
        return Err("the assertion has expired");
    }
    if claims.exp > instant + f64::from(settings.assertion_lifetime_seconds) + tolerance {
        return Err("the assertion lives too long");
    }
    if claims.iat.into_iter().chain(claims.nbf).any(|begin| begin > instant + tolerance) {
        return Err("the assertion is not valid yet");
    }
    let id = claims.jti.filter(|id| !id.is_empty()).ok_or("the assertion has no jti")?;
    // Proof: no assertion is honoured for longer than this after it was first seen.
    let longest =
        seconds(settings.assertion_lifetime_seconds.saturating_add(settings.clock_tolerance_seconds));
    Ok(Checked { id, remembered_until: clock::add(now, longest + seconds(1)) })
}

/// Checks the signature with the registered key that the header names, or with the only one.
fn verify(jws: &Jws, client: &Client) -> Result<(), &'static str> {
    let name = jws.header.alg.as_str();
    let algorithm = Algorithm::named(name).ok_or("the algorithm is not one of RS, PS and ES")?;
    if client.entry.signing_algorithm.as_deref().is_some_and(|registered| registered != name) {
        return Err("the algorithm is not the registered one");
    }
    let key = match (&jws.header.kid, client.keys.as_slice()) {
        (Some(id), keys) => keys.iter().find(|key| key.id.as_ref() == Some(id)),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let key = key.ok_or("the kid is not that of a registered key")?;
    let fits = key.algorithm.as_deref().is_none_or(|only| only == name);
    if fits && jws.verifies(algorithm, &key.key) { Ok(()) } else { Err("the signature is wrong") }
}

/// Stricter than RFC 7523: nobody else may be named, so that an assertion cannot be passed on.
fn is_for(audience: &Audience, issuer: &str) -> bool {
    let ours = |one: &String| one == issuer || one.strip_suffix("/token") == Some(issuer);
    match audience {
        Audience::One(one) => ours(one),
        Audience::Several(all) => !all.is_empty() && all.iter().all(ours),
    }
}
