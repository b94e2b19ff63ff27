//! Faults, and a tenant's administrator over HTTP.

use super::*;

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
