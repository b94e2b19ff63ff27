//! The discovery documents (`vendors.md` 2.1): underscores in their names, and no word of PKCE.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::sim::state::World;

/// `GET /quickbooks/.well-known/openid_configuration`.
pub(super) async fn production(State(world): State<Arc<World>>) -> Json<Value> {
    Json(document(&world.base_url))
}

/// `GET /quickbooks/.well-known/openid_sandbox_configuration`: Intuit's differs in the host of the user info,
/// and the simulator has one host only.
pub(super) async fn sandbox(State(world): State<Arc<World>>) -> Json<Value> {
    Json(document(&world.base_url))
}

/// `GET /quickbooks/op/v1/jwks`: no keys, since no `id_token` is ever signed.
pub(super) async fn keys() -> Json<Value> {
    Json(json!({"keys": []}))
}

fn document(base_url: &str) -> Value {
    let at = |path: &str| format!("{base_url}/quickbooks{path}");
    json!({
        "issuer": at("/op/v1"),
        "authorization_endpoint": at("/connect/oauth2"),
        "token_endpoint": at("/oauth2/v1/tokens/bearer"),
        "userinfo_endpoint": at("/v1/openid_connect/userinfo"),
        "revocation_endpoint": at("/v2/oauth2/tokens/revoke"),
        "jwks_uri": at("/op/v1/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
    })
}
