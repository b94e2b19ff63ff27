//! Every rule of the token endpoint, and what a good request gets.

use jiff::{SignedDuration, ToSpan};
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

use super::rig::{ACCOUNT, CLIENT, ENTITY, Pair, ROLE, Rig, form, p256, send, sign_text, sign_with};
use crate::sim::netsuite::{CertificateUpload, NewIntegration, Role, Settings};
use crate::sim::{Endpoint, SimError, SimulatorConfig, start};

fn payload(token: &str) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a_good_assertion_gets_a_token_like_oracles() {
    let rig = Rig::new().await;
    let answer = rig.exchange(&rig.assertion()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["date"], "Sun, 22 Nov 2026 12:00:00 GMT");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let body = answer.json();
    assert_eq!((&body["expires_in"], &body["token_type"]), (&json!(3600), &json!("Bearer")));

    let claims = payload(body["access_token"].as_str().unwrap());
    let application_id = rig.admin().integrations().unwrap()[0].application_id.clone();
    assert_eq!(claims["sub"], format!("{ROLE};{ENTITY}"));
    assert_eq!(claims["aud"], json!([format!("{application_id};{ACCOUNT}"), CLIENT]));
    assert_eq!(claims["scope"], json!(["restlets", "rest_webservices"]));
    assert_eq!(claims["iss"], "https://system.netsuite.com");

    let audit = rig.admin().login_audit().unwrap();
    assert_eq!((audit.len(), audit[0].success, audit[0].detail.as_str()), (1, true, "Success"));
    assert_eq!(audit[0].certificate_id.as_deref(), Some(rig.certificate_id.as_str()));
}

/// Changes header and claims of an otherwise good assertion.
type Change = fn(&mut Value, &mut Value);

#[tokio::test]
async fn each_flaw_in_an_assertion_is_refused_for_its_own_reason() {
    let rig = Rig::new().await;
    let application_id = rig.admin().integrations().unwrap()[0].application_id.clone();
    let flaws: &[(Change, u16, &str, &str)] = &[
        (|header, _| header["alg"] = "RS256".into(), 500, "server_error", "RetiredAlgorithm"),
        (|header, _| header["alg"] = "none".into(), 401, "invalid_client", "UnsupportedAlgorithm"),
        (|header, _| header["alg"] = "HS256".into(), 401, "invalid_client", "UnsupportedAlgorithm"),
        (|header, _| header["alg"] = "PS256".into(), 400, "invalid_grant", "InvalidSignature"),
        (|header, _| header["alg"] = "ES384".into(), 400, "invalid_grant", "InvalidSignature"),
        (|header, _| header["typ"] = "at+jwt".into(), 400, "invalid_request", "MalformedAssertion"),
        (|header, _| drop(header["typ"].take()), 400, "invalid_request", "MalformedAssertion"),
        (|header, _| drop(header["kid"].take()), 400, "invalid_request", "MalformedAssertion"),
        (|header, _| header["crit"] = json!(["b64"]), 400, "invalid_request", "MalformedAssertion"),
        (|header, _| header["kid"] = "unknown".into(), 400, "invalid_grant", "UnknownCertificate"),
        (|_, claims| claims["iss"] = "somebody".into(), 401, "invalid_client", "UnknownIntegration"),
        (|_, claims| claims["iss"] = "APPLICATION".into(), 500, "server_error", "ApplicationIdAsIssuer"),
        (
            |_, claims| claims["aud"] = "https://1234567.suitetalk".into(),
            400,
            "invalid_grant",
            "InvalidAudience",
        ),
        (|_, claims| claims["aud"] = json!([claims["aud"]]), 400, "invalid_request", "MalformedAssertion"),
        (|_, claims| add(claims, "iat", 6), 400, "invalid_grant", "IssuedInTheFuture"),
        (|_, claims| add(claims, "exp", -300), 400, "invalid_grant", "AssertionExpired"),
        (|_, claims| add(claims, "exp", 3300), 400, "invalid_grant", "AssertionLivesTooLong"),
        (|_, claims| claims["exp"] = "1795348800".into(), 400, "invalid_request", "MalformedAssertion"),
        (|_, claims| drop(claims["scope"].take()), 400, "invalid_grant", "ScopeMismatched"),
        (|_, claims| claims["scope"] = json!([]), 400, "invalid_grant", "ScopeMismatched"),
        (|_, claims| claims["scope"] = json!(["everything"]), 400, "invalid_grant", "ScopeMismatched"),
        (|_, claims| claims["scope"] = json!(["mcp", "restlets"]), 400, "invalid_grant", "ScopeMismatched"),
        (
            |_, claims| claims["scope"] = "restlets rest_webservices".into(),
            400,
            "invalid_grant",
            "ScopeMismatched",
        ),
    ];
    for (change, status, error, reason) in flaws {
        let (mut header, mut claims) = (rig.header(), rig.claims());
        change(&mut header, &mut claims);
        if claims["iss"] == "APPLICATION" {
            claims["iss"] = application_id.clone().into();
        }
        let answer = rig.exchange(&rig.sign(&header, &claims)).await;
        assert_eq!((answer.status, rig.reason().as_str()), (*status, *reason));
        assert_eq!(answer.json(), json!({"error": error}), "{reason}: nothing but the error");
        let challenge = answer.headers.get("www-authenticate").map(|value| value.to_str().unwrap());
        assert_eq!(challenge, (*status == 401).then_some("Basic realm=\"1234567_SB1\""), "{reason}");
    }
}

