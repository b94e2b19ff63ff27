//! Pax8: every rule that the module's documentation and `vendors.md` section 3 state.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::desk::{Desk, form};
use super::rig::{Answer, send};
use crate::sim::pax8::{Admin, NewClient, Settings};
use crate::sim::{Endpoint, Fault, FaultRule, Vendor};

const AUDIENCE: &str = "https://api.pax8.com";

struct Hub(Desk);

impl Hub {
    async fn new() -> Self {
        let hub = Self(Desk::new().await);
        for client in ["partner", "second"] {
            let (client_id, client_secret) = (Some(client.to_owned()), Some("secret".to_owned()));
            hub.admin().create_client(NewClient { client_id, client_secret, audiences: None }).unwrap();
        }
        hub
    }

    fn admin(&self) -> Admin {
        self.0.simulator.control().pax8()
    }

    fn body() -> Value {
        json!({"client_id": "partner", "client_secret": "secret", "audience": AUDIENCE,
               "grant_type": "client_credentials"})
    }

    async fn post(&self, body: &Value) -> Answer {
        send(self.0.http.post(self.admin().token_url()).json(body)).await.unwrap()
    }

    async fn token(&self) -> String {
        self.post(&Self::body()).await.json()["access_token"].as_str().unwrap().to_owned()
    }

    async fn companies(&self, token: &str) -> Answer {
        send(self.0.http.get(self.admin().resource_url()).bearer_auth(token)).await.unwrap()
    }
}

fn denied() -> Value {
    json!({"error": "access_denied", "error_description": "Unauthorized"})
}

#[tokio::test]
async fn the_answer_is_the_guides() {
    let hub = Hub::new().await;
    let answer = hub.post(&Hub::body()).await;
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["expires_in"], &body["token_type"]),
        (200, &json!(86_400), &json!("Bearer"))
    );
    assert_eq!(body["expires_at"], "2026-11-23T12:00:00Z");
    assert!(body["scope"].is_string() && body.get("refresh_token").is_none());
    assert_eq!(hub.companies(body["access_token"].as_str().unwrap()).await.status, 200);
}

#[tokio::test]
async fn whatever_is_wrong_with_the_keys_is_access_denied() {
    let hub = Hub::new().await;
    for (member, value) in [("client_id", "nobody"), ("client_secret", "wrong"), ("audience", "api://usage")]
    {
        let mut body = Hub::body();
        body[member] = value.into();
        let answer = hub.post(&body).await;
        assert_eq!((answer.status, answer.json()), (401, denied()), "{member}");
    }
}

#[tokio::test]
async fn the_request_is_json_with_four_members() {
    let hub = Hub::new().await;
    let pairs = [
        ("client_id", "partner"),
        ("client_secret", "secret"),
        ("audience", AUDIENCE),
        ("grant_type", "client_credentials"),
    ];
    let as_form = send(form(hub.0.http.post(hub.admin().token_url()), &pairs)).await.unwrap();
    assert_eq!((as_form.status, &as_form.json()["status"]), (400, &json!(400)));
    for (member, _) in pairs {
        let mut body = Hub::body();
        body.as_object_mut().unwrap().remove(member);
        assert_eq!(hub.post(&body).await.status, 400, "{member}");
    }
    for (member, value) in [("audience", "https://example.com"), ("grant_type", "authorization_code")] {
        let mut body = Hub::body();
        body[member] = value.into();
        assert_eq!(hub.post(&body).await.status, 400, "{member}");
    }
    let basic = hub.0.http.post(hub.admin().token_url()).basic_auth("partner", Some("secret"));
    let basic = basic.json(&json!({"audience": AUDIENCE, "grant_type": "client_credentials"}));
    assert_eq!(send(basic).await.unwrap().status, 400, "the members cannot move into a header");
}

#[tokio::test]
async fn audiences_are_those_of_the_client() {
    let hub = Hub::new().await;
    let audiences = Some(vec!["api://provisioning".to_owned()]);
    let new = NewClient { client_id: Some("vendor".into()), client_secret: Some("secret".into()), audiences };
    hub.admin().create_client(new).unwrap();
    let mut body = Hub::body();
    body["client_id"] = "vendor".into();
    assert_eq!(hub.post(&body).await.json(), denied());
    body["audience"] = "api://provisioning".into();
    assert_eq!(hub.post(&body).await.json()["scope"], "vendorSimulation:provisioning");
    let other = NewClient { audiences: Some(vec!["https://example.com".to_owned()]), ..NewClient::default() };
    assert!(hub.admin().create_client(other).is_err());
}

