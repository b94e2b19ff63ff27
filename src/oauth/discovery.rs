//! Reads what a server says of itself (RFC 8414, OpenID Connect Discovery 1.0).
//!
//! What it says is checked by the host rule like what an operator says: metadata leads to no other host.

use serde::Deserialize;
use url::Url;

use super::answer::object;
use super::ask::Way;
use super::client::{Client, Line, Outgoing};
use super::conversation::Answer;
use super::error::{ExchangeError, Malformed};
use super::judge::{Said, refusal};
use super::retry::Limits;
use crate::clock::Clock;
use crate::domain::registration::Server;
use crate::hooks::mutant;
use crate::providers::Descriptor;

/// The members that count; unknown ones are ignored (RFC 8414 section 3.2).
#[derive(Deserialize)]
struct Metadata {
    issuer: Option<String>,
    token_endpoint: Option<String>,
    authorization_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Returns what the server whose metadata is at `url` says of itself.
///
/// Contract: `url` has passed `providers::discovery_url`, and what is returned passes `providers::endpoints` before
/// anything is sent there.
pub async fn discover(
    client: &Client,
    clock: &Clock,
    vendor: &'static Descriptor,
    (url, limits): (&Url, Limits),
) -> Result<Server, ExchangeError> {
    let get = || Ok(Outgoing { url, body: None, authorization: None, headers: &[], line: Line::Lasting });
    Way { client, clock, limits }.ask(vendor, get, |answer| judge(vendor, url, answer)).await
}

fn judge(vendor: &'static Descriptor, url: &Url, answer: Answer) -> Result<Server, ExchangeError> {
    let Answer { status, body, retry_after, evidence } = answer;
    let read = match status {
        200..=299 => read(vendor, url, body.expose()),
        _ => Err(Malformed::NotJson(status)),
    };
    read.map_err(|unusable| {
        let said = Said { code: None, description: None, unusable };
        refusal(vendor, (status, retry_after, evidence), said)
    })
}

pub(super) fn read(vendor: &Descriptor, url: &Url, body: &[u8]) -> Result<Server, Malformed> {
    let metadata: Metadata = object(200, body)?;
    let issuer = metadata.issuer.ok_or(Malformed::Member("issuer"))?;
    // RFC 8414 section 3.3. A vendor that we know may be spelled otherwise (Intuit): its hosts are known, too.
    if vendor.named_by_operator && !names(url, &issuer) && !mutant("any-issuer") {
        return Err(Malformed::Issuer);
    }
    let place = |value: Option<String>, member| {
        value.map(|text| Url::parse(&text).map_err(|_| Malformed::Member(member))).transpose()
    };
    let token_url = place(metadata.token_endpoint, "token_endpoint")?;
    Ok(Server {
        discovery: Some(url.clone()),
        issuer: Some(issuer),
        token_url: Some(token_url.ok_or(Malformed::Member("token_endpoint"))?),
        authorize_url: place(metadata.authorization_endpoint, "authorization_endpoint")?,
        device_url: place(metadata.device_authorization_endpoint, "device_authorization_endpoint")?,
        revoke_url: place(metadata.revocation_endpoint, "revocation_endpoint")?,
        api_url: place(metadata.userinfo_endpoint, "userinfo_endpoint")?,
        pkce: metadata.code_challenge_methods_supported.map(|all| all.iter().any(|one| one == "S256")),
        names_itself: metadata.authorization_response_iss_parameter_supported,
    })
}

/// Whether metadata at `url` may be that of `issuer`.
///
/// The address is the issuer with `/.well-known/…` behind its host (RFC 8414 section 3.1) or behind its path (OpenID
/// Connect Discovery 1.0 section 4.1), a slash at its end dropped. An address without it says only which host is meant.
fn names(url: &Url, issuer: &str) -> bool {
    let Ok(named) = Url::parse(issuer) else { return false };
    if named.query().is_some() || named.fragment().is_some() || named.origin() != url.origin() {
        return false;
    }
    let Some((before, after)) = url.path().split_once("/.well-known/") else { return true };
    let behind = after.split_once('/').map_or(String::new(), |(_, path)| format!("/{path}"));
    // One of both is empty, or the address is none of the two.
    let path = match (before, behind.as_str()) {
        (before, "") => before,
        ("", behind) => behind,
        _ => return false,
    };
    named.path().trim_end_matches('/') == path.trim_end_matches('/')
}

#[cfg(test)]
#[path = "discovery_tests.rs"]
mod tests;
