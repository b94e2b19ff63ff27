//! A NetSuite account's administrator over HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde_json::json;

use super::Control;
use super::routes::read;
use crate::sim::error::SimError;
use crate::sim::state::World;

type Answer = Result<Response, SimError>;
type Done = Result<StatusCode, SimError>;

/// The routes below `/control/netsuite/{account}`.
pub(super) fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/integrations", get(integrations).post(create_integration))
        .route("/integrations/{client}/blocked", put(block_integration))
        .route("/integrations/{client}/scopes", put(set_scopes))
        .route("/integrations/{client}/reset-credentials", post(reset_credentials))
        .route("/integrations/{client}/certificates", get(certificates).post(upload_certificate))
        .route("/certificates/{id}/revoke", post(revoke_certificate))
        .route("/next-certificate-id-with-dash", post(start_next_certificate_id_with_dash))
        .route("/roles/{role}", put(set_role))
        .route("/entities/{entity}/enabled", put(enable_entity))
        .route("/entities/{entity}/roles", put(set_entity_roles))
        .route("/sandbox-refresh", post(refresh_sandbox))
        .route("/settings", get(settings).put(set_settings))
        .route("/login-audit", get(login_audit))
}

async fn integrations(State(control): State<Control>, Path(account): Path<String>) -> Answer {
    Ok(axum::Json(control.netsuite(&account).integrations()?).into_response())
}

async fn create_integration(
    State(control): State<Control>,
    Path(account): Path<String>,
    body: Bytes,
) -> Answer {
    Ok(axum::Json(control.netsuite(&account).create_integration(read(&body)?)?).into_response())
}

async fn block_integration(
    State(control): State<Control>,
    Path((account, client)): Path<(String, String)>,
    body: Bytes,
) -> Done {
    control.netsuite(&account).block_integration(&client, read(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_scopes(
    State(control): State<Control>,
    Path((account, client)): Path<(String, String)>,
    body: Bytes,
) -> Done {
    let scopes: Vec<String> = read(&body)?;
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    control.netsuite(&account).set_scopes(&client, &scopes)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn reset_credentials(
    State(control): State<Control>,
    Path((account, client)): Path<(String, String)>,
) -> Answer {
    Ok(axum::Json(control.netsuite(&account).reset_credentials(&client)?).into_response())
}

async fn certificates(
    State(control): State<Control>,
    Path((account, client)): Path<(String, String)>,
) -> Answer {
    Ok(axum::Json(control.netsuite(&account).certificates(&client)?).into_response())
}

async fn upload_certificate(
    State(control): State<Control>,
    Path((account, client)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let id = control.netsuite(&account).upload_certificate(&client, read(&body)?)?;
    Ok(axum::Json(json!({"certificate_id": id})).into_response())
}

async fn revoke_certificate(
    State(control): State<Control>,
    Path((account, id)): Path<(String, String)>,
) -> Done {
    control.netsuite(&account).revoke_certificate(&id)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn start_next_certificate_id_with_dash(
    State(control): State<Control>,
    Path(account): Path<String>,
) -> Done {
    control.netsuite(&account).start_next_certificate_id_with_dash()?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_role(
    State(control): State<Control>,
    Path((account, role)): Path<(String, String)>,
    body: Bytes,
) -> Done {
    control.netsuite(&account).set_role(&role, read(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn enable_entity(
    State(control): State<Control>,
    Path((account, entity)): Path<(String, String)>,
    body: Bytes,
) -> Done {
    control.netsuite(&account).enable_entity(&entity, read(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_entity_roles(
    State(control): State<Control>,
    Path((account, entity)): Path<(String, String)>,
    body: Bytes,
) -> Done {
    let roles: Vec<String> = read(&body)?;
    let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
    control.netsuite(&account).set_entity_roles(&entity, &roles)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn refresh_sandbox(State(control): State<Control>, Path(account): Path<String>) -> Answer {
    let cleared = control.netsuite(&account).refresh_sandbox()?;
    Ok(axum::Json(json!({"cleared": cleared})).into_response())
}

async fn settings(State(control): State<Control>, Path(account): Path<String>) -> Answer {
    Ok(axum::Json(control.netsuite(&account).settings()?).into_response())
}

async fn set_settings(State(control): State<Control>, Path(account): Path<String>, body: Bytes) -> Done {
    control.netsuite(&account).set_settings(read(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn login_audit(State(control): State<Control>, Path(account): Path<String>) -> Answer {
    Ok(axum::Json(control.netsuite(&account).login_audit()?).into_response())
}
