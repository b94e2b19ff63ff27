//! A tenant's administrator and users over HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};

use super::Control;
use super::routes::read;
use crate::sim::error::SimError;
use crate::sim::state::World;

type Answer = Result<Response, SimError>;
type Done = Result<StatusCode, SimError>;
type Tenant = Path<String>;
type InTenant = Path<(String, String)>;
type Family = Path<(String, String, String)>;

/// The routes below `/control/oauth2/{tenant}`.
pub(super) fn router() -> Router<Arc<World>> {
    const FAMILY: &str = "/families/{client}/{user}";
    Router::new()
        .route("/clients", get(clients).post(register_client))
        .route("/clients/{client}/client-secret", put(set_client_secret))
        .route("/clients/{client}/jwks", put(set_keys))
        .route("/next-authorization", post(decide_next))
        .route("/auto-approve", put(set_auto_approve))
        .route("/devices/{code}", post(decide_device))
        .route("/grants", post(issue_grant))
        .route("/families", get(families))
        .route(FAMILY, get(family))
        .route(&format!("{FAMILY}/expire-access-tokens"), post(expire_access_tokens))
        .route(&format!("{FAMILY}/expire-refresh-token"), post(expire_refresh_token))
        .route(&format!("{FAMILY}/revoke"), post(revoke))
        .route("/settings", get(settings).put(set_settings))
}

async fn clients(State(control): State<Control>, Path(tenant): Tenant) -> Answer {
    Ok(axum::Json(control.oauth2(&tenant).clients()?).into_response())
}

async fn register_client(State(control): State<Control>, Path(tenant): Tenant, body: Bytes) -> Answer {
    Ok(axum::Json(control.oauth2(&tenant).register_client(read(&body)?)?).into_response())
}

async fn set_client_secret(
    State(control): State<Control>,
    Path((tenant, client)): InTenant,
    body: Bytes,
) -> Done {
    control.oauth2(&tenant).set_client_secret(&client, &read::<String>(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_keys(State(control): State<Control>, Path((tenant, client)): InTenant, body: Bytes) -> Done {
    control.oauth2(&tenant).set_keys(&client, &read(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn decide_next(State(control): State<Control>, Path(tenant): Tenant, body: Bytes) -> Done {
    control.oauth2(&tenant).decide_next(read(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_auto_approve(State(control): State<Control>, Path(tenant): Tenant, body: Bytes) -> Done {
    control.oauth2(&tenant).set_auto_approve(read::<Option<String>>(&body)?.as_deref())?;
    Ok(StatusCode::NO_CONTENT)
}

async fn decide_device(State(control): State<Control>, Path((tenant, code)): InTenant, body: Bytes) -> Done {
    control.oauth2(&tenant).decide_device(&code, read(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn issue_grant(State(control): State<Control>, Path(tenant): Tenant, body: Bytes) -> Answer {
    Ok(axum::Json(control.oauth2(&tenant).issue_grant(read(&body)?)?).into_response())
}

async fn families(State(control): State<Control>, Path(tenant): Tenant) -> Answer {
    Ok(axum::Json(control.oauth2(&tenant).families()?).into_response())
}

async fn family(State(control): State<Control>, Path((tenant, client, user)): Family) -> Answer {
    Ok(axum::Json(control.oauth2(&tenant).family(&client, &user)?).into_response())
}

async fn expire_access_tokens(State(control): State<Control>, Path((tenant, client, user)): Family) -> Done {
    control.oauth2(&tenant).expire_access_tokens(&client, &user)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn expire_refresh_token(State(control): State<Control>, Path((tenant, client, user)): Family) -> Done {
    control.oauth2(&tenant).expire_refresh_token(&client, &user)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn revoke(State(control): State<Control>, Path((tenant, client, user)): Family) -> Done {
    control.oauth2(&tenant).revoke(&client, &user)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn settings(State(control): State<Control>, Path(tenant): Tenant) -> Answer {
    Ok(axum::Json(control.oauth2(&tenant).settings()?).into_response())
}

async fn set_settings(State(control): State<Control>, Path(tenant): Tenant, body: Bytes) -> Done {
    control.oauth2(&tenant).set_settings(read(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}
