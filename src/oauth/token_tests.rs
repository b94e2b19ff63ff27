use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::client::ClientOptions;
use super::super::error::Unreachable;
use super::super::retry::Backoff;
use super::super::signing::SigningKey;
use super::super::testing::{Script, Server, answer, head, member_plan, netsuite_plan, oauth2_plan};
use super::*;
use crate::domain::connection::Provider;
use crate::domain::grant::Ending;
use crate::domain::ids::KeyId;
use crate::domain::key::KeyAlgorithm;
use crate::domain::settings::{ClientAuthentication, GrantKind};
use crate::domain::verification::Outcome;
use crate::secret::Secret;

const TOKEN: &str = r#"{"access_token":"opaque","token_type":"Bearer","expires_in":"1800"}"#;

/// The whole of an exchange is over by then, or the test fails.
const DEADLINE: Duration = Duration::from_secs(3);

struct Setting {
    client: Client,
    clock: Clock,
    plan: Plan,
    key: SigningKey,
    key_id: KeyId,
}

impl Setting {
    fn new(token_url: &str) -> Self {
        Self::of(netsuite_plan(token_url))
    }

    fn of(plan: Plan) -> Self {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        Self {
            client: Client::new(ClientOptions::default()).unwrap(),
            clock: Clock::system(),
            plan,
            key: SigningKey::from_pkcs8(KeyAlgorithm::EcP256, &Secret::new(pair.serialize_der())).unwrap(),
            key_id: KeyId::new(),
        }
    }

    /// Exchanges client credentials with the key.
    async fn exchange(&self) -> Result<Exchanged, ExchangeError> {
        let certificate_id = "-kid".parse().unwrap();
        let proof =
            ClientProof::Assertion { key: &self.key, key_id: &self.key_id, certificate_id: &certificate_id };
        self.ask(proof, Ask::ClientCredentials).await
    }

    /// Exchanges with short waits; every attempt may take 400 ms.
    async fn ask(&self, client: ClientProof<'_>, ask: Ask<'_>) -> Result<Exchanged, ExchangeError> {
        let limits = Limits {
            attempt: Duration::from_millis(400),
            backoff: Backoff { first: Duration::from_millis(1), ..Backoff::default() },
            ..Limits::new(&self.clock, DEADLINE, None)
        };
        let request = ExchangeRequest { plan: &self.plan, client, ask, limits };
        let started: Instant = self.clock.instant();
        let outcome = exchange(&self.client, &self.clock, &request).await;
        let took = self.clock.instant().duration_since(started);
        assert!(took < DEADLINE + Duration::from_secs(1), "took {took:?}");
        outcome
    }
}

/// Refreshes once against `scripts`, as QuickBooks wants it; returns what came of it and the requests.
async fn refreshed(scripts: Vec<Script>) -> (Result<Exchanged, ExchangeError>, Vec<String>) {
    let server = Server::start(scripts).await;
    let plan = member_plan(Provider::Quickbooks, GrantKind::RefreshToken, &server.url());
    let outcome = refresh(plan).await;
    (outcome, server.requests())
}

