//! The generic server: every rule that the module's documentation states.

mod assertions;
mod devices;

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
    let redirect_uris = vec![REDIRECT.to_owned(), "https://example.com/callback".to_owned()];
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

#[tokio::test]
async fn discovery_is_where_the_rfcs_put_it() {
    let server = Server::new().await;
    let issuer = server.admin().issuer();
    let base = server.0.simulator.base_url();
    let rooted = format!("{base}/.well-known/oauth-authorization-server/oauth2/{TENANT}");
    for url in [
        rooted.as_str(),
        &server.at(".well-known/oauth-authorization-server"),
        &server.admin().discovery_url(),
    ] {
        let document = send(server.0.http.get(url)).await.unwrap().json();
        assert_eq!(document["issuer"], issuer, "{url}");
        assert_eq!(document["token_endpoint"], server.admin().token_url());
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(document["authorization_response_iss_parameter_supported"], true);
        assert_eq!(
            document["grant_types_supported"],
            json!([
                "authorization_code",
                "refresh_token",
                "client_credentials",
                "urn:ietf:params:oauth:grant-type:device_code"
            ])
        );
    }
    let control = server.0.simulator.control();
    assert_eq!(control.calls_of(Vendor::Oauth2, TENANT, Endpoint::Discovery), 3);
    let nowhere = rooted.replace(TENANT, "nobody");
    assert_eq!(send(server.0.http.get(nowhere)).await.unwrap().status, 404);
    assert_eq!(send(server.0.http.post(format!("{base}/oauth2/nobody/token"))).await.unwrap().status, 404);
}

#[tokio::test]
async fn a_public_client_proves_itself_with_pkce() {
    let server = Server::new().await;
    let back = callback(&server.authorize(&[("sim_user", USER)]).await);
    assert_eq!((text(&back, "state"), text(&back, "iss")), ("st/at&e", server.admin().issuer().as_str()));
    assert_eq!(text(&back, "kept"), "1");
    let code = text(&back, "code");
    let pairs = |verifier| {
        [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", WITH_PORT),
            ("code_verifier", verifier),
        ]
    };
    let answer = server.public("token", &pairs(VERIFIER)).await;
    let body = answer.json();
    assert_eq!((answer.status, text(&body, "scope"), text(&body, "token_type")), (200, "read", "Bearer"));
    let user = server.userinfo(text(&body, "access_token")).await.json();
    assert_eq!(user, json!({"sub": USER, "client_id": "public"}));
    assert_eq!(error(&server.public("token", &pairs(VERIFIER)).await), is(400, "invalid_grant"));
    assert_eq!(server.admin().family("public", USER).unwrap().ended, Some(Ending::CodeReused));
    assert_eq!(server.userinfo(text(&body, "access_token")).await.status, 401);

    for verifier in ["", "short", &VERIFIER.replace('d', "e"), CHALLENGE] {
        let code = server.code().await;
        let with = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", WITH_PORT),
            ("code_verifier", verifier),
        ];
        assert_eq!(error(&server.public("token", &with).await), is(400, "invalid_grant"), "{verifier}");
    }
}

#[tokio::test]
async fn consent_is_asked_for_and_can_be_refused() {
    let server = Server::new().await;
    let page = server.authorize(&[]).await;
    assert!(page.status == 200 && page.text.contains("name=\"state\" value=\"st/at&amp;e\""));
    assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    assert_eq!(callback(&server.authorize(&[("sim_cancel", "1")]).await)["error"], "access_denied");
    server.admin().decide_next(Decision::Deny).unwrap();
    server.admin().set_auto_approve(Some(USER)).unwrap();
    assert_eq!(callback(&server.authorize(&[]).await)["error"], "access_denied");
    assert!(callback(&server.authorize(&[]).await)["code"].is_string());
    assert!(callback(&server.authorize(&[("state", "")]).await).get("state").is_none());
    server.set(Settings { issuer_in_callback: false, ..Settings::default() });
    assert!(callback(&server.authorize(&[]).await).get("iss").is_none());
}

