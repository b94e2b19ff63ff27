//! Devices without a browser.

use super::*;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

impl Server {
    async fn device(&self) -> Value {
        let answer = self.public("device_authorization", &[("scope", "read")]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    async fn poll(&self, device: &Value) -> Answer {
        let code = text(device, "device_code");
        self.public("token", &[("grant_type", DEVICE_CODE), ("device_code", code)]).await
    }

    fn wait(&self, seconds: i64) {
        self.0.clock.advance(SignedDuration::from_secs(seconds));
    }
}

#[tokio::test]
async fn a_device_waits_for_a_person() {
    let server = Server::new().await;
    let device = server.device().await;
    assert_eq!((&device["expires_in"], &device["interval"]), (&json!(600), &json!(5)));
    let code = text(&device, "user_code");
    assert!(code.len() == 9 && code.bytes().all(|byte| byte == b'-' || byte.is_ascii_uppercase()), "{code}");
    assert_eq!(error(&server.poll(&device).await), is(400, "authorization_pending"));
    server.wait(5);
    assert_eq!(error(&server.poll(&device).await), is(400, "authorization_pending"));
    server
        .admin()
        .decide_device(&code.to_lowercase().replace('-', ""), Decision::Approve(USER.into()))
        .unwrap();
    server.wait(5);
    let body = server.poll(&device).await.json();
    assert_eq!((text(&body, "scope"), body["refresh_token"].is_string()), ("read", true));
    assert_eq!(server.userinfo(text(&body, "access_token")).await.json()["sub"], USER);
    server.wait(5);
    assert_eq!(error(&server.poll(&device).await), is(400, "invalid_grant"), "once");
}

#[tokio::test]
async fn impatience_is_slowed_down() {
    let server = Server::new().await;
    let device = server.device().await;
    server.poll(&device).await;
    server.wait(4);
    assert_eq!(error(&server.poll(&device).await), is(400, "slow_down"));
    server.wait(9);
    assert_eq!(error(&server.poll(&device).await), is(400, "slow_down"), "five seconds more each time");
    server.wait(15);
    assert_eq!(error(&server.poll(&device).await), is(400, "authorization_pending"));
}

#[tokio::test]
async fn a_person_can_refuse_or_come_too_late() {
    let server = Server::new().await;
    let device = server.device().await;
    server.admin().decide_next(Decision::Deny).unwrap();
    let denied = server.device().await;
    assert_eq!(error(&server.poll(&denied).await), is(400, "access_denied"));
    server.wait(600);
    assert_eq!(error(&server.poll(&device).await), is(400, "expired_token"));
    let late = server.admin().decide_device(text(&device, "user_code"), Decision::Deny);
    assert!(late.is_err());
    let unknown = json!({"device_code": "made-up"});
    assert_eq!(error(&server.poll(&unknown).await), is(400, "invalid_grant"));
    let fresh = server.device().await;
    let pairs = [("grant_type", DEVICE_CODE), ("device_code", text(&fresh, "device_code"))];
    assert_eq!(error(&server.basic("token", &pairs).await), is(400, "invalid_grant"), "another client's");
    let wide = server.public("device_authorization", &[("scope", "admin")]).await;
    assert_eq!(error(&wide), is(400, "invalid_scope"));
    assert_eq!(send(server.post("device_authorization", &[])).await.unwrap().status, 401);
}

#[tokio::test]
async fn the_page_lets_a_person_decide() {
    let server = Server::new().await;
    let device = server.device().await;
    let page = send(server.0.http.get(text(&device, "verification_uri_complete"))).await.unwrap();
    assert!(page.status == 200 && page.text.contains(text(&device, "user_code")));
    let hostile = server.at("device?user_code=%22%3E%3Cscript%3E");
    let page = send(server.0.http.get(hostile)).await.unwrap();
    assert!(!page.text.contains("<script") && page.text.contains("&quot;&gt;&lt;script&gt;"));
    let decide = |code: &str, decision: &str| {
        send(server.post("device", &[("user_code", code), ("user", USER), ("decision", decision)]))
    };
    let code = text(&device, "user_code");
    assert_eq!(decide("AAAA-AAAA", "allow").await.unwrap().status, 400);
    assert_eq!(decide(code, "").await.unwrap().status, 400);
    assert_eq!(decide(code, "allow").await.unwrap().status, 200);
    assert_eq!(decide(code, "deny").await.unwrap().status, 400, "decided already");
    assert_eq!(server.poll(&device).await.status, 200);
    let second = server.device().await;
    assert_eq!(decide(text(&second, "user_code"), "deny").await.unwrap().status, 200);
    assert_eq!(error(&server.poll(&second).await), is(400, "access_denied"));
}
