use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::testing::{member_plan, netsuite_plan, oauth2_plan};
use super::*;
use crate::clock::Clock;
use crate::domain::connection::Provider;
use crate::domain::key::KeyAlgorithm;
use crate::domain::settings::GrantKind;
use crate::secret::Secret;

const URL: &str = "http://127.0.0.1:1/token";

/// Every byte that a vendor could have drawn a secret from, quotes and separators first.
const SECRET: &str = "a:b c+d%&=\"\\/é~";

fn written(plan: &Plan, client: ClientProof<'_>, ask: Ask<'_>) -> (String, Option<String>, Notation) {
    super::super::mutant_tests::seed();
    let written = token_request(plan, client, ask, Clock::system().now()).unwrap();
    let authorization = written.authorization.map(|value| {
        assert!(value.is_sensitive());
        value.to_str().unwrap().to_owned()
    });
    let longest = written.body.capacity();
    assert!(longest >= written.body.len());
    (String::from_utf8(written.body.to_vec()).unwrap(), authorization, written.notation)
}

fn secret(text: &str) -> SecretString {
    Secret::new(text.to_owned())
}

fn client_credentials(authentication: ClientAuthentication) -> (String, Option<String>, Notation) {
    let plan = oauth2_plan(GrantKind::ClientCredentials, authentication, URL);
    let secret = secret(SECRET);
    let proof =
        if authentication.needs_secret() { ClientProof::Secret(&secret) } else { ClientProof::Nothing };
    written(&plan, proof, Ask::ClientCredentials)
}

const ENCODED: &str = "a%3Ab+c%2Bd%25%26%3D%22%5C%2F%C3%A9%7E";
const REST: &str = "grant_type=client_credentials&scope=read+write&audience=https%3A%2F%2Fapi";

#[test]
fn basic_is_urlencoded_before_base64_and_stands_alone() {
    let (body, authorization, notation) = client_credentials(ClientAuthentication::ClientSecretBasic);
    assert_eq!((body.as_str(), notation), (REST, Notation::Form));
    let authorization = authorization.unwrap();
    let pair = STANDARD.decode(authorization.strip_prefix("Basic ").unwrap()).unwrap();
    assert_eq!(String::from_utf8(pair).unwrap(), format!("client:{ENCODED}"));
}

#[test]
fn a_client_id_is_urlencoded_as_well() {
    let mut plan = oauth2_plan(GrantKind::ClientCredentials, ClientAuthentication::ClientSecretBasic, URL);
    plan.client_id = "team:7 a".to_owned();
    let secret = secret("s");
    let (_, authorization, _) = written(&plan, ClientProof::Secret(&secret), Ask::ClientCredentials);
    let pair = STANDARD.decode(authorization.unwrap().strip_prefix("Basic ").unwrap()).unwrap();
    assert_eq!(pair, b"team%3A7+a:s");
}

#[test]
fn a_secret_in_the_form_stands_alone() {
    let (body, authorization, notation) = client_credentials(ClientAuthentication::ClientSecretPost);
    assert_eq!((authorization, notation), (None, Notation::Form));
    assert_eq!(body, format!("{REST}&client_id=client&client_secret={ENCODED}"));
}

#[test]
fn json_is_json_throughout() {
    let (body, authorization, notation) = client_credentials(ClientAuthentication::ClientSecretJson);
    assert_eq!((authorization, notation), (None, Notation::Json));
    let expected = json!({
        "grant_type": "client_credentials", "scope": "read write", "audience": "https://api",
        "client_id": "client", "client_secret": SECRET,
    });
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
}

#[test]
fn a_public_client_says_who_it_is_and_no_more() {
    let (body, authorization, _) = client_credentials(ClientAuthentication::None);
    assert_eq!((body, authorization), (format!("{REST}&client_id=client"), None));
}

