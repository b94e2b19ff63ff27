//! The parts of OAuth's wire format that servers have in common: forms, credentials, bearer tokens, answers.

use std::collections::BTreeMap;
use std::fmt;

use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserializer as _;
use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::{Value, json};
use url::form_urlencoded;

/// Parameters of a query or form, each at most once.
pub(super) type Parameters = BTreeMap<String, String>;

/// An error answer of RFC 6749 section 5.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OAuthError {
    pub(super) status: StatusCode,
    pub(super) error: &'static str,
    pub(super) description: Option<&'static str>,
}

impl OAuthError {
    /// A 400 without a description.
    pub(super) fn bad(error: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, description: None }
    }

    /// Wrong client credentials: 401, as RFC 6749 section 5.2 has it for clients that tried to authenticate.
    pub(super) fn invalid_client() -> Self {
        Self { status: StatusCode::UNAUTHORIZED, error: "invalid_client", description: None }
    }

    pub(super) fn because(self, description: &'static str) -> Self {
        Self { description: Some(description), ..self }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let mut body = json!({"error": self.error});
        if let Some(description) = self.description {
            body["error_description"] = description.into();
        }
        let mut response = (self.status, uncached(), axum::Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"token\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Returns a success of the token endpoint (RFC 6749 section 5.1).
pub(super) fn granted(body: Value) -> Response {
    (uncached(), axum::Json(body)).into_response()
}

fn uncached() -> [(axum::http::HeaderName, &'static str); 2] {
    [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")]
}

/// Whether the content type is `wanted`, whatever its parameters and case.
pub(super) fn is_type(headers: &HeaderMap, wanted: &str) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
}

/// Reads a query or form; `None` if a parameter comes twice (RFC 6749 sections 3.1 and 3.2).
///
/// A parameter without a value counts as left out, as those sections demand.
pub(super) fn parameters(text: &[u8]) -> Option<Parameters> {
    let mut found = Parameters::new();
    for (name, value) in form_urlencoded::parse(text) {
        if found.insert(name.into_owned(), value.into_owned()).is_some() {
            return None;
        }
    }
    found.retain(|_, value| !value.is_empty());
    Some(found)
}

/// Reads the body of a token request that must be a form.
pub(super) fn form(headers: &HeaderMap, body: &[u8]) -> Result<Parameters, OAuthError> {
    let readable = is_type(headers, "application/x-www-form-urlencoded").then(|| parameters(body)).flatten();
    readable.ok_or_else(|| OAuthError::bad("invalid_request"))
}

/// Reads the body of a token request that must be a JSON object of strings; a member given twice is refused.
pub(super) fn object(body: &[u8]) -> Result<Parameters, OAuthError> {
    struct Object;

    impl<'de> Visitor<'de> for Object {
        type Value = Parameters;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object of strings, each member once")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parameters, A::Error> {
            let mut found = Parameters::new();
            while let Some((name, value)) = map.next_entry::<String, String>()? {
                if found.insert(name, value).is_some() {
                    return Err(A::Error::custom("a member is given twice"));
                }
            }
            Ok(found)
        }
    }

    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = reader.deserialize_map(Object).and_then(|found| reader.end().map(|()| found));
    read.map_err(|_| OAuthError::bad("invalid_request"))
}

/// Client id and secret of `Authorization: Basic`, each form-urlencoded below the base64 (RFC 6749 section 2.3.1).
pub(super) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let credentials = STANDARD.decode(credentials(headers, "Basic")?).ok()?;
    let credentials = String::from_utf8(credentials).ok()?;
    let (id, secret) = credentials.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

/// The token of `Authorization: Bearer` (RFC 6750 section 2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    credentials(headers, "Bearer")
}

/// What follows the scheme in the one `Authorization` header; several are none.
fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (found, credentials) = value.to_str().ok()?.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then_some(credentials)
}

/// Decodes one form-urlencoded value; `None` for text that no encoder makes, such as a bare `%` or `&`.
fn form_decoded(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"*-._~+".contains(&byte);
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if plain(bytes[at]) {
            at += 1;
        } else if bytes[at] == b'%' && bytes.get(at + 1..at + 3)?.iter().all(u8::is_ascii_hexdigit) {
            at += 3;
        } else {
            return None;
        }
    }
    let mut pairs = form_urlencoded::parse(bytes);
    let decoded = pairs.next().map(|(name, _)| name.into_owned()).unwrap_or_default();
    Some(decoded)
}
