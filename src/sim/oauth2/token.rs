//! The token endpoint.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;

use super::client::GrantType;
use super::client_auth::ClientRequest;
use super::device;
use super::metadata;
use super::routes::unknown_tenant;
use super::state::Tenant;
use crate::sim::faults::Twist;
use crate::sim::ledger::{Attempt, FamilyId, Opening, Redemption, Refusal};
use crate::sim::state::{Moment, World};
use crate::sim::wire::{self, OAuthError, Parameters};

/// `POST /oauth2/{tenant}/token`.
pub(super) async fn exchange(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    Extension(twist): Extension<Twist>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let mut oauth2 = world.oauth2();
    let Some(tenant) = oauth2.tenants.get_mut(&name) else { return Ok(unknown_tenant()) };
    let request = ClientRequest::read(uri.query(), &headers, &body)?;
    let client_id = request.authenticate(tenant, &metadata::issuer(&world, &name), now)?;
    let kind = request.parameters.get("grant_type").ok_or(OAuthError::bad("invalid_request"))?;
    let kind = GrantType::named(kind).ok_or(OAuthError::bad("unsupported_grant_type"))?;
    if !tenant.clients.get(&client_id).is_some_and(|client| client.may(kind)) {
        return Err(OAuthError::bad("unauthorized_client"));
    }
    let asked = Asked { client_id: &client_id, parameters: &request.parameters, now };
    let granted = match kind {
        GrantType::AuthorizationCode => asked.by_code(tenant)?,
        GrantType::RefreshToken => asked.by_refresh_token(tenant, &twist)?,
        GrantType::ClientCredentials => asked.by_client_credentials(tenant)?,
        GrantType::DeviceCode => asked.by_device_code(tenant)?,
    };
    Ok(answer(tenant, &granted, now))
}

/// A family, and what of its scopes is asked for.
struct Granted {
    family: FamilyId,
    scopes: Vec<String>,
}

/// An authenticated token request.
struct Asked<'a> {
    client_id: &'a str,
    parameters: &'a Parameters,
    now: Timestamp,
}

impl Asked<'_> {
    fn value(&self, name: &str) -> Result<&str, OAuthError> {
        let value = self.parameters.get(name).map(String::as_str);
        value.ok_or(OAuthError::bad("invalid_request").because("a parameter is missing"))
    }

    fn by_code(&self, tenant: &mut Tenant) -> Result<Granted, OAuthError> {
        let redemption = Redemption {
            code: self.value("code")?,
            client_id: self.client_id,
            redirect_uri: Some(self.value("redirect_uri")?),
            verifier: self.parameters.get("code_verifier").map(String::as_str),
        };
        let policy = tenant.settings.policy();
        let family = tenant.ledger.redeem(&redemption, &policy, self.now).map_err(invalid_grant)?;
        Ok(Granted { family, scopes: tenant.ledger.family(family).scopes.clone() })
    }

    fn by_refresh_token(&self, tenant: &mut Tenant, twist: &Twist) -> Result<Granted, OAuthError> {
        let token = self.value("refresh_token")?;
        // Why: before the token is used, so that a request which is refused for its scope costs nothing.
        let had = tenant.ledger.family_of(token).map(|id| tenant.ledger.family(id).scopes.clone());
        let had = had.unwrap_or_default();
        let wanted = self.parameters.get("scope").map(|text| text.split(' ').map(str::to_owned).collect());
        let scopes: Vec<String> = wanted.unwrap_or_else(|| had.clone());
        // Source: RFC 6749 section 6: nothing that was not granted in the first place.
        if !had.is_empty() && !scopes.iter().all(|scope| had.contains(scope)) {
            return Err(OAuthError::bad("invalid_scope"));
        }
        let attempt = Attempt { token, client_id: self.client_id, keep: twist.keeps_refresh_token };
        let policy = tenant.settings.policy();
        let family = tenant.ledger.refresh(&attempt, &policy, self.now).map_err(invalid_grant)?;
        Ok(Granted { family, scopes })
    }

    fn by_client_credentials(&self, tenant: &mut Tenant) -> Result<Granted, OAuthError> {
        let client = tenant.clients.get(self.client_id).ok_or_else(OAuthError::invalid_client)?;
        let scopes = client.scopes(self.parameters.get("scope")).ok_or(OAuthError::bad("invalid_scope"))?;
        if client.entry.audience.is_some()
            && client.entry.audience.as_ref() != self.parameters.get("audience")
        {
            return Err(OAuthError::bad("invalid_request").because("the audience is not the registered one"));
        }
        // Source: RFC 6749 section 4.4.3: no refresh token.
        let (client_id, account) = (self.client_id.to_owned(), self.client_id.to_owned());
        let opening = Opening { client_id, account, scopes: scopes.clone(), refreshable: false };
        let family = tenant.ledger.open(opening, &tenant.settings.policy(), self.now);
        Ok(Granted { family, scopes })
    }

    fn by_device_code(&self, tenant: &mut Tenant) -> Result<Granted, OAuthError> {
        let opening = device::poll(tenant, self.value("device_code")?, self.client_id, self.now)?;
        let scopes = opening.scopes.clone();
        let family = tenant.ledger.open(opening, &tenant.settings.policy(), self.now);
        Ok(Granted { family, scopes })
    }
}

fn invalid_grant(refusal: Refusal) -> OAuthError {
    OAuthError::bad("invalid_grant").because(refusal.description())
}

fn answer(tenant: &mut Tenant, granted: &Granted, now: Timestamp) -> Response {
    let policy = tenant.settings.policy();
    let access_token = tenant.ledger.issue_access(granted.family, &policy, now);
    let mut body = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": tenant.settings.access_token_lifetime_seconds,
        "scope": granted.scopes.join(" "),
    });
    if let Some(current) = &tenant.ledger.family(granted.family).current {
        body["refresh_token"] = current.text.as_str().into();
    }
    wire::granted(body)
}