#[test]
fn an_assertion_stands_alone_and_scopes_where_the_vendor_wants_them() {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let key = SigningKey::from_pkcs8(KeyAlgorithm::EcP256, &Secret::new(pair.serialize_der())).unwrap();
    let (key_id, certificate_id) = (KeyId::new(), "thumb".parse().unwrap());
    let proof = ClientProof::Assertion { key: &key, key_id: &key_id, certificate_id: &certificate_id };
    let standard = oauth2_plan(GrantKind::ClientCredentials, ClientAuthentication::PrivateKeyJwt, URL);
    for (plan, expected, scope) in
        [(&standard, REST, None), (&netsuite_plan(URL), "grant_type=client_credentials", Some("restlets"))]
    {
        let (body, authorization, notation) = written(plan, proof, Ask::ClientCredentials);
        assert_eq!((authorization, notation), (None, Notation::Form));
        let (rest, assertion) = body.split_once("&client_assertion=").unwrap();
        let kind = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        assert_eq!(rest, format!("{expected}&{kind}"));
        let claims = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["scope"].pointer("/0").and_then(Value::as_str), scope);
        assert_eq!(claims["aud"], URL);
    }
}

#[test]
fn pax8_gets_its_four_members() {
    let plan = member_plan(Provider::Pax8, GrantKind::ClientCredentials, URL);
    let secret = secret(SECRET);
    let (body, authorization, notation) =
        written(&plan, ClientProof::Secret(&secret), Ask::ClientCredentials);
    assert_eq!((authorization, notation), (None, Notation::Json));
    let expected = json!({
        "client_id": "client", "client_secret": SECRET, "audience": "https://api.pax8.com",
        "grant_type": "client_credentials",
    });
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
}

#[test]
fn each_grant_has_its_parameters() {
    let plan = oauth2_plan(GrantKind::RefreshToken, ClientAuthentication::None, URL);
    let (code, verifier) = (secret("c/1"), secret("ver~ifier"));
    let redirect_uri = "http://127.0.0.1:8080/oauth2/callback";
    for (ask, expected) in [
        (Ask::Refresh(&code), "grant_type=refresh_token&refresh_token=c%2F1"),
        (
            Ask::Code { code: &code, redirect_uri, verifier: Some(&verifier) },
            "grant_type=authorization_code&code=c%2F1&redirect_uri=http%3A%2F%2F127.0.0.1%3A8080%2Foauth2%2Fcallback&code_verifier=ver%7Eifier",
        ),
        (
            Ask::Code { code: &code, redirect_uri, verifier: None },
            "grant_type=authorization_code&code=c%2F1&redirect_uri=http%3A%2F%2F127.0.0.1%3A8080%2Foauth2%2Fcallback",
        ),
        (
            Ask::Device { code: &code },
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=c%2F1",
        ),
    ] {
        let (body, authorization, _) = written(&plan, ClientProof::Nothing, ask);
        assert_eq!((body, authorization), (format!("{expected}&client_id=client"), None));
    }
}

proptest::proptest! {
    /// What is written is what a strict server reads, and it fits the memory that is wiped.
    #[test]
    fn any_secret_arrives_as_it_is(text in "\\PC{1,60}") {
        let secret = secret(&text);
        let list = [("grant_type", "x"), ("client_secret", secret.expose().as_str())];
        for parameters in [Parameters::form(list), Parameters::json(list)] {
            let (longest, notation) = (parameters.longest(), parameters.notation);
            let body = parameters.written();
            proptest::prop_assert!(body.len() <= longest);
            let read = match notation {
                Notation::Form => form_urlencoded::parse(&body)
                    .find(|(name, _)| name == "client_secret").unwrap().1.into_owned(),
                Notation::Json => serde_json::from_slice::<Value>(&body).unwrap()["client_secret"]
                    .as_str().unwrap().to_owned(),
            };
            proptest::prop_assert_eq!(read, text.clone());
        }
        let header = basic("client", &secret).unwrap();
        let pair = STANDARD.decode(&header.as_bytes()["Basic ".len()..]).unwrap();
        let (_, encoded) = std::str::from_utf8(&pair).unwrap().split_once(':').unwrap();
        let read = form_urlencoded::parse(format!("s={encoded}").as_bytes()).next().unwrap().1.into_owned();
        proptest::prop_assert_eq!(read, text);
    }
}
