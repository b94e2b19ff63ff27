//! Intuit: every rule that the module's documentation and `vendors.md` section 2 state.

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

#[tokio::test]
async fn from_consent_to_the_companys_name() {
    let office = Office::new().await;
    let back = callback(&office.authorize(&[("sim_company", REALM)]).await);
    assert_eq!(text(&back, ""), "http://localhost:8765/callback/quickbooks");
    assert_eq!((text(&back, "state"), text(&back, "realmId"), text(&back, "kept")), ("st/at&e", REALM, "1"));
    let answer = office.exchange(text(&back, "code")).await;
    assert_eq!((answer.status, answer.headers["cache-control"].to_str().unwrap()), (200, "no-store"));
    let body = answer.json();
    assert_eq!((&body["expires_in"], &body["token_type"]), (&json!(3600), &json!("bearer")));
    assert_eq!(body["x_refresh_token_expires_in"], 8_640_000);
    assert_eq!(
        body.as_object().unwrap().len(),
        5,
        "no realm, no scope, no hard end unless asked for: {body}"
    );
    let info = office.company_info(REALM, text(&body, "access_token")).await.json();
    assert_eq!(info["CompanyInfo"]["CompanyName"], "Ärger & Söhne <GmbH>");
    assert!(office.family().live);
}

#[tokio::test]
async fn the_page_lists_the_companies_and_its_buttons_work() {
    let office = Office::new().await;
    let page = office.authorize(&[]).await;
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && !page.text.contains("<script"), "{policy}");
    assert!(page.text.contains("Ärger &amp; Söhne &lt;GmbH&gt;") && page.text.contains("value=\"22\""));
    assert!(page.text.contains("name=\"state\" value=\"st/at&amp;e\""), "the request is carried on");
    let denied = callback(&office.authorize(&[("sim_cancel", "1")]).await);
    assert_eq!((text(&denied, "error"), text(&denied, "state")), ("access_denied", "st/at&e"));
    assert!(denied.get("code").is_none() && denied.get("realmId").is_none());
    assert_eq!(office.authorize(&[("sim_company", "404")]).await.status, 400);
}

#[tokio::test]
async fn a_request_that_cannot_be_trusted_is_not_redirected() {
    let office = Office::new().await;
    let upper = REDIRECT.to_uppercase();
    for change in [
        ("client_id", "nobody"),
        ("client_id", ""),
        ("redirect_uri", "http://localhost:8765/callback/quickbooks"),
        ("redirect_uri", "http://localhost:8766/callback/quickbooks?kept=1"),
        ("redirect_uri", upper.as_str()),
        ("redirect_uri", ""),
        ("state", ""),
    ] {
        let answer = office.authorize(&[change, ("sim_company", REALM)]).await;
        assert_eq!((answer.status, answer.headers.get("location")), (400, None), "{change:?}");
    }
    let twice = office.authorize(&[("sim_company", REALM), ("sim_company", "22")]).await;
    assert_eq!(twice.status, 400);
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "unsupported_response_type"),
        (("scope", "com.intuit.quickbooks.accounting.read"), "invalid_scope"),
        (("scope", ""), "invalid_scope"),
    ] {
        let back = callback(&office.authorize(&[change, ("sim_company", REALM)]).await);
        assert_eq!((text(&back, "error"), text(&back, "state")), (error, "st/at&e"), "{change:?}");
    }
}

#[tokio::test]
async fn decisions_can_be_made_beforehand() {
    let office = Office::new().await;
    let admin = office.admin();
    admin.decide_next(Decision::Deny).unwrap();
    admin.decide_next(Decision::Approve("22".into())).unwrap();
    assert_eq!(callback(&office.authorize(&[]).await)["error"], "access_denied");
    assert_eq!(callback(&office.authorize(&[]).await)["realmId"], "22");
    assert_eq!(office.authorize(&[]).await.status, 200, "both are used up");
    admin.set_auto_approve(Some(REALM)).unwrap();
    for _ in 0..2 {
        assert_eq!(callback(&office.authorize(&[]).await)["realmId"], REALM);
    }
    admin.set_auto_approve(None).unwrap();
    assert_eq!(office.authorize(&[]).await.status, 200);
    let unknown = admin.decide_next(Decision::Approve("404".into()));
    assert!(matches!(unknown, Err(SimError::Unknown { kind: "company", .. })));
}