#[tokio::test]
async fn what_is_wrong_with_an_authorization_is_said_where_it_is_safe() {
    let server = Server::new().await;
    let long = "x".repeat(44);
    for (change, wrong) in [
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge", long.as_str()), "invalid_request"),
        (("scope", "read admin"), "invalid_scope"),
        (("response_type", "token"), "unsupported_response_type"),
    ] {
        let back = callback(&server.authorize(&[change, ("sim_user", USER)]).await);
        assert_eq!((text(&back, "error"), back["iss"].is_string()), (wrong, true), "{change:?}");
    }
    for (uri, accepted) in [
        ("http://127.0.0.1:1/callback?kept=1", true),
        ("http://127.0.0.1/callback?kept=1", true),
        ("http://127.0.0.1:1/callback", false),
        ("http://127.0.0.1:1/other?kept=1", false),
        ("http://localhost:1/callback?kept=1", false),
        ("https://127.0.0.1:1/callback?kept=1", false),
        ("https://example.com/callback", true),
        ("https://example.com:8443/callback", false),
        ("https://example.com/callback/", false),
        ("", false),
    ] {
        let status = server.authorize(&[("redirect_uri", uri), ("sim_user", USER)]).await.status;
        assert_eq!(status, if accepted { 302 } else { 400 }, "{uri}");
    }
    assert_eq!(server.authorize(&[("client_id", "nobody")]).await.status, 400);
    server.register(NewClient {
        grant_types: Some(vec![GrantType::ClientCredentials]),
        ..client("machine", Authentication::ClientSecretBasic)
    });
    let back = callback(&server.authorize(&[("client_id", "machine"), ("sim_user", USER)]).await);
    assert_eq!(back["error"], "unauthorized_client");
}

#[tokio::test]
async fn pkce_is_up_to_confidential_clients_and_then_binding() {
    let server = Server::new().await;
    let without = [
        ("client_id", "basic app"),
        ("sim_user", USER),
        ("code_challenge", ""),
        ("code_challenge_method", ""),
    ];
    let redeem = |code: String, verifier: &'static str| {
        let server = &server;
        async move {
            let pairs = [
                ("grant_type", "authorization_code"),
                ("code", &*code),
                ("redirect_uri", WITH_PORT),
                ("code_verifier", verifier),
            ];
            server.basic("token", &pairs).await.status
        }
    };
    let code = |answer: Answer| text(&callback(&answer), "code").to_owned();
    assert_eq!(redeem(code(server.authorize(&without).await), "").await, 200);
    assert_eq!(redeem(code(server.authorize(&without).await), VERIFIER).await, 400, "a downgrade");
    assert_eq!(redeem(code(server.authorize(&without[..2]).await), "").await, 400);
    assert_eq!(redeem(code(server.authorize(&without[..2]).await), VERIFIER).await, 200);
    server.set(Settings { pkce_required: true, ..Settings::default() });
    assert_eq!(callback(&server.authorize(&without).await)["error"], "invalid_request");
}

#[tokio::test]
async fn each_client_authenticates_in_its_one_way() {
    let server = Server::new().await;
    let pairs = [("grant_type", "client_credentials"), ("scope", "write")];
    let as_form = |id: &'static str| [&pairs[..], &[("client_id", id), ("client_secret", SECRET)]].concat();
    let json_body = |id: &str| json!({"grant_type": "client_credentials", "scope": "write", "client_id": id, "client_secret": SECRET});
    let by_basic = |id: &str| send(server.post("token", &pairs).header("authorization", basic(id, SECRET)));
    let by_post = |id: &'static str| send(server.post("token", &as_form(id)));
    let by_json = |id: &str| send(server.0.http.post(server.at("token")).json(&json_body(id)));
    for (id, accepted) in [("basic app", 0), ("post", 1), ("json", 2), ("public", 3)] {
        let answers = [by_basic(id).await.unwrap(), by_post(id).await.unwrap(), by_json(id).await.unwrap()];
        for (way, answer) in answers.iter().enumerate() {
            if way == accepted {
                let body = answer.json();
                assert_eq!((answer.status, text(&body, "scope")), (200, "write"), "{id}");
                assert!(body.get("refresh_token").is_none(), "RFC 6749 section 4.4.3");
            } else {
                assert_eq!(error(answer), is(401, "invalid_client"), "{id} by way {way}");
            }
        }
    }
    let none = server.public("token", &pairs).await;
    assert_eq!(error(&none), is(400, "unauthorized_client"), "public clients have no credentials");
    let wrong = [&pairs[..], &[("client_id", "post"), ("client_secret", "wrong")]].concat();
    assert_eq!(error(&send(server.post("token", &wrong)).await.unwrap()), is(401, "invalid_client"));
    let both = send(server.post("token", &as_form("post")).header("authorization", basic("post", SECRET)));
    assert_eq!(error(&both.await.unwrap()), is(400, "invalid_request"), "two ways at once");
    let two_ids = [&pairs[..], &[("client_id", "post")]].concat();
    assert_eq!(error(&server.basic("token", &two_ids).await), is(400, "invalid_request"));
    let doubled = format!("{}\"scope\":\"read\"}}", json_body("json").to_string().replace('}', ","));
    let doubled =
        server.0.http.post(server.at("token")).body(doubled).header("content-type", "application/json");
    assert_eq!(error(&send(doubled).await.unwrap()), is(400, "invalid_request"), "a member twice");
    let number = json!({"grant_type": 1, "client_id": "json", "client_secret": SECRET});
    let number = send(server.0.http.post(server.at("token")).json(&number)).await.unwrap();
    assert_eq!(error(&number), is(400, "invalid_request"));
    let query = send(form(server.0.http.post(server.at("token?a=b")), &as_form("post"))).await.unwrap();
    assert_eq!(error(&query), is(400, "invalid_request"), "nothing in the URI");
    server.admin().set_client_secret("post", "new").unwrap();
    assert_eq!(by_post("post").await.unwrap().status, 401);
}

