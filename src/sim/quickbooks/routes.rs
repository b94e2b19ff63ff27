//! Which path is which endpoint.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::Value;

use super::{authorize, company, discovery, token};
use crate::sim::random;
use crate::sim::state::World;
use crate::sim::target::{Arrival, Endpoint};
use crate::sim::wire;

/// Returns whom and what a request below `/quickbooks` is for.
pub(in crate::sim) fn classify(
    world: &World,
    arrival: &Arrival<'_>,
    path: &[&str],
) -> Option<(String, Endpoint)> {
    let realm_of = |token: &str| world.quickbooks().ledger.account_of(token).map(str::to_owned);
    let parameters = |text: &[u8]| wire::parameters(text).unwrap_or_default();
    let client = || wire::basic(arrival.headers).map(|(id, _)| id).unwrap_or_default();
    Some(match path {
        [".well-known", _] => (String::new(), Endpoint::Discovery),
        ["connect", "oauth2"] => {
            let mut query = parameters(arrival.uri.query().unwrap_or_default().as_bytes());
            (query.remove("client_id").unwrap_or_default(), Endpoint::Authorize)
        }
        ["oauth2", "v1", "tokens", "bearer"] => {
            let form = parameters(arrival.body);
            let grant = form.get("refresh_token").or_else(|| form.get("code"));
            let realm = grant.and_then(|grant| realm_of(grant));
            let client = || form.get("client_id").cloned().unwrap_or_else(client);
            (realm.unwrap_or_else(client), Endpoint::Token)
        }
        ["v2", "oauth2", "tokens", "revoke"] => {
            let body: Value = serde_json::from_slice(arrival.body).unwrap_or_default();
            let realm = body["token"].as_str().and_then(realm_of);
            (realm.unwrap_or_else(client), Endpoint::Revoke)
        }
        ["v3", "company", realm, "companyinfo", _] => ((*realm).to_owned(), Endpoint::CompanyInfo),
        ["v1", "openid_connect", "userinfo"] => {
            let realm = wire::bearer(arrival.headers).and_then(realm_of);
            (realm.unwrap_or_default(), Endpoint::Resource)
        }
        _ => return None,
    })
}

pub(in crate::sim) fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/quickbooks/.well-known/openid_configuration", get(discovery::production))
        .route("/quickbooks/.well-known/openid_sandbox_configuration", get(discovery::sandbox))
        .route("/quickbooks/op/v1/jwks", get(discovery::keys))
        .route("/quickbooks/connect/oauth2", get(authorize::authorize))
        .route("/quickbooks/oauth2/v1/tokens/bearer", post(token::exchange).fallback(token::wrong_method))
        .route("/quickbooks/v2/oauth2/tokens/revoke", post(token::revoke).fallback(token::wrong_method))
        .route("/quickbooks/v3/company/{realm}/companyinfo/{id}", get(company::info))
        .route("/quickbooks/v1/openid_connect/userinfo", get(company::user))
}

/// Numbers an answer, for Intuit's support.
pub(in crate::sim) async fn number(mut response: Response) -> Response {
    let number = HeaderValue::try_from(format!("1-{}", random::text(18))).ok();
    response.headers_mut().extend(number.map(|number| (HeaderName::from_static("intuit_tid"), number)));
    response
}
