//! Each fault as a client sees it, and which requests a rule hits.

use std::io::ErrorKind;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::rig::{ACCOUNT, Answer, Rig, form, send};
use crate::sim::faults::parse;
use crate::sim::{Endpoint, Fault, FaultRule};

impl Rig {
    fn arm(&self, fault: Fault) {
        self.simulator.control().arm(FaultRule::always(fault).times(1));
    }

    async fn exchange_under(&self, fault: Fault) -> Result<Answer, reqwest::Error> {
        self.arm(fault);
        send(self.http.post(self.token_url()).form(&form(&self.assertion()))).await
    }

    /// Sends a token request over a bare socket and returns what comes until the end.
    async fn raw(&self) -> std::io::Result<Vec<u8>> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form(&self.assertion()))
            .finish();
        let request = format!(
            "POST /netsuite/{ACCOUNT}/services/rest/auth/oauth2/v1/token HTTP/1.1\r\nHost: localhost\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(self.simulator.address()).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(answer)
    }

    fn granted(&self) -> u64 {
        self.simulator.control().calls().iter().map(|count| count.succeeded).sum()
    }
}

#[tokio::test]
async fn answers_in_the_vendors_place() {
    let rig = Rig::new().await;
    let refuse = Fault::Refuse { status: 503, error: "server_error".into() };
    let answer = rig.exchange_under(refuse).await.unwrap();
    assert_eq!((answer.status, answer.json()), (503, json!({"error": "server_error"})));

    let limit = Fault::RateLimit { status: 429, retry_after_seconds: 7, as_date: false };
    let answer = rig.exchange_under(limit).await.unwrap();
    assert_eq!((answer.status, answer.headers["retry-after"].to_str().unwrap()), (429, "7"));
    let limit = Fault::RateLimit { status: 503, retry_after_seconds: 7, as_date: true };
    let answer = rig.exchange_under(limit).await.unwrap();
    assert_eq!(answer.headers["retry-after"], "Sun, 22 Nov 2026 12:00:07 GMT");

    let answer = rig.exchange_under(Fault::Html { status: 200 }).await.unwrap();
    assert!(
        answer.status == 200 && answer.headers["content-type"].to_str().unwrap().starts_with("text/html")
    );

    let answer = rig.exchange_under(Fault::Redirect { status: 307, location: None }).await.unwrap();
    assert_eq!(answer.status, 307);
    assert!(rig.token_url().ends_with(answer.headers["location"].to_str().unwrap()), "a loop");
    let elsewhere = Fault::Redirect { status: 302, location: Some("http://127.0.0.1:1/".into()) };
    assert_eq!(rig.exchange_under(elsewhere).await.unwrap().headers["location"], "http://127.0.0.1:1/");

    let answer = rig.exchange_under(Fault::DeepJson { depth: 1000 }).await.unwrap();
    assert!(answer.status == 200 && answer.text.contains(&"[".repeat(1000)));
    assert_eq!(rig.granted(), 0, "the vendor saw none of these");
    assert_eq!(rig.exchange(&rig.assertion()).await.status, 200, "each was spent");
}

