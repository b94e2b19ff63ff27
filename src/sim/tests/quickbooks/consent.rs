//! The authorize page and the redirect back.

use super::*;

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