#[tokio::test]
async fn a_token_lives_a_day_unless_its_client_goes() {
    let hub = Hub::new().await;
    let token = hub.token().await;
    hub.0.clock.advance(SignedDuration::from_secs(86_399));
    assert_eq!(hub.companies(&token).await.status, 200);
    hub.0.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(hub.companies(&token).await.status, 401);
    let token = hub.token().await;
    hub.admin().expire_tokens("partner").unwrap();
    assert_eq!(hub.companies(&token).await.status, 401);
    let token = hub.token().await;
    hub.admin().delete_client("partner").unwrap();
    assert_eq!(hub.companies(&token).await.status, 401);
    assert_eq!(hub.post(&Hub::body()).await.json(), denied());
    assert_eq!(hub.companies("made-up").await.status, 401);
}

#[tokio::test]
async fn a_thousand_calls_a_minute_and_no_word_of_when_to_come_back() {
    let hub = Hub::new().await;
    let token = hub.token().await;
    for call in 1..1000 {
        assert_eq!(hub.companies(&token).await.status, 200, "call {call}");
    }
    let limited = hub.companies(&token).await;
    assert_eq!((limited.status, &limited.json()["status"]), (429, &json!(429)));
    assert!(
        limited.headers.keys().all(|name| name != "retry-after" && !name.as_str().starts_with("x-ratelimit"))
    );
    assert_eq!(hub.post(&Hub::body()).await.status, 429, "token requests count as well");
    let mut other = Hub::body();
    other["client_id"] = "second".into();
    assert_eq!(hub.post(&other).await.status, 200, "by client");
    hub.admin().set_settings(Settings { rate_limited: false, ..Settings::default() });
    assert_eq!(hub.companies(&token).await.status, 200);
    hub.admin().set_settings(Settings::default());
    hub.0.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(hub.companies(&token).await.status, 200);
}

#[tokio::test]
async fn faults_aim_at_a_client() {
    let hub = Hub::new().await;
    let control = hub.0.simulator.control();
    control.arm(FaultRule::always(Fault::Html { status: 502 }).of(Vendor::Pax8, "second"));
    assert_eq!(hub.post(&Hub::body()).await.status, 200);
    let mut other = Hub::body();
    other["client_id"] = "second".into();
    assert_eq!(hub.post(&other).await.status, 502);
    control.disarm_all();
    control.arm(FaultRule::always(Fault::AnswerLost {}).at(Endpoint::Token).times(1));
    assert!(send(hub.0.http.post(hub.admin().token_url()).json(&other)).await.is_err());
    assert_eq!(control.calls_of(Vendor::Pax8, "second", Endpoint::Token), 2);
    let counts = control.calls();
    assert_eq!(counts.iter().map(|count| count.succeeded).sum::<u64>(), 2, "the lost one was granted");
}

#[tokio::test]
async fn the_hub_over_http() {
    let hub = Hub::new().await;
    let url = |path: &str| format!("{}/control/pax8{path}", hub.0.simulator.base_url());
    let made = send(hub.0.http.post(url("/clients"))).await.unwrap().json();
    let id = made["client_id"].as_str().unwrap();
    assert_eq!(made["audiences"], json!([AUDIENCE]));
    let again = hub.0.http.post(url("/clients")).body(json!({"client_id": id}).to_string());
    assert_eq!(send(again).await.unwrap().status, 409);
    assert_eq!(send(hub.0.http.get(url("/clients"))).await.unwrap().json().as_array().unwrap().len(), 3);
    let secret = hub.0.http.put(url(&format!("/clients/{id}/client-secret"))).body("\"new\"");
    assert_eq!(send(secret).await.unwrap().status, 204);
    let mut body = Hub::body();
    (body["client_id"], body["client_secret"]) = (id.into(), "new".into());
    let token = hub.post(&body).await.json()["access_token"].as_str().unwrap().to_owned();
    let expire = hub.0.http.post(url(&format!("/clients/{id}/expire-tokens")));
    assert_eq!(send(expire).await.unwrap().status, 204);
    assert_eq!(hub.companies(&token).await.status, 401);
    let delete = || send(hub.0.http.delete(url(&format!("/clients/{id}"))));
    assert_eq!((delete().await.unwrap().status, delete().await.unwrap().status), (204, 404));
    let settings = hub.0.http.put(url("/settings")).body("{\"token_lifetime_seconds\": 60}");
    assert_eq!(send(settings).await.unwrap().status, 204);
    assert_eq!(send(hub.0.http.get(url("/settings"))).await.unwrap().json()["token_lifetime_seconds"], 60);
}
