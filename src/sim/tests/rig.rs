//! A simulator with one customer account, and the plainest client that can talk to it.

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::EncodingKey;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::desk::Desk;
use crate::clock::Clock;
use crate::sim::Simulator;
use crate::sim::netsuite::{Admin, CertificateUpload, NewIntegration};

pub(super) const ACCOUNT: &str = "1234567_SB1";
pub(super) const CLIENT: &str = "client-1";
pub(super) const ENTITY: &str = "-5";
pub(super) const ROLE: &str = "1000";

/// The token request's parameters.
pub(super) type Form = Vec<(String, String)>;

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// A key pair with a self-signed certificate.
pub(super) struct Pair {
    pub(super) key: KeyPair,
    pub(super) pem: String,
}

impl Pair {
    pub(super) fn new(key: KeyPair, from: Timestamp, days: i64) -> Self {
        let instant = |at: Timestamp| time::OffsetDateTime::from_unix_timestamp(at.as_second()).unwrap();
        let mut params = CertificateParams::default();
        params.not_before = instant(from);
        params.not_after = instant(from + SignedDuration::from_hours(24 * days));
        let pem = params.self_signed(&key).unwrap().pem();
        Self { key, pem }
    }
}

/// A running simulator whose clock stands still, with one integration and one certificate.
pub(super) struct Rig {
    pub(super) clock: Clock,
    pub(super) simulator: Simulator,
    pub(super) http: reqwest::Client,
    pub(super) pair: Pair,
    pub(super) certificate_id: String,
}

pub(super) fn p256() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

impl Rig {
    pub(super) async fn new() -> Self {
        let Desk { clock, simulator, http } = Desk::new().await;
        let pair = Pair::new(p256(), clock.now(), 365);
        let mut rig = Self { clock, simulator, http, pair, certificate_id: String::new() };
        let client_id = Some(CLIENT.to_owned());
        rig.admin().create_integration(NewIntegration { client_id, scopes: None }).unwrap();
        rig.certificate_id = rig.upload(&rig.pair.pem);
        rig
    }

    pub(super) fn admin(&self) -> Admin {
        self.simulator.control().netsuite(ACCOUNT)
    }

    /// Uploads a certificate as a person would.
    pub(super) fn upload(&self, pem: &str) -> String {
        let upload = CertificateUpload {
            certificate: pem.to_owned(),
            entity: ENTITY.to_owned(),
            role: ROLE.to_owned(),
        };
        self.admin().upload_certificate(CLIENT, upload).unwrap()
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/netsuite/{ACCOUNT}/services/rest{path}", self.simulator.base_url())
    }

    pub(super) fn token_url(&self) -> String {
        self.url("/auth/oauth2/v1/token")
    }

    pub(super) fn header(&self) -> Value {
        json!({"typ": "JWT", "alg": "ES256", "kid": self.certificate_id})
    }

    pub(super) fn claims(&self) -> Value {
        let now = self.clock.now().as_second();
        json!({"iss": CLIENT, "scope": ["restlets", "rest_webservices"], "aud": self.token_url(),
               "iat": now, "exp": now + 300})
    }

    /// Signs with the rig's key, whatever header and claims say.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        sign_text(&header.to_string(), &claims.to_string(), &self.pair.key)
    }

    pub(super) fn assertion(&self) -> String {
        self.sign(&self.header(), &self.claims())
    }

    pub(super) async fn post_form(&self, form: &Form) -> Answer {
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.http.post(self.token_url()).body(text);
        send(request.header("content-type", "application/x-www-form-urlencoded")).await.unwrap()
    }

    pub(super) async fn exchange(&self, assertion: &str) -> Answer {
        self.post_form(&form(assertion)).await
    }

    /// Returns a fresh access token.
    pub(super) async fn token(&self) -> String {
        let answer = self.exchange(&self.assertion()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// The reason that the login audit trail gives for the latest attempt.
    pub(super) fn reason(&self) -> String {
        self.admin().login_audit().unwrap().last().unwrap().detail.clone()
    }
}

pub(super) fn form(assertion: &str) -> Form {
    [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

pub(super) async fn send(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, text: response.text().await? })
}

/// Signs raw JSON texts with ES256.
pub(super) fn sign_text(header: &str, claims: &str, key: &KeyPair) -> String {
    sign_with(header, claims, &EncodingKey::from_ec_der(&key.serialize_der()), jsonwebtoken::Algorithm::ES256)
}

pub(super) fn sign_with(
    header: &str,
    claims: &str,
    key: &EncodingKey,
    algorithm: jsonwebtoken::Algorithm,
) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), key, algorithm).unwrap();
    format!("{signed}.{signature}")
}
