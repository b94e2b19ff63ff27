//! The discovery documents (RFC 8414 section 2, OpenID Connect Discovery section 3).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::client::{Authentication, GrantType};
use super::routes::unknown_tenant;
use crate::sim::state::World;

/// The algorithms of assertions.
const ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

/// Returns a tenant's issuer identifier.
pub(super) fn issuer(world: &World, tenant: &str) -> String {
    format!("{}/oauth2/{tenant}", world.base_url)
}

pub(super) async fn authorization_server(
    State(world): State<Arc<World>>,
    Path(tenant): Path<String>,
) -> Response {
    document(&world, &tenant).map_or_else(unknown_tenant, |document| axum::Json(document).into_response())
}

pub(super) async fn openid(State(world): State<Arc<World>>, Path(tenant): Path<String>) -> Response {
    let Some(mut document) = document(&world, &tenant) else { return unknown_tenant() };
    document["userinfo_endpoint"] = format!("{}/userinfo", issuer(&world, &tenant)).into();
    document["subject_types_supported"] = json!(["public"]);
    document["id_token_signing_alg_values_supported"] = json!(["RS256"]);
    axum::Json(document).into_response()
}

/// No keys, since nothing is signed: access tokens are opaque.
pub(super) async fn keys() -> Response {
    axum::Json(json!({"keys": []})).into_response()
}

fn document(world: &World, name: &str) -> Option<Value> {
    let oauth2 = world.oauth2();
    let tenant = oauth2.tenants.get(name)?;
    let issuer = issuer(world, name);
    let at = |path: &str| format!("{issuer}/{path}");
    Some(json!({
        "issuer": issuer,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "device_authorization_endpoint": at("device_authorization"),
        "introspection_endpoint": at("introspect"),
        "revocation_endpoint": at("revoke"),
        "jwks_uri": at("jwks"),
        "response_types_supported": ["code"],
        "grant_types_supported": GrantType::ALL,
        "token_endpoint_auth_methods_supported": Authentication::ALL,
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": tenant.settings.issuer_in_callback,
    }))
}
