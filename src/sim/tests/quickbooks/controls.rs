//! Faults, counts, and the customers' side over HTTP.

use super::*;

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
