//! The vendor-neutral controls over HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRef, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{Control, netsuite, oauth2, pax8, quickbooks};
use crate::sim::error::SimError;
use crate::sim::state::World;

impl FromRef<Arc<World>> for Control {
    fn from_ref(world: &Arc<World>) -> Self {
        Self::new(Arc::clone(world))
    }
}

/// A control call's failure, as an answer.
impl IntoResponse for SimError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Unknown { .. } => StatusCode::NOT_FOUND,
            Self::Exists { .. } => StatusCode::CONFLICT,
            Self::Refused(_) | Self::Faults(_) => StatusCode::BAD_REQUEST,
            Self::NotLoopback(_) | Self::Listen { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, axum::Json(json!({"error": self.to_string()}))).into_response()
    }
}

/// Reads a JSON body, whatever its content type, so that `curl -d` is enough; nothing at all is `{}`.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, SimError> {
    let body = if body.is_empty() { b"{}".as_slice() } else { body };
    serde_json::from_slice(body).map_err(|error| SimError::Refused(error.to_string()))
}

pub(in crate::sim) fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/control/faults", get(faults).post(arm).delete(disarm_all))
        .route("/control/faults/{id}", delete(disarm))
        .route("/control/calls", get(calls).delete(forget_calls))
        .route("/control/reset", post(reset))
        .nest("/control/netsuite/{account}", netsuite::router())
        .nest("/control/quickbooks", quickbooks::router())
        .nest("/control/pax8", pax8::router())
        .nest("/control/oauth2/{tenant}", oauth2::router())
}

async fn faults(State(control): State<Control>) -> Response {
    axum::Json(control.faults()).into_response()
}

async fn arm(State(control): State<Control>, body: Bytes) -> Result<Response, SimError> {
    let id = control.arm(read(&body)?);
    Ok(axum::Json(json!({"id": id})).into_response())
}

async fn disarm_all(State(control): State<Control>) -> StatusCode {
    control.disarm_all();
    StatusCode::NO_CONTENT
}

async fn disarm(State(control): State<Control>, Path(id): Path<String>) -> Result<StatusCode, SimError> {
    let unknown = || SimError::Unknown { kind: "fault", id: id.clone() };
    control.disarm(id.parse().map_err(|_| unknown())?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn calls(State(control): State<Control>) -> Response {
    axum::Json(control.calls()).into_response()
}

async fn forget_calls(State(control): State<Control>) -> StatusCode {
    control.forget_calls();
    StatusCode::NO_CONTENT
}

async fn reset(State(control): State<Control>) -> StatusCode {
    control.reset();
    StatusCode::NO_CONTENT
}