fn add(claims: &mut Value, claim: &str, seconds: i64) {
    claims[claim] = (claims[claim].as_i64().unwrap() + seconds).into();
}

#[tokio::test]
async fn what_is_just_inside_the_rules_is_accepted() {
    let rig = Rig::new().await;
    let changes: &[Change] = &[
        |_, claims| add(claims, "exp", 3299),
        |_, claims| add(claims, "iat", 5),
        |_, claims| add(claims, "iat", -60),
        |_, claims| claims["scope"] = "restlets,rest_webservices".into(),
        |_, claims| claims["sub"] = CLIENT.into(),
        |_, claims| claims["jti"] = "twice is fine without the check".into(),
    ];
    for change in changes {
        let (mut header, mut claims) = (rig.header(), rig.claims());
        change(&mut header, &mut claims);
        let answer = rig.exchange(&rig.sign(&header, &claims)).await;
        assert_eq!(answer.status, 200, "{claims} {}", rig.reason());
    }
}

#[tokio::test]
async fn another_key_and_doubled_members_are_refused() {
    let rig = Rig::new().await;
    let (header, claims) = (rig.header().to_string(), rig.claims().to_string());
    rig.exchange(&sign_text(&header, &claims, &p256())).await;
    assert_eq!(rig.reason(), "InvalidSignature");
    let doubled = claims.replacen('{', r#"{"iss":"client-1","#, 1);
    rig.exchange(&sign_text(&header, &doubled, &rig.pair.key)).await;
    assert_eq!(rig.reason(), "MalformedAssertion");
    for token in ["", "a", "a.b", "a.b.c", "....", &rig.assertion()[1..], &format!("{}.x", rig.assertion())] {
        assert_eq!(rig.exchange(token).await.status, 400, "{token}");
        assert_eq!(rig.reason(), "MalformedAssertion");
    }
}

#[tokio::test]
async fn the_request_must_be_exactly_the_documented_form() {
    let rig = Rig::new().await;
    let good = form(&rig.assertion());
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut cases = vec![
        ([good.clone(), vec![good[0].clone()]].concat(), "invalid_request", "InvalidRequest"),
        (
            [good.clone(), vec![pair("client_id", CLIENT)]].concat(),
            "invalid_request",
            "SeveralAuthentications",
        ),
        (
            [good.clone(), vec![pair("client_secret", "x")]].concat(),
            "invalid_request",
            "SeveralAuthentications",
        ),
        ([good.clone(), vec![pair("scope", "restlets")]].concat(), "invalid_request", "InvalidRequest"),
        (Vec::new(), "invalid_request", "InvalidRequest"),
    ];
    for (at, (value, error, reason)) in [
        ("password", "unsupported_grant_type", "UnsupportedGrantType"),
        ("jwt", "invalid_request", "InvalidRequest"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut form = good.clone();
        form[at].1 = value.to_owned();
        cases.push((form, error, reason));
    }
    for (form, error, reason) in cases {
        let answer = rig.post_form(&form).await;
        assert_eq!((answer.status, rig.reason().as_str()), (400, reason), "{form:?}");
        assert_eq!(answer.json(), json!({"error": error}));
    }

    let form_type = "application/x-www-form-urlencoded";
    let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&good).finish();
    let post = |url: &str, kind: &str| rig.http.post(url).body(text.clone()).header("content-type", kind);
    let url = rig.token_url();
    assert_eq!(
        send(post(&url, "Application/X-WWW-Form-Urlencoded; charset=utf-8")).await.unwrap().status,
        200
    );
    assert_eq!(send(post(&url, "application/json")).await.unwrap().status, 400);
    assert_eq!(send(post(&format!("{url}?a=b"), form_type)).await.unwrap().status, 400);
    assert_eq!(send(post(&url, form_type).basic_auth(CLIENT, Some("x"))).await.unwrap().status, 400);
    assert_eq!(rig.reason(), "SeveralAuthentications");
    let got = send(rig.http.get(&url)).await.unwrap();
    assert_eq!((got.status, got.headers["allow"].to_str().unwrap()), (405, "POST"));
    let elsewhere = url.replace(ACCOUNT, "7654321");
    assert_eq!(send(post(&elsewhere, form_type)).await.unwrap().status, 404);
}

#[tokio::test]
async fn every_accepted_algorithm_works_with_its_key() {
    let rig = Rig::new().await;
    let mut cases: Vec<(&str, Algorithm, EncodingKey, String)> = Vec::new();
    let p384 = Pair::new(KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap(), rig.clock.now(), 30);
    let ec = EncodingKey::from_ec_der(&p384.key.serialize_der());
    cases.push(("ES384", Algorithm::ES384, ec, rig.upload(&p384.pem)));
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072).unwrap();
    let rsa = Pair::new(rsa, rig.clock.now(), 30);
    let id = rig.upload(&rsa.pem);
    for (name, algorithm) in
        [("PS256", Algorithm::PS256), ("PS384", Algorithm::PS384), ("PS512", Algorithm::PS512)]
    {
        let key = EncodingKey::from_rsa_pem(rsa.key.serialize_pem().as_bytes()).unwrap();
        cases.push((name, algorithm, key, id.clone()));
    }
    for (name, algorithm, key, id) in cases {
        let header = json!({"typ": "JWT", "alg": name, "kid": id});
        let token = sign_with(&header.to_string(), &rig.claims().to_string(), &key, algorithm);
        assert_eq!(rig.exchange(&token).await.status, 200, "{name}: {}", rig.reason());
    }
}

