//! The token and revocation endpoints (`vendors.md` 2.2 and 2.3).

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::ALLOW;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq as _;

use super::state::QuickBooks;
use crate::sim::faults::Twist;
use crate::sim::ledger::{Attempt, Ending, FamilyId, Redemption, Refusal};
use crate::sim::state::{Moment, World};
use crate::sim::wire::{self, OAuthError, Parameters};

/// `POST /quickbooks/oauth2/v1/tokens/bearer`.
pub(super) async fn exchange(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    Extension(twist): Extension<Twist>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    // Source: RFC 6749 section 2.3.1: credentials never in the URI; the request is a form.
    if uri.query().is_some() {
        return Err(OAuthError::bad("invalid_request"));
    }
    let form = wire::form(&headers, &body)?;
    let mut quickbooks = world.quickbooks();
    let client_id = authenticate(&headers, &form, &quickbooks)?;
    let family = grant(&form, &client_id, &mut quickbooks, &twist, now)?;
    let wants_hard_end = headers
        .get("x-include-refresh-token-hard-expires-in")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    Ok(answer(family, &mut quickbooks, wants_hard_end, now))
}

/// Any other method (RFC 6749 section 3.2).
pub(super) async fn wrong_method() -> Response {
    let error = OAuthError { status: StatusCode::METHOD_NOT_ALLOWED, ..OAuthError::bad("invalid_request") };
    let mut response = error.into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

/// Returns the client, which may show its secret in one of the two ways that the discovery document lists.
fn authenticate(
    headers: &HeaderMap,
    form: &Parameters,
    quickbooks: &QuickBooks,
) -> Result<String, OAuthError> {
    let in_header = headers.contains_key(axum::http::header::AUTHORIZATION);
    // Source: RFC 6749 section 2.3: not more than one way of authenticating the client.
    if in_header && form.contains_key("client_secret") {
        return Err(OAuthError::bad("invalid_request"));
    }
    let in_form = || Some((form.get("client_id")?.clone(), form.get("client_secret")?.clone()));
    let credentials = if in_header { wire::basic(headers) } else { in_form() };
    let (client_id, secret) = credentials.ok_or_else(OAuthError::invalid_client)?;
    let genuine = quickbooks
        .apps
        .get(&client_id)
        .is_some_and(|app| bool::from(app.client_secret.as_bytes().ct_eq(secret.as_bytes())));
    if genuine { Ok(client_id) } else { Err(OAuthError::invalid_client()) }
}

fn grant(
    form: &Parameters,
    client_id: &str,
    quickbooks: &mut QuickBooks,
    twist: &Twist,
    now: Timestamp,
) -> Result<FamilyId, OAuthError> {
    let missing = || OAuthError::bad("invalid_request");
    let policy = quickbooks.settings.policy();
    let outcome = match form.get("grant_type").ok_or_else(missing)?.as_str() {
        "authorization_code" => {
            let redemption = Redemption {
                code: form.get("code").ok_or_else(missing)?,
                client_id,
                redirect_uri: Some(form.get("redirect_uri").ok_or_else(missing)?),
                verifier: None,
            };
            quickbooks.ledger.redeem(&redemption, &policy, now)
        }
        "refresh_token" => {
            let token = form.get("refresh_token").ok_or_else(missing)?;
            let attempt = Attempt { token, client_id, keep: twist.keeps_refresh_token };
            quickbooks.ledger.refresh(&attempt, &policy, now)
        }
        _ => return Err(OAuthError::bad("unsupported_grant_type")),
    };
    outcome.map_err(|refusal| {
        let error = OAuthError::bad("invalid_grant");
        // Source: `vendors.md` 2.3 has this description; 2.7 has the others without any.
        if refusal == Refusal::ForeignClient || quickbooks.settings.descriptions {
            error.because(refusal.description())
        } else {
            error
        }
    })
}

fn answer(id: FamilyId, quickbooks: &mut QuickBooks, wants_hard_end: bool, now: Timestamp) -> Response {
    let policy = quickbooks.settings.policy();
    let access_token = quickbooks.ledger.issue_access(id, &policy, now);
    let family = quickbooks.ledger.family(id);
    let left = |end: Timestamp| end.duration_since(now).as_secs();
    let current = family.current.as_ref();
    let mut body = json!({
        "token_type": "bearer",
        "access_token": access_token,
        "expires_in": quickbooks.settings.access_token_lifetime_seconds,
        "refresh_token": current.map(|current| &current.text),
        // Why: not shortened by the hard end, so that a client has to look at both.
        "x_refresh_token_expires_in": current.and_then(|current| current.until).map(left),
    });
    if let Some(end) = family.hard_end.filter(|_| wants_hard_end) {
        body["x_refresh_token_hard_expires_in"] = left(end).into();
    }
    wire::granted(body)
}

/// `POST /quickbooks/v2/oauth2/tokens/revoke`: JSON, and 400 where RFC 7009 has 200.
pub(super) async fn revoke(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    #[derive(Deserialize)]
    struct Body {
        token: String,
    }

    let mut quickbooks = world.quickbooks();
    let client_id = authenticate(&headers, &Parameters::new(), &quickbooks)?;
    let bad = || OAuthError::bad("invalid_request");
    if !wire::is_type(&headers, "application/json") {
        return Err(bad());
    }
    let Body { token } = serde_json::from_slice(&body).map_err(|_| bad())?;
    let ledger = &mut quickbooks.ledger;
    let id = ledger.family_of(&token).ok_or_else(|| OAuthError::bad("invalid_grant"))?;
    let family = ledger.family(id);
    let current = family.current.as_ref().is_some_and(|current| current.text == token) && family.is_live(now);
    let valid = current || ledger.bearer(&token, now).is_some();
    if family.client_id != client_id || !valid {
        return Err(OAuthError::bad("invalid_grant"));
    }
    // Source: `vendors.md` 2.2: it disconnects the app from the company.
    ledger.end(id, Ending::Revoked);
    Ok(StatusCode::OK.into_response())
}