#[tokio::test]
async fn redirect_uris_follow_the_keys() {
    let office = Office::new().await;
    let register = |keys, uri: &str| {
        let new = NewApp { keys, redirect_uris: vec![uri.to_owned()], ..NewApp::default() };
        office.admin().register_app(new).is_ok()
    };
    for (uri, production, development) in [
        ("https://example.com/callback", true, true),
        ("http://example.com/callback", false, false),
        ("http://localhost:8765/callback", false, true),
        ("http://localhost/callback", false, true),
        ("https://localhost/callback", false, true),
        ("https://app.localhost/callback", false, true),
        ("http://127.0.0.1:8765/callback", false, false),
        ("https://127.0.0.1/callback", false, false),
        ("https://[::1]/callback", false, false),
        ("https://10.1.2.3/callback", false, false),
        ("https://example.com/callback#part", false, false),
        ("com.example.app:/callback", false, false),
        ("/callback", false, false),
    ] {
        assert_eq!(register(Keys::Production, uri), production, "production {uri}");
        assert_eq!(register(Keys::Development, uri), development, "development {uri}");
    }
}

#[tokio::test]
async fn a_code_is_good_for_once_and_ten_minutes() {
    let office = Office::new().await;
    let code = office.code().await;
    let body = office.exchange(&code).await.json();
    let refresh_token = text(&body, "refresh_token");
    let again = office.exchange(&code).await;
    assert_eq!((again.status, again.json()), (400, json!({"error": "invalid_grant"})));
    assert_eq!(office.family().ended, Some(Ending::CodeReused));
    assert_eq!(office.refresh(refresh_token).await.status, 400, "what the code gave is poisoned");
    assert_eq!(office.company_info(REALM, text(&body, "access_token")).await.status, 401);

    let code = office.code().await;
    office.0.clock.advance(SignedDuration::from_secs(600));
    assert_eq!(office.exchange(&code).await.status, 400);
    let code = office.code().await;
    office.0.clock.advance(SignedDuration::from_secs(599));
    assert_eq!(office.exchange(&code).await.status, 200);
}