#[tokio::test]
async fn es512_works_although_the_test_library_has_none() {
    use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair};
    let rig = Rig::new().await;
    let pair = Pair::new(KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap(), rig.clock.now(), 30);
    let id = rig.upload(&pair.pem);
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P521_SHA512_FIXED_SIGNING, &pair.key.serialize_der()).unwrap();
    let header = json!({"typ": "JWT", "alg": "ES512", "kid": id});
    let token = crate::sim::jose::sign_es256(&key, &header, &rig.claims()).unwrap();
    assert_eq!(rig.exchange(&token).await.status, 200, "{}", rig.reason());
}

#[tokio::test]
async fn a_certificate_serves_its_own_integration_while_it_lives() {
    let rig = Rig::new().await;
    let other = NewIntegration { client_id: Some("client-2".into()), scopes: Some(vec!["restlets".into()]) };
    rig.admin().create_integration(other).unwrap();
    let mut claims = rig.claims();
    claims["iss"] = "client-2".into();
    rig.exchange(&rig.sign(&rig.header(), &claims)).await;
    assert_eq!(rig.reason(), "UnknownCertificate");

    let pair = Pair::new(p256(), rig.clock.now(), 30);
    let upload =
        CertificateUpload { certificate: pair.pem.clone(), entity: ENTITY.into(), role: ROLE.into() };
    let id = rig.admin().upload_certificate("client-2", upload).unwrap();
    let header = json!({"typ": "JWT", "alg": "ES256", "kid": id}).to_string();
    rig.exchange(&sign_text(&header, &claims.to_string(), &pair.key)).await;
    assert_eq!(rig.reason(), "ScopeMismatched", "the integration has restlets only");

    rig.admin().revoke_certificate(&rig.certificate_id).unwrap();
    rig.exchange(&rig.assertion()).await;
    assert_eq!(rig.reason(), "CertificateRevoked");

    let early = Pair::new(p256(), rig.clock.now() + 1.hours(), 30);
    let header = json!({"typ": "JWT", "alg": "ES256", "kid": rig.upload(&early.pem)}).to_string();
    rig.exchange(&sign_text(&header, &rig.claims().to_string(), &early.key)).await;
    assert_eq!(rig.reason(), "CertificateNotYetValid");
    rig.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(rig.exchange(&sign_text(&header, &rig.claims().to_string(), &early.key)).await.status, 200);
    rig.clock.advance(SignedDuration::from_hours(24 * 30));
    rig.exchange(&sign_text(&header, &rig.claims().to_string(), &early.key)).await;
    assert_eq!(rig.reason(), "CertificateExpired");
}

