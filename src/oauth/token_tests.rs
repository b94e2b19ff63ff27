use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::client::ClientOptions;
use super::super::retry::Backoff;
use super::super::testing::{Script, Server, answer, head};
use super::*;
use crate::domain::connection::Environment;
use crate::domain::settings::{ScopeStyle, SubjectClaim};
use crate::domain::key::KeyAlgorithm;
use crate::domain::verification::Outcome;
use crate::providers::endpoints;
use crate::secret::Secret;

const TOKEN: &str = r#"{"access_token":"opaque","token_type":"Bearer","expires_in":"1800"}"#;

/// The whole of an exchange is over by then, or the test fails.
const DEADLINE: Duration = Duration::from_secs(3);

struct Setting {
    client: Client,
    clock: Clock,
    settings: NetsuiteSettings,
    endpoints: Endpoints,
    key: SigningKey,
    key_id: KeyId,
}

impl Setting {
    fn new(token_url: &str) -> Self {
        let settings = NetsuiteSettings {
            account: "1234567".parse().unwrap(),
            client_id: "client".to_owned(),
            scopes: vec!["restlets".to_owned()],
            scope_style: ScopeStyle::Array,
            subject: SubjectClaim::Omit,
            signing_algorithm: None,
            assertion_seconds: 300,
            entity: None,
            role: None,
            token_url: Some(token_url.parse().unwrap()),
            certificate_url: None,
            trusted_hosts: Vec::new(),
            later: std::collections::BTreeMap::new(),
        };
        let endpoints = endpoints(Provider::Netsuite, Environment::Simulator, &settings).unwrap();
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        Self {
            client: Client::new(ClientOptions::default()).unwrap(),
            clock: Clock::system(),
            settings,
            endpoints,
            key: SigningKey::from_pkcs8(KeyAlgorithm::EcP256, &Secret::new(pair.serialize_der())).unwrap(),
            key_id: KeyId::new(),
        }
    }

    /// Exchanges with short waits; every attempt may take 400 ms.
    async fn exchange(&self) -> Result<Exchanged, ExchangeError> {
        let limits = Limits {
            attempt: Duration::from_millis(400),
            backoff: Backoff { first: Duration::from_millis(1), ..Backoff::default() },
            ..Limits::new(&self.clock, DEADLINE, None)
        };
        let request = ExchangeRequest {
            provider: Provider::Netsuite,
            settings: &self.settings,
            settings_hash: "hash",
            endpoints: &self.endpoints,
            key: &self.key,
            key_id: &self.key_id,
            certificate_id: &"-kid".parse().unwrap(),
            limits,
        };
        let started: Instant = self.clock.instant();
        let outcome = exchange(&self.client, &self.clock, &request).await;
        let took = self.clock.instant().duration_since(started);
        assert!(took < DEADLINE + Duration::from_secs(1), "took {took:?}");
        outcome
    }
}

fn assertion_of(request: &str) -> String {
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    body.split_once("client_assertion=").unwrap().1.to_owned()
}

fn claims_of(request: &str) -> Value {
    let assertion = assertion_of(request);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

/// Runs one exchange against `scripts`; returns its error and the requests that were made.
async fn refused(scripts: Vec<Script>) -> (ExchangeError, Vec<String>) {
    let server = Server::start(scripts).await;
    let error = Setting::new(&server.url()).exchange().await.err().unwrap();
    let requests = server.requests();
    for request in &requests {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(assertion_of(request).split('.').nth(2).unwrap()), "shown: {shown}");
    }
    (error, requests)
}

