//! Discovery, the authorize page and the redirect back.

use super::*;

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
    let without = [("code_challenge", ""), ("code_challenge_method", ""), ("sim_user", USER)];
    assert_eq!(callback(&server.authorize(&without).await)["error"], "invalid_request", "no PKCE at all");
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
        ("https://localhost/callback", true),
        ("https://localhost:1/callback", false),
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
