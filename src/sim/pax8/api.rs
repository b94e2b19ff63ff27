//! The API's errors, and a resource that a token opens (`vendors.md` 3.3).

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::sim::state::{Moment, World};
use crate::sim::wire;

/// Why Pax8 answers no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ApiError {
    /// A token request that cannot be read.
    BadRequest,
    /// The one refusal that is specified for the token endpoint; not `invalid_client`.
    AccessDenied,
    /// A call without a live token.
    Unauthorized,
    /// No word of when to come back: neither `Retry-After` nor `X-RateLimit-*`.
    TooManyRequests,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, kind, message) = match self {
            Self::AccessDenied => {
                let body = json!({"error": "access_denied", "error_description": "Unauthorized"});
                return (StatusCode::UNAUTHORIZED, axum::Json(body)).into_response();
            }
            Self::BadRequest => (StatusCode::BAD_REQUEST, "BAD_REQUEST", "The request is malformed"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Unauthorized"),
            Self::TooManyRequests => {
                (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", "Too many requests")
            }
        };
        let body = json!({
            "type": kind, "message": message, "instance": "/", "status": status.as_u16(), "details": [],
        });
        (status, axum::Json(body)).into_response()
    }
}

/// `GET /pax8/v1/companies`: opens with a live token, and shows nothing.
pub(super) async fn companies(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let mut pax8 = world.pax8();
    let token = wire::bearer(&headers).ok_or(ApiError::Unauthorized)?;
    let (family, _) = pax8.ledger.bearer(token, now).ok_or(ApiError::Unauthorized)?;
    let client_id = pax8.ledger.family(family).client_id.clone();
    if !pax8.clients.contains_key(&client_id) {
        return Err(ApiError::Unauthorized);
    }
    if !pax8.admit(&client_id, now) {
        return Err(ApiError::TooManyRequests);
    }
    let page = json!({"size": 10, "totalElements": 0, "totalPages": 0, "number": 0});
    Ok(axum::Json(json!({"content": [], "page": page})).into_response())
}
