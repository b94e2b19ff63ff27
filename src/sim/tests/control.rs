//! The controls over HTTP: everything that the table in `control` promises.

use reqwest::Method;
use serde_json::{Value, json};

use super::rig::{ACCOUNT, Answer, CLIENT, Pair, Rig, p256, send};

impl Rig {
    async fn control(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self.http.request(method, format!("{}/control{path}", self.simulator.base_url()));
        let request = match body {
            Some(body) => request.body(body.to_string()),
            None => request,
        };
        send(request).await.unwrap()
    }

    async fn administer(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.control(method, &format!("/netsuite/{ACCOUNT}{path}"), body).await
    }
}

#[tokio::test]
async fn faults_calls_and_reset() {
    let rig = Rig::new().await;
    let rule = json!({"endpoint": "token", "times": 1, "fault": {"kind": "reset"}});
    assert_eq!(rig.control(Method::POST, "/faults", Some(&rule)).await.json(), json!({"id": 1}));
    let armed = rig.control(Method::GET, "/faults", None).await.json();
    assert_eq!(
        armed[0]["rule"],
        json!({"endpoint": "token", "after": 0, "times": 1, "fault": {"kind": "reset"}})
    );
    assert_eq!(rig.control(Method::DELETE, "/faults/1", None).await.status, 204);
    assert_eq!(rig.control(Method::DELETE, "/faults/1", None).await.status, 404);
    assert_eq!(rig.control(Method::DELETE, "/faults/x", None).await.status, 404);
    assert_eq!(rig.control(Method::POST, "/faults", Some(&json!({"fault": {}}))).await.status, 400);
    rig.control(Method::POST, "/faults", Some(&rule)).await;
    assert_eq!(rig.control(Method::DELETE, "/faults", None).await.status, 204);

    rig.token().await;
    let calls = rig.control(Method::GET, "/calls", None).await.json();
    assert_eq!(
        calls,
        json!([{"vendor": "netsuite", "account": ACCOUNT, "endpoint": "token",
                "calls": 1, "succeeded": 1, "faulted": 0}])
    );
    assert_eq!(rig.control(Method::DELETE, "/calls", None).await.status, 204);
    assert_eq!(rig.control(Method::GET, "/calls", None).await.json(), json!([]));
    assert_eq!(rig.control(Method::POST, "/reset", None).await.status, 204);
    assert_eq!(rig.exchange(&rig.assertion()).await.status, 404, "the account is forgotten");
}

#[tokio::test]
async fn an_administrator_with_curl() {
    let rig = Rig::new().await;
    let created = rig.administer(Method::POST, "/integrations", None).await.json();
    let client = created["client_id"].as_str().unwrap();
    assert_eq!(client.len(), 43);
    assert_eq!(created["scopes"], json!(["rest_webservices", "restlets", "suite_analytics"]));
    let again = json!({"client_id": client});
    assert_eq!(rig.administer(Method::POST, "/integrations", Some(&again)).await.status, 409);
    let typo = json!({"clientid": client});
    assert_eq!(rig.administer(Method::POST, "/integrations", Some(&typo)).await.status, 400);
    let list = rig.administer(Method::GET, "/integrations", None).await.json();
    assert_eq!(list.as_array().unwrap().len(), 2);

    let certificates = format!("/integrations/{client}/certificates");
    let pem = Pair::new(p256(), rig.clock.now(), 30).pem;
    let upload = json!({"certificate": pem, "entity": "12", "role": "3"});
    let id =
        rig.administer(Method::POST, &certificates, Some(&upload)).await.json()["certificate_id"].clone();
    let entry = rig.administer(Method::GET, &certificates, None).await.json()[0].clone();
    assert_eq!(
        (&entry["certificate_id"], &entry["entity"], &entry["role"]),
        (&id, &json!("12"), &json!("3"))
    );
    assert_eq!(entry["valid_until"], "2026-12-22T12:00:00Z");
    let revoke = format!("/certificates/{}/revoke", id.as_str().unwrap());
    assert_eq!(rig.administer(Method::POST, &revoke, None).await.status, 204);
    assert_eq!(rig.administer(Method::GET, &certificates, None).await.json()[0]["revoked"], true);
    assert_eq!(rig.administer(Method::POST, "/certificates/none/revoke", None).await.status, 404);
    let nowhere = "/netsuite/999/integrations";
    assert_eq!(rig.control(Method::GET, nowhere, None).await.status, 404);
}

#[tokio::test]
async fn switches_locks_and_the_audit_trail() {
    let rig = Rig::new().await;
    let blocked = format!("/integrations/{CLIENT}/blocked");
    for (path, off, on, reason) in [
        (blocked.as_str(), json!(true), json!(false), "IntegrationBlocked"),
        ("/roles/1000", json!({"enabled": false}), json!({}), "EntityOrRoleDisabled"),
        ("/entities/-5/enabled", json!(false), json!(true), "EntityOrRoleDisabled"),
    ] {
        assert_eq!(rig.administer(Method::PUT, path, Some(&off)).await.status, 204);
        rig.exchange(&rig.assertion()).await;
        let audit = rig.administer(Method::GET, "/login-audit", None).await.json();
        assert_eq!(audit.as_array().unwrap().last().unwrap()["detail"], reason);
        assert_eq!(rig.administer(Method::PUT, path, Some(&on)).await.status, 204);
        rig.token().await;
    }

    let settings = json!({"token_lifetime_seconds": 30});
    assert_eq!(rig.administer(Method::PUT, "/settings", Some(&settings)).await.status, 204);
    let settings = rig.administer(Method::GET, "/settings", None).await.json();
    assert_eq!((&settings["token_lifetime_seconds"], &settings["replay_check"]), (&json!(30), &json!(false)));
    assert_eq!(rig.administer(Method::PUT, "/settings", Some(&json!({"x": 1}))).await.status, 400);

    assert_eq!(rig.administer(Method::POST, "/next-certificate-id-with-dash", None).await.status, 204);
    assert!(rig.upload(&Pair::new(p256(), rig.clock.now(), 30).pem).starts_with('-'));
    assert_eq!(rig.administer(Method::POST, "/sandbox-refresh", None).await.json(), json!({"cleared": 2}));
}
