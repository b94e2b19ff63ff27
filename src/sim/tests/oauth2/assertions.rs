//! Clients that authenticate with an assertion.

use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{
    KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize,
};
use rsa::traits::PublicKeyParts as _;

use super::*;
use crate::sim::tests::rig::{p256, sign_with};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The public half as a JWK, by another way than the simulator reads it.
fn jwk(key: &KeyPair, id: &str) -> Value {
    let raw = key.der_bytes();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    if raw[0] == 0x04 {
        let (x, y) = raw[1..].split_at(raw.len() / 2);
        let curve = match x.len() {
            32 => "P-256",
            48 => "P-384",
            _ => "P-521",
        };
        return json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y), "kid": id, "use": "sig"});
    }
    let public = <rsa::RsaPublicKey as rsa::pkcs1::DecodeRsaPublicKey>::from_pkcs1_der(raw).unwrap();
    let (n, e) = (public.n().to_bytes_be(), public.e().to_bytes_be());
    json!({"kty": "RSA", "n": encode(&n), "e": encode(&e), "kid": id, "alg": null})
}

/// A server with a client whose one key is on P-256.
struct Signed {
    server: Server,
    key: KeyPair,
}

impl Signed {
    async fn new() -> Self {
        let (server, key) = (Server::new().await, p256());
        server.register(NewClient {
            jwks: Some(json!({"keys": [{"kty": "OKP", "crv": "Ed25519"}, jwk(&key, "k1")]})),
            ..client("signer", Authentication::PrivateKeyJwt)
        });
        Self { server, key }
    }

    fn claims(&self) -> Value {
        let now = self.server.0.clock.now().as_second();
        json!({"iss": "signer", "sub": "signer", "aud": self.server.admin().token_url(), "iat": now,
               "exp": now + 60, "jti": crate::sim::random::text(16)})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let key = EncodingKey::from_ec_der(&self.key.serialize_der());
        sign_with(&header.to_string(), &claims.to_string(), &key, Algorithm::ES256)
    }

    async fn send(&self, assertion: &str) -> Answer {
        let pairs = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", JWT_BEARER),
            ("client_assertion", assertion),
        ];
        send(self.server.post("token", &pairs)).await.unwrap()
    }
}

fn header() -> Value {
    json!({"alg": "ES256", "typ": "JWT", "kid": "k1"})
}

#[tokio::test]
async fn an_assertion_is_good_for_once() {
    let signed = Signed::new().await;
    let assertion = signed.sign(&header(), &signed.claims());
    let answer = signed.send(&assertion).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let again = signed.send(&assertion).await;
    assert_eq!(error(&again), is(401, "invalid_client"));
    assert_eq!(again.json()["error_description"], "the assertion was used before");
    assert_eq!(signed.send(&signed.sign(&header(), &signed.claims())).await.status, 200);
}