#[tokio::test]
async fn clients_get_what_they_are_registered_for() {
    let server = Server::new().await;
    server.register(NewClient {
        client_secret: Some(SECRET.to_owned()),
        grant_types: Some(vec![GrantType::ClientCredentials]),
        audience: Some("https://api.example.com".to_owned()),
        ..client("machine", Authentication::ClientSecretPost)
    });
    let ask = |more: Vec<(&'static str, &'static str)>| {
        let pairs = [vec![("client_id", "machine"), ("client_secret", SECRET)], more].concat();
        send(server.post("token", &pairs))
    };
    let audience = ("audience", "https://api.example.com");
    let credentials = ("grant_type", "client_credentials");
    assert_eq!(ask(vec![credentials, audience]).await.unwrap().json()["scope"], "openid read write");
    assert_eq!(error(&ask(vec![credentials]).await.unwrap()), is(400, "invalid_request"));
    assert_eq!(
        error(&ask(vec![credentials, ("audience", "other")]).await.unwrap()),
        is(400, "invalid_request")
    );
    assert_eq!(
        error(&ask(vec![credentials, audience, ("scope", "x")]).await.unwrap()),
        is(400, "invalid_scope")
    );
    assert_eq!(
        error(&ask(vec![("grant_type", "refresh_token")]).await.unwrap()),
        is(400, "unauthorized_client")
    );
    assert_eq!(
        error(&ask(vec![("grant_type", "password")]).await.unwrap()),
        is(400, "unsupported_grant_type")
    );
    assert_eq!(error(&ask(vec![]).await.unwrap()), is(400, "invalid_request"));
}

