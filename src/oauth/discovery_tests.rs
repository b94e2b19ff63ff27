use std::time::Duration;

use serde_json::{Value, json};

use super::super::client::ClientOptions;
use super::super::error::Unreachable;
use super::super::testing::{self, Script, answer, head};
use super::*;
use crate::domain::connection::Provider;
use crate::domain::verification::Outcome;
use crate::providers::descriptor;

/// What a full server says; `issuer` is put in by the test.
fn metadata(base: &str, issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "token_endpoint": format!("{base}/token"),
        "authorization_endpoint": format!("{base}/authorize?tenant=7"),
        "device_authorization_endpoint": format!("{base}/device"),
        "revocation_endpoint": format!("{base}/revoke"),
        "userinfo_endpoint": format!("{base}/userinfo"),
        "code_challenge_methods_supported": ["plain", "S256"],
        "authorization_response_iss_parameter_supported": true,
        "jwks_uri": 7,
    })
}

async fn ask(script: Script, path: &str) -> (Result<Server, ExchangeError>, Vec<String>, Url) {
    let server = testing::Server::start(vec![script]).await;
    let url = server.url().parse::<Url>().unwrap().join(path).unwrap();
    let (client, clock) = (Client::new(ClientOptions::default()).unwrap(), Clock::system());
    let mut limits = Limits::new(&clock, Duration::from_secs(2), None);
    limits.backoff.first = Duration::from_millis(1);
    let found = discover(&client, &clock, descriptor(Provider::Oauth2), (&url, limits)).await;
    (found, server.requests(), url)
}

#[test]
fn an_address_names_its_issuer() {
    for (url, issuer, expected) in [
        ("https://a.example/.well-known/openid-configuration", "https://a.example", true),
        ("https://a.example/.well-known/openid-configuration", "https://a.example/", true),
        ("https://a.example/t/7/.well-known/openid-configuration", "https://a.example/t/7", true),
        ("https://a.example/t/7/.well-known/openid-configuration", "https://a.example/t/7/", true),
        ("https://a.example/.well-known/oauth-authorization-server/t/7", "https://a.example/t/7", true),
        ("https://a.example/metadata.json", "https://a.example/t/7", true),
        ("https://a.example/.well-known/openid-configuration", "https://b.example", false),
        ("https://a.example/.well-known/openid-configuration", "http://a.example", false),
        ("https://a.example/.well-known/openid-configuration", "https://a.example:8443", false),
        ("https://a.example/.well-known/openid-configuration", "https://a.example/t/7", false),
        ("https://a.example/t/7/.well-known/openid-configuration", "https://a.example/t/8", false),
        ("https://a.example/t/7/.well-known/openid-configuration", "https://a.example", false),
        ("https://a.example/.well-known/oauth-authorization-server/t/7", "https://a.example/", false),
        ("https://a.example/t/.well-known/oauth-authorization-server/7", "https://a.example/t", false),
        ("https://a.example/.well-known/openid-configuration", "https://a.example?x", false),
        ("https://a.example/.well-known/openid-configuration", "https://a.example#x", false),
        ("https://a.example/metadata.json", "https://b.example", false),
        ("https://a.example/metadata.json", "a.example", false),
    ] {
        assert_eq!(names(&url.parse().unwrap(), issuer), expected, "{url} {issuer}");
    }
}

#[tokio::test]
async fn what_a_server_says_is_kept() {
    let issuer = "http://127.0.0.1:1/t/7";
    let url: Url = format!("{issuer}/.well-known/openid-configuration").parse().unwrap();
    let body = metadata("https://elsewhere.example", issuer).to_string();
    let found = read(descriptor(Provider::Oauth2), &url, body.as_bytes()).unwrap();
    let place = |path: &str| Some(format!("https://elsewhere.example{path}").parse().unwrap());
    let expected = Server {
        discovery: Some(url.clone()),
        issuer: Some(issuer.to_owned()),
        token_url: place("/token"),
        authorize_url: place("/authorize?tenant=7"),
        device_url: place("/device"),
        revoke_url: place("/revoke"),
        api_url: place("/userinfo"),
        pkce: Some(true),
        names_itself: true,
    };
    // Whether requests may go there is the host rule's to say.
    assert_eq!(found, expected);

    let sparse = json!({"issuer": issuer, "token_endpoint": "https://a.example/token"}).to_string();
    let found = read(descriptor(Provider::Oauth2), &url, sparse.as_bytes()).unwrap();
    assert_eq!((found.pkce, found.names_itself, found.revoke_url), (None, false, None));
    let mut plain = metadata("https://a.example", issuer);
    plain["code_challenge_methods_supported"] = json!(["plain"]);
    let found = read(descriptor(Provider::Oauth2), &url, plain.to_string().as_bytes()).unwrap();
    assert_eq!(found.pkce, Some(false), "plain is as good as nothing (RFC 7636 section 7.2)");
}