#[tokio::test]
async fn connections_are_reset_or_closed_before_an_answer() {
    let rig = Rig::new().await;
    rig.arm(Fault::Reset {});
    assert_eq!(rig.raw().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    rig.arm(Fault::Close {});
    assert_eq!(rig.raw().await.unwrap(), b"");
    assert_eq!(rig.granted(), 0);
    rig.arm(Fault::AnswerLost {});
    assert_eq!(rig.raw().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(rig.granted(), 1, "lost on the client only");
    assert_eq!(rig.reason(), "Success");
}

#[tokio::test]
async fn a_lost_answer_leaves_the_certificate_behind() {
    let rig = Rig::new().await;
    let token = rig.token().await;
    rig.simulator.control().arm(FaultRule::always(Fault::AnswerLost {}).at(Endpoint::CertificateCreate));
    let pem = super::rig::Pair::new(super::rig::p256(), rig.clock.now(), 30).pem;
    let body = json!({"fileContent": pem, "role": 1000, "entity": -5});
    let url = rig.url("/auth/oauth2/v1/clients/client-1/certificates");
    send(rig.http.post(url).bearer_auth(token).json(&body)).await.unwrap_err();
    assert_eq!(rig.admin().certificates("client-1").unwrap().len(), 2);
}

#[tokio::test]
async fn bodies_break_off_swell_or_never_end() {
    let rig = Rig::new().await;
    let answer = rig.exchange_under(Fault::TruncatedJson {}).await.unwrap();
    assert!(answer.status == 200 && serde_json::from_str::<Value>(&answer.text).is_err());
    assert!(rig.exchange_under(Fault::TruncatedBody {}).await.is_err());
    let answer = rig.exchange_under(Fault::HugeJson { bytes: 2 << 20 }).await.unwrap();
    assert!(answer.text.len() > 2 << 20 && answer.json()["access_token"].is_string());

    rig.arm(Fault::EndlessBody {});
    let mut response = rig.http.post(rig.token_url()).send().await.unwrap();
    let mut read = 0;
    while read < 8 << 20 {
        read += response.chunk().await.unwrap().expect("it never ends").len();
    }
}

#[tokio::test]
async fn slow_answers_wait() {
    let rig = Rig::new().await;
    let hour = 3_600_000;
    let post = || rig.http.post(rig.token_url()).form(&form(&rig.assertion()));
    let short = Duration::from_millis(200);

    rig.arm(Fault::SlowHeaders { milliseconds: hour });
    assert!(tokio::time::timeout(short, post().send()).await.is_err(), "no headers yet");
    rig.arm(Fault::SlowBody { milliseconds: hour });
    let mut response = post().send().await.unwrap();
    assert!(tokio::time::timeout(short, response.chunk()).await.is_err(), "headers, but no body yet");
    assert_eq!(rig.exchange_under(Fault::SlowHeaders { milliseconds: 1 }).await.unwrap().status, 200);
    assert!(rig.exchange_under(Fault::SlowBody { milliseconds: 1 }).await.unwrap().json().is_object());

    rig.arm(Fault::Drip { milliseconds: 1 });
    let mut response = post().send().await.unwrap();
    let (mut pieces, mut body) = (0, Vec::new());
    while let Some(piece) = response.chunk().await.unwrap() {
        pieces += 1;
        body.extend_from_slice(&piece);
    }
    assert!(
        pieces > 10 && serde_json::from_slice::<Value>(&body).is_ok(),
        "{pieces} pieces, all of the body"
    );
}

#[tokio::test]
async fn answers_are_spoilt_member_by_member() {
    let rig = Rig::new().await;
    let body = rig.exchange_under(Fault::MissingToken {}).await.unwrap().json();
    assert!(body.get("access_token").is_none() && body["token_type"] == "Bearer");
    let body = rig.exchange_under(Fault::TokenType { value: "mac".into() }).await.unwrap().json();
    assert_eq!(body["token_type"], "mac");
    let body = rig.exchange_under(Fault::TokenControlCharacters {}).await.unwrap().json();
    assert!(body["access_token"].as_str().unwrap().contains('\u{1b}'));
    for value in [json!("3600"), json!(-1), json!(1e99)] {
        let body = rig.exchange_under(Fault::ExpiresIn { value: Some(value.clone()) }).await.unwrap().json();
        assert_eq!(body["expires_in"], value);
    }
    let body = rig.exchange_under(Fault::ExpiresIn { value: None }).await.unwrap().json();
    assert!(body.get("expires_in").is_none() && body["access_token"].is_string());
    rig.arm(Fault::TokenType { value: "mac".into() });
    assert_eq!(rig.exchange("bad").await.json(), json!({"error": "invalid_request"}), "an error stays one");
}

#[tokio::test]
async fn a_skewed_clock_shows_in_the_date_and_in_what_is_checked() {
    let rig = Rig::new().await;
    let ahead = rig.exchange_under(Fault::ClockSkew { seconds: 86_400 }).await.unwrap();
    assert_eq!((ahead.status, rig.reason().as_str()), (400, "AssertionExpired"));
    assert_eq!(ahead.headers["date"], "Mon, 23 Nov 2026 12:00:00 GMT");
    rig.exchange_under(Fault::ClockSkew { seconds: -86_400 }).await.unwrap();
    assert_eq!(rig.reason(), "CertificateNotYetValid");
    let slightly = rig.exchange_under(Fault::ClockSkew { seconds: -60 }).await.unwrap();
    assert_eq!(slightly.status, 400);
}

#[tokio::test]
async fn a_token_can_be_for_somebody_else_and_faults_of_the_request_add_up() {
    let rig = Rig::new().await;
    rig.arm(Fault::ClockSkew { seconds: 10 });
    rig.arm(Fault::TokenType { value: "mac".into() });
    rig.arm(Fault::Reset {});
    let fault = Fault::ForeignSubject { role: "3".into(), entity: "77".into() };
    let body = rig.exchange_under(fault).await.unwrap().json();
    assert_eq!(body["token_type"], "mac");
    let token =
        jsonwebtoken::dangerous::insecure_decode::<Value>(body["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(token.claims["sub"], "3;77");
    assert_eq!(token.claims["iat"], rig.clock.now().as_second() + 10);
    rig.raw().await.expect_err("the second answer fault waited for its own request");
    assert_eq!(rig.exchange(&rig.assertion()).await.status, 200);
}

#[tokio::test]
async fn a_rule_hits_what_it_aims_at_as_often_as_it_says() {
    let rig = Rig::new().await;
    let control = rig.simulator.control();
    let fault = || Fault::Refuse { status: 500, error: "server_error".into() };
    let account = Some("1234567-sb1".to_owned());
    control.arm(FaultRule { account, after: 1, ..FaultRule::always(fault()).at(Endpoint::Token).times(2) });
    control.arm(FaultRule { account: Some("999".into()), ..FaultRule::always(fault()) });
    control.arm(FaultRule::always(fault()).at(Endpoint::Resource));
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(rig.exchange(&rig.assertion()).await.status);
    }
    assert_eq!(seen, [200, 500, 500, 200, 200]);
    let hits: Vec<_> = control.faults().iter().map(|fault| (fault.passed, fault.hits)).collect();
    assert_eq!(hits, [(1, 2), (0, 0), (0, 0)]);
    let calls = control.calls();
    assert_eq!((calls[0].calls, calls[0].succeeded, calls[0].faulted), (5, 3, 2));
}

#[test]
fn files_are_json_or_toml_and_unknown_words_are_refused() {
    let rule = FaultRule {
        times: Some(3),
        ..FaultRule::always(Fault::ExpiresIn { value: Some("3600".into()) }).at(Endpoint::Token)
    };
    let json = r#" [ {"endpoint": "token", "times": 3, "fault": {"kind": "expires-in", "value": "3600"}} ]"#;
    assert_eq!(parse(json).unwrap(), std::slice::from_ref(&rule));
    let toml =
        "[[rules]]\nendpoint = \"token\"\ntimes = 3\nfault = { kind = \"expires-in\", value = \"3600\" }\n";
    assert_eq!(parse(toml).unwrap(), [rule]);
    assert_eq!(parse("[]").unwrap(), []);
    for bad in [
        "",
        "[[faults]]\nfault = { kind = \"reset\" }",
        "nonsense",
        r#"[{"fault": {"kind": "explode"}}]"#,
        r#"[{"fault": {"kind": "reset", "times": 3}}]"#,
        r#"[{"fault": {"kind": "refuse", "status": 400, "error": "x", "extra": 1}}]"#,
        r#"[{"fault": {"kind": "reset"}, "tmes": 3}]"#,
        r#"[{"fault": {"kind": "reset"}, "vendor": "oracle"}]"#,
        r#"[{"times": 3}]"#,
    ] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}
