//! Which path is which endpoint.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use serde_json::Value;

use super::{api, token};
use crate::sim::state::World;
use crate::sim::target::{Arrival, Endpoint};
use crate::sim::wire;

/// Returns whom and what a request below `/pax8` is for.
pub(in crate::sim) fn classify(
    world: &World,
    arrival: &Arrival<'_>,
    path: &[&str],
) -> Option<(String, Endpoint)> {
    Some(match path {
        ["v1", "token"] => {
            let body: Value = serde_json::from_slice(arrival.body).unwrap_or_default();
            (body["client_id"].as_str().unwrap_or_default().to_owned(), Endpoint::Token)
        }
        ["v1", "companies"] => {
            let token = wire::bearer(arrival.headers).unwrap_or_default();
            (world.pax8().ledger.account_of(token).unwrap_or_default().to_owned(), Endpoint::Resource)
        }
        _ => return None,
    })
}

pub(in crate::sim) fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/pax8/v1/token", post(token::create))
        .route("/pax8/v1/companies", get(api::companies))
}