#[test]
fn intuit_may_name_another_issuer_than_its_address() {
    let url = "https://developer.api.intuit.com/.well-known/openid_configuration".parse().unwrap();
    let body = metadata("https://oauth.platform.intuit.com", "https://oauth.platform.intuit.com/op/v1");
    let body = body.to_string();
    assert!(read(descriptor(Provider::Quickbooks), &url, body.as_bytes()).is_ok());
    assert_eq!(read(descriptor(Provider::Oauth2), &url, body.as_bytes()), Err(Malformed::Issuer));
}

#[tokio::test]
async fn it_is_asked_by_get_without_credentials() {
    let (found, requests, url) = ask(answer(404, "", ""), "/.well-known/openid-configuration").await;
    let error = found.err().unwrap();
    assert_eq!((error.outcome(), error.evidence().unwrap().http_status), (Outcome::Rejected, Some(404)));
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    let request = request.to_ascii_lowercase();
    assert!(request.starts_with(&format!("get {} http/1.1\r\n", url.path())), "{request}");
    assert!(
        request.contains("accept: application/json\r\n") && !request.contains("authorization"),
        "{request}"
    );
}

#[tokio::test]
async fn answers_that_are_no_metadata() {
    let path = "/.well-known/openid-configuration";
    let endless = Script::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), &[b' '; 4096]);
    let deep = format!(r#"{{"issuer":{}"#, "[".repeat(100_000));
    for (name, script, expected) in [
        ("html", answer(200, "", "<html>"), Malformed::Html(200)),
        ("array", answer(200, "", "[]"), Malformed::NotJson(200)),
        ("deep", answer(200, "", &deep), Malformed::NotJson(200)),
        ("no issuer", answer(200, "", r#"{"token_endpoint":"https://a/"}"#), Malformed::Member("issuer")),
        ("another issuer", answer(200, "", r#"{"issuer":"https://a.example"}"#), Malformed::Issuer),
        ("redirect", answer(302, "location: /\r\n", ""), Malformed::Redirect(302)),
        ("huge", Script::SendAndHang(head(200, "", 1 << 40, "")), Malformed::TooLong),
        ("endless", endless, Malformed::TooLong),
    ] {
        let (found, requests, _) = ask(script, path).await;
        let error = found.err().unwrap();
        assert!(
            matches!(&error, ExchangeError::Malformed { reason, .. } if *reason == expected),
            "{name}: {error:?}"
        );
        assert_eq!(requests.len(), 1, "{name}");
    }
    let (found, requests, _) = ask(answer(503, "", ""), path).await;
    let error = found.err().unwrap();
    assert!(
        matches!(error, ExchangeError::Unreachable { reason: Unreachable::ServerError(503), .. }),
        "{error:?}"
    );
    assert_eq!(requests.len(), 4);
}

#[test]
fn members_must_be_what_they_should_be() {
    let issuer = "https://a.example";
    let url: Url = format!("{issuer}/.well-known/openid-configuration").parse().unwrap();
    for (member, value, expected) in [
        ("token_endpoint", json!(null), Malformed::Member("token_endpoint")),
        ("token_endpoint", json!("/token"), Malformed::Member("token_endpoint")),
        ("revocation_endpoint", json!(""), Malformed::Member("revocation_endpoint")),
        ("token_endpoint", json!(7), Malformed::NotJson(200)),
    ] {
        let mut body = metadata(issuer, issuer);
        body[member] = value;
        let found = read(descriptor(Provider::Oauth2), &url, body.to_string().as_bytes());
        assert_eq!(found, Err(expected), "{member}");
    }
}