#[tokio::test]
async fn a_code_is_bound_to_client_and_redirect_uri() {
    let office = Office::new().await;
    let code = office.code().await;
    let with = |redirect| {
        [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", redirect)]
    };
    let foreign = office.token("other", &with(REDIRECT)).await;
    assert_eq!(foreign.json()["error_description"], "Incorrect Token type or clientID");
    let missing = office.token(CLIENT, &[("grant_type", "authorization_code"), ("code", &code)]).await;
    assert_eq!(missing.json()["error"], "invalid_request");
    assert_eq!(office.exchange(&code).await.status, 200, "neither used it up");

    let code = office.code().await;
    let with = |redirect| {
        [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", redirect)]
    };
    let other = office.token(CLIENT, &with("http://localhost:8765/callback/quickbooks")).await;
    assert_eq!((other.status, other.json()["error"].as_str()), (400, Some("invalid_grant")));
    assert_eq!(office.exchange(&code).await.status, 400, "the attempt used it up");
}

#[tokio::test]
async fn pkce_is_neither_offered_nor_looked_at() {
    let office = Office::new().await;
    let discovery = send(office.0.http.get(office.admin().discovery_url())).await.unwrap().json();
    assert!(discovery.get("code_challenge_methods_supported").is_none());
    assert_eq!(discovery["token_endpoint"], office.admin().token_url());
    assert_eq!(discovery["revocation_endpoint"], office.admin().revoke_url());
    assert_eq!(discovery["authorization_endpoint"], office.admin().authorize_url());
    let sandbox = office.admin().discovery_url().replace("openid_", "openid_sandbox_");
    assert_eq!(
        send(office.0.http.get(sandbox)).await.unwrap().json()["token_endpoint"],
        discovery["token_endpoint"]
    );
    let pkce = [("code_challenge", "x"), ("code_challenge_method", "S256"), ("sim_company", REALM)];
    let code = callback(&office.authorize(&pkce).await)["code"].as_str().unwrap().to_owned();
    assert_eq!(office.exchange(&code).await.status, 200);
}

#[tokio::test]
async fn clients_authenticate_as_rfc_6749_has_it() {
    let office = Office::new().await;
    let token = office.grant();
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let as_is = |id: &str, secret: &str| {
        use base64::Engine;
        let both = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
        format!("Basic {both}")
    };
    for (header, why) in [
        (basic(CLIENT, "wrong"), "the secret"),
        (basic("nobody", SECRET), "the client"),
        (as_is(CLIENT, SECRET), "not form-urlencoded"),
        (basic(CLIENT, SECRET).replace("Basic", "Bearer"), "the scheme"),
        ("Basic ???".to_owned(), "not base64"),
    ] {
        let answer = send(office.post(&pairs).header("authorization", header)).await.unwrap();
        assert_eq!((answer.status, answer.json()), (401, json!({"error": "invalid_client"})), "{why}");
        assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Basic"));
    }
    assert_eq!(send(office.post(&pairs)).await.unwrap().status, 401, "nothing at all");
    let secret = [("client_id", CLIENT), ("client_secret", SECRET)];
    let both =
        send(office.post(&[&pairs[..], &secret].concat()).header("authorization", basic(CLIENT, SECRET)));
    assert_eq!(both.await.unwrap().json()["error"], "invalid_request", "two ways at once");
    let made_up = office.refresh("made-up").await;
    assert_eq!((made_up.status, made_up.json()), (400, json!({"error": "invalid_grant"})), "genuine keys");
    assert!(office.family().live && office.family().refreshed == 0, "nothing of this touched the grant");
    assert_eq!(send(office.post(&[&pairs[..], &secret].concat())).await.unwrap().status, 200, "in the form");

    office.admin().set_client_secret(CLIENT, "new").unwrap();
    assert_eq!(office.refresh("made-up").await.status, 401);
}

#[tokio::test]
async fn the_token_request_is_a_form_posted_once() {
    let office = Office::new().await;
    let token = office.grant();
    let url = office.admin().token_url();
    let authorized = |request: RequestBuilder| send(request.header("authorization", basic(CLIENT, SECRET)));
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let json = json!({"grant_type": "refresh_token", "refresh_token": token});
    let cases = [
        ("JSON", office.0.http.post(&url).json(&json)),
        ("no type", office.0.http.post(&url).body(format!("grant_type=refresh_token&refresh_token={token}"))),
        ("a query", form(office.0.http.post(format!("{url}?a=b")), &pairs)),
        ("twice", form(office.0.http.post(&url), &[&pairs[..], &pairs[..1]].concat())),
        ("no grant type", form(office.0.http.post(&url), &pairs[1..])),
        ("no token", form(office.0.http.post(&url), &pairs[..1])),
    ];
    for (why, request) in cases {
        let answer = authorized(request).await.unwrap();
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("invalid_request")), "{why}");
    }
    let password = authorized(form(office.0.http.post(&url), &[("grant_type", "password")])).await.unwrap();
    assert_eq!(password.json()["error"], "unsupported_grant_type");
    let got = authorized(office.0.http.get(&url)).await.unwrap();
    assert_eq!((got.status, got.headers["allow"].to_str().unwrap()), (405, "POST"));
    assert!(got.headers.contains_key("intuit_tid"));
    assert_eq!(office.family().refreshed, 0);
}

