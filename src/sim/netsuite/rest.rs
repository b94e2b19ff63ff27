//! NetSuite's REST manners: the bearer token, the shape of errors, and one resource to open with a token.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::json;

use super::access_token::{Bearer, REST_SCOPE};
use super::state::Account;
use crate::sim::state::{Moment, World};

/// An error in the REST style: `{type, title, status, "o:errorDetails": [{detail, "o:errorCode"}]}`.
#[derive(Debug)]
pub(super) struct RestError {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

impl RestError {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into() }
    }

    pub(super) fn unknown(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NONEXISTENT_ID", format!("there is no such {what}"))
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "USER_ERROR", detail)
    }

    pub(super) fn forbidden(detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "INSUFFICIENT_PERMISSION", detail)
    }
}

impl IntoResponse for RestError {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "https://www.rfc-editor.org/rfc/rfc9110.html#section-15",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "o:errorDetails": [{"detail": self.detail, "o:errorCode": self.code}],
        });
        let content_type = "application/vnd.oracle.resource+json; type=error";
        let mut response = (self.status, [(CONTENT_TYPE, content_type)], body.to_string()).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            // Source: RFC 6750 section 3.
            let challenge = axum::http::HeaderValue::from_static("Bearer error=\"invalid_token\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Returns what the request's bearer token says, if it lives and has the REST scope.
pub(super) fn authenticate(
    headers: &HeaderMap,
    account: &Account,
    now: Timestamp,
) -> Result<Bearer, RestError> {
    let token = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map(|(_, token)| token);
    let bearer = token.and_then(|token| Bearer::check(token, account, now)).ok_or_else(|| {
        RestError::new(
            StatusCode::UNAUTHORIZED,
            "INVALID_LOGIN",
            "invalid login attempt, see the login audit trail",
        )
    })?;
    if bearer.scope.iter().any(|scope| scope == REST_SCOPE) {
        Ok(bearer)
    } else {
        Err(RestError::forbidden("the token does not have the scope rest_webservices"))
    }
}

/// `GET …/record/v1/metadata-catalog`: opens with a live token, and shows nothing.
pub(super) async fn metadata_catalog(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    Path(account): Path<String>,
    headers: HeaderMap,
) -> Result<Response, RestError> {
    let mut netsuite = world.netsuite();
    let account = netsuite.account(&account).ok_or_else(|| RestError::unknown("account"))?;
    authenticate(&headers, account, now)?;
    Ok(axum::Json(json!({"items": []})).into_response())
}
