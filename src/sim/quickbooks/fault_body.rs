//! The API's errors in their spellings (`vendors.md` 2.6).

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::json;

/// How the client wants to be answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// JSON, as asked for; XML otherwise.
    pub(super) json: bool,
    /// `Fault` and `Error` instead of `fault` and `error`.
    pub(super) capital: bool,
    pub(super) now: Timestamp,
}

/// Why the API answers no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ApiFault {
    /// No bearer token, or one that is not live.
    Authentication,
    /// A live token for something else.
    Authorization,
    /// No such company behind the path.
    NotFound,
    /// Too many calls.
    Throttled,
}

impl ApiFault {
    fn parts(self) -> (StatusCode, &'static str, &'static str, &'static str) {
        match self {
            Self::Authentication => {
                (StatusCode::UNAUTHORIZED, "3200", "AUTHENTICATION", "AuthenticationFailed")
            }
            Self::Authorization => {
                (StatusCode::FORBIDDEN, "3100", "AUTHORIZATION", "ApplicationAuthorizationFailed")
            }
            Self::NotFound => (StatusCode::BAD_REQUEST, "610", "ValidationFault", "Object Not Found"),
            Self::Throttled => (StatusCode::TOO_MANY_REQUESTS, "3001", "THROTTLE", "ThrottleExceeded"),
        }
    }

    pub(super) fn answer(self, style: Style) -> Response {
        let (status, code, kind, what) = self.parts();
        let message = format!("message={what}; errorCode={code:0>6}; statusCode={}", status.as_u16());
        let time = style.now.to_string();
        let mut response = match (style.json, style.capital) {
            (true, true) => {
                let error = json!({"Message": message, "Detail": what, "code": code});
                (status, axum::Json(json!({"Fault": {"Error": [error], "type": kind}, "time": time})))
                    .into_response()
            }
            (true, false) => {
                let error = json!({"message": message, "detail": what, "code": code, "element": null});
                let fault = json!({"error": [error], "type": kind});
                (status, axum::Json(json!({"warnings": null, "fault": fault, "time": time}))).into_response()
            }
            (false, _) => {
                let body = format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
                     <IntuitResponse time=\"{time}\" xmlns=\"http://schema.intuit.com/finance/v3\">\
                     <Fault type=\"{kind}\"><Error code=\"{code}\"><Message>{message}</Message></Error></Fault>\
                     </IntuitResponse>"
                );
                (status, [(CONTENT_TYPE, "application/xml;charset=UTF-8")], body).into_response()
            }
        };
        if status == StatusCode::UNAUTHORIZED {
            // Source: RFC 6750 section 3.
            let challenge = axum::http::HeaderValue::from_static("Bearer error=\"invalid_token\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