#[tokio::test]
async fn every_refresh_rotates_and_an_old_value_ends_the_family() {
    let office = Office::new().await;
    let first = office.grant();
    let body = office.refresh(&first).await.json();
    let second = text(&body, "refresh_token");
    assert_ne!(first, second);
    let before = office.family();
    assert_eq!((before.live, before.refreshed, before.rotated, before.reuses), (true, 1, 1, 0));
    let again = office.refresh(&first).await;
    assert_eq!((again.status, again.json()), (400, json!({"error": "invalid_grant"})), "no description");
    let after = office.family();
    assert_eq!((after.live, after.ended, after.reuses), (false, Some(Ending::TokenReused), 1));
    assert_eq!(office.refresh(second).await.status, 400, "the winner's value is dead as well");
    assert_eq!(office.company_info(REALM, text(&body, "access_token")).await.status, 401);
    assert_eq!(after.refresh_token_sha256.unwrap().len(), 64);
}

#[tokio::test]
async fn a_days_rotation_keeps_the_value_for_a_day() {
    let office = Office::new().await;
    office.set(Settings { rotate_after_seconds: 86_400, ..Settings::default() });
    let first = office.grant();
    office.0.clock.advance(SignedDuration::from_secs(86_399));
    assert_eq!(office.refresh(&first).await.json()["refresh_token"], first);
    assert_eq!(office.refresh(&first).await.json()["refresh_token"], first);
    office.0.clock.advance(SignedDuration::from_secs(1));
    assert_ne!(office.refresh(&first).await.json()["refresh_token"], first);
    let family = office.family();
    assert_eq!((family.refreshed, family.rotated, family.live), (3, 1, true));
}

#[tokio::test]
async fn a_grace_gives_the_current_value_again() {
    let office = Office::new().await;
    office.set(Settings { refresh_grace_seconds: 30, ..Settings::default() });
    let first = office.grant();
    let second = office.refresh(&first).await.json()["refresh_token"].clone();
    office.0.clock.advance(SignedDuration::from_secs(29));
    assert_eq!(office.refresh(&first).await.json()["refresh_token"], second);
    office.0.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(office.refresh(&first).await.status, 400);
    assert_eq!(office.family().ended, Some(Ending::TokenReused));
}

#[tokio::test]
async fn both_expiries_count() {
    const DAY: i64 = 86_400;
    let office = Office::new().await;
    let mut token = office.grant();
    let hard = |request: RequestBuilder| {
        send(
            request
                .header("authorization", basic(CLIENT, SECRET))
                .header("x-include-refresh-token-hard-expires-in", "true"),
        )
    };
    let renew = |token: String| office.post(&[("grant_type", "refresh_token"), ("refresh_token", &token)]);
    let mut elapsed = 0;
    while elapsed + 99 * DAY < 5 * 365 * DAY {
        office.0.clock.advance(SignedDuration::from_secs(99 * DAY));
        elapsed += 99 * DAY;
        let body = hard(renew(token)).await.unwrap().json();
        assert_eq!(body["x_refresh_token_expires_in"], 100 * DAY, "each use starts it anew");
        assert_eq!(body["x_refresh_token_hard_expires_in"], 5 * 365 * DAY - elapsed, "no use moves this");
        token = text(&body, "refresh_token").to_owned();
    }
    office.0.clock.advance(SignedDuration::from_secs(5 * 365 * DAY - elapsed - 1));
    let body = office.refresh(&token).await.json();
    assert!(body.get("x_refresh_token_hard_expires_in").is_none(), "not unless asked for");
    office.0.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(office.refresh(text(&body, "refresh_token")).await.status, 400, "five years");

    let token = office.grant();
    office.0.clock.advance(SignedDuration::from_secs(100 * DAY));
    assert_eq!(office.refresh(&token).await.status, 400, "100 days without use");
    let family = office.family();
    assert_eq!((family.live, family.ended, family.reuses), (false, None, 0));
}