#[tokio::test]
async fn each_flaw_is_refused_for_its_own_reason() {
    let signed = Signed::new().await;
    let now = signed.server.0.clock.now().as_second();
    let issuer = signed.server.admin().issuer();
    let ours = "iss and sub must be the client_id";
    let audience = "aud must be the issuer or the token endpoint";
    let lacks = "the assertion lacks iss, sub, aud or exp";
    let cases = [
        ("sub", Some(json!("other")), ours),
        ("sub", None, lacks),
        ("exp", None, lacks),
        ("exp", Some(json!("soon")), lacks),
        ("exp", Some(json!(now)), "the assertion has expired"),
        ("exp", Some(json!(now + 306)), "the assertion lives too long"),
        ("iat", Some(json!(now + 6)), "the assertion is not valid yet"),
        ("nbf", Some(json!(now + 6)), "the assertion is not valid yet"),
        ("aud", Some(json!("https://example.com/token")), audience),
        ("aud", Some(json!([])), audience),
        ("aud", Some(json!([issuer, "https://example.com"])), audience),
        ("aud", Some(json!(format!("{issuer}/"))), audience),
        ("jti", None, "the assertion has no jti"),
        ("jti", Some(json!("")), "the assertion has no jti"),
    ];
    for (claim, value, why) in cases {
        let mut claims = signed.claims();
        match &value {
            Some(value) => claims[claim] = value.clone(),
            None => drop(claims.as_object_mut().unwrap().remove(claim)),
        }
        let answer = signed.send(&signed.sign(&header(), &claims)).await;
        assert_eq!(error(&answer), is(401, "invalid_client"), "{claim} {value:?}");
        // An assertion whose claims cannot be read names no client, so nothing is said about it.
        let told = answer.json().get("error_description").cloned();
        let expected = if why == lacks { None } else { Some(json!(why)) };
        assert_eq!(told, expected, "{claim} {value:?}");
    }
    for (header, why) in [
        (json!({"alg": "ES256", "kid": "k2"}), "the kid is not that of a registered key"),
        (json!({"alg": "ES384", "kid": "k1"}), "the signature is wrong"),
        (json!({"alg": "HS256", "kid": "k1"}), "the algorithm is not one of RS, PS and ES"),
        (json!({"alg": "none", "kid": "k1"}), "the algorithm is not one of RS, PS and ES"),
    ] {
        let answer = signed.send(&signed.sign(&header, &signed.claims())).await;
        assert_eq!((answer.status, &answer.json()["error_description"]), (401, &json!(why)), "{header}");
    }
    let mut forged = signed.sign(&header(), &signed.claims());
    let end = forged.pop().unwrap();
    forged.push(if end == 'A' { 'Q' } else { 'A' });
    assert_eq!(signed.send(&forged).await.status, 401);
    let critical = json!({"alg": "ES256", "kid": "k1", "crit": ["b64"]});
    assert_eq!(signed.send(&signed.sign(&critical, &signed.claims())).await.status, 401);
}

#[tokio::test]
async fn what_is_just_inside_the_rules_is_accepted() {
    let signed = Signed::new().await;
    let now = signed.server.0.clock.now().as_second();
    let issuer = signed.server.admin().issuer();
    for (claim, value) in [
        ("aud", json!(issuer)),
        ("aud", json!([issuer])),
        ("exp", json!(now + 305)),
        ("exp", serde_json::from_str(&format!("{now}.5")).unwrap()),
        ("iat", json!(now + 5)),
        ("extra", json!({"a": 1})),
    ] {
        let mut claims = signed.claims();
        claims[claim] = value;
        let answer = signed.send(&signed.sign(&header(), &claims)).await;
        assert_eq!(answer.status, 200, "{claims} {}", answer.text);
    }
    let mut claims = signed.claims();
    claims.as_object_mut().unwrap().remove("iat");
    assert_eq!(
        signed.send(&signed.sign(&json!({"alg": "ES256"}), &claims)).await.status,
        200,
        "the only key"
    );
}

#[tokio::test]
async fn the_request_around_it_is_checked_as_well() {
    let signed = Signed::new().await;
    let assertion = || signed.sign(&header(), &signed.claims());
    let fresh = assertion();
    let base = [("grant_type", "client_credentials"), ("client_assertion", fresh.as_str())];
    let post = |more: Vec<(&'static str, &'static str)>| {
        send(signed.server.post("token", &[&base[..], &more].concat()))
    };
    assert_eq!(error(&post(vec![]).await.unwrap()), is(400, "invalid_request"), "no type");
    assert_eq!(
        error(&post(vec![("client_assertion_type", "saml")]).await.unwrap()),
        is(400, "invalid_request")
    );
    let typed = ("client_assertion_type", JWT_BEARER);
    let two = post(vec![typed, ("client_id", "other")]).await.unwrap();
    assert_eq!(error(&two), is(400, "invalid_request"), "two client ids");
    let both = post(vec![typed, ("client_secret", "x")]).await.unwrap();
    assert_eq!(error(&both), is(400, "invalid_request"), "two ways at once");
    assert_eq!(post(vec![typed, ("client_id", "signer")]).await.unwrap().status, 200);
    let pairs = [("grant_type", "client_credentials"), ("client_id", "signer"), ("client_secret", "x")];
    assert_eq!(error(&send(signed.server.post("token", &pairs)).await.unwrap()), is(401, "invalid_client"));
    let mut claims = signed.claims();
    (claims["iss"], claims["sub"]) = (json!("basic app"), json!("basic app"));
    let other = signed.send(&signed.sign(&header(), &claims)).await;
    assert_eq!(error(&other), is(401, "invalid_client"), "a client that has no keys");
    let token = [("token", "x"), ("client_assertion_type", JWT_BEARER), ("client_assertion", &assertion())];
    assert_eq!(send(signed.server.post("introspect", &token)).await.unwrap().status, 200);
}