#[tokio::test]
async fn a_token_comes_back() {
    let payload = URL_SAFE_NO_PAD.encode(r#"{"sub":"3;-5","aud":["app;1234567"],"scope":["restlets"]}"#);
    let body = json!({"access_token": format!("h.{payload}.s"), "token_type": "bearer"}).to_string();
    let server = Server::start(vec![answer(200, "x-n-operationid: 5f3a\r\n", &body)]).await;
    let setting = Setting::new(&server.url());
    let exchanged = setting.exchange().await.unwrap_or_else(|error| panic!("{error:?}"));

    let TokenFacts { hash, obtained_at, expires_at, key, settings } = exchanged.token.facts;
    assert_eq!(exchanged.token.value.expose(), &format!("h.{payload}.s"));
    assert_eq!(hash, hex(digest(&SHA256, exchanged.token.value.expose().as_bytes()).as_ref()));
    assert_eq!(expires_at.duration_since(obtained_at).as_secs(), 3600, "the descriptor's default");
    assert_eq!((key.as_ref(), settings.as_str()), (Some(&setting.key_id), "hash"));
    let granted = exchanged.granted.unwrap();
    assert_eq!((granted.role.as_deref(), granted.entity.as_deref()), (Some("3"), Some("-5")));
    assert_eq!(exchanged.evidence.http_status, Some(200));
    assert_eq!(exchanged.evidence.attempts, 1);
    assert_eq!(exchanged.evidence.request_id.as_deref(), Some("5f3a"));
    assert_eq!(exchanged.evidence.clock_skew, None);

    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    let (headers, body) = request.split_once("\r\n\r\n").unwrap();
    let headers = headers.to_ascii_lowercase();
    assert!(headers.starts_with("post /token http/1.1\r\n"), "{headers}");
    assert!(headers.contains("content-type: application/x-www-form-urlencoded\r\n"), "{headers}");
    assert!(headers.contains(concat!("user-agent: tokenctl/", env!("CARGO_PKG_VERSION"))), "{headers}");
    assert!(!headers.contains("authorization") && !headers.contains("cookie"), "{headers}");
    let expected = "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
                    client-assertion-type%3Ajwt-bearer&client_assertion=eyJ";
    assert!(body.starts_with(expected), "{body}");
    assert_eq!(body.matches('&').count(), 2, "{body}");
    assert_eq!(claims_of(request)["aud"], server.url(), "what is posted to is what is named");
}

#[tokio::test]
async fn refusals_are_final() {
    let html = "<html>blocked</html>";
    for (status, body, code) in [
        (400, r#"{"error":"invalid_grant"}"#, Some("invalid_grant")),
        (401, r#"{"error":"invalid_client"}"#, Some("invalid_client")),
        (400, r#"{"error":"made_up","error_description":"why"}"#, Some("made_up")),
        (200, r#"{"error":"invalid_grant","access_token":"a","token_type":"bearer"}"#, Some("invalid_grant")),
        (500, r#"{"error":"invalid_client"}"#, Some("invalid_client")),
        (400, TOKEN, None),
        (403, html, None),
        (404, "", None),
        (400, "{\"error\":", None),
    ] {
        let (error, requests) = refused(vec![answer(status, "", body)]).await;
        assert_eq!(error.outcome(), Outcome::Rejected, "{status} {body}: {error:?}");
        assert_eq!(error.vendor_code(), code, "{status} {body}");
        assert_eq!(error.evidence().unwrap().http_status, Some(status));
        assert_eq!(requests.len(), 1, "{status} {body}");
    }
    let (error, _) = refused(vec![answer(400, "", r#"{"error":"invalid_grant"}"#)]).await;
    assert_eq!(error.to_string(), "NetSuite refused the exchange: invalid_grant (HTTP 400)");
    assert!(error.meaning().unwrap().causes[0].contains("certificate"));
}

#[tokio::test]
async fn trouble_is_tried_again_and_then_unreachable() {
    let server_error = r#"{"error":"server_error"}"#;
    for (status, body, tries) in [
        (429, "", 4),
        (429, r#"{"error":"invalid_grant"}"#, 4),
        (500, "", 4),
        (500, server_error, 2),
        (502, "<html>bad gateway</html>", 4),
        (503, TOKEN, 4),
        (504, "", 4),
        (501, "", 1),
        (408, "", 1),
        (400, server_error, 1),
        (400, r#"{"error":"temporarily_unavailable"}"#, 1),
    ] {
        let (error, requests) = refused(vec![answer(status, "", body)]).await;
        assert_eq!(error.outcome(), Outcome::Unreachable, "{status} {body}: {error:?}");
        assert_eq!(requests.len(), tries, "{status} {body}");
        assert_eq!(error.evidence().unwrap().attempts, u32::try_from(tries).unwrap());
        assert_eq!(error.evidence().unwrap().http_status, Some(status));
    }
    let (error, _) = refused(vec![answer(500, "", server_error)]).await;
    assert!(error.meaning().unwrap().causes.iter().any(|cause| cause.contains("assertion is wrong")));
}

#[tokio::test]
async fn unusable_answers_are_no_tokens() {
    let huge = format!(r#"{{"access_token":"{}","token_type":"bearer"}}"#, "a".repeat(1024 * 1024));
    let control = r#"{"access_token":"a\u0007","token_type":"bearer"}"#;
    for (name, script, expected) in [
        ("html", answer(200, "content-type: text/html\r\n", "<html>"), Malformed::Html(200)),
        ("truncated json", answer(200, "", &TOKEN[..40]), Malformed::NotJson(200)),
        ("empty", answer(200, "", ""), Malformed::NotJson(200)),
        ("no content", answer(204, "", ""), Malformed::NotJson(204)),
        ("deep", answer(200, "", &"[".repeat(100_000)), Malformed::NotJson(200)),
        ("control character", answer(200, "", control), Malformed::Member("access_token")),
        ("missing", answer(200, "", r#"{"token_type":"bearer"}"#), Malformed::Member("access_token")),
        ("type", answer(200, "", r#"{"access_token":"a","token_type":"mac"}"#), Malformed::TokenType),
        ("huge", answer(200, "", &huge), Malformed::TooLong),
        ("announced", Script::SendAndHang(head(200, "", 1 << 40, "")), Malformed::TooLong),
        ("endless", Script::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), &[b' '; 4096]), Malformed::TooLong),
        ("not http", Script::Send(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()), Malformed::NotHttp),
    ] {
        let (error, requests) = refused(vec![script]).await;
        let ExchangeError::Malformed { ref reason, .. } = error else { panic!("{name}: {error:?}") };
        assert_eq!(*reason, expected, "{name}");
        assert_eq!(error.outcome(), Outcome::Unreachable, "{name}");
        assert_eq!(requests.len(), 1, "{name}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let (error, requests) = refused(vec![answer(status, "location: /token\r\n", "")]).await;
        assert!(
            matches!(error, ExchangeError::Malformed { reason: Malformed::Redirect(found), .. } if found == status),
            "{error:?}"
        );
        assert_eq!(requests.len(), 1);
    }
}

#[tokio::test]
async fn silence_and_slowness_end_in_time() {
    let slow = Duration::from_millis(150);
    let mut cases = tokio::task::JoinSet::new();
    for (name, script) in [
        ("no headers", Script::SendAndHang(Vec::new())),
        ("half of the headers", Script::SendAndHang(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec())),
        ("no body", Script::SendAndHang(head(200, "", 100, ""))),
        ("half of the body", Script::SendAndHang(head(200, "", 100, "{\"access_token\""))),
        ("slow headers", Script::Drip(head(200, "", TOKEN.len(), TOKEN), slow)),
    ] {
        cases.spawn(async move {
            let (error, requests) = refused(vec![script]).await;
            let ExchangeError::Unreachable { ref reason, .. } = error else { panic!("{name}: {error:?}") };
            assert_eq!(*reason, Unreachable::Timeout, "{name}");
            assert_eq!(requests.len(), 4, "{name}");
        });
    }
    cases.join_all().await;
}

#[tokio::test]
async fn a_refusal_counts_although_its_body_never_ends() {
    let (error, requests) = refused(vec![Script::SendAndHang(head(403, "", 100, ""))]).await;
    assert_eq!((error.outcome(), requests.len()), (Outcome::Rejected, 1), "{error:?}");
    let (error, requests) = refused(vec![Script::Send(head(401, "", 100, "{"))]).await;
    assert_eq!((error.outcome(), requests.len()), (Outcome::Rejected, 1), "{error:?}");
}

#[tokio::test]
async fn broken_connections_are_tried_again_with_a_fresh_assertion() {
    let broken = head(200, "", 500, "{");
    let scripts = vec![Script::Reset, Script::Send(broken), Script::Send(Vec::new()), answer(200, "", TOKEN)];
    let server = Server::start(scripts).await;
    let exchanged = Setting::new(&server.url()).exchange().await.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(exchanged.evidence.attempts, 4);
    assert_eq!(exchanged.token.value.expose(), "opaque");
    let facts = exchanged.token.facts;
    assert_eq!(facts.expires_at.duration_since(facts.obtained_at).as_secs(), 1800);
    let mut ids: Vec<String> =
        server.requests().iter().map(|request| claims_of(request)["jti"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "each request has a jti of its own");
}

#[tokio::test]
async fn a_reset_that_lasts_is_unreachable() {
    let (error, requests) = refused(vec![Script::Reset]).await;
    assert!(matches!(error, ExchangeError::Unreachable { reason: Unreachable::Reset, .. }), "{error:?}");
    assert_eq!(requests.len(), 4);
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    drop(listener);
    let error = Setting::new(&url).exchange().await.err().unwrap();
    assert!(matches!(error, ExchangeError::Unreachable { reason: Unreachable::Refused, .. }), "{error:?}");
    assert_eq!(error.evidence().unwrap().attempts, 4);
}

#[tokio::test]
async fn a_wait_longer_than_the_deadline_is_reported_not_begun() {
    let (error, requests) = refused(vec![answer(429, "retry-after: 120\r\n", "")]).await;
    assert_eq!(error.retry_after(), Some(Duration::from_mins(2)));
    assert_eq!(requests.len(), 1);
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let server = Server::start(vec![answer(429, "retry-after: 1\r\n", ""), answer(200, "", TOKEN)]).await;
    let setting = Setting::new(&server.url());
    let started = setting.clock.instant();
    let exchanged = setting.exchange().await.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(exchanged.evidence.attempts, 2);
    assert!(setting.clock.instant().duration_since(started) >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_foreign_clock_is_noticed_in_success_and_failure() {
    let date = "date: Thu, 01 Jan 2037 00:00:00 GMT\r\n";
    for status in [400, 503] {
        let (error, _) = refused(vec![answer(status, date, "")]).await;
        assert!(error.clock_skew().unwrap().is_notable(), "{error:?}");
    }
    let (error, _) = refused(vec![Script::SendAndHang(head(200, date, 100, ""))]).await;
    assert!(error.clock_skew().unwrap().to_string().ends_with("ahead of ours"), "{error:?}");
    let server = Server::start(vec![answer(200, date, TOKEN)]).await;
    let exchanged = Setting::new(&server.url()).exchange().await.unwrap_or_else(|error| panic!("{error:?}"));
    assert!(exchanged.evidence.clock_skew.unwrap().is_notable());
}

#[tokio::test]
async fn what_cannot_be_signed_is_not_sent() {
    let server = Server::start(vec![answer(200, "", TOKEN)]).await;
    let mut setting = Setting::new(&server.url());
    setting.settings.assertion_seconds = 3600;
    let error = setting.exchange().await.err().unwrap();
    assert_eq!(error.outcome(), Outcome::Refused, "{error:?}");
    assert!(server.requests().is_empty());
}

#[test]
fn an_exchange_can_run_in_any_task() {
    fn sendable<T: Send>(_: T) {}
    let setting = Setting::new("http://127.0.0.1/token");
    sendable(setting.exchange());
}
