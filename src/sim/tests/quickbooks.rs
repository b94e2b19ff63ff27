//! Intuit: every rule that the module's documentation and `vendors.md` section 2 state.

mod api;
mod consent;
mod controls;
mod tokens;

use jiff::SignedDuration;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::desk::{Desk, form};
use super::rig::{Answer, send};
use crate::sim::quickbooks::{Admin, Decision, Keys, NewApp, NewCompany, NewGrant, Settings};
use crate::sim::{Ending, Endpoint, FamilyEntry, Fault, FaultRule, SimError, Vendor};

const CLIENT: &str = "AB client";
const SECRET: &str = "s:e%c+r&t é";
const REALM: &str = "9130357";
const REDIRECT: &str = "http://localhost:8765/callback/quickbooks?kept=1";

/// A simulator with one app with development keys and two companies.
struct Office(Desk);

impl Office {
    async fn new() -> Self {
        let office = Self(Desk::new().await);
        let app = |client: &str| NewApp {
            client_id: Some(client.to_owned()),
            client_secret: Some(SECRET.to_owned()),
            keys: Keys::Development,
            redirect_uris: vec![REDIRECT.to_owned()],
        };
        office.admin().register_app(app(CLIENT)).unwrap();
        office.admin().register_app(app("other")).unwrap();
        for (realm, name) in [(REALM, "Ärger & Söhne <GmbH>"), ("22", "Other")] {
            let company = NewCompany { realm: Some(realm.to_owned()), name: name.to_owned() };
            office.admin().add_company(company).unwrap();
        }
        office
    }

    fn admin(&self) -> Admin {
        self.0.simulator.control().quickbooks()
    }

    fn grant(&self) -> String {
        let new = NewGrant { client_id: CLIENT.into(), realm: REALM.into(), scopes: None };
        self.admin().issue_grant(new).unwrap().refresh_token
    }

    fn family(&self) -> FamilyEntry {
        self.admin().family(CLIENT, REALM).unwrap()
    }

    fn set(&self, settings: Settings) {
        self.admin().set_settings(settings);
    }

    fn post(&self, pairs: &[(&str, &str)]) -> RequestBuilder {
        form(self.0.http.post(self.admin().token_url()), pairs)
    }

    async fn token(&self, client: &str, pairs: &[(&str, &str)]) -> Answer {
        send(self.post(pairs).header("authorization", basic(client, SECRET))).await.unwrap()
    }

    async fn refresh(&self, token: &str) -> Answer {
        self.token(CLIENT, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    async fn exchange(&self, code: &str) -> Answer {
        let pairs = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT)];
        self.token(CLIENT, &pairs).await
    }

    /// Asks for authorization with some parameters replaced or, by an empty value, left out.
    async fn authorize(&self, changes: &[(&str, &str)]) -> Answer {
        let mut query = vec![
            ("client_id", CLIENT),
            ("response_type", "code"),
            ("scope", "com.intuit.quickbooks.accounting openid"),
            ("redirect_uri", REDIRECT),
            ("state", "st/at&e"),
        ];
        query.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        query.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        let url = url::Url::parse_with_params(&self.admin().authorize_url(), &query).unwrap();
        send(self.0.http.get(url)).await.unwrap()
    }

    async fn code(&self) -> String {
        callback(&self.authorize(&[("sim_company", REALM)]).await)["code"].as_str().unwrap().to_owned()
    }

    async fn company_info(&self, realm: &str, token: &str) -> Answer {
        let url = self.admin().company_info_url(realm);
        let request = self.0.http.get(url).bearer_auth(token).header("accept", "application/json");
        send(request).await.unwrap()
    }

    async fn revoke(&self, client: &str, body: &str) -> Answer {
        let request = self.0.http.post(self.admin().revoke_url()).body(body.to_owned());
        let request = request.header("content-type", "application/json");
        send(request.header("authorization", basic(client, SECRET))).await.unwrap()
    }
}

fn basic(client: &str, secret: &str) -> String {
    use base64::Engine;
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let both = format!("{}:{}", encode(client), encode(secret));
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(both))
}

/// The query of the redirect, with its target under "".
fn callback(answer: &Answer) -> Value {
    assert_eq!(answer.status, 302, "{}", answer.text);
    let url = url::Url::parse(answer.headers["location"].to_str().unwrap()).unwrap();
    let mut query: Value = url.query_pairs().map(|(name, value)| (name.into_owned(), value)).collect();
    query[""] =
        format!("{}://{}:{}{}", url.scheme(), url.host_str().unwrap(), url.port().unwrap(), url.path())
            .into();
    query
}

fn text<'a>(answer: &'a Value, member: &str) -> &'a str {
    answer[member].as_str().unwrap_or_else(|| panic!("no {member} in {answer}"))
}
