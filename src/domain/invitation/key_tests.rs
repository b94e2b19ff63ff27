use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

fn key(algorithm: JwsAlgorithm) -> InvitationKey {
    InvitationKey::generate(algorithm, at(0)).unwrap().0
}

#[test]
fn no_private_member_is_published() {
    for profile in Profile::ALL {
        for algorithm in profile.algorithms() {
            let (key, private) = InvitationKey::generate(*algorithm, at(0)).unwrap();
            let jwk = key.to_jwk(profile);
            let names: Vec<_> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
            let expected: &[&str] = match (profile, algorithm) {
                (_, JwsAlgorithm::ES256) => &["alg", "crv", "kid", "kty", "use", "x", "y"],
                (Profile::Standard, _) => &["alg", "e", "kid", "kty", "n", "use"],
                (Profile::Xsuaa, _) => &["alg", "e", "kid", "kty", "n", "use", "value"],
            };
            assert_eq!(names, expected);
            assert_eq!(key.kid.len(), 43);
            assert!(key.verifying().is_some());
            assert!(key.signing(&private).is_ok());
            assert!(KeySet::from_jwks(json!({ "keys": [jwk] }).to_string().as_bytes()).is_ok());
        }
    }
}

#[test]
fn sap_readers_see_their_algorithm_only() {
    let keys = [key(JwsAlgorithm::ES256), key(JwsAlgorithm::RS256)];
    let set = key_set(&keys, Profile::Xsuaa, at(0));
    assert_eq!(set["keys"].as_array().unwrap().len(), 1);
    assert_eq!(set["keys"][0]["alg"], "RS256");
    assert!(set["keys"][0]["value"].as_str().unwrap().starts_with("-----BEGIN PUBLIC KEY-----\n"));
    assert_eq!(key_set(&keys, Profile::Standard, at(0))["keys"][0]["alg"], "ES256");
}

#[test]
fn a_retired_key_is_published_until_its_last_token_is_over() {
    let mut key = key(JwsAlgorithm::ES256);
    assert!(key.is_published(at(1_000_000)));
    key.state = SigningKeyState::Retired;
    (key.ended_at, key.last_expiry) = (Some(at(10)), Some(at(1000)));
    assert!(key.is_published(at(1000 + 3599)) && !key.is_published(at(1000 + 3600)));
    key.last_expiry = None;
    assert!(key.is_published(at(10 + 3599)) && !key.is_published(at(10 + 3600)), "it signed nothing");
    key.state = SigningKeyState::Revoked;
    assert!(!key.is_published(at(10)));
}
