//! The certificate rotation endpoint (`vendors.md` 1.5): list, create, revoke; there is no delete.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access_token::Bearer;
use super::rest::{RestError, authenticate};
use super::state::Account;
use super::upload::CertificateUpload;
use crate::sim::error::SimError;
use crate::sim::state::{Moment, World};

/// The body of a create request; ids come as numbers or as strings.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    file_content: String,
    role: Value,
    entity: Value,
}

/// `GET …/clients/<client id>/certificates`: the caller's own, as an array.
pub(super) async fn list(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    Path((account, client)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, RestError> {
    let mut netsuite = world.netsuite();
    let account = netsuite.account(&account).ok_or_else(|| RestError::unknown("account"))?;
    let caller = admit(&headers, account, &client, now)?;
    let own: Vec<Value> = account
        .mappings
        .iter()
        .filter(|(_, mapping)| mapping.client_id == client && mapping.entity == caller.entity())
        .map(|(id, mapping)| {
            json!({
                "certificate_id": id,
                "algorithm": mapping.certificate.algorithm(),
                "valid_until": date(mapping.certificate.valid_until),
                "revoked": mapping.revoked,
            })
        })
        .collect();
    Ok(axum::Json(own).into_response())
}

/// `POST …/clients/<client id>/certificates`.
pub(super) async fn create(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    Path((account, client)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, RestError> {
    let mut netsuite = world.netsuite();
    let account = netsuite.account(&account).ok_or_else(|| RestError::unknown("account"))?;
    let caller = admit(&headers, account, &client, now)?;
    let create: Create = serde_json::from_slice(&body)
        .map_err(|_| RestError::bad_request("the body must be JSON with fileContent, role and entity"))?;
    let (Some(role), Some(entity)) = (id_text(&create.role), id_text(&create.entity)) else {
        return Err(RestError::bad_request("role and entity must be internal ids"));
    };
    if entity != caller.entity() {
        return Err(RestError::forbidden("only own certificates can be managed"));
    }
    let upload = CertificateUpload { certificate: create.file_content, entity, role };
    let id = account.upload(&client, upload, now).map_err(|error| match error {
        SimError::Unknown { kind, .. } => RestError::unknown(kind),
        other => RestError::bad_request(other.to_string()),
    })?;
    let certificate = account.mappings.get(&id).map(|mapping| Arc::clone(&mapping.certificate));
    Ok(axum::Json(json!({
        "certificate_id": id,
        "algorithm": certificate.as_ref().map(|certificate| certificate.algorithm()),
        "valid_until": certificate.as_ref().map(|certificate| date(certificate.valid_until)),
        "invalidated": false,
    }))
    .into_response())
}

/// `POST …/clients/<client id>/certificates/<id>/revoke`: plain text, and for ever.
pub(super) async fn revoke(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    Path((account, client, id)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, RestError> {
    let mut netsuite = world.netsuite();
    let account = netsuite.account(&account).ok_or_else(|| RestError::unknown("account"))?;
    let caller = admit(&headers, account, &client, now)?;
    let mapping = account
        .mappings
        .get_mut(&id)
        .filter(|mapping| mapping.client_id == client && mapping.entity == caller.entity())
        .ok_or_else(|| RestError::unknown("certificate"))?;
    mapping.revoked = true;
    Ok("Successfully revoked".into_response())
}

/// Lets in a live token with the REST scope whose role may manage its own certificates.
fn admit(headers: &HeaderMap, account: &Account, client: &str, now: Timestamp) -> Result<Bearer, RestError> {
    let bearer = authenticate(headers, account, now)?;
    if account.settings.certificate_permission_required && !account.role(bearer.role()).manages_certificates {
        return Err(RestError::forbidden(
            "missing Manage own OAuth 2.0 Client Credentials certificates permission",
        ));
    }
    if !account.integrations.contains_key(client) {
        return Err(RestError::unknown("integration"));
    }
    Ok(bearer)
}

/// An internal id is a whole number, perhaps negative, bare or in quotes (`vendors.md` 1.5).
fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => number.as_i64().map(|id| id.to_string()),
        Value::String(text) => text.parse::<i64>().ok().map(|_| text.clone()),
        _ => None,
    }
}

/// A calendar day in UTC, as in the answers that users have published.
fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}
