//! Intuit's developer portal and its customers over HTTP.

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

/// The routes below `/control/quickbooks`.
pub(super) fn router() -> Router<Arc<World>> {
    const FAMILY: &str = "/families/{client}/{realm}";
    Router::new()
        .route("/apps", get(apps).post(register_app))
        .route("/apps/{client}/client-secret", put(set_client_secret))
        .route("/companies", get(companies).post(add_company))
        .route("/companies/{realm}/name", put(rename_company))
        .route("/next-authorization", post(decide_next))
        .route("/auto-approve", put(set_auto_approve))
        .route("/grants", post(issue_grant))
        .route("/families", get(families))
        .route(FAMILY, get(family))
        .route(&format!("{FAMILY}/expire-access-tokens"), post(expire_access_tokens))
        .route(&format!("{FAMILY}/expire-refresh-token"), post(expire_refresh_token))
        .route(&format!("{FAMILY}/expire"), post(expire_family))
        .route(&format!("{FAMILY}/revoke"), post(revoke))
        .route("/settings", get(settings).put(set_settings))
}

async fn apps(State(control): State<Control>) -> Response {
    axum::Json(control.quickbooks().apps()).into_response()
}

async fn register_app(State(control): State<Control>, body: Bytes) -> Answer {
    Ok(axum::Json(control.quickbooks().register_app(read(&body)?)?).into_response())
}

async fn set_client_secret(State(control): State<Control>, Path(client): Path<String>, body: Bytes) -> Done {
    control.quickbooks().set_client_secret(&client, &read::<String>(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn companies(State(control): State<Control>) -> Response {
    axum::Json(control.quickbooks().companies()).into_response()
}

async fn add_company(State(control): State<Control>, body: Bytes) -> Answer {
    Ok(axum::Json(control.quickbooks().add_company(read(&body)?)?).into_response())
}

async fn rename_company(State(control): State<Control>, Path(realm): Path<String>, body: Bytes) -> Done {
    control.quickbooks().rename_company(&realm, &read::<String>(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn decide_next(State(control): State<Control>, body: Bytes) -> Done {
    control.quickbooks().decide_next(read(&body)?)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_auto_approve(State(control): State<Control>, body: Bytes) -> Done {
    control.quickbooks().set_auto_approve(read::<Option<String>>(&body)?.as_deref())?;
    Ok(StatusCode::NO_CONTENT)
}

async fn issue_grant(State(control): State<Control>, body: Bytes) -> Answer {
    Ok(axum::Json(control.quickbooks().issue_grant(read(&body)?)?).into_response())
}

async fn families(State(control): State<Control>) -> Response {
    axum::Json(control.quickbooks().families()).into_response()
}

type Family = Path<(String, String)>;

async fn family(State(control): State<Control>, Path((client, realm)): Family) -> Answer {
    Ok(axum::Json(control.quickbooks().family(&client, &realm)?).into_response())
}

async fn expire_access_tokens(State(control): State<Control>, Path((client, realm)): Family) -> Done {
    control.quickbooks().expire_access_tokens(&client, &realm)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn expire_refresh_token(State(control): State<Control>, Path((client, realm)): Family) -> Done {
    control.quickbooks().expire_refresh_token(&client, &realm)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn expire_family(State(control): State<Control>, Path((client, realm)): Family) -> Done {
    control.quickbooks().expire_family(&client, &realm)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn revoke(State(control): State<Control>, Path((client, realm)): Family) -> Done {
    control.quickbooks().revoke(&client, &realm)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn settings(State(control): State<Control>) -> Response {
    axum::Json(control.quickbooks().settings()).into_response()
}

async fn set_settings(State(control): State<Control>, body: Bytes) -> Done {
    control.quickbooks().set_settings(read(&body)?);
    Ok(StatusCode::NO_CONTENT)
}
