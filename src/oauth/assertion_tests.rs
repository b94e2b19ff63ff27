use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use rcgen::{KeyPair, PublicKeyData as _};
use serde_json::{Value, json};

use super::*;
use crate::domain::connection::{Environment, Provider};
use crate::domain::key::KeyAlgorithm;
use crate::domain::registration::Registration;
use crate::domain::settings::{ClientAuthentication, GrantKind, MemberSettings, NetsuiteSettings};
use crate::providers::{AssertionPlan, EndpointRequest};

const AUDIENCE: &str = "https://1234567.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token";

fn settings() -> NetsuiteSettings {
    NetsuiteSettings::new("1234567".parse().unwrap(), "client".to_owned())
}

fn plan_of(settings: NetsuiteSettings) -> Plan {
    let settings = settings.into();
    crate::providers::plan(EndpointRequest {
        provider: Provider::Netsuite,
        environment: Environment::Production,
        settings: &settings,
        registration: None,
    })
    .unwrap()
}

struct Pair {
    key: SigningKey,
    certificate: Vec<u8>,
}

/// A key pair with its certificate, by rcgen, not by our own code.
fn pair(algorithm: KeyAlgorithm) -> Pair {
    let pair = match algorithm {
        KeyAlgorithm::Rsa4096 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_4096),
        KeyAlgorithm::Rsa3072 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_3072),
        KeyAlgorithm::EcP256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
        KeyAlgorithm::EcP384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
    }
    .unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&pair).unwrap();
    assert!(!pair.der_bytes().is_empty());
    let key = SigningKey::from_pkcs8(algorithm, &Secret::new(pair.serialize_der())).unwrap();
    Pair { key, certificate: certificate.der().to_vec() }
}

fn sign(settings: &NetsuiteSettings, key: &SigningKey, now: Timestamp) -> Result<String, SigningError> {
    // The rest of the plan is made first: what is wrong with these settings must be found here, too.
    let mut plan = plan_of(self::settings());
    plan.assertion = AssertionPlan {
        algorithm: settings.signing_algorithm,
        seconds: settings.assertion_seconds,
        subject: settings.subject,
        scopes: Some(settings.scope_style),
    };
    sign_for(&plan, key, now)
}

fn sign_for(plan: &Plan, key: &SigningKey, now: Timestamp) -> Result<String, SigningError> {
    let request = AssertionRequest { plan, key, certificate_id: &"-5f3a_opaque".parse().unwrap() };
    client_assertion(&request, now).map(|assertion| assertion.expose().clone())
}

/// Verifies with jsonwebtoken against the certificate's public key and returns the claims.
fn verified(assertion: &str, certificate: &[u8], algorithm: Algorithm) -> Value {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).unwrap();
    let public = certificate.public_key().subject_public_key.data.as_ref();
    let key = match algorithm {
        Algorithm::ES256 | Algorithm::ES384 => DecodingKey::from_ec_der(public),
        _ => DecodingKey::from_rsa_der(public),
    };
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&["client"]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    decode(assertion, &key, &validation).unwrap().claims
}

fn now() -> Timestamp {
    crate::clock::Clock::system().now()
}

#[test]
fn every_algorithm_verifies_against_the_certificate() {
    let keys = [
        (KeyAlgorithm::Rsa4096, vec![SigningAlgorithm::PS256]),
        (
            KeyAlgorithm::Rsa3072,
            vec![SigningAlgorithm::PS256, SigningAlgorithm::PS384, SigningAlgorithm::PS512],
        ),
        (KeyAlgorithm::EcP256, vec![SigningAlgorithm::ES256]),
        (KeyAlgorithm::EcP384, vec![SigningAlgorithm::ES384]),
    ];
    for (kind, algorithms) in keys {
        let pair = pair(kind);
        for algorithm in algorithms {
            let settings = NetsuiteSettings { signing_algorithm: Some(algorithm), ..settings() };
            let assertion = sign(&settings, &pair.key, now()).unwrap();
            let header = decode_header(&assertion).unwrap();
            assert_eq!(format!("{:?}", header.alg), algorithm.as_str());
            assert_eq!(header.typ.as_deref(), Some("JWT"));
            assert_eq!(header.kid.as_deref(), Some("-5f3a_opaque"));
            verified(&assertion, &pair.certificate, header.alg);
        }
        let assertion = sign(&settings(), &pair.key, now()).unwrap();
        assert_eq!(format!("{:?}", decode_header(&assertion).unwrap().alg), kind.default_signing().as_str());
    }
}

#[test]
fn the_claims_are_those_of_the_vendor_and_no_others() {
    let pair = pair(KeyAlgorithm::EcP256);
    let at = now();
    let mut claims =
        verified(&sign(&settings(), &pair.key, at).unwrap(), &pair.certificate, Algorithm::ES256);
    let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(jti.as_str().unwrap().len(), 32);
    assert_eq!(
        claims,
        json!({
            "iss": "client",
            "scope": ["restlets", "rest_webservices"],
            "aud": AUDIENCE,
            "iat": at.as_second() - 30,
            "exp": at.as_second() - 30 + 300,
        })
    );
}