#[tokio::test]
async fn refresh_tokens_rotate_and_reuse_ends_the_family() {
    let server = Server::new().await;
    let first = server.grant();
    let widened = [("grant_type", "refresh_token"), ("refresh_token", &first), ("scope", "read admin")];
    assert_eq!(error(&server.basic("token", &widened).await), is(400, "invalid_scope"));
    let narrowed = [("grant_type", "refresh_token"), ("refresh_token", &first), ("scope", "read")];
    let body = server.basic("token", &narrowed).await.json();
    assert_eq!(text(&body, "scope"), "read");
    let second = text(&body, "refresh_token");
    let foreign = server.public("token", &[("grant_type", "refresh_token"), ("refresh_token", second)]).await;
    assert_eq!(error(&foreign), is(400, "invalid_grant"));
    assert!(server.family().live);
    assert_eq!(error(&server.refresh(&first).await), is(400, "invalid_grant"));
    assert_eq!(server.family().ended, Some(Ending::TokenReused));
    assert_eq!(error(&server.refresh(second).await), is(400, "invalid_grant"));

    let earlier = server.grant();
    let later = server.grant();
    assert_eq!(server.refresh(&earlier).await.status, 200, "grants of one user stand side by side");
    server.set(Settings { rotate_after_seconds: None, ..Settings::default() });
    assert_eq!(server.refresh(&later).await.json()["refresh_token"], later);
    server.0.clock.advance(SignedDuration::from_secs(30 * 86_400));
    assert_eq!(server.refresh(&later).await.status, 400, "unused for too long");
    server.set(Settings {
        refresh_token_lifetime_seconds: None,
        refresh_token_hard_lifetime_seconds: Some(60),
        ..Settings::default()
    });
    let token = server.grant();
    server.0.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(server.refresh(&token).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_refreshes_at_once_one_wins_and_nobody_keeps_anything() {
    let server = Server::new().await;
    let token = server.grant();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
        let request = server.post("token", &pairs).header("authorization", basic("basic app", SECRET));
        tasks.spawn(async move { send(request).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    let family = server.family();
    assert_eq!((family.refreshed, family.reuses, family.live), (1, 63, false));
}

#[tokio::test]
async fn introspection_tells_confidential_clients_only() {
    let server = Server::new().await;
    let body = server.refresh(&server.grant()).await.json();
    let (access, refresh) = (text(&body, "access_token"), text(&body, "refresh_token"));
    let seen = server.basic("introspect", &[("token", access)]).await.json();
    let now = server.0.clock.now().as_second();
    assert_eq!(
        seen,
        json!({"active": true, "client_id": "basic app", "sub": USER, "scope": "openid read write",
               "token_type": "Bearer", "exp": now + 3600, "iss": server.admin().issuer()})
    );
    let seen = server.basic("introspect", &[("token", refresh)]).await.json();
    assert_eq!((&seen["active"], seen.get("token_type")), (&json!(true), None));
    assert_eq!(error(&server.basic("introspect", &[]).await), is(400, "invalid_request"));
    assert_eq!(error(&server.public("introspect", &[("token", access)]).await), is(401, "invalid_client"));
    assert_eq!(send(server.post("introspect", &[("token", access)])).await.unwrap().status, 401);
    server.0.clock.advance(SignedDuration::from_secs(3600));
    for token in [access, "made-up"] {
        let seen = server.basic("introspect", &[("token", token)]).await;
        assert_eq!((seen.status, seen.json()), (200, json!({"active": false})));
    }
}

#[tokio::test]
async fn revocation_is_a_form_and_always_well() {
    let server = Server::new().await;
    let body = server.refresh(&server.grant()).await.json();
    let (access, refresh) = (text(&body, "access_token"), text(&body, "refresh_token"));
    assert_eq!(server.basic("revoke", &[("token", "made-up")]).await.status, 200, "RFC 7009 section 2.2");
    assert_eq!(error(&server.basic("revoke", &[]).await), is(400, "invalid_request"));
    assert_eq!(error(&server.public("revoke", &[("token", refresh)]).await), is(400, "unauthorized_client"));
    let json = server.0.http.post(server.at("revoke")).header("authorization", basic("basic app", SECRET));
    assert_eq!(send(json.json(&json!({"token": refresh}))).await.unwrap().status, 400);
    assert_eq!(send(server.post("revoke", &[("token", refresh)])).await.unwrap().status, 401);
    assert_eq!(server.userinfo(access).await.status, 200);
    assert_eq!(server.basic("revoke", &[("token", access)]).await.status, 200);
    assert_eq!(server.userinfo(access).await.status, 401);
    let body = server.refresh(refresh).await.json();
    let hinted = [("token", text(&body, "refresh_token")), ("token_type_hint", "refresh_token")];
    assert_eq!(server.basic("revoke", &hinted).await.status, 200);
    assert_eq!(server.basic("revoke", &hinted).await.status, 200, "as often as one likes");
    assert_eq!(server.userinfo(text(&body, "access_token")).await.status, 401, "its access tokens, too");
    assert_eq!(server.family().ended, Some(Ending::Revoked));
}

#[tokio::test]
async fn bearer_tokens_are_challenged_for() {
    let server = Server::new().await;
    let bare = send(server.0.http.get(server.at("userinfo"))).await.unwrap();
    assert_eq!((bare.status, bare.headers["www-authenticate"].to_str().unwrap()), (401, "Bearer"));
    let wrong = server.userinfo("made-up").await;
    assert_eq!(wrong.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    let token = server.refresh(&server.grant()).await.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(server.userinfo(&token).await.status, 200);
    let query = format!("{}?access_token={token}", server.at("userinfo"));
    assert_eq!(send(server.0.http.get(query)).await.unwrap().status, 401, "never in the URL");
    server.admin().expire_access_tokens("basic app", USER).unwrap();
    assert_eq!(server.userinfo(&token).await.status, 401);
}

#[tokio::test]
async fn faults_aim_at_a_tenant() {
    let server = Server::new().await;
    let control = server.0.simulator.control();
    let token = server.grant();
    control
        .arm(FaultRule::always(Fault::AnswerLost {}).of(Vendor::Oauth2, TENANT).at(Endpoint::Token).times(1));
    control.arm(FaultRule::always(Fault::Reset {}).of(Vendor::Oauth2, "other"));
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let request = server.post("token", &pairs).header("authorization", basic("basic app", SECRET));
    assert!(send(request).await.is_err());
    assert_eq!(server.family().rotated, 1);
    assert_eq!(server.refresh(&token).await.status, 400);
    assert_eq!(control.calls_of(Vendor::Oauth2, TENANT, Endpoint::Token), 2);
    control.arm(FaultRule::always(Fault::RotationSkipped {}));
    let token = server.grant();
    assert_eq!(server.refresh(&token).await.json()["refresh_token"], token);
}

#[tokio::test]
async fn a_tenant_over_http() {
    let server = Server::new().await;
    let url = |path: &str| format!("{}/control/oauth2/fresh{path}", server.0.simulator.base_url());
    let post = |path: &str, body: Value| send(server.0.http.post(url(path)).body(body.to_string()));
    let put = |path: &str, body: Value| send(server.0.http.put(url(path)).body(body.to_string()));
    let get = |path: &str| send(server.0.http.get(url(path)));
    assert_eq!(get("/clients").await.unwrap().status, 404);
    let new = json!({"client_id": "c", "authentication": "client_secret_post",
                     "grant_types": ["refresh_token", "device_code"]});
    let made = post("/clients", new.clone()).await.unwrap().json();
    assert!(made["client_secret"].is_string());
    assert_eq!(made["grant_types"][1], "urn:ietf:params:oauth:grant-type:device_code");
    assert_eq!(post("/clients", new).await.unwrap().status, 409);
    assert_eq!(post("/clients", json!({"authentication": "private_key_jwt"})).await.unwrap().status, 400);
    assert_eq!(post("/clients", json!({"redirect_uris": ["/relative"]})).await.unwrap().status, 400);
    assert_eq!(get("/clients").await.unwrap().json().as_array().unwrap().len(), 1);
    assert_eq!(put("/clients/c/client-secret", json!("new")).await.unwrap().status, 204);
    assert_eq!(put("/clients/c/jwks", json!({"keys": []})).await.unwrap().status, 400);
    assert_eq!(put("/clients/nobody/client-secret", json!("new")).await.unwrap().status, 404);
    assert_eq!(post("/next-authorization", json!({"approve": "u"})).await.unwrap().status, 204);
    assert_eq!(put("/auto-approve", json!(null)).await.unwrap().status, 204);
    assert_eq!(post("/devices/ABCD-EFGH", json!("deny")).await.unwrap().status, 404);
    let issued = post("/grants", json!({"client_id": "c", "user": "u"})).await.unwrap().json();
    assert!(issued["refresh_token"].is_string());
    for way in ["expire-access-tokens", "expire-refresh-token", "revoke"] {
        assert_eq!(post(&format!("/families/c/u/{way}"), json!({})).await.unwrap().status, 204);
    }
    assert_eq!(get("/families/c/u").await.unwrap().json()["ended"], "revoked");
    assert_eq!(get("/families").await.unwrap().json().as_array().unwrap().len(), 1);
    assert_eq!(put("/settings", json!({"device_interval_seconds": 1})).await.unwrap().status, 204);
    assert_eq!(get("/settings").await.unwrap().json()["device_interval_seconds"], 1);
    let odd = format!("{}/control/oauth2/a%20b/clients", server.0.simulator.base_url());
    assert_eq!(send(server.0.http.post(odd)).await.unwrap().status, 400);
}
