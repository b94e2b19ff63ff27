//! Runs the vectors of `tests/vectors/tokens`: each file is named for what it tries.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::domain::invitation::Profile;
use crate::domain::invitation::issuer::longest;
use crate::secret::Secret;
use jiff::Timestamp;

/// One vector.
#[derive(Serialize, Deserialize)]
struct Vector {
    /// Who is to verify it.
    profile: Profile,
    /// What must come of it: `ok`, or the word of a refusal.
    expect: String,
    /// The token.
    token: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/tokens")
}

fn now() -> Timestamp {
    "2027-03-01T12:00:00Z".parse().unwrap()
}

fn keys() -> KeySet {
    KeySet::from_jwks(&std::fs::read(folder().join("keys.json")).unwrap()).unwrap()
}

fn check(profile: Profile, token: &str, keys: &KeySet) -> Result<Verified, Refusal> {
    let audience = ["supplier-app".to_owned(), "sb-app!t123".to_owned()];
    let expected = Expectations {
        algorithms: profile.algorithms(),
        kind: profile.kind(),
        issuer: Some("https://invite.example"),
        audience: &audience[..],
        longest: longest(),
    };
    verify(&Secret::new(token.to_owned()), keys, &expected, now())
}

fn vectors() -> Vec<(String, Vector)> {
    let mut found: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter(|path| path.file_stem().unwrap() != "keys")
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
        })
        .collect();
    found.sort_by(|(left, _): &(String, Vector), (right, _)| left.cmp(right));
    found
}

#[test]
fn every_vector() {
    let keys = keys();
    let vectors = vectors();
    for (name, vector) in &vectors {
        let found = match check(vector.profile, &vector.token, &keys) {
            Ok(_) => "ok",
            Err(refusal) => refusal.word(),
        };
        assert_eq!(found, vector.expect, "{name}");
    }
    assert!(vectors.len() >= 120, "{} vectors", vectors.len());
    assert!(vectors.iter().any(|(_, vector)| vector.expect == "ok"));
}

#[test]
fn a_revoked_key_is_told_from_an_unknown_one() {
    let (_, vector) = vectors().into_iter().find(|(name, _)| name == "accepted-es256").unwrap();
    let mut keys = KeySet::new();
    assert!(matches!(check(vector.profile, &vector.token, &keys), Err(Refusal::UnknownKey(_))));
    keys.revoke("es");
    assert!(matches!(check(vector.profile, &vector.token, &keys), Err(Refusal::RevokedKey(_))));
    assert_eq!(keys.names().count(), 0);
}

#[test]
fn a_set_that_cannot_be_trusted_is_refused() {
    let good: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder().join("keys.json")).unwrap()).unwrap();
    let first = &good["keys"][0];
    let with = |name: &str, value: serde_json::Value| {
        let mut key = first.clone();
        key[name] = value;
        json!({ "keys": [key] })
    };
    for (set, expected) in [
        (json!({ "keys": [first, first] }), KeySetError::Duplicate("es".into())),
        (with("d", json!("AQ")), KeySetError::PrivateKey),
        (
            json!({ "keys": [first, { "kty": "oct", "k": "AQ", "kid": "x", "alg": "HS256" }] }),
            KeySetError::PrivateKey,
        ),
        (with("x", json!("AAAA")), KeySetError::Unreadable("es".into())),
        (with("y", first["x"].clone()), KeySetError::Unreadable("es".into())),
        (with("crv", json!("P-384")), KeySetError::Unreadable("es".into())),
        (with("use", json!("enc")), KeySetError::Empty),
        (with("key_ops", json!(["sign"])), KeySetError::Empty),
        (with("alg", json!("HS256")), KeySetError::Empty),
        (json!({ "keys": [] }), KeySetError::Empty),
        (json!({ "keys": {} }), KeySetError::NotASet),
        (json!([]), KeySetError::NotASet),
    ] {
        assert_eq!(KeySet::from_jwks(set.to_string().as_bytes()).unwrap_err(), expected, "{set}");
    }
    assert_eq!(
        KeySet::from_jwks(b"{\"keys\":[],\"keys\":[]}").unwrap_err(),
        KeySetError::NotJson(JsonProblem::Duplicate)
    );
    assert_eq!(KeySet::from_jwks(&vec![b' '; 1 << 20]).unwrap_err(), KeySetError::TooLarge);
    // RFC 7517 section 5: what is not known is left out.
    let more =
        json!({ "keys": [first, { "kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "ed" }], "more": 1 });
    assert_eq!(KeySet::from_jwks(more.to_string().as_bytes()).unwrap().names().collect::<Vec<_>>(), ["es"]);
}

proptest! {
    #[test]
    fn no_text_is_believed_or_breaks_the_parser(text in "[A-Za-z0-9_=.-]{0,200}") {
        prop_assert!(check(Profile::Standard, &text, &keys()).is_err());
        let _ = id_of_unverified(&Secret::new(text));
    }

    #[test]
    fn no_members_break_the_parser(
        header in "\\{(\"(alg|kid|typ|jku|crit)\":(\"(ES256|es|none)\"|[0-9]{1,3}|null|\\[\\]),?){0,4}\\}?",
        payload in "\\PC{0,60}",
        signature in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let token = format!("{}.{}.{}", part(header.as_bytes()), part(payload.as_bytes()), part(&signature));
        prop_assert!(check(Profile::Standard, &token, &keys()).is_err());
    }

    #[test]
    fn no_change_of_one_character_is_believed(at in any::<proptest::sample::Index>(), to in "[A-Za-z0-9_.=-]") {
        let (_, vector) = vectors().into_iter().find(|(name, _)| name == "accepted-es256").unwrap();
        let mut token = vector.token.clone();
        let at = at.index(token.len());
        token.replace_range(at..=at, &to);
        prop_assert_eq!(check(vector.profile, &token, &keys()).is_ok(), token == vector.token);
    }

    #[test]
    fn no_key_set_breaks_the_parser(text in "\\{\"keys\":\\[(\\{(\"(kty|kid|alg|n|e|x|y|crv)\":\"[A-Za-z0-9_=-]{0,12}\",?){0,5}\\},?){0,3}\\]?\\}?") {
        let _ = KeySet::from_jwks(text.as_bytes());
    }
}

/// Writes the vectors anew, with new keys: `cargo test --lib write_the_vectors -- --ignored`.
#[test]
#[ignore = "writes files"]
fn write_the_vectors() {
    super::vectors::write(&folder());
}