#[tokio::test]
async fn another_apps_grant_is_refused_and_lives() {
    let office = Office::new().await;
    let token = office.grant();
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let answer = office.token("other", &pairs).await;
    let body = json!({"error": "invalid_grant", "error_description": "Incorrect Token type or clientID"});
    assert_eq!((answer.status, answer.json()), (400, body));
    let body = office.refresh(&token).await.json();
    let access = text(&body, "access_token");
    assert_eq!(office.refresh(access).await.json()["error"], "invalid_grant", "the wrong type of token");
    assert!(office.family().live);
}

#[tokio::test]
async fn connecting_again_replaces_the_grant() {
    let office = Office::new().await;
    let first = office.grant();
    let second = office.grant();
    assert_eq!(office.refresh(&first).await.status, 400);
    assert_eq!(office.refresh(&second).await.status, 200);
    let ended: Vec<_> = office.admin().families().iter().map(|family| family.ended).collect();
    assert_eq!(ended, [Some(Ending::Replaced), None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_refreshes_at_once_one_wins_and_nobody_keeps_anything() {
    let office = Office::new().await;
    let token = office.grant();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let request = office.post(&[("grant_type", "refresh_token"), ("refresh_token", &token)]);
        let request = request.header("authorization", basic(CLIENT, SECRET));
        tasks.spawn(async move { send(request).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    let winners: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(winners.len(), 1);
    assert!(answers.iter().all(|answer| answer.status == 200 || answer.json()["error"] == "invalid_grant"));
    let family = office.family();
    assert_eq!((family.refreshed, family.reuses, family.ended), (1, 63, Some(Ending::TokenReused)));
    let body = winners[0].json();
    assert_eq!(office.refresh(text(&body, "refresh_token")).await.status, 400);
    let control = office.0.simulator.control();
    assert_eq!(control.calls_of(Vendor::Quickbooks, REALM, Endpoint::Token), 65);
}

#[tokio::test]
async fn revoking_is_json_and_says_400() {
    let office = Office::new().await;
    let token = office.grant();
    let body = office.refresh(&token).await.json();
    let current = text(&body, "refresh_token");
    let of = |token: &str| json!({"token": token}).to_string();
    for (client, sent, error) in [
        (CLIENT, of("unknown"), "invalid_grant"),
        (CLIENT, of(&token), "invalid_grant"),
        (CLIENT, "{}".to_owned(), "invalid_request"),
        (CLIENT, format!("token={current}"), "invalid_request"),
        ("other", of(current), "invalid_grant"),
    ] {
        let answer = office.revoke(client, &sent).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some(error)), "{sent}");
    }
    let url = office.admin().revoke_url();
    let as_form = form(office.0.http.post(&url), &[("token", current)]);
    let as_form = send(as_form.header("authorization", basic(CLIENT, SECRET))).await.unwrap();
    assert_eq!(as_form.status, 400);
    assert_eq!(office.revoke("nobody", &of(current)).await.status, 401);
    assert!(office.family().live);

    assert_eq!(
        office.revoke(CLIENT, &of(text(&body, "access_token"))).await.status,
        200,
        "either token will do"
    );
    assert_eq!(office.family().ended, Some(Ending::Revoked));
    assert_eq!(office.refresh(current).await.status, 400);
    assert_eq!(office.company_info(REALM, text(&body, "access_token")).await.status, 401);
    assert_eq!(office.revoke(CLIENT, &of(current)).await.status, 400, "a second time");
    let other = office.grant();
    assert_eq!(office.revoke(CLIENT, &of(&other)).await.status, 200);
}

#[tokio::test]
async fn company_info_in_all_its_spellings() {
    let office = Office::new().await;
    let token = office.refresh(&office.grant()).await.json()["access_token"].as_str().unwrap().to_owned();
    let url = office.admin().company_info_url(REALM);
    let xml = send(office.0.http.get(format!("{url}?minorversion=75")).bearer_auth(&token)).await.unwrap();
    assert!(xml.headers["content-type"].to_str().unwrap().starts_with("application/xml"));
    assert!(xml.text.contains("<CompanyName>Ärger &amp; Söhne &lt;GmbH&gt;</CompanyName>"), "{}", xml.text);
    let any = send(office.0.http.get(&url).bearer_auth(&token).header("accept", "*/*")).await.unwrap();
    assert!(any.text.starts_with("<?xml"), "only JSON by name is JSON");
    office.admin().rename_company(REALM, "New").unwrap();
    assert_eq!(office.company_info(REALM, &token).await.json()["CompanyInfo"]["CompanyName"], "New");

    let lower = office.company_info(REALM, "wrong").await;
    assert_eq!((lower.status, &lower.json()["fault"]["error"][0]["code"]), (401, &json!("3200")));
    office.set(Settings { capital_faults: true, ..Settings::default() });
    let capital = office.company_info(REALM, "wrong").await;
    assert_eq!((capital.status, &capital.json()["Fault"]["Error"][0]["code"]), (401, &json!("3200")));
    let wrong = send(office.0.http.get(&url).bearer_auth("wrong")).await.unwrap();
    assert!(wrong.status == 401 && wrong.text.contains("<Error code=\"3200\">"));
    assert!(wrong.headers.contains_key("intuit_tid") && wrong.headers.contains_key("www-authenticate"));

    assert_eq!(office.company_info("22", &token).await.status, 403, "another company's");
    let mixed = url.replace(&format!("companyinfo/{REALM}"), "companyinfo/22");
    assert_eq!(send(office.0.http.get(mixed).bearer_auth(&token)).await.unwrap().status, 400);
    office.0.clock.advance(SignedDuration::from_secs(3599));
    assert_eq!(office.company_info(REALM, &token).await.status, 200);
    office.0.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(office.company_info(REALM, &token).await.status, 401);

    let scopes = Some(vec!["openid".to_owned()]);
    let new = NewGrant { client_id: CLIENT.into(), realm: "22".into(), scopes };
    let openid = office.admin().issue_grant(new).unwrap().access_token;
    assert_eq!(office.company_info("22", &openid).await.status, 403, "without the accounting scope");
    let user = office.admin().base_url() + "/v1/openid_connect/userinfo";
    assert_eq!(send(office.0.http.get(&user).bearer_auth(openid)).await.unwrap().status, 200);
    assert_eq!(send(office.0.http.get(&user)).await.unwrap().status, 401);
}

#[tokio::test]
async fn the_api_counts_by_the_second_and_by_the_minute() {
    let office = Office::new().await;
    let token = office.refresh(&office.grant()).await.json()["access_token"].as_str().unwrap().to_owned();
    let mut statuses = Vec::new();
    for _ in 0..11 {
        statuses.push(office.company_info(REALM, &token).await.status);
    }
    assert_eq!(statuses, [[200; 10].as_slice(), &[429]].concat());
    let limited = office.company_info(REALM, &token).await;
    assert!(limited.headers.get("retry-after").is_none());
    for second in 1..50 {
        office.0.clock.advance(SignedDuration::from_secs(1));
        for _ in 0..10 {
            assert_eq!(office.company_info(REALM, &token).await.status, 200, "second {second}");
        }
    }
    office.0.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(office.company_info(REALM, &token).await.status, 429, "500 in this minute");
    office.set(Settings { rate_limited: false, ..Settings::default() });
    assert_eq!(office.company_info(REALM, &token).await.status, 200);
    office.set(Settings::default());
    office.0.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(office.company_info(REALM, &token).await.status, 200);
}

#[tokio::test]
async fn answers_are_lost_withheld_or_spoilt_after_the_rotation() {
    let office = Office::new().await;
    let control = office.0.simulator.control();
    let arm = |fault: Fault| {
        control.arm(FaultRule::always(fault).of(Vendor::Quickbooks, REALM).at(Endpoint::Token).times(1))
    };
    let post = |token: &str| {
        let request = office.post(&[("grant_type", "refresh_token"), ("refresh_token", token)]);
        send(request.header("authorization", basic(CLIENT, SECRET)))
    };

    let token = office.grant();
    arm(Fault::AnswerLost {});
    assert!(post(&token).await.is_err());
    assert_eq!((office.family().refreshed, office.family().rotated), (1, 1), "lost on the client only");
    assert_eq!(office.refresh(&token).await.status, 400);

    let token = office.grant();
    arm(Fault::AnswerWithheld {});
    let short = std::time::Duration::from_millis(200);
    assert!(tokio::time::timeout(short, post(&token)).await.is_err());
    assert_eq!(office.family().rotated, 1);

    let token = office.grant();
    arm(Fault::RefuseAfter { status: 500, error: "server_error".into() });
    assert_eq!(post(&token).await.unwrap().status, 500);
    assert_eq!(office.family().rotated, 1);

    let token = office.grant();
    arm(Fault::Refuse { status: 500, error: "server_error".into() });
    let refused = post(&token).await.unwrap();
    assert_eq!((refused.status, office.family().rotated), (500, 0), "before the work");
    assert!(refused.headers.contains_key("intuit_tid"), "a fault's answer has a number, too");
    arm(Fault::Refuse { status: 400, error: "invalid_grant".into() });
    assert_eq!(post(&token).await.unwrap().json(), json!({"error": "invalid_grant"}));
    arm(Fault::Refuse { status: 429, error: "rate_limit".into() });
    assert!(post(&token).await.unwrap().headers.get("retry-after").is_none());
    arm(Fault::RotationSkipped {});
    assert_eq!(post(&token).await.unwrap().json()["refresh_token"], token);
    arm(Fault::RotationSkipped {});
    arm(Fault::MissingRefreshToken {});
    let body = post(&token).await.unwrap().json();
    assert!(body.get("refresh_token").is_none() && body["access_token"].is_string());
    assert_eq!(office.family().rotated, 0);
    arm(Fault::MissingRefreshToken {});
    assert!(post(&token).await.unwrap().json().get("refresh_token").is_none());
    assert_eq!(office.family().rotated, 1, "the new value is lost");

    let token = office.grant();
    arm(Fault::TruncatedJson {});
    let answer = post(&token).await.unwrap();
    assert!(serde_json::from_str::<Value>(&answer.text).is_err() && office.family().rotated == 1);

    control
        .arm(FaultRule::always(Fault::ForeignRealm { realm: "22".into() }).at(Endpoint::Authorize).times(1));
    let back = callback(&office.authorize(&[("sim_company", REALM)]).await);
    assert_eq!(back["realmId"], "22");
    let access = office.exchange(text(&back, "code")).await.json();
    assert_eq!(office.company_info("22", text(&access, "access_token")).await.status, 403);
}

#[tokio::test]
async fn the_customers_side_over_http() {
    let office = Office::new().await;
    let url = |path: &str| format!("{}/control/quickbooks{path}", office.0.simulator.base_url());
    let post = |path: &str, body: Value| send(office.0.http.post(url(path)).body(body.to_string()));
    let put = |path: &str, body: Value| send(office.0.http.put(url(path)).body(body.to_string()));
    let get = |path: &str| send(office.0.http.get(url(path)));

    let app = post("/apps", json!({"keys": "production", "redirect_uris": ["https://example.com/c"]}))
        .await
        .unwrap();
    let client = text(&app.json(), "client_id").to_owned();
    assert_eq!(app.json()["keys"], "production");
    let local = json!({"keys": "production", "redirect_uris": ["http://localhost/c"]});
    assert_eq!(post("/apps", local).await.unwrap().status, 400);
    assert_eq!(post("/apps", json!({"client_id": client})).await.unwrap().status, 409);
    assert_eq!(get("/apps").await.unwrap().json().as_array().unwrap().len(), 3);
    assert_eq!(put(&format!("/apps/{client}/client-secret"), json!("new")).await.unwrap().status, 204);
    assert_eq!(put("/apps/nobody/client-secret", json!("new")).await.unwrap().status, 404);
    let company = post("/companies", json!({"name": "Third"})).await.unwrap().json();
    let realm = text(&company, "realm").to_owned();
    assert_eq!(post("/companies", json!({"realm": "x", "name": "y"})).await.unwrap().status, 400);
    assert_eq!(put(&format!("/companies/{realm}/name"), json!("3rd")).await.unwrap().status, 204);
    assert!(
        get("/companies")
            .await
            .unwrap()
            .json()
            .as_array()
            .unwrap()
            .contains(&json!({"realm": realm, "name": "3rd"}))
    );
    assert_eq!(post("/next-authorization", json!({"approve": realm})).await.unwrap().status, 204);
    assert_eq!(post("/next-authorization", json!("deny")).await.unwrap().status, 204);
    assert_eq!(put("/auto-approve", json!(realm)).await.unwrap().status, 204);
    assert_eq!(put("/auto-approve", json!(null)).await.unwrap().status, 204);

    let grant = json!({"client_id": client, "realm": realm});
    let issued = post("/grants", grant.clone()).await.unwrap().json();
    assert!(issued["refresh_token"].is_string() && issued["access_token"].is_string());
    assert_eq!(post("/grants", json!({"client_id": client, "realm": "404"})).await.unwrap().status, 404);
    let family = format!("/families/{client}/{realm}");
    assert_eq!(get(&family).await.unwrap().json()["live"], true);
    assert_eq!(get("/families").await.unwrap().json().as_array().unwrap().len(), 1);
    let info = || office.company_info(&realm, issued["access_token"].as_str().unwrap());
    assert_eq!(info().await.status, 200);
    assert_eq!(post(&format!("{family}/expire-access-tokens"), json!({})).await.unwrap().status, 204);
    assert_eq!(info().await.status, 401);
    for way in ["expire-refresh-token", "expire", "revoke"] {
        post("/grants", grant.clone()).await.unwrap();
        assert_eq!(get(&family).await.unwrap().json()["live"], true);
        assert_eq!(post(&format!("{family}/{way}"), json!({})).await.unwrap().status, 204);
        assert_eq!(get(&family).await.unwrap().json()["live"], false, "{way}");
    }
    assert_eq!(get(&family).await.unwrap().json()["ended"], "revoked");
    assert_eq!(get("/families/nobody/1").await.unwrap().status, 404);
    assert_eq!(put("/settings", json!({"rotate_after_seconds": 86400})).await.unwrap().status, 204);
    assert_eq!(get("/settings").await.unwrap().json()["rotate_after_seconds"], 86_400);
    assert_eq!(put("/settings", json!({"rotate": 1})).await.unwrap().status, 400);
}

#[tokio::test]
async fn calls_are_counted_by_realm_where_there_is_one() {
    let office = Office::new().await;
    let code = office.code().await;
    let body = office.exchange(&code).await.json();
    office.company_info(REALM, text(&body, "access_token")).await;
    office.refresh("made-up").await;
    office.revoke(CLIENT, &json!({"token": text(&body, "refresh_token")}).to_string()).await;
    let control = office.0.simulator.control();
    let count = |account: &str, endpoint| control.calls_of(Vendor::Quickbooks, account, endpoint);
    assert_eq!(count(CLIENT, Endpoint::Authorize), 1);
    assert_eq!((count(REALM, Endpoint::Token), count(CLIENT, Endpoint::Token)), (1, 1));
    assert_eq!((count(REALM, Endpoint::CompanyInfo), count(REALM, Endpoint::Revoke)), (1, 1));
    let calls = control.calls();
    let granted: u64 = calls.iter().filter(|one| one.account == REALM).map(|one| one.succeeded).sum();
    assert_eq!(granted, 3);
}
