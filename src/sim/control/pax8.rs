//! Pax8's Integrations Hub over HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};

use super::Control;
use super::routes::read;
use crate::sim::error::SimError;
use crate::sim::state::World;

type Done = Result<StatusCode, SimError>;

/// The routes below `/control/pax8`.
pub(super) fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/clients", get(clients).post(create_client))
        .route("/clients/{client}", delete(delete_client))
        .route("/clients/{client}/client-secret", put(set_client_secret))
        .route("/clients/{client}/expire-tokens", post(expire_tokens))
        .route("/settings", get(settings).put(set_settings))
}

async fn clients(State(control): State<Control>) -> Response {
    axum::Json(control.pax8().clients()).into_response()
}

async fn create_client(State(control): State<Control>, body: Bytes) -> Result<Response, SimError> {
    Ok(axum::Json(control.pax8().create_client(read(&body)?)?).into_response())
}

async fn delete_client(State(control): State<Control>, Path(client): Path<String>) -> Done {
    control.pax8().delete_client(&client)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_client_secret(State(control): State<Control>, Path(client): Path<String>, body: Bytes) -> Done {
    control.pax8().set_client_secret(&client, &read::<String>(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn expire_tokens(State(control): State<Control>, Path(client): Path<String>) -> Done {
    control.pax8().expire_tokens(&client)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn settings(State(control): State<Control>) -> Response {
    axum::Json(control.pax8().settings()).into_response()
}

async fn set_settings(State(control): State<Control>, body: Bytes) -> Done {
    control.pax8().set_settings(read(&body)?);
    Ok(StatusCode::NO_CONTENT)
}