async fn refresh(plan: Plan) -> Result<Exchanged, ExchangeError> {
    let (secret, token) = (Secret::new("hunter2".to_owned()), Secret::new("refresh-me".to_owned()));
    Setting::of(plan).ask(ClientProof::Secret(&secret), Ask::Refresh(&token)).await
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

    assert!(exchanged.refresh.is_none());
    let TokenFacts { hash, obtained_at, expires_at, key, settings } = exchanged.token.facts;
    assert_eq!(exchanged.token.value.expose(), &format!("h.{payload}.s"));
    assert_eq!(hash, token_hash(&exchanged.token.value));
    assert_eq!(expires_at.duration_since(obtained_at).as_secs(), 3600, "the descriptor's default");
    assert_eq!((key.as_ref(), settings.as_str()), (Some(&setting.key_id), setting.plan.hash.as_str()));
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
    setting.plan.assertion.seconds = 3600;
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

const GRANT: &str = r#"{"access_token":"opaque","token_type":"bearer","expires_in":3600,"refresh_token":"next","x_refresh_token_expires_in":8726400,"x_refresh_token_hard_expires_in":"157680000"}"#;

#[tokio::test]
async fn a_refresh_brings_the_next_refresh_token() {
    let (outcome, requests) = refreshed(vec![answer(200, "intuit_tid: 1-5f3a\r\n", GRANT)]).await;
    let exchanged = outcome.unwrap_or_else(|error| panic!("{error:?}"));
    let TokenFacts { obtained_at, expires_at, key, .. } = exchanged.token.facts;
    assert_eq!((expires_at.duration_since(obtained_at).as_secs(), key), (3600, None));
    let RefreshAnswer { token, renewal } = exchanged.refresh.unwrap();
    assert_eq!(token.expose(), "next");
    assert_eq!(renewal.hash, token_hash(&token));
    let seconds = |until: Option<Timestamp>| until.unwrap().duration_since(obtained_at).as_secs();
    assert_eq!((seconds(renewal.expires_at), seconds(renewal.hard_expires_at)), (8_726_400, 157_680_000));
    assert_eq!(exchanged.evidence.request_id.as_deref(), Some("1-5f3a"));

    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    let (headers, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "grant_type=refresh_token&refresh_token=refresh-me");
    let headers = headers.to_ascii_lowercase();
    for header in [
        "authorization: basic y2xpzw50omh1bnrlcji=\r\n", // client:hunter2, in lower case
        "accept: application/json\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
        "x-include-refresh-token-hard-expires-in: true\r\n",
    ] {
        assert!(headers.contains(header), "{header}: {headers}");
    }
}

#[tokio::test]
async fn the_refresh_token_that_was_sent_counts_where_no_other_comes() {
    let (outcome, _) = refreshed(vec![answer(200, "", TOKEN)]).await;
    assert!(outcome.unwrap_or_else(|error| panic!("{error:?}")).refresh.is_none());
}

#[tokio::test]
async fn client_credentials_bring_no_grant() {
    let server = Server::start(vec![answer(200, "", GRANT)]).await;
    let exchanged = Setting::new(&server.url()).exchange().await.unwrap_or_else(|error| panic!("{error:?}"));
    assert!(exchanged.refresh.is_none());
}

#[tokio::test]
async fn scopes_that_were_not_granted_are_named() {
    let secret = Secret::new("hunter2".to_owned());
    for (stated, withheld) in [
        (r#","scope":"write read more""#, &[][..]),
        (r#","scope":"read""#, &["write"]),
        ("", &[]),
        (r#","scope":"""#, &["read", "write"]),
    ] {
        let body = format!(r#"{{"access_token":"a","token_type":"bearer"{stated}}}"#);
        let server = Server::start(vec![answer(200, "", &body)]).await;
        let basic = ClientAuthentication::ClientSecretBasic;
        let setting = Setting::of(oauth2_plan(GrantKind::ClientCredentials, basic, &server.url()));
        let outcome = setting.ask(ClientProof::Secret(&secret), Ask::ClientCredentials).await;
        assert_eq!(outcome.unwrap_or_else(|error| panic!("{error:?}")).withheld, withheld, "{stated}");
    }
}

/// Every way in which a refresh can fail, with what it means for the refresh token and how often it was sent.
#[tokio::test]
async fn a_refresh_token_is_sent_once_unless_nobody_saw_it() {
    let hang = Duration::from_millis(150);
    let (_, whole) = refreshed(vec![answer(200, "", GRANT)]).await;
    let in_the_body = whole[0].len() - 10;
    let stolen = r#"{"error":"invalid_grant","error_description":"Incorrect Token type or clientID"}"#;
    let no_access_token = r#"{"token_type":"bearer","expires_in":3600}"#;
    let no_refresh_token = r#"{"access_token":"a","token_type":"bearer","refresh_token":7}"#;
    let mut cases = tokio::task::JoinSet::new();
    for (name, script, ending, sendings) in [
        ("refused", answer(400, "", r#"{"error":"invalid_grant"}"#), Ending::Refused, 1),
        ("refused at ease", answer(200, "", r#"{"error":"invalid_grant"}"#), Ending::Refused, 1),
        ("another app's", answer(400, "", stolen), Ending::Untouched, 1),
        ("wrong keys", answer(401, "", r#"{"error":"invalid_client"}"#), Ending::Untouched, 1),
        ("bad request", answer(400, "", r#"{"error":"invalid_request"}"#), Ending::Untouched, 1),
        ("made up", answer(400, "", r#"{"error":"made_up"}"#), Ending::Untouched, 1),
        ("a wall", answer(403, "", "<html>blocked</html>"), Ending::Untouched, 1),
        ("not there", answer(404, "", ""), Ending::Untouched, 1),
        ("busy", answer(429, "", ""), Ending::NotSent, 4),
        ("busy with a word", answer(429, "", r#"{"error":"invalid_grant"}"#), Ending::NotSent, 4),
        ("server error", answer(500, "", ""), Ending::Lost, 1),
        ("server error with a word", answer(400, "", r#"{"error":"server_error"}"#), Ending::Lost, 1),
        ("bad gateway", answer(502, "", "<html>"), Ending::Lost, 1),
        ("unavailable", answer(503, "retry-after: 0\r\n", ""), Ending::Lost, 1),
        ("gateway timeout", answer(504, "", ""), Ending::Lost, 1),
        ("request timeout", answer(408, "", ""), Ending::Lost, 1),
        ("redirect", answer(307, "location: /token\r\n", ""), Ending::Lost, 1),
        ("html", answer(200, "", "<html>"), Ending::Lost, 1),
        ("nothing", answer(200, "", ""), Ending::Lost, 1),
        ("half of the json", answer(200, "", &GRANT[..60]), Ending::Lost, 1),
        ("no access token", answer(200, "", no_access_token), Ending::Lost, 1),
        ("no usable refresh token", answer(200, "", no_refresh_token), Ending::Lost, 1),
        ("too long", Script::SendAndHang(head(200, "", 1 << 40, "")), Ending::Lost, 1),
        ("not http", Script::Send(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()), Ending::Lost, 1),
        ("cut off in the body", Script::Send(head(200, "", 500, "{")), Ending::Lost, 1),
        ("cut off in the headers", Script::Send(b"HTTP/1.1 200 OK\r\nda".to_vec()), Ending::Lost, 1),
        ("closed without an answer", Script::Send(Vec::new()), Ending::Lost, 1),
        ("reset", Script::Reset, Ending::Lost, 1),
        ("closed before the request", Script::CloseAfter(0), Ending::Lost, 1),
        ("closed after its first byte", Script::CloseAfter(1), Ending::Lost, 1),
        ("closed in its headers", Script::CloseAfter(100), Ending::Lost, 1),
        ("closed in its body", Script::CloseAfter(in_the_body), Ending::Lost, 1),
        ("silent", Script::SendAndHang(Vec::new()), Ending::Lost, 1),
        ("silent after the headers", Script::SendAndHang(head(200, "", 100, "")), Ending::Lost, 1),
        ("silent in the body", Script::SendAndHang(head(200, "", 100, "{\"acc")), Ending::Lost, 1),
        ("slow", Script::Drip(head(200, "", GRANT.len(), GRANT), hang), Ending::Lost, 1),
    ] {
        cases.spawn(async move {
            let (outcome, requests) = refreshed(vec![script]).await;
            let error = outcome.err().unwrap_or_else(|| panic!("{name}"));
            assert_eq!(error.ending(), ending, "{name}: {error:?}");
            assert_eq!(requests.len(), sendings, "{name}");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hunter2") && !shown.contains("refresh-me"), "{name}: {shown}");
        });
    }
    cases.join_all().await;
}

#[tokio::test]
async fn a_refresh_token_is_sent_again_where_it_was_not_seen() {
    let (outcome, requests) =
        refreshed(vec![answer(429, "retry-after: 0\r\n", ""), answer(200, "", GRANT)]).await;
    assert_eq!(outcome.unwrap_or_else(|error| panic!("{error:?}")).evidence.attempts, 2);
    assert_eq!(requests.len(), 2);
    let (outcome, requests) = refreshed(vec![answer(429, "retry-after: 120\r\n", "")]).await;
    let error = outcome.err().unwrap();
    assert_eq!((error.ending(), requests.len()), (Ending::NotSent, 1), "the deadline comes first");
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    drop(listener);
    let error =
        refresh(member_plan(Provider::Quickbooks, GrantKind::RefreshToken, &url)).await.err().unwrap();
    assert_eq!(error.ending(), Ending::NotSent, "{error:?}");
    assert_eq!(error.evidence().unwrap().attempts, 4, "and so it was tried again");
}

/// The server takes the connection and never answers the TLS greeting: the attempt's own time is over before the
/// client's for connections, and yet nothing can have left.
#[tokio::test]
async fn where_tls_never_stands_nothing_was_sent() {
    for script in
        [Script::SendAndHang(Vec::new()), Script::CloseAfter(0), Script::CloseAfter(5), Script::Reset]
    {
        let server = Server::start(vec![script]).await;
        let url = server.url().replace("http:", "https:");
        let plan = member_plan(Provider::Quickbooks, GrantKind::RefreshToken, &url);
        let error = refresh(plan).await.err().unwrap();
        assert_eq!(error.ending(), Ending::NotSent, "{error:?}");
    }
}

#[tokio::test]
async fn a_code_is_sent_once_and_a_device_code_as_often_as_its_owner_says() {
    let secret = Secret::new("hunter2".to_owned());
    let code = Secret::new("c/o de".to_owned());
    let redirect_uri = "http://localhost:8080/quickbooks/callback";
    let verifier = Secret::new("v".repeat(43));
    let code_ask = Ask::Code { code: &code, redirect_uri, verifier: Some(&verifier) };
    for (ask, status, expected) in [
        (code_ask, 500, 1),
        (code_ask, 429, 4),
        (Ask::Device { code: &code }, 429, 1),
        (Ask::Device { code: &code }, 500, 1),
    ] {
        let server = Server::start(vec![answer(status, "", "")]).await;
        let plan = member_plan(Provider::Quickbooks, GrantKind::RefreshToken, &server.url());
        assert!(Setting::of(plan).ask(ClientProof::Secret(&secret), ask).await.is_err());
        assert_eq!(server.requests().len(), expected, "{status} {}", ask.grant_type());
    }
}

#[tokio::test]
async fn a_grant_never_shares_a_connection() {
    // Kept open by the server: a client that pools connections would use it again.
    let kept = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{GRANT}", GRANT.len());
    let server = Server::start(vec![Script::SendAndHang(kept.into_bytes())]).await;
    let setting = Setting::of(member_plan(Provider::Quickbooks, GrantKind::RefreshToken, &server.url()));
    let (secret, token) = (Secret::new("s".to_owned()), Secret::new("t".to_owned()));
    for _ in 0..2 {
        let outcome = setting.ask(ClientProof::Secret(&secret), Ask::Refresh(&token)).await;
        assert!(outcome.is_ok(), "{:?}", outcome.err());
    }
    assert_eq!(server.requests().len(), 2, "one request for each connection");
}

#[tokio::test]
async fn a_client_without_its_proof_asks_nobody() {
    let server = Server::start(vec![answer(200, "", TOKEN)]).await;
    let secret = Secret::new("hunter2".to_owned());
    for (method, proof) in [
        (ClientAuthentication::ClientSecretBasic, ClientProof::Nothing),
        (ClientAuthentication::PrivateKeyJwt, ClientProof::Secret(&secret)),
        (ClientAuthentication::None, ClientProof::Secret(&secret)),
    ] {
        let setting = Setting::of(oauth2_plan(GrantKind::ClientCredentials, method, &server.url()));
        let error = setting.ask(proof, Ask::ClientCredentials).await.err().unwrap();
        assert!(matches!(error, ExchangeError::NoProof(found) if found == method), "{error:?}");
        assert_eq!(error.ending(), Ending::NotSent);
    }
    assert!(server.requests().is_empty());
}
