//! Whose request it is: client authentication (RFC 6749 section 2.3, RFC 7523 section 2.2).

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use jiff::Timestamp;
use subtle::ConstantTimeEq as _;

use super::assertion;
use super::client::{Authentication, Client};
use super::state::Tenant;
use crate::sim::wire::{self, OAuthError, Parameters};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A request of a client to one of the endpoints that it must authenticate to.
#[derive(Debug)]
pub(super) struct ClientRequest {
    pub(super) parameters: Parameters,
    json: bool,
    basic: Option<(String, String)>,
}

impl ClientRequest {
    /// Reads a form, or a JSON object of strings.
    pub(super) fn read(query: Option<&str>, headers: &HeaderMap, body: &[u8]) -> Result<Self, OAuthError> {
        // Source: RFC 6749 section 2.3.1: never in the URI.
        if query.is_some() {
            return Err(OAuthError::bad("invalid_request").because("parameters belong into the body"));
        }
        let json = wire::is_type(headers, "application/json");
        let parameters = if json { wire::object(body)? } else { wire::form(headers, body)? };
        let basic = if headers.contains_key(AUTHORIZATION) {
            Some(wire::basic(headers).ok_or_else(OAuthError::invalid_client)?)
        } else {
            None
        };
        Ok(Self { parameters, json, basic })
    }

    /// Returns the id of the client, authenticated in the way that it is registered with.
    ///
    /// `issuer` is this server's; an assertion may name it or the token endpoint as its audience.
    pub(super) fn authenticate(
        &self,
        tenant: &mut Tenant,
        issuer: &str,
        now: Timestamp,
    ) -> Result<String, OAuthError> {
        let given = |name: &str| self.parameters.get(name).map(String::as_str);
        let assertion = given("client_assertion");
        let ways = [self.basic.is_some(), given("client_secret").is_some(), assertion.is_some()];
        // Source: RFC 6749 section 2.3: not more than one way.
        if ways.into_iter().filter(|way| *way).count() > 1 {
            return Err(OAuthError::bad("invalid_request").because("more than one client authentication"));
        }
        let shown = match &self.basic {
            Some((id, _)) => id.clone(),
            None => match assertion {
                Some(assertion) => assertion::issuer(assertion).ok_or_else(OAuthError::invalid_client)?,
                None => given("client_id").ok_or_else(OAuthError::invalid_client)?.to_owned(),
            },
        };
        if given("client_id").is_some_and(|id| id != shown) {
            return Err(OAuthError::bad("invalid_request").because("two different client ids"));
        }
        let client = tenant.clients.get(&shown).ok_or_else(OAuthError::invalid_client)?;
        let way = match (&self.basic, given("client_secret"), assertion) {
            (Some(_), _, _) => Authentication::ClientSecretBasic,
            (None, Some(_), _) if self.json => Authentication::ClientSecretJson,
            (None, Some(_), _) => Authentication::ClientSecretPost,
            (None, None, Some(_)) => Authentication::PrivateKeyJwt,
            (None, None, None) => Authentication::None,
        };
        if client.entry.authentication != way {
            return Err(
                OAuthError::invalid_client().because("the client is registered with another authentication")
            );
        }
        // Source: RFC 6749 section 4: token requests are forms, but for the servers that want JSON.
        if self.json != (way == Authentication::ClientSecretJson) {
            return Err(OAuthError::bad("invalid_request").because("the body is not a form"));
        }
        let secret = self.basic.as_ref().map(|(_, secret)| secret.as_str()).or(given("client_secret"));
        match way {
            Authentication::None => {}
            Authentication::PrivateKeyJwt => {
                if given("client_assertion_type") != Some(JWT_BEARER) {
                    return Err(OAuthError::bad("invalid_request").because("unknown client_assertion_type"));
                }
                let checked =
                    assertion::check(assertion.unwrap_or_default(), client, &tenant.settings, issuer, now);
                let checked = checked.map_err(|why| OAuthError::invalid_client().because(why))?;
                if !remember(tenant, &shown, checked, now) {
                    return Err(OAuthError::invalid_client().because("the assertion was used before"));
                }
            }
            _ if is_secret(client, secret) => {}
            _ => return Err(OAuthError::invalid_client()),
        }
        Ok(shown)
    }
}

/// Remembers an assertion until it ends; `false` if it was there already (RFC 7523 section 3, item 7).
fn remember(tenant: &mut Tenant, client_id: &str, checked: assertion::Checked, now: Timestamp) -> bool {
    tenant.seen.retain(|_, end| *end > now);
    tenant.seen.insert((client_id.to_owned(), checked.id), checked.remembered_until).is_none()
}

fn is_secret(client: &Client, shown: Option<&str>) -> bool {
    let expected = client.entry.client_secret.as_deref();
    expected.zip(shown).is_some_and(|(expected, shown)| expected.as_bytes().ct_eq(shown.as_bytes()).into())
}