#[tokio::test]
async fn an_administrator_can_lock_out() {
    let rig = Rig::new().await;
    let admin = rig.admin();
    admin.block_integration(CLIENT, true).unwrap();
    assert_eq!(rig.exchange(&rig.assertion()).await.status, 401);
    assert_eq!(rig.reason(), "IntegrationBlocked");
    admin.block_integration(CLIENT, false).unwrap();
    admin.enable_entity(ENTITY, false).unwrap();
    rig.exchange(&rig.assertion()).await;
    assert_eq!(rig.reason(), "EntityOrRoleDisabled");
    admin.enable_entity(ENTITY, true).unwrap();
    admin.set_role(ROLE, Role { enabled: false, ..Role::default() }).unwrap();
    rig.exchange(&rig.assertion()).await;
    assert_eq!(rig.reason(), "EntityOrRoleDisabled");
    admin.set_role(ROLE, Role::default()).unwrap();
    rig.token().await;
    assert_eq!(admin.refresh_sandbox().unwrap(), 1);
    assert_eq!(rig.exchange(&rig.assertion()).await.json(), json!({"error": "invalid_grant"}));
    assert_eq!(rig.reason(), "UnknownCertificate");
}

#[tokio::test]
async fn the_switches_switch() {
    let rig = Rig::new().await;
    let set = |settings| rig.admin().set_settings(settings).unwrap();
    let with = |claim: &str, value: Value| {
        let mut claims = rig.claims();
        claims[claim] = value;
        rig.sign(&rig.header(), &claims)
    };

    set(Settings { expires_in_as_string: true, token_lifetime_seconds: 60, ..Settings::default() });
    assert_eq!(rig.exchange(&rig.assertion()).await.json()["expires_in"], "60");

    set(Settings { scope_array_accepted: false, ..Settings::default() });
    rig.exchange(&rig.assertion()).await;
    assert_eq!(rig.reason(), "ScopeMismatched");
    set(Settings { scope_string_accepted: false, ..Settings::default() });
    rig.exchange(&with("scope", "restlets".into())).await;
    assert_eq!(rig.reason(), "ScopeMismatched");

    set(Settings { subject_accepted: false, ..Settings::default() });
    rig.exchange(&with("sub", CLIENT.into())).await;
    assert_eq!(rig.reason(), "SubjectNotAccepted");

    set(Settings { replay_check: true, ..Settings::default() });
    rig.exchange(&rig.assertion()).await;
    assert_eq!(rig.reason(), "MalformedAssertion", "the check needs a jti");
    assert_eq!(rig.exchange(&with("jti", "one".into())).await.status, 200);
    rig.exchange(&with("jti", "one".into())).await;
    assert_eq!(rig.reason(), "AssertionReplayed");
    assert_eq!(rig.exchange(&with("jti", "two".into())).await.status, 200);
}

