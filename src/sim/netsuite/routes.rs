//! Which path is which endpoint.

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::routing::{get, post};

use super::{addresses, certificates, rest, token};
use crate::sim::state::World;
use crate::sim::target::Endpoint;

/// Returns what a request below `/netsuite/<account>` is for.
pub(in crate::sim) fn classify(method: &Method, path: &[&str]) -> Option<Endpoint> {
    match path {
        ["services", "rest", "record", "v1", ..] => Some(Endpoint::Resource),
        ["services", "rest", "auth", "oauth2", "v1", rest @ ..] => match rest {
            ["token"] => Some(Endpoint::Token),
            ["clients", _, "certificates"] if method == Method::GET => Some(Endpoint::CertificateList),
            ["clients", _, "certificates"] => Some(Endpoint::CertificateCreate),
            ["clients", _, "certificates", _, "revoke"] => Some(Endpoint::CertificateRevoke),
            _ => None,
        },
        _ => None,
    }
}

pub(in crate::sim) fn router() -> Router<Arc<World>> {
    const OAUTH: &str = "/netsuite/{account}/services/rest/auth/oauth2/v1";
    Router::new()
        .route(&format!("{OAUTH}/token"), post(token::exchange).fallback(token::wrong_method))
        .route(
            &format!("{OAUTH}/clients/{{client}}/certificates"),
            get(certificates::list).post(certificates::create),
        )
        .route(&format!("{OAUTH}/clients/{{client}}/certificates/{{id}}/revoke"), post(certificates::revoke))
        .route("/netsuite/{account}/services/rest/record/v1/metadata-catalog", get(rest::metadata_catalog))
        .route(addresses::PATH, get(addresses::tell))
}
