//! Carries faults out: around the vendor's handler, before it or in its place.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::Fault;
use super::body::{End, Shaped};
use crate::clock;
use crate::sim::connection::Cut;
use crate::sim::state::{Moment, World};
use crate::sim::target::{Arrival, Target};

/// Bytes of a request that are read; the rest is refused.
const LARGEST_REQUEST: usize = 2 << 20;

/// Whom the vendor takes the client for, when a fault makes it err.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Disguise {
    pub(in crate::sim) role: String,
    pub(in crate::sim) entity: String,
}

/// What a fault makes a vendor do otherwise about grants; every request carries one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::sim) struct Twist {
    /// The refresh token is not rotated.
    pub(in crate::sim) keeps_refresh_token: bool,
    /// The callback names this realm, whichever the grant is for.
    pub(in crate::sim) realm: Option<String>,
}

/// Stands around every vendor endpoint: counts the request, sets off faults, dates the answer.
pub(in crate::sim) async fn interfere(
    State(world): State<Arc<World>>,
    request: Request,
    next: Next,
) -> Response {
    // Why: what a request is for can stand in its body, and a socket closed with unread data resets, so that
    // `close` would look like `reset`.
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_REQUEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let arrival = Arrival { method: &parts.method, uri: &parts.uri, headers: &parts.headers, body: &body };
    let target = Target::of(&world, &arrival);
    let mut request = Request::from_parts(parts, Body::from(body));
    let strike = target.as_ref().map(|target| world.arsenal().strike(target)).unwrap_or_default();
    if let Some(target) = &target {
        world.arrived(target, strike.any);
    }
    let moment = clock::add(world.clock.now(), SignedDuration::from_secs(strike.skew_seconds));
    let cut = request.extensions().get::<Cut>().cloned().unwrap_or_default();
    let uri = request.uri().clone();
    request.extensions_mut().insert(Moment(moment));
    if let Some(disguise) = strike.disguise {
        request.extensions_mut().insert(disguise);
    }
    request.extensions_mut().insert(strike.twist);

    let instead = strike.answer.as_ref().and_then(|fault| instead(fault, &uri, moment, &cut));
    let mut response = if let Some(response) = instead {
        response
    } else {
        let answer = next.run(request).await;
        if let Some(target) = target.filter(|_| answer.status().is_success()) {
            world.succeeded(&target);
        }
        match strike.answer {
            Some(fault) => spoil(fault, answer, &cut).await,
            None => answer,
        }
    };
    if let Some(date) = http_date(moment) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

/// Returns the answer that a fault gives in the vendor's place, or `None` if the vendor is to answer.
fn instead(fault: &Fault, uri: &Uri, now: Timestamp, cut: &Cut) -> Option<Response> {
    Some(match fault {
        Fault::Refuse { status, error } => {
            (status_of(*status), axum::Json(json!({"error": error}))).into_response()
        }
        Fault::RateLimit { status, retry_after_seconds, as_date } => {
            let later = clock::add(now, SignedDuration::from_secs(i64::from(*retry_after_seconds)));
            let after = if *as_date { http_date(later) } else { Some((*retry_after_seconds).into()) };
            let body = axum::Json(json!({"error": "temporarily_unavailable"}));
            let mut response = (status_of(*status), body).into_response();
            response.headers_mut().extend(after.map(|after| (RETRY_AFTER, after)));
            response
        }
        Fault::Html { status } => {
            let page = "<!DOCTYPE html><html><body><h1>We are down for maintenance</h1></body></html>";
            (status_of(*status), axum::response::Html(page)).into_response()
        }
        Fault::Redirect { status, location } => {
            let location = location.clone().unwrap_or_else(|| uri.to_string());
            let mut response = status_of(*status).into_response();
            response
                .headers_mut()
                .extend(HeaderValue::try_from(location).ok().map(|location| (LOCATION, location)));
            response
        }
        Fault::Reset {} => {
            cut.reset();
            StatusCode::OK.into_response()
        }
        Fault::Close {} => {
            cut.close();
            StatusCode::OK.into_response()
        }
        Fault::EndlessBody {} => {
            let pieces = vec![Bytes::from_static(br#"{"padding":""#), Bytes::from(vec![b'x'; 16 * 1024])];
            json_body(Body::new(Shaped::new(pieces, Duration::ZERO, End::Never)))
        }
        Fault::DeepJson { depth } => {
            let nested = format!("{}{}", "[".repeat(*depth), "]".repeat(*depth));
            json_body(Body::from(format!(r#"{{"access_token":{nested}}}"#)))
        }
        _ => return None,
    })
}

/// Returns the vendor's answer as the client gets to see it.
async fn spoil(fault: Fault, answer: Response, cut: &Cut) -> Response {
    match fault {
        Fault::AnswerLost {} => {
            cut.reset();
            answer
        }
        Fault::AnswerWithheld {} => std::future::pending().await,
        Fault::RefuseAfter { status, error } => {
            (status_of(status), axum::Json(json!({"error": error}))).into_response()
        }
        Fault::MissingRefreshToken {} => {
            edit(answer, |body| {
                body.remove("refresh_token");
            })
            .await
        }
        Fault::SlowHeaders { milliseconds } => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            answer
        }
        Fault::SlowBody { milliseconds } => {
            reshape(answer, |bytes| {
                Shaped::new(vec![bytes], Duration::from_millis(milliseconds), End::Orderly)
            })
            .await
        }
        Fault::Drip { milliseconds } => {
            reshape(answer, |bytes| {
                let pieces = (0..bytes.len()).map(|at| bytes.slice(at..=at)).collect();
                Shaped::new(pieces, Duration::from_millis(milliseconds), End::Orderly)
            })
            .await
        }
        Fault::TruncatedJson {} => {
            let (mut parts, bytes) = take_apart(answer).await;
            parts.headers.remove(CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(bytes.slice(..bytes.len() / 2)))
        }
        Fault::TruncatedBody {} => {
            let (mut parts, bytes) = take_apart(answer).await;
            parts.headers.insert(CONTENT_LENGTH, bytes.len().into());
            let half = vec![bytes.slice(..bytes.len() / 2)];
            Response::from_parts(parts, Body::new(Shaped::new(half, Duration::ZERO, End::Torn)))
        }
        Fault::HugeJson { bytes } => {
            edit(answer, |body| {
                body.insert("padding".to_owned(), Value::String("x".repeat(bytes)));
            })
            .await
        }
        Fault::MissingToken {} => {
            edit(answer, |body| {
                body.remove("access_token");
            })
            .await
        }
        Fault::TokenType { value } => {
            edit(answer, |body| replace(body, "token_type", Some(value.into()))).await
        }
        Fault::TokenControlCharacters {} => {
            edit(answer, |body| replace(body, "access_token", Some("ey\u{1b}[31m\r\nX-Injected: 1".into())))
                .await
        }
        Fault::ExpiresIn { value } => edit(answer, |body| replace(body, "expires_in", value)).await,
        _ => answer,
    }
}

async fn reshape(answer: Response, shape: impl FnOnce(Bytes) -> Shaped) -> Response {
    let (mut parts, bytes) = take_apart(answer).await;
    parts.headers.insert(CONTENT_LENGTH, bytes.len().into());
    Response::from_parts(parts, Body::new(shape(bytes)))
}

/// Changes the members of a JSON object; any other body stays as it is.
async fn edit(answer: Response, change: impl FnOnce(&mut Map<String, Value>)) -> Response {
    let (mut parts, bytes) = take_apart(answer).await;
    let bytes = match serde_json::from_slice(&bytes) {
        Ok(Value::Object(mut body)) => {
            change(&mut body);
            Bytes::from(Value::Object(body).to_string())
        }
        _ => bytes,
    };
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes))
}

/// Replaces or removes a member that is there; an error answer, which has none, stays an error answer.
fn replace(body: &mut Map<String, Value>, member: &str, value: Option<Value>) {
    if body.remove(member).is_some() {
        body.extend(value.map(|value| (member.to_owned(), value)));
    }
}

async fn take_apart(answer: Response) -> (axum::http::response::Parts, Bytes) {
    let (parts, body) = answer.into_parts();
    // The vendors' bodies are in memory already, so reading them cannot fail.
    (parts, to_bytes(body, usize::MAX).await.unwrap_or_default())
}

fn json_body(body: Body) -> Response {
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

/// A status that HTTP does not know becomes 500.
fn status_of(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Returns the form of RFC 9110 section 5.6.7; `None` for years that it cannot write.
fn http_date(at: Timestamp) -> Option<HeaderValue> {
    let in_range = (0..=253_402_300_799).contains(&at.as_second());
    in_range.then(|| httpdate::fmt_http_date(SystemTime::from(at))).and_then(|text| text.try_into().ok())
}