#[tokio::test]
async fn a_token_opens_the_resource_while_it_lives() {
    let rig = Rig::new().await;
    let resource = rig.url("/record/v1/metadata-catalog");
    let open = |token: String| send(rig.http.get(&resource).bearer_auth(token));
    let token = rig.token().await;
    assert_eq!(open(token.clone()).await.unwrap().status, 200);

    let refused = send(rig.http.get(&resource)).await.unwrap();
    assert_eq!(
        (refused.status, &refused.json()["o:errorDetails"][0]["o:errorCode"]),
        (401, &json!("INVALID_LOGIN"))
    );
    let mut forged = token.clone();
    let end = forged.pop().unwrap();
    forged.push(if end == 'A' { 'Q' } else { 'A' });
    assert_eq!(open(forged).await.unwrap().status, 401);

    let mut claims = rig.claims();
    claims["scope"] = json!(["restlets"]);
    let narrow = rig.exchange(&rig.sign(&rig.header(), &claims)).await.json();
    assert_eq!(open(narrow["access_token"].as_str().unwrap().to_owned()).await.unwrap().status, 403);

    let elsewhere = rig.simulator.control().netsuite("7654321");
    elsewhere.create_integration(NewIntegration::default()).unwrap();
    let url = resource.replace(ACCOUNT, "7654321");
    assert_eq!(send(rig.http.get(url).bearer_auth(&token)).await.unwrap().status, 401);

    rig.clock.advance(SignedDuration::from_secs(3599));
    assert_eq!(open(token.clone()).await.unwrap().status, 200);
    rig.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(open(token).await.unwrap().status, 401);
}

#[tokio::test]
async fn either_spelling_of_the_account_works_and_aud_is_the_url_that_was_called() {
    let rig = Rig::new().await;
    let url = rig.simulator.control().netsuite("1234567-sb1").token_url();
    assert_eq!(url, rig.token_url().replace(ACCOUNT, "1234567-sb1"));
    let mut claims = rig.claims();
    let post = |assertion: String| send(rig.http.post(&url).form(&form(&assertion)));
    assert_eq!(post(rig.sign(&rig.header(), &claims)).await.unwrap().status, 400);
    assert_eq!(rig.reason(), "InvalidAudience");
    claims["aud"] = url.clone().into();
    assert_eq!(post(rig.sign(&rig.header(), &claims)).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_exchanges_at_once_all_succeed_and_are_counted() {
    let rig = Rig::new().await;
    let assertion = rig.assertion();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let request = rig.http.post(rig.token_url()).form(&form(&assertion));
        tasks.spawn(async move { send(request).await.unwrap().json()["access_token"].to_string() });
    }
    let tokens: std::collections::BTreeSet<String> = tasks.join_all().await.into_iter().collect();
    assert_eq!(tokens.len(), 64, "each gets a token of its own");
    let calls = rig.simulator.control().calls();
    assert_eq!((calls[0].endpoint, calls[0].calls, calls[0].succeeded), (Endpoint::Token, 64, 64));
}

#[tokio::test]
async fn only_loopback_is_listened_on_and_a_stopped_port_is_free() {
    let clock = crate::clock::Clock::system();
    let config =
        SimulatorConfig { listen: "0.0.0.0:0".parse().unwrap(), ..SimulatorConfig::new(clock.clone()) };
    assert!(matches!(start(config).await, Err(SimError::NotLoopback(_))));
    let first = start(SimulatorConfig::new(clock.clone())).await.unwrap();
    let config = SimulatorConfig { listen: first.address(), ..SimulatorConfig::new(clock) };
    assert!(matches!(start(config.clone()).await, Err(SimError::Listen { .. })));
    first.stop().await;
    start(config).await.unwrap().run_until(std::future::ready(())).await;
}
