//! The token endpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::assertion::{Assertion, Login};
use super::login_audit::LoginRecord;
use super::refusal::Refusal;
use super::rest::RestError;
use super::state::Settings;
use crate::sim::faults::Disguise;
use crate::sim::state::{Moment, World};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// `POST …/token`.
pub(super) async fn exchange(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    disguise: Option<Extension<Disguise>>,
    Path(account): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // Why: the real host of an unknown account does not resolve; 404 is the nearest thing that a path can do.
    if world.netsuite().account(&account).is_none() {
        return RestError::unknown("account").into_response();
    }
    let audience = format!("{}{}", world.base_url, uri.path());
    let assertion = form(&uri, &headers, &body).and_then(|token| Assertion::parse(&token));
    let outcome = assertion
        .as_ref()
        .map_err(|refusal| *refusal)
        .and_then(|assertion| log_in(&world, &account, assertion, &Request { audience: &audience, now }));
    let mut netsuite = world.netsuite();
    let Some(account) = netsuite.account(&account) else {
        return RestError::unknown("account").into_response();
    };
    let login = outcome.as_ref().ok();
    account.record(LoginRecord {
        time: now,
        account: account.id.clone(),
        success: outcome.is_ok(),
        detail: outcome.as_ref().map_or_else(|refusal| format!("{refusal:?}"), |_| "Success".to_owned()),
        client_id: assertion.as_ref().ok().map(|assertion| assertion.issuer().to_owned()),
        certificate_id: assertion.as_ref().ok().map(|assertion| assertion.certificate_id().to_owned()),
        entity: login.map(|login| login.entity.clone()),
        role: login.map(|login| login.role.clone()),
    });
    let (id, key, settings) = (account.id.clone(), Arc::clone(&account.token_key), account.settings.clone());
    drop(netsuite);

    let mut login = match outcome {
        Ok(login) => login,
        Err(refusal) => return refused(refusal, &id, settings.generic_errors),
    };
    if let Some(Extension(Disguise { role, entity })) = disguise {
        login = Login { entity, role, ..login };
    }
    match key.issue(&id, &login, now, settings.token_lifetime_seconds) {
        Some(token) => granted(&token, &settings),
        None => oauth_error(StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
    }
}

/// Any other method (RFC 6749 section 3.2: the token endpoint takes POST).
pub(super) async fn wrong_method() -> Response {
    let mut response = oauth_error(StatusCode::METHOD_NOT_ALLOWED, "invalid_request");
    response.headers_mut().insert(axum::http::header::ALLOW, HeaderValue::from_static("POST"));
    response
}

struct Request<'a> {
    audience: &'a str,
    now: Timestamp,
}

fn log_in(
    world: &World,
    account: &str,
    assertion: &Assertion,
    request: &Request<'_>,
) -> Result<Login, Refusal> {
    let (certificate, settings) = {
        let mut netsuite = world.netsuite();
        let account = netsuite.account(account).ok_or(Refusal::UnknownIntegration)?;
        (assertion.certificate(account, request.now)?, account.settings.clone())
    };
    // Why: signatures take a while and are checked outside the lock, so that exchanges run side by side.
    assertion.check(&certificate, request.audience, &settings, request.now)?;
    let mut netsuite = world.netsuite();
    assertion.log_in(netsuite.account(account).ok_or(Refusal::UnknownIntegration)?, request.now)
}

/// Returns the assertion of a request that has exactly the three documented parameters, once each.
fn form(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<String, Refusal> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") || uri.query().is_some() {
        return Err(Refusal::InvalidRequest);
    }
    let mut parameters = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body) {
        // Source: RFC 6749 section 3.2: parameters must not be included more than once.
        if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(Refusal::InvalidRequest);
        }
    }
    // Source: RFC 6749 section 2.3: not more than one way of authenticating the client.
    if headers.contains_key(AUTHORIZATION)
        || parameters.contains_key("client_id")
        || parameters.contains_key("client_secret")
    {
        return Err(Refusal::SeveralAuthentications);
    }
    let mut take = |name| parameters.remove(name).ok_or(Refusal::InvalidRequest);
    let (grant_type, assertion_type) = (take("grant_type")?, take("client_assertion_type")?);
    let assertion = take("client_assertion")?;
    if grant_type != "client_credentials" {
        return Err(Refusal::UnsupportedGrantType);
    }
    if assertion_type != JWT_BEARER || !parameters.is_empty() {
        return Err(Refusal::InvalidRequest);
    }
    Ok(assertion)
}

fn granted(token: &str, settings: &Settings) -> Response {
    let lifetime = settings.token_lifetime_seconds;
    let expires_in =
        if settings.expires_in_as_string { Value::from(lifetime.to_string()) } else { Value::from(lifetime) };
    // Source: RFC 6749 section 5.1: answers with tokens are not to be cached.
    let headers = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];
    let body = json!({"access_token": token, "expires_in": expires_in, "token_type": "Bearer"});
    (headers, axum::Json(body)).into_response()
}

fn refused(refusal: Refusal, account: &str, generic: bool) -> Response {
    let (status, error) = refusal.answer(generic);
    let mut response = oauth_error(status, error);
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::try_from(format!("Basic realm=\"{account}\"")).ok();
        response.headers_mut().extend(challenge.map(|challenge| (WWW_AUTHENTICATE, challenge)));
    }
    response
}

fn oauth_error(status: StatusCode, error: &str) -> Response {
    (status, axum::Json(json!({"error": error}))).into_response()
}
