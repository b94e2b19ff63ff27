//! What is accepted as a certificate, and the endpoint that manages them.

use jiff::{SignedDuration, ToSpan};
use rcgen::{KeyPair, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

use super::rig::{Answer, CLIENT, ENTITY, Pair, ROLE, Rig, p256, send, sign_text};
use crate::sim::netsuite::{CertificateUpload, Role, Settings};

impl Rig {
    fn certificates_url(&self) -> String {
        self.url(&format!("/auth/oauth2/v1/clients/{CLIENT}/certificates"))
    }

    async fn list(&self, token: &str) -> Answer {
        send(self.http.get(self.certificates_url()).bearer_auth(token)).await.unwrap()
    }

    async fn create(&self, token: &str, body: &Value) -> Answer {
        send(self.http.post(self.certificates_url()).bearer_auth(token).json(body)).await.unwrap()
    }

    async fn revoke(&self, token: &str, id: &str) -> Answer {
        let url = format!("{}/{id}/revoke", self.certificates_url());
        send(self.http.post(url).bearer_auth(token)).await.unwrap()
    }

    fn refusal(&self, pem: &str) -> String {
        let upload =
            CertificateUpload { certificate: pem.to_owned(), entity: ENTITY.into(), role: ROLE.into() };
        self.admin().upload_certificate(CLIENT, upload).unwrap_err().to_string()
    }
}

fn detail(answer: &Answer) -> (u16, String, String) {
    let error = &answer.json()["o:errorDetails"][0];
    let text = |member: &str| error[member].as_str().unwrap().to_owned();
    (answer.status, text("o:errorCode"), text("detail"))
}

#[tokio::test]
async fn a_token_enrols_its_own_successor_and_revokes_the_old_certificate() {
    let rig = Rig::new().await;
    assert_eq!(rig.admin().certificates_url(CLIENT), rig.certificates_url());
    let token = rig.token().await;
    let next = Pair::new(p256(), rig.clock.now(), 365);
    let body = json!({"fileContent": next.pem, "role": 1000, "entity": -5});
    let created = rig.create(&token, &body).await;
    assert_eq!(created.status, 200, "{}", created.text);
    let created = created.json();
    let id = created["certificate_id"].as_str().unwrap();
    assert_eq!(id.len(), 43);
    assert_eq!(
        created,
        json!({"certificate_id": id, "algorithm": "EC", "valid_until": "2027-11-22", "invalidated": false})
    );

    let header = json!({"typ": "JWT", "alg": "ES256", "kid": id}).to_string();
    let assertion = sign_text(&header, &rig.claims().to_string(), &next.key);
    assert_eq!(rig.exchange(&assertion).await.status, 200);
    assert_eq!(rig.exchange(&rig.assertion()).await.status, 200, "both are accepted during the overlap");

    let revoked = rig.revoke(&token, &rig.certificate_id).await;
    assert_eq!((revoked.status, revoked.text.as_str()), (200, "Successfully revoked"));
    assert_eq!(rig.exchange(&rig.assertion()).await.status, 400);
    assert_eq!(rig.exchange(&assertion).await.status, 200);
    let list = rig.list(&token).await.json();
    let entry =
        |id: &str| list.as_array().unwrap().iter().find(|entry| entry["certificate_id"] == id).cloned();
    assert_eq!(entry(&rig.certificate_id).unwrap()["revoked"], true);
    assert_eq!(entry(id).unwrap()["revoked"], false);
}

#[tokio::test]
async fn five_certificates_are_active_at_most() {
    let rig = Rig::new().await;
    let token = rig.token().await;
    let body = |pair: &Pair| json!({"fileContent": pair.pem, "role": ROLE, "entity": ENTITY});
    for days in 1..=4 {
        let pair = Pair::new(p256(), rig.clock.now(), days);
        assert_eq!(rig.create(&token, &body(&pair)).await.status, 200);
    }
    let sixth = Pair::new(p256(), rig.clock.now(), 30);
    let (status, code, text) = detail(&rig.create(&token, &body(&sixth)).await);
    assert_eq!((status, code.as_str()), (400, "USER_ERROR"));
    assert!(text.contains("5 active certificates"), "{text}");

    rig.clock.advance(SignedDuration::from_hours(24));
    let token = rig.token().await;
    assert_eq!(rig.create(&token, &body(&sixth)).await.status, 200, "an expired one does not count");
    let seventh = Pair::new(p256(), rig.clock.now(), 30);
    assert_eq!(rig.create(&token, &body(&seventh)).await.status, 400);
    rig.revoke(&token, &rig.certificate_id).await;
    assert_eq!(rig.create(&token, &body(&seventh)).await.status, 200, "nor does a revoked one");
}

#[tokio::test]
async fn more_than_two_years_are_shortened_not_refused() {
    let rig = Rig::new().await;
    let token = rig.token().await;
    let long = Pair::new(p256(), rig.clock.now(), 1095);
    let body = json!({"fileContent": long.pem, "role": ROLE, "entity": ENTITY});
    let created = rig.create(&token, &body).await.json();
    assert_eq!(created["valid_until"], "2028-11-22");
    let header = json!({"typ": "JWT", "alg": "ES256", "kid": created["certificate_id"]}).to_string();
    rig.clock.advance(SignedDuration::from_hours(24 * 731));
    rig.exchange(&sign_text(&header, &rig.claims().to_string(), &long.key)).await;
    assert_eq!(rig.reason(), "CertificateExpired");
}

#[tokio::test]
async fn unsuitable_files_are_refused() {
    let rig = Rig::new().await;
    let now = rig.clock.now();
    let weak = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    assert!(rig.refusal(&Pair::new(weak, now, 30).pem).contains("3072 or 4096"));
    let edwards = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    assert!(rig.refusal(&Pair::new(edwards, now, 30).pem).contains("RSA, or EC"));
    assert!(rig.refusal(&Pair::new(p256(), now - 48.hours(), 1).pem).contains("expired"));
    assert!(rig.refusal("").contains("PEM"));
    assert!(rig.refusal(&p256().serialize_pem()).contains("PEM"), "a private key is not a certificate");
    let pem = Pair::new(p256(), now, 30).pem;
    assert!(rig.refusal(&format!("{pem}{pem}")).contains("exactly one"));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(rig.refusal(broken).contains("X.509"));
    assert!(rig.refusal(&rig.pair.pem).contains("mapped already"));
    rig.admin().revoke_certificate(&rig.certificate_id).unwrap();
    rig.upload(&rig.pair.pem);
}

#[tokio::test]
async fn the_endpoint_asks_for_token_scope_permission_and_ownership() {
    let rig = Rig::new().await;
    let (status, code, _) = detail(&rig.list("not a token").await);
    assert_eq!((status, code.as_str()), (401, "INVALID_LOGIN"));

    let token = rig.token().await;
    let pem = Pair::new(p256(), rig.clock.now(), 30).pem;
    let create = |role: Value, entity: Value| json!({"fileContent": pem, "role": role, "entity": entity});
    assert_eq!(rig.create(&token, &create(json!(1000), json!(7))).await.status, 403, "somebody else's");
    assert_eq!(rig.create(&token, &create(json!("Admin"), json!(-5))).await.status, 400);
    assert_eq!(rig.create(&token, &json!({"fileContent": pem})).await.status, 400);
    assert_eq!(rig.revoke(&token, "unknown").await.status, 404);
    let stranger = rig.certificates_url().replace(CLIENT, "stranger");
    assert_eq!(send(rig.http.get(stranger).bearer_auth(&token)).await.unwrap().status, 404);
    let delete = rig.http.delete(rig.certificates_url()).bearer_auth(&token);
    assert_eq!(send(delete).await.unwrap().status, 405);

    let role = Role { manages_certificates: false, ..Role::default() };
    rig.admin().set_role(ROLE, role).unwrap();
    let (status, code, _) = detail(&rig.list(&token).await);
    assert_eq!((status, code.as_str()), (403, "INSUFFICIENT_PERMISSION"));
    let off = Settings { certificate_permission_required: false, ..Settings::default() };
    rig.admin().set_settings(off).unwrap();
    assert_eq!(rig.list(&token).await.status, 200);
}

#[tokio::test]
async fn a_list_shows_the_callers_own_certificates_only() {
    let rig = Rig::new().await;
    let pem = Pair::new(p256(), rig.clock.now(), 30).pem;
    let upload = CertificateUpload { certificate: pem, entity: "77".into(), role: ROLE.into() };
    let foreign = rig.admin().upload_certificate(CLIENT, upload).unwrap();
    let token = rig.token().await;
    let list = rig.list(&token).await.json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["certificate_id"], rig.certificate_id);
    assert_eq!(rig.revoke(&token, &foreign).await.status, 404);
}

#[tokio::test]
async fn an_id_can_begin_with_a_dash_once_asked() {
    let rig = Rig::new().await;
    rig.admin().start_next_certificate_id_with_dash().unwrap();
    let id = rig.upload(&Pair::new(p256(), rig.clock.now(), 30).pem);
    assert!(id.starts_with('-') && id.len() == 43, "{id}");
    let token = rig.token().await;
    assert_eq!(rig.revoke(&token, &id).await.status, 200);
}
