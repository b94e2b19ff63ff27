use std::time::Duration;

use super::super::client::{Client, ClientOptions};
use super::super::retry::Limits;
use super::super::testing::{Script, Server, answer, head, plan_of, registration};
use super::*;
use crate::clock::Clock;
use crate::domain::connection::Provider;
use crate::domain::settings::{GrantKind, MemberSettings};
use crate::domain::verification::Outcome;
use crate::secret::Secret;

async fn call(
    provider: Provider,
    scripts: Vec<Script>,
) -> (Result<Option<Harmless>, ExchangeError>, Vec<String>) {
    let server = Server::start(scripts).await;
    let mut registration = registration(&server.url());
    registration.server.api_url = Some(server.url().parse().unwrap());
    let realm = (provider == Provider::Quickbooks).then(|| "9341/../7".to_owned());
    let settings = MemberSettings { realm, ..MemberSettings::new(GrantKind::RefreshToken) };
    let plan = plan_of(provider, &settings.into(), Some(&registration));
    let (client, clock) = (Client::new(ClientOptions::default()).unwrap(), Clock::system());
    let mut limits = Limits::new(&clock, Duration::from_secs(2), None);
    limits.backoff.first = Duration::from_millis(1);
    let way = Way { client: &client, clock: &clock, limits };
    let outcome = harmless(&way, &plan, &Secret::new("bear.er".to_owned())).await;
    (outcome, server.requests())
}

#[tokio::test]
async fn the_company_s_own_record_proves_a_token() {
    let body = r#"{"CompanyInfo":{"CompanyName":"Äcme\u001b[31m\n Ltd","LegalName":"Acme Holding","Id":"1"},"time":"x"}"#;
    let (outcome, requests) =
        call(Provider::Quickbooks, vec![answer(200, "intuit_tid: 1-5f\r\n", body)]).await;
    let found = outcome.unwrap().unwrap();
    let names = found.company.unwrap();
    assert_eq!(names.name.as_deref(), Some("Äcme [31m  Ltd"));
    assert_eq!(names.legal_name.as_deref(), Some("Acme Holding"));
    assert_eq!((found.call, found.evidence.request_id.as_deref()), (HarmlessCall::CompanyInfo, Some("1-5f")));
    let request = &requests[0];
    let line = "GET /token/v3/company/9341%2F..%2F7/companyinfo/9341%2F..%2F7?minorversion=75 HTTP/1.1\r\n";
    assert!(request.starts_with(line), "{request}");
    let request = request.to_ascii_lowercase();
    assert!(request.contains("authorization: bearer bear.er\r\n"), "{request}");
    assert!(request.contains("accept: application/json\r\n"), "{request}");
}

#[tokio::test]
async fn faults_are_read_in_every_spelling() {
    let lower = r#"{"fault":{"error":[{"message":"AuthenticationFailed","detail":"Token revoked","code":"3200"}],"type":"AUTHENTICATION"}}"#;
    let upper = r#"{"Fault":{"Error":[{"Message":"AuthenticationFailed","Detail":"Token revoked","code":"3200"}],"type":"AUTHENTICATION"}}"#;
    for (status, body, outcome, code) in [
        (401, lower, Outcome::Rejected, Some("3200")),
        (401, upper, Outcome::Rejected, Some("3200")),
        (200, upper, Outcome::Unreachable, Some("3200")),
        (403, r#"{"Fault":{"Error":[]}}"#, Outcome::Rejected, None),
        (403, r#"{"Fault":{"Error":[{"code":7}]}}"#, Outcome::Rejected, Some("7")),
        (
            401,
            r#"{"error":"invalid_token","error_description":"expired"}"#,
            Outcome::Rejected,
            Some("invalid_token"),
        ),
        (401, "", Outcome::Rejected, None),
        (401, "<html>", Outcome::Rejected, None),
        (429, lower, Outcome::Unreachable, Some("3200")),
        (503, "", Outcome::Unreachable, None),
        (200, "<IntuitResponse/>", Outcome::Unreachable, None),
        (200, "{}", Outcome::Unreachable, None),
        (200, r#"{"CompanyInfo":7}"#, Outcome::Unreachable, None),
        (200, "[]", Outcome::Unreachable, None),
        (302, "", Outcome::Unreachable, None),
    ] {
        let (found, _) = call(Provider::Quickbooks, vec![answer(status, "", body)]).await;
        let error = found.err().unwrap_or_else(|| panic!("{status} {body}"));
        assert_eq!(error.outcome(), outcome, "{status} {body}: {error:?}");
        if status != 200 {
            assert_eq!(error.vendor_code(), code, "{status} {body}");
        }
        assert!(!format!("{error:?}").contains("bear.er"));
    }
    let (found, _) = call(Provider::Quickbooks, vec![answer(401, "", lower)]).await;
    let error = found.err().unwrap();
    assert!(error.meaning().unwrap().causes[0].contains("disconnected"));
    let ExchangeError::Rejected { description, .. } = error else { panic!("{error:?}") };
    assert_eq!(description.as_deref(), Some("AuthenticationFailed: Token revoked"));
}

#[tokio::test]
async fn it_may_be_asked_again() {
    let body = r#"{"CompanyInfo":{}}"#;
    let (found, requests) =
        call(Provider::Quickbooks, vec![Script::Reset, answer(503, "", ""), answer(200, "", body)]).await;
    assert_eq!(found.unwrap().unwrap().company, Some(CompanyNames::default()));
    assert_eq!(requests.len(), 3);
}

#[tokio::test]
async fn a_call_is_bounded() {
    let endless = Script::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), &[b' '; 4096]);
    for script in
        [endless, Script::SendAndHang(head(200, "", 1 << 40, "")), answer(200, "", &"[".repeat(100_000))]
    {
        let (found, _) = call(Provider::Quickbooks, vec![script]).await;
        assert!(matches!(found, Err(ExchangeError::Malformed { .. })), "{found:?}");
    }
}

#[tokio::test]
async fn userinfo_proves_a_token_of_any_server() {
    let (found, requests) = call(Provider::Oauth2, vec![answer(200, "", r#"{"sub":"7"}"#)]).await;
    assert_eq!(found.unwrap().unwrap().call, HarmlessCall::Userinfo);
    assert!(requests[0].starts_with("GET /token HTTP/1.1\r\n"), "{requests:?}");
    let (found, _) = call(Provider::Oauth2, vec![answer(200, "", r#"{"name":"x"}"#)]).await;
    assert!(matches!(found, Err(ExchangeError::Malformed { .. })), "{found:?}");
}

#[test]
fn without_its_place_or_its_company_there_is_no_call() {
    let registration = registration("http://127.0.0.1:1/quickbooks/oauth2/v1/tokens/bearer");
    let settings = MemberSettings::new(GrantKind::RefreshToken);
    for provider in [Provider::Quickbooks, Provider::Oauth2] {
        assert_eq!(plan_of(provider, &settings.clone().into(), Some(&registration)).harmless(), None);
    }
    let settings = MemberSettings { realm: Some("7".to_owned()), ..settings };
    let (_, url) = plan_of(Provider::Quickbooks, &settings.into(), Some(&registration)).harmless().unwrap();
    assert_eq!(url.as_str(), "http://127.0.0.1:1/quickbooks/v3/company/7/companyinfo/7?minorversion=75");
}
