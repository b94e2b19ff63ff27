//! What can be done with a token that was issued: look it up, give it back, open something with it.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::client::Authentication;
use super::client_auth::ClientRequest;
use super::metadata;
use super::routes::unknown_tenant;
use super::state::Tenant;
use crate::sim::ledger::Ending;
use crate::sim::state::{Moment, World};
use crate::sim::wire::{self, OAuthError};

/// `POST /oauth2/{tenant}/introspect` (RFC 7662).
pub(super) async fn introspect(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let mut oauth2 = world.oauth2();
    let Some(tenant) = oauth2.tenants.get_mut(&name) else { return Ok(unknown_tenant()) };
    let issuer = metadata::issuer(&world, &name);
    let request = ClientRequest::read(uri.query(), &headers, &body)?;
    let client_id = request.authenticate(tenant, &issuer, now)?;
    let public = |client: &super::client::Client| client.entry.authentication == Authentication::None;
    // Source: RFC 7662 section 2.1: the endpoint must not be open to everybody, against token scanning.
    if tenant.clients.get(&client_id).is_none_or(public) {
        return Err(OAuthError::invalid_client());
    }
    let token = request.parameters.get("token").ok_or(OAuthError::bad("invalid_request"))?;
    let mut answer = active(tenant, token, now).unwrap_or_else(|| json!({"active": false}));
    if answer["active"] == true {
        answer["iss"] = issuer.into();
    }
    Ok(wire::granted(answer))
}

fn active(tenant: &Tenant, token: &str, now: Timestamp) -> Option<Value> {
    let ledger = &tenant.ledger;
    let access = ledger.bearer(token, now);
    let family = ledger.family(access.map(|(id, _)| id).or_else(|| ledger.family_of(token))?);
    let current = family.current.as_ref().filter(|current| current.text == token && family.is_live(now));
    if access.is_none() && current.is_none() {
        return None;
    }
    let mut answer = json!({
        "active": true,
        "client_id": family.client_id,
        "sub": family.account,
        "scope": family.scopes.join(" "),
    });
    if access.is_some() {
        answer["token_type"] = "Bearer".into();
    }
    let until = access.map(|(_, until)| until).or_else(|| current.and_then(|current| current.until));
    if let Some(until) = until {
        answer["exp"] = until.as_second().into();
    }
    Some(answer)
}

/// `POST /oauth2/{tenant}/revoke` (RFC 7009).
pub(super) async fn revoke(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let mut oauth2 = world.oauth2();
    let Some(tenant) = oauth2.tenants.get_mut(&name) else { return Ok(unknown_tenant()) };
    let request = ClientRequest::read(uri.query(), &headers, &body)?;
    let client_id = request.authenticate(tenant, &metadata::issuer(&world, &name), now)?;
    let token = request.parameters.get("token").ok_or(OAuthError::bad("invalid_request"))?;
    // Source: RFC 7009 section 2.2: 200 for an unknown token as well.
    let Some(id) = tenant.ledger.family_of(token) else { return Ok(StatusCode::OK.into_response()) };
    // Source: RFC 7009 section 2.1: a token of another client is refused, and lives on.
    if tenant.ledger.family(id).client_id != client_id {
        return Err(OAuthError::bad("unauthorized_client"));
    }
    if tenant.ledger.is_access_token(token) {
        tenant.ledger.revoke_access(token);
    } else {
        tenant.ledger.end(id, Ending::Revoked);
    }
    Ok(StatusCode::OK.into_response())
}

/// `GET /oauth2/{tenant}/userinfo`.
pub(super) async fn userinfo(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let oauth2 = world.oauth2();
    let Some(tenant) = oauth2.tenants.get(&name) else { return unknown_tenant() };
    let token = wire::bearer(&headers);
    let Some((id, _)) = token.and_then(|token| tenant.ledger.bearer(token, now)) else {
        // Source: RFC 6750 section 3.1: no error code for a request without any token.
        let challenge = if token.is_some() { "Bearer error=\"invalid_token\"" } else { "Bearer" };
        let mut response = StatusCode::UNAUTHORIZED.into_response();
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        return response;
    };
    let family = tenant.ledger.family(id);
    axum::Json(json!({"sub": family.account, "client_id": family.client_id})).into_response()
}
