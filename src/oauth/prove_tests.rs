use std::time::Duration;

use super::super::client::{Client, ClientOptions};
use super::super::retry::Limits;
use super::super::testing::{Script, Server, answer, member_plan};
use super::*;
use crate::clock::Clock;
use crate::domain::connection::Provider;

const TOKEN: &str = r#"{"access_token":"opaque","token_type":"Bearer","expires_in":1800}"#;

async fn prove(provider: Provider, scripts: Vec<Script>) -> (Result<Evidence, ExchangeError>, Vec<String>) {
    let server = Server::start(scripts).await;
    let plan = member_plan(provider, crate::providers::descriptor(provider).grants[0], &server.url());
    let (client, clock) = (Client::new(ClientOptions::default()).unwrap(), Clock::system());
    let mut limits = Limits::new(&clock, Duration::from_secs(2), None);
    limits.backoff.first = Duration::from_millis(1);
    let way = Way { client: &client, clock: &clock, limits };
    let secret = Secret::new("hunter2".to_owned());
    let outcome = prove_client(&way, &plan, ClientProof::Secret(&secret)).await;
    (outcome, server.requests())
}

fn refused(status: u16, code: &str) -> Script {
    answer(status, "", &format!(r#"{{"error":"{code}"}}"#))
}

#[tokio::test]
async fn a_made_up_refresh_token_tells_keys_from_grants() {
    let stolen = r#"{"error":"invalid_grant","error_description":"Incorrect Token type or clientID"}"#;
    for (provider, scripts, proven, asked) in [
        (Provider::Quickbooks, vec![refused(400, "invalid_grant")], true, 1),
        (Provider::Quickbooks, vec![answer(400, "", stolen)], true, 1),
        (Provider::Quickbooks, vec![refused(401, "invalid_client")], false, 1),
        (Provider::Quickbooks, vec![refused(400, "invalid_request")], false, 1),
        (Provider::Quickbooks, vec![answer(503, "", "")], false, 1),
        (Provider::Oauth2, vec![refused(400, "invalid_grant")], true, 1),
        (Provider::Oauth2, vec![refused(400, "unauthorized_client")], true, 1),
        (Provider::Oauth2, vec![refused(401, "invalid_client")], false, 1),
        (Provider::Oauth2, vec![refused(400, "unsupported_grant_type"), answer(200, "", TOKEN)], true, 2),
        (Provider::Oauth2, vec![refused(400, "invalid_request"), refused(401, "invalid_client")], false, 2),
    ] {
        let (outcome, requests) = prove(provider, scripts).await;
        assert_eq!(outcome.is_ok(), proven, "{provider}: {outcome:?} {requests:?}");
        assert_eq!(requests.len(), asked, "{provider}");
        assert!(requests[0].contains("grant_type=refresh_token&refresh_token="), "{requests:?}");
    }
    let (_, one) = prove(Provider::Quickbooks, vec![refused(400, "invalid_grant")]).await;
    let (_, other) = prove(Provider::Quickbooks, vec![refused(400, "invalid_grant")]).await;
    assert_ne!(one[0].split_once("\r\n\r\n").unwrap().1, other[0].split_once("\r\n\r\n").unwrap().1);
}

#[tokio::test]
async fn pax8_is_asked_for_a_token() {
    let denied = r#"{"error":"access_denied","error_description":"Unauthorized"}"#;
    for (script, proven) in [
        (answer(200, "", TOKEN), true),
        (answer(401, "", denied), false),
        (answer(400, "", r#"{"error":"invalid_request"}"#), false),
    ] {
        let (outcome, requests) = prove(Provider::Pax8, vec![script]).await;
        assert_eq!(outcome.is_ok(), proven, "{outcome:?}");
        assert!(requests[0].contains(r#""grant_type":"client_credentials""#), "{requests:?}");
    }
    let (outcome, _) = prove(Provider::Pax8, vec![answer(401, "", denied)]).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.meaning().unwrap().summary, "does not accept the client id and the client secret");
}