#[test]
fn settings_choose_scope_style_and_subject() {
    let pair = pair(KeyAlgorithm::EcP256);
    let settings =
        NetsuiteSettings { scope_style: ScopeStyle::Comma, subject: SubjectClaim::ClientId, ..settings() };
    let claims = verified(&sign(&settings, &pair.key, now()).unwrap(), &pair.certificate, Algorithm::ES256);
    assert_eq!(claims["scope"], "restlets,rest_webservices");
    assert_eq!(claims["sub"], "client");
}

#[test]
fn a_settings_word_becomes_the_plan_s() {
    let wanted = NetsuiteSettings {
        scope_style: ScopeStyle::Comma,
        subject: SubjectClaim::ClientId,
        signing_algorithm: Some(SigningAlgorithm::PS512),
        assertion_seconds: 120,
        ..settings()
    };
    let expected = AssertionPlan {
        algorithm: Some(SigningAlgorithm::PS512),
        seconds: 120,
        subject: SubjectClaim::ClientId,
        scopes: Some(ScopeStyle::Comma),
    };
    assert_eq!(plan_of(wanted).assertion, expected);
}

/// RFC 7523 section 3; scopes are a parameter of the request there (RFC 7521 section 4.1).
#[test]
fn a_standard_server_gets_a_standard_assertion() {
    let mut registration = Registration::new("client".to_owned());
    registration.authentication = Some(ClientAuthentication::PrivateKeyJwt);
    registration.server.token_url = Some(AUDIENCE.parse().unwrap());
    registration.scopes = vec!["read".to_owned()];
    let settings = MemberSettings::new(GrantKind::ClientCredentials).into();
    for (kind, algorithm, jose) in [
        (KeyAlgorithm::EcP256, None, Algorithm::ES256),
        (KeyAlgorithm::Rsa3072, Some(SigningAlgorithm::RS256), Algorithm::RS256),
        (KeyAlgorithm::Rsa3072, Some(SigningAlgorithm::RS384), Algorithm::RS384),
        (KeyAlgorithm::Rsa3072, Some(SigningAlgorithm::RS512), Algorithm::RS512),
        (KeyAlgorithm::Rsa3072, None, Algorithm::PS256),
    ] {
        registration.signing_algorithm = algorithm;
        let plan = crate::providers::plan(EndpointRequest {
            provider: Provider::Oauth2,
            environment: Environment::Production,
            settings: &settings,
            registration: Some(&registration),
        })
        .unwrap();
        let (pair, at) = (pair(kind), now());
        let mut claims = verified(&sign_for(&plan, &pair.key, at).unwrap(), &pair.certificate, jose);
        claims.as_object_mut().unwrap().remove("jti").unwrap();
        let (iat, exp) = (at.as_second() - 30, at.as_second() + 270);
        let expected = json!({"iss": "client", "sub": "client", "aud": AUDIENCE, "iat": iat, "exp": exp});
        assert_eq!(claims, expected, "{algorithm:?}");
    }
}

#[test]
fn each_assertion_is_a_fresh_one() {
    let pair = pair(KeyAlgorithm::EcP256);
    let at = now();
    let one = verified(&sign(&settings(), &pair.key, at).unwrap(), &pair.certificate, Algorithm::ES256);
    let other = verified(&sign(&settings(), &pair.key, at).unwrap(), &pair.certificate, Algorithm::ES256);
    assert_ne!(one["jti"], other["jti"]);
}

#[test]
fn what_cannot_succeed_is_refused_before_it_is_sent() {
    let pair = pair(KeyAlgorithm::EcP256);
    for (algorithm, expected) in [
        (SigningAlgorithm::PS256, "a key of kind ec-p256 cannot sign with PS256"),
        (SigningAlgorithm::ES384, "a key of kind ec-p256 cannot sign with ES384"),
    ] {
        let settings = NetsuiteSettings { signing_algorithm: Some(algorithm), ..settings() };
        assert_eq!(sign(&settings, &pair.key, now()).unwrap_err().to_string(), expected);
    }
    for seconds in [0, 59, 3600, u32::MAX] {
        let settings = NetsuiteSettings { assertion_seconds: seconds, ..settings() };
        let refused = sign(&settings, &pair.key, now()).unwrap_err();
        assert_eq!(refused, SigningError::Lifetime { seconds, min: 60, max: 3599 });
    }
    for seconds in [60, 3599] {
        let settings = NetsuiteSettings { assertion_seconds: seconds, ..settings() };
        assert!(sign(&settings, &pair.key, now()).is_ok());
    }
}

#[test]
fn a_key_of_another_kind_does_not_import() {
    let p256 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap().serialize_der();
    for kind in [KeyAlgorithm::EcP384, KeyAlgorithm::Rsa3072] {
        let refused = SigningKey::from_pkcs8(kind, &Secret::new(p256.clone()));
        assert_eq!(refused.err(), Some(SigningError::Unreadable(kind)));
    }
    let rsa2048 =
        KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap().serialize_der();
    for kind in [KeyAlgorithm::Rsa3072, KeyAlgorithm::Rsa4096] {
        let refused = SigningKey::from_pkcs8(kind, &Secret::new(rsa2048.clone()));
        assert_eq!(refused.err(), Some(SigningError::Unreadable(kind)));
    }
    let garbage = SigningKey::from_pkcs8(KeyAlgorithm::EcP256, &Secret::new(vec![0x30; 40]));
    assert!(garbage.is_err());
}
