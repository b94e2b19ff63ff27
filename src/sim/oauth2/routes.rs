//! Which path is which endpoint.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

use super::{authorize, device, metadata, token, token_care};
use crate::sim::state::World;
use crate::sim::target::Endpoint;

/// RFC 8414 section 3: the well-known word comes before the issuer's path.
const ROOT: &str = "/.well-known/oauth-authorization-server";

/// Returns the issuer's path of a discovery document at the root of the host.
pub(in crate::sim) fn rooted(path: &str) -> Option<&str> {
    path.strip_prefix(ROOT).filter(|issuer| issuer.starts_with("/oauth2/"))
}

/// Returns whom and what a request is for; `segments` are those after `/oauth2`.
pub(in crate::sim) fn classify(path: &str, segments: &[&str]) -> Option<(String, Endpoint)> {
    let (tenant, rest) = segments.split_first()?;
    let endpoint = match rest {
        [] if rooted(path).is_some() => Endpoint::Discovery,
        [".well-known", _] => Endpoint::Discovery,
        ["authorize"] => Endpoint::Authorize,
        ["token"] => Endpoint::Token,
        ["device_authorization"] => Endpoint::DeviceAuthorization,
        ["device"] => Endpoint::DeviceVerification,
        ["introspect"] => Endpoint::Introspect,
        ["revoke"] => Endpoint::Revoke,
        ["userinfo"] => Endpoint::Resource,
        _ => return None,
    };
    Some(((*tenant).to_owned(), endpoint))
}

pub(in crate::sim) fn router() -> Router<Arc<World>> {
    const ISSUER: &str = "/oauth2/{tenant}";
    let below = |path: &str| format!("{ISSUER}{path}");
    Router::new()
        .route(&format!("{ROOT}{ISSUER}"), get(metadata::authorization_server))
        .route(&below("/.well-known/oauth-authorization-server"), get(metadata::authorization_server))
        .route(&below("/.well-known/openid-configuration"), get(metadata::openid))
        .route(&below("/jwks"), get(metadata::keys))
        .route(&below("/authorize"), get(authorize::authorize))
        .route(&below("/token"), post(token::exchange))
        .route(&below("/device_authorization"), post(device::authorize))
        .route(&below("/device"), get(device::page).post(device::decide))
        .route(&below("/introspect"), post(token_care::introspect))
        .route(&below("/revoke"), post(token_care::revoke))
        .route(&below("/userinfo"), get(token_care::userinfo))
}

/// The answer for a tenant that does not exist.
pub(super) fn unknown_tenant() -> Response {
    (StatusCode::NOT_FOUND, axum::Json(json!({"error": "there is no such tenant"}))).into_response()
}
