//! Devices without a browser (RFC 8628).

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::admin::Decision;
use super::client::GrantType;
use super::client_auth::ClientRequest;
use super::metadata;
use super::routes::unknown_tenant;
use super::state::{Tenant, seconds};
use crate::clock;
use crate::sim::ledger::Opening;
use crate::sim::page::{self, escape};
use crate::sim::random;
use crate::sim::state::{Moment, World};
use crate::sim::wire::{self, OAuthError};

/// A device that waits for a person.
#[derive(Debug)]
pub(super) struct Device {
    client_id: String,
    pub(super) user_code: String,
    scopes: Vec<String>,
    until: Timestamp,
    interval: SignedDuration,
    last_poll: Option<Timestamp>,
    pub(super) decision: Option<Decision>,
    spent: bool,
}

/// `POST /oauth2/{tenant}/device_authorization`.
pub(super) async fn authorize(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let mut oauth2 = world.oauth2();
    let Some(tenant) = oauth2.tenants.get_mut(&name) else { return Ok(unknown_tenant()) };
    let issuer = metadata::issuer(&world, &name);
    let request = ClientRequest::read(uri.query(), &headers, &body)?;
    let client_id = request.authenticate(tenant, &issuer, now)?;
    let client = tenant.clients.get(&client_id).ok_or_else(OAuthError::invalid_client)?;
    if !client.may(GrantType::DeviceCode) {
        return Err(OAuthError::bad("unauthorized_client"));
    }
    let scopes = client.scopes(request.parameters.get("scope")).ok_or(OAuthError::bad("invalid_scope"))?;
    let settings = tenant.settings.clone();
    let device = Device {
        client_id,
        user_code: user_code(),
        scopes,
        until: clock::add(now, seconds(settings.device_code_lifetime_seconds)),
        interval: seconds(settings.device_interval_seconds),
        last_poll: None,
        decision: tenant.next_decision(),
        spent: false,
    };
    let (device_code, user_code) = (random::text(32), device.user_code.clone());
    tenant.devices.insert(device_code.clone(), device);
    Ok(wire::granted(json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": format!("{issuer}/device"),
        "verification_uri_complete": format!("{issuer}/device?user_code={user_code}"),
        "expires_in": settings.device_code_lifetime_seconds,
        "interval": settings.device_interval_seconds,
    })))
}

/// Answers a device's question at the token endpoint; what to open for it, once a person has agreed.
pub(super) fn poll(
    tenant: &mut Tenant,
    device_code: &str,
    client_id: &str,
    now: Timestamp,
) -> Result<Opening, OAuthError> {
    let refreshable = tenant.clients.get(client_id).is_some_and(|client| client.may(GrantType::RefreshToken));
    let device = tenant.devices.get_mut(device_code).filter(|device| device.client_id == client_id);
    let device = device.ok_or(OAuthError::bad("invalid_grant"))?;
    if device.spent {
        return Err(OAuthError::bad("invalid_grant"));
    }
    if device.until <= now {
        return Err(OAuthError::bad("expired_token"));
    }
    let before = device.last_poll.replace(now);
    if before.is_some_and(|before| now < clock::add(before, device.interval)) {
        // Source: RFC 8628 section 3.5: this and all later intervals grow by five seconds.
        device.interval += SignedDuration::from_secs(5);
        return Err(OAuthError::bad("slow_down"));
    }
    match &device.decision {
        None => Err(OAuthError::bad("authorization_pending")),
        Some(Decision::Deny) => Err(OAuthError::bad("access_denied")),
        Some(Decision::Approve(user)) => {
            device.spent = true;
            let (client_id, scopes) = (client_id.to_owned(), device.scopes.clone());
            Ok(Opening { client_id, account: user.clone(), scopes, refreshable })
        }
    }
}

/// Decides for the device that shows `user_code`; `false` if none waits under it.
pub(super) fn settle(tenant: &mut Tenant, user_code: &str, decision: Decision, now: Timestamp) -> bool {
    // Source: RFC 8628 section 6.1: case and punctuation do not matter.
    let plain = |code: &str| code.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let wanted = plain(user_code).to_ascii_uppercase();
    let waiting = tenant
        .devices
        .values_mut()
        .find(|device| device.decision.is_none() && device.until > now && plain(&device.user_code) == wanted);
    waiting.map(|device| device.decision = Some(decision)).is_some()
}

/// `GET /oauth2/{tenant}/device`.
pub(super) async fn page(State(world): State<Arc<World>>, Path(name): Path<String>, uri: Uri) -> Response {
    if !world.oauth2().tenants.contains_key(&name) {
        return unknown_tenant();
    }
    let query = wire::parameters(uri.query().unwrap_or_default().as_bytes()).unwrap_or_default();
    let code = query.get("user_code").map(String::as_str).unwrap_or_default();
    let content = format!(
        "<p>Does this code stand on your device?</p>\
         <form method=\"post\" action=\"/oauth2/{}/device\">\
         <label>Code <input name=\"user_code\" value=\"{}\" required autocomplete=\"off\"></label>\
         <label>You are <input name=\"user\" value=\"user-1\" required></label>\
         <p><button name=\"decision\" value=\"allow\">Allow</button> \
         <button class=\"quiet\" name=\"decision\" value=\"deny\">Deny</button></p></form>",
        escape(&name),
        escape(code),
    );
    page::page(StatusCode::OK, "Connect a device", &content)
}

/// `POST /oauth2/{tenant}/device`.
pub(super) async fn decide(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut oauth2 = world.oauth2();
    let Some(tenant) = oauth2.tenants.get_mut(&name) else { return unknown_tenant() };
    let Ok(form) = wire::form(&headers, &body) else { return page::refusal("This is not the page's form.") };
    let value = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let decision = match value("decision") {
        "allow" if !value("user").is_empty() => Decision::Approve(value("user").to_owned()),
        "deny" => Decision::Deny,
        _ => return page::refusal("Nothing was decided."),
    };
    if settle(tenant, value("user_code"), decision, now) {
        page::page(StatusCode::OK, "Done", "<p>You can go back to your device.</p>").into_response()
    } else {
        page::refusal("No device waits under this code.")
    }
}

/// Eight letters without vowels, which spell no word and are not mistaken for digits (RFC 8628 section 6.1).
fn user_code() -> String {
    const LETTERS: [char; 20] =
        ['B', 'C', 'D', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Z'];
    let random = random::text(8);
    let letter = |byte: u8| LETTERS[usize::from(byte) % LETTERS.len()];
    let letters: String = random.bytes().take(8).map(letter).collect();
    format!("{}-{}", &letters[..4], &letters[4..])
}
