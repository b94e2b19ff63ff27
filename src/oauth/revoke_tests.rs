use std::time::Duration;

use super::super::client::{Client, ClientOptions};
use super::super::retry::Limits;
use super::super::testing::{Script, Server, answer, plan_of, registration};
use super::*;
use crate::clock::Clock;
use crate::domain::connection::Provider;
use crate::domain::settings::{GrantKind, MemberSettings};
use crate::domain::verification::Outcome;
use crate::secret::Secret;

async fn give_back(
    provider: Provider,
    scripts: Vec<Script>,
) -> (Result<Revoked, ExchangeError>, Vec<String>) {
    let server = Server::start(scripts).await;
    let mut registration = registration(&server.url());
    registration.server.revoke_url = Some(server.url().replace("/token", "/revoke").parse().unwrap());
    let plan = plan_of(provider, &MemberSettings::new(GrantKind::RefreshToken).into(), Some(&registration));
    let (client, clock) = (Client::new(ClientOptions::default()).unwrap(), Clock::system());
    let mut limits = Limits::new(&clock, Duration::from_secs(2), None);
    limits.backoff.first = Duration::from_millis(1);
    let way = Way { client: &client, clock: &clock, limits };
    let (secret, token) = (Secret::new("hunter2".to_owned()), Secret::new("refresh-me".to_owned()));
    let outcome = revoke(&way, &plan, ClientProof::Secret(&secret), &token).await;
    (outcome, server.requests())
}

#[tokio::test]
async fn the_standard_s_form_and_intuit_s_json() {
    let (outcome, requests) = give_back(Provider::Oauth2, vec![answer(200, "", "")]).await;
    assert_eq!(outcome.unwrap(), Revoked::Taken);
    let (headers, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(headers.starts_with("POST /revoke HTTP/1.1\r\n"), "{headers}");
    assert!(headers.to_ascii_lowercase().contains("authorization: basic "), "{headers}");
    assert_eq!(body, "token=refresh-me&token_type_hint=refresh_token");

    let (outcome, requests) = give_back(Provider::Quickbooks, vec![answer(200, "", "")]).await;
    assert_eq!(outcome.unwrap(), Revoked::Taken);
    let (headers, body) = requests[0].split_once("\r\n\r\n").unwrap();
    let headers = headers.to_ascii_lowercase();
    assert!(headers.contains("content-type: application/json"), "{headers}");
    assert!(headers.contains("authorization: basic y2xpzw50omh1bnrlcji="), "{headers}");
    assert_eq!(body, r#"{"token":"refresh-me"}"#);
}

#[tokio::test]
async fn what_is_dead_and_what_is_alive() {
    let (taken, dead) = (Ok(Revoked::Taken), Ok(Revoked::DeadAlready));
    let quickbooks = Provider::Quickbooks;
    for (provider, status, body, expected, asked) in [
        (Provider::Oauth2, 200, "", taken, 1),
        (Provider::Oauth2, 204, "", taken, 1),
        (Provider::Oauth2, 400, r#"{"error":"unsupported_token_type"}"#, Err(Outcome::Rejected), 1),
        (Provider::Oauth2, 400, "", Err(Outcome::Rejected), 1),
        (Provider::Oauth2, 401, r#"{"error":"invalid_client"}"#, Err(Outcome::Rejected), 1),
        (Provider::Oauth2, 503, "", Err(Outcome::Unreachable), 4),
        (Provider::Oauth2, 302, "", Err(Outcome::Unreachable), 1),
        (quickbooks, 400, "", dead, 1),
        (quickbooks, 400, r#"{"error":"invalid_grant"}"#, dead, 1),
        (quickbooks, 400, r#"{"error":"invalid_request"}"#, dead, 1),
        (quickbooks, 400, r#"{"error":"invalid_client"}"#, Err(Outcome::Rejected), 1),
        (quickbooks, 401, r#"{"error":"invalid_client"}"#, Err(Outcome::Rejected), 1),
        (quickbooks, 403, "", Err(Outcome::Rejected), 1),
        (quickbooks, 429, "", Err(Outcome::Unreachable), 4),
        (quickbooks, 500, "", Err(Outcome::Unreachable), 4),
        (quickbooks, 503, "", Err(Outcome::Unreachable), 4),
    ] {
        let (outcome, requests) = give_back(provider, vec![answer(status, "", body)]).await;
        let found = outcome.as_ref().map_err(ExchangeError::outcome).copied();
        assert_eq!(found, expected, "{provider} {status} {body}: {outcome:?}");
        assert_eq!(requests.len(), asked, "{provider} {status} {body}");
        assert!(!format!("{outcome:?}").contains("refresh-me"));
    }
}

#[tokio::test]
async fn where_there_is_no_place_nothing_is_asked() {
    let registration = registration("http://127.0.0.1:1/token");
    let settings = MemberSettings::new(GrantKind::RefreshToken).into();
    let plan = plan_of(Provider::Oauth2, &settings, Some(&registration));
    let (client, clock) = (Client::new(ClientOptions::default()).unwrap(), Clock::system());
    let way = Way { client: &client, clock: &clock, limits: Limits::new(&clock, Duration::ZERO, None) };
    let token = Secret::new("refresh-me".to_owned());
    let outcome = revoke(&way, &plan, ClientProof::Nothing, &token).await;
    assert_eq!(outcome.unwrap(), Revoked::NoPlace);
}
