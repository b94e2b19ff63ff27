//! The generic server: every rule that the module's documentation states.

mod assertions;
mod consent;
mod controls;
mod devices;
mod tokens;

use jiff::SignedDuration;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::desk::{Desk, form};
use super::rig::{Answer, send};
use crate::sim::oauth2::{Admin, Authentication, Decision, GrantType, NewClient, NewGrant, Settings};
use crate::sim::{Ending, Endpoint, FamilyEntry, Fault, FaultRule, Vendor};

const TENANT: &str = "acme";
const USER: &str = "user-7";
const SECRET: &str = "s:e%c+r&t é";
const REDIRECT: &str = "http://127.0.0.1/callback?kept=1";
const WITH_PORT: &str = "http://127.0.0.1:5123/callback?kept=1";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The example of RFC 7636 appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A simulator with one tenant, and a client for each authentication but assertions.
struct Server(Desk);

impl Server {
    async fn new() -> Self {
        let server = Self(Desk::new().await);
        for (id, authentication) in [
            ("basic app", Authentication::ClientSecretBasic),
            ("post", Authentication::ClientSecretPost),
            ("json", Authentication::ClientSecretJson),
            ("public", Authentication::None),
        ] {
            let secret = (authentication != Authentication::None).then(|| SECRET.to_owned());
            server.register(NewClient { client_secret: secret, ..client(id, authentication) });
        }
        server
    }

    fn admin(&self) -> Admin {
        self.0.simulator.control().oauth2(TENANT)
    }

    fn register(&self, new: NewClient) {
        self.admin().register_client(new).unwrap();
    }

    fn set(&self, settings: Settings) {
        self.admin().set_settings(settings).unwrap();
    }

    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.admin().issuer())
    }

    fn post(&self, path: &str, pairs: &[(&str, &str)]) -> RequestBuilder {
        form(self.0.http.post(self.at(path)), pairs)
    }

    /// A request of the client with Basic authentication.
    async fn basic(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        send(self.post(path, pairs).header("authorization", basic("basic app", SECRET))).await.unwrap()
    }

    /// A request of the public client.
    async fn public(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        send(self.post(path, &[&[("client_id", "public")], pairs].concat())).await.unwrap()
    }

    async fn refresh(&self, token: &str) -> Answer {
        self.basic("token", &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    fn grant(&self) -> String {
        let new = NewGrant { client_id: "basic app".into(), user: USER.into(), scopes: None };
        self.admin().issue_grant(new).unwrap().refresh_token
    }

    fn family(&self) -> FamilyEntry {
        self.admin().family("basic app", USER).unwrap()
    }

    /// The public client's authorization, with some parameters replaced or, by an empty value, left out.
    async fn authorize(&self, changes: &[(&str, &str)]) -> Answer {
        let mut query = vec![
            ("client_id", "public"),
            ("response_type", "code"),
            ("scope", "read"),
            ("redirect_uri", WITH_PORT),
            ("state", "st/at&e"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        query.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        query.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        let url = url::Url::parse_with_params(&self.at("authorize"), &query).unwrap();
        send(self.0.http.get(url)).await.unwrap()
    }

    async fn code(&self) -> String {
        callback(&self.authorize(&[("sim_user", USER)]).await)["code"].as_str().unwrap().to_owned()
    }

    async fn userinfo(&self, token: &str) -> Answer {
        send(self.0.http.get(self.at("userinfo")).bearer_auth(token)).await.unwrap()
    }
}

fn client(id: &str, authentication: Authentication) -> NewClient {
    let redirect_uris = vec![
        REDIRECT.to_owned(),
        "https://example.com/callback".to_owned(),
        "https://localhost/callback".to_owned(),
    ];
    NewClient { client_id: Some(id.to_owned()), authentication, redirect_uris, ..NewClient::default() }
}

fn basic(client: &str, secret: &str) -> String {
    use base64::Engine;
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let both = format!("{}:{}", encode(client), encode(secret));
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(both))
}

fn callback(answer: &Answer) -> Value {
    assert_eq!(answer.status, 302, "{}", answer.text);
    let url = url::Url::parse(answer.headers["location"].to_str().unwrap()).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value)).collect()
}

fn text<'a>(answer: &'a Value, member: &str) -> &'a str {
    answer[member].as_str().unwrap_or_else(|| panic!("no {member} in {answer}"))
}

fn error(answer: &Answer) -> (u16, String) {
    (answer.status, text(&answer.json(), "error").to_owned())
}

fn is(status: u16, error: &str) -> (u16, String) {
    (status, error.to_owned())
}