#[tokio::test]
async fn every_algorithm_works_with_its_key() {
    let signed = Signed::new().await;
    let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let set = json!({"keys": [jwk(&signed.key, "k1"), jwk(&p384, "k2"), jwk(&rsa, "k3")]});
    signed.server.admin().set_keys("signer", &set).unwrap();
    let rsa_key = EncodingKey::from_rsa_pem(rsa.serialize_pem().as_bytes()).unwrap();
    let ec = |key: &KeyPair| EncodingKey::from_ec_der(&key.serialize_der());
    let cases = [
        ("ES256", Algorithm::ES256, ec(&signed.key), "k1"),
        ("ES384", Algorithm::ES384, ec(&p384), "k2"),
        ("RS256", Algorithm::RS256, rsa_key.clone(), "k3"),
        ("RS384", Algorithm::RS384, rsa_key.clone(), "k3"),
        ("RS512", Algorithm::RS512, rsa_key.clone(), "k3"),
        ("PS256", Algorithm::PS256, rsa_key.clone(), "k3"),
        ("PS384", Algorithm::PS384, rsa_key.clone(), "k3"),
        ("PS512", Algorithm::PS512, rsa_key, "k3"),
    ];
    for (name, algorithm, key, id) in &cases {
        let header = json!({"alg": name, "kid": id}).to_string();
        let answer = signed.send(&sign_with(&header, &signed.claims().to_string(), key, *algorithm)).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text);
    }
    let p521 = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
    signed.server.register(NewClient {
        jwks: Some(json!({"keys": [jwk(&p521, "k4")]})),
        ..client("es512", Authentication::PrivateKeyJwt)
    });
    let p521 = EcdsaKeyPair::from_pkcs8(&ECDSA_P521_SHA512_FIXED_SIGNING, &p521.serialize_der()).unwrap();
    let mut claims = signed.claims();
    (claims["iss"], claims["sub"]) = (json!("es512"), json!("es512"));
    // The test library has no ES512; the function signs with whatever its key is for.
    let es512 = crate::sim::jose::sign_es256(&p521, &json!({"alg": "ES512", "kid": "k4"}), &claims).unwrap();
    assert_eq!(signed.send(&es512).await.status, 200);

    let without_kid = signed.sign(&json!({"alg": "ES256"}), &signed.claims());
    assert_eq!(signed.send(&without_kid).await.status, 401, "one of several keys must be named");
    signed.server.register(NewClient {
        jwks: Some(json!({"keys": [jwk(&rsa, "k3")]})),
        signing_algorithm: Some("PS256".into()),
        ..client("strict", Authentication::PrivateKeyJwt)
    });
    for (name, algorithm, key, _) in &cases[2..] {
        let mut claims = signed.claims();
        (claims["iss"], claims["sub"]) = (json!("strict"), json!("strict"));
        let header = json!({"alg": name}).to_string();
        let status = signed.send(&sign_with(&header, &claims.to_string(), key, *algorithm)).await.status;
        assert_eq!(status, if *name == "PS256" { 200 } else { 401 }, "{name}");
    }
}

#[tokio::test]
async fn key_sets_are_looked_at_closely() {
    let signed = Signed::new().await;
    let good = jwk(&signed.key, "k1");
    let with = |member: &str, value: Value| {
        let mut key = good.clone();
        key[member] = value;
        json!({"keys": [key]})
    };
    let set = |set: &Value| signed.server.admin().set_keys("signer", set).is_ok();
    assert!(set(&json!({"keys": [good]})) && set(&json!({"keys": [{"kty": "new"}, good]})));
    assert!(!set(&with("d", json!("AA"))), "a private key");
    assert!(!set(&with("use", json!("enc"))));
    assert!(!set(&with("crv", json!("secp256k1"))));
    assert!(!set(&with("x", json!("AA"))), "a coordinate that was shortened");
    assert!(!set(&json!({"keys": []})) && !set(&json!({})) && !set(&json!([good])));
    let small = json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode([0xff; 128]), "e": "AQAB"});
    assert!(!set(&json!({"keys": [small]})), "1024 bits");
}
