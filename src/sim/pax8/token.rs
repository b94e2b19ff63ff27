//! The token endpoint (`vendors.md` 3.2).

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq as _;

use super::api::ApiError;
use super::state::{AUDIENCES, Pax8};
use crate::clock;
use crate::sim::ledger::Opening;
use crate::sim::state::{Moment, World};
use crate::sim::wire;

#[derive(Debug, Deserialize)]
struct TokenRequest {
    client_id: String,
    client_secret: String,
    audience: String,
    grant_type: String,
}

/// `POST /pax8/v1/token`.
pub(super) async fn create(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // Source: `vendors.md` 3.2: JSON, and not the form of RFC 6749.
    let request = wire::is_type(&headers, "application/json")
        .then(|| serde_json::from_slice::<TokenRequest>(&body).ok())
        .flatten()
        .filter(|request| {
            request.grant_type == "client_credentials" && AUDIENCES.contains(&request.audience.as_str())
        });
    let Some(request) = request else { return ApiError::BadRequest.into_response() };
    let mut pax8 = world.pax8();
    if !genuine(&request, &pax8) {
        return ApiError::AccessDenied.into_response();
    }
    if !pax8.admit(&request.client_id, now) {
        return ApiError::TooManyRequests.into_response();
    }
    let policy = pax8.settings.policy();
    let scope = scope(&request.audience);
    let opening = Opening {
        account: request.client_id.clone(),
        client_id: request.client_id,
        scopes: vec![scope.to_owned()],
        refreshable: false,
    };
    let family = pax8.ledger.open(opening, &policy, now);
    let access_token = pax8.ledger.issue_access(family, &policy, now);
    wire::granted(json!({
        "access_token": access_token,
        "expires_in": pax8.settings.token_lifetime_seconds,
        "expires_at": clock::add(now, policy.access_lifetime).to_string(),
        "token_type": "Bearer",
        "scope": scope,
    }))
}

fn genuine(request: &TokenRequest, pax8: &Pax8) -> bool {
    pax8.clients.get(&request.client_id).is_some_and(|client| {
        client.audiences.contains(&request.audience)
            && bool::from(client.client_secret.as_bytes().ct_eq(request.client_secret.as_bytes()))
    })
}

/// A simulated vendor's credentials show in the scope; a partner's scope is not documented.
fn scope(audience: &str) -> &'static str {
    match audience {
        "api://provisioning" => "vendorSimulation:provisioning",
        "api://usage" => "vendorSimulation:usage",
        _ => "partner",
    }
}
