//! The door to every parser for whoever brings arbitrary bytes: the fuzz targets in `fuzz/`, and the tests that replay
//! their seeds.
//!
//! Only with the feature `fuzzing`, which a release build without debug assertions refuses. Parsers that are private
//! have their part of the door beside them, in a `fuzzing` module of their own; each target says with assertions what
//! must hold of whatever is accepted, and for the rest that there is neither a panic nor an endless loop.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::sync::LazyLock;

use serde_json::Value;

use crate::app::config::Config;
use crate::cli::{self, Rejection, values};
use crate::commands::{self, Exit};
use crate::domain::certificate;
use crate::domain::connection::{AccountId, Provider};
use crate::domain::ids::{AppName, CertificateId, ConnectionId, ConnectionName};
use crate::domain::invitation::{Email, Profile};
use crate::domain::jwk::public_jwk;
use crate::domain::jws::{self, Expectations, JwsAlgorithm, KeySet};
use crate::domain::key::KeyAlgorithm;
use crate::domain::keypair::KeyPair;
use crate::oauth;
use crate::output::sanitize::{self, is_hostile};
use crate::providers::{descriptor, vendor_expiry};
use crate::secret::Secret;
use crate::sim::faults;
use crate::vault;
use crate::vault::identity::IdentityFile;
use crate::vault::pin::Pin;
use crate::vault::recipient::RecipientKey;

/// A parser, by the name of its fuzz target.
pub type Target = (&'static str, fn(&[u8]));

const OWN: &[Target] = &[
    ("config", config),
    ("identity_file", identity_file),
    ("recipient", recipient),
    ("certificate", certificate),
    ("private_key", private_key),
    ("key_set", key_set),
    ("signed_token", signed_token),
    ("strict_json", strict_json),
    ("arguments", arguments),
    ("values", values),
    ("names", names),
    ("sanitiser", sanitiser),
    ("access_token", access_token),
    ("fault_file", fault_file),
];

/// Returns every target.
pub fn targets() -> impl Iterator<Item = Target> {
    let parts = [OWN, oauth::fuzzing::TARGETS, commands::fuzzing::TARGETS, vault::fuzzing::TARGETS];
    parts.into_iter().flatten().copied()
}

/// Returns the target `name`.
///
/// # Panics
///
/// If there is none. With the feature `test-hooks` the bugs in `TOKENCTL_TEST_MUTANTS` are seeded by whoever calls.
pub fn target(name: &str) -> fn(&[u8]) {
    targets().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("there is no target `{name}`")).1
}

/// Fails unless `text` is harmless on a terminal.
fn assert_harmless(text: &str) {
    assert!(!text.chars().any(is_hostile), "{text:?}");
}

fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Config::parse(text) {
        Ok(config) => assert_eq!(config.get("yes"), None, "consent has no key"),
        Err(error) => assert_eq!(error.exit(), Exit::Usage),
    }
}

fn identity_file(bytes: &[u8]) {
    let text = Secret::new(bytes.to_vec());
    let Ok(file) = IdentityFile::from_bytes("a file", &text, &|_| None) else { return };
    assert!(!file.identities.is_empty());
    for identity in &file.identities {
        same_recipient(identity.recipient());
    }
    file.pins.iter().for_each(same_pin);
}

fn same_recipient(key: &RecipientKey) {
    let again: RecipientKey = key.as_str().parse().expect("the canonical text is one");
    assert_eq!((again.as_str(), again.fingerprint()), (key.as_str(), key.fingerprint()));
}

fn same_pin(pin: &Pin) {
    assert_eq!(pin.to_string().parse::<Pin>().ok().as_ref(), Some(pin));
}

fn recipient(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(key) = text.parse::<RecipientKey>() {
        same_recipient(&key);
        assert_harmless(key.as_str());
    }
    if let Ok(pin) = text.parse::<Pin>() {
        same_pin(&pin);
    }
}

fn certificate(bytes: &[u8]) {
    static OTHER: LazyLock<KeyPair> =
        LazyLock::new(|| KeyPair::generate(KeyAlgorithm::EcP256).expect("the provider makes a key"));
    let Ok((certificate, algorithm)) = certificate::read(bytes) else { return };
    let again = certificate::read(certificate.pem.as_bytes());
    assert_eq!(again.as_ref(), Ok(&(certificate.clone(), algorithm)), "an export is read back the same");
    let der = certificate::der(&certificate.pem).expect("what was read has a DER form");
    assert_eq!(certificate::read(&der).ok(), again.ok());
    let _ = vendor_expiry(Provider::Netsuite, &certificate.facts);
    for algorithm in [algorithm, KeyAlgorithm::EcP256, KeyAlgorithm::EcP384, KeyAlgorithm::Rsa4096] {
        if let Ok(jwk) = public_jwk(&certificate.pem, algorithm) {
            assert!(serde_json::to_string(&jwk).is_ok_and(|json| !json.contains("\"d\"")));
        }
    }
    let _ = certificate::belongs_to(&certificate, &OTHER);
}

fn private_key(bytes: &[u8]) {
    use base64::Engine as _;
    let Ok(pair) = KeyPair::from_pem(&Secret::new(bytes.to_vec())) else { return };
    let body = base64::prelude::BASE64_STANDARD.encode(pair.pkcs8().expose());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    let again = KeyPair::from_pem(&Secret::new(pem.into_bytes())).expect("it is read back");
    assert_eq!(again.algorithm(), pair.algorithm());
    assert_eq!(again.public_key_info(), pair.public_key_info());
}

fn key_set(bytes: &[u8]) {
    match KeySet::from_jwks(bytes) {
        Ok(set) => {
            assert!(set.names().next().is_some(), "an empty set is refused");
            let document: Value = serde_json::from_slice(bytes).expect("what is read strictly is JSON");
            assert!(!document["keys"].to_string().contains("\"d\":"), "no private member is looked past");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The vectors that hold, and the keys that they were signed with.
const ACCEPTED: [&str; 8] = [
    include_str!("../tests/vectors/tokens/accepted-aud-array.json"),
    include_str!("../tests/vectors/tokens/accepted-clock-a-minute-behind.json"),
    include_str!("../tests/vectors/tokens/accepted-es256.json"),
    include_str!("../tests/vectors/tokens/accepted-harmless-header-member.json"),
    include_str!("../tests/vectors/tokens/accepted-ps256.json"),
    include_str!("../tests/vectors/tokens/accepted-typ-with-prefix.json"),
    include_str!("../tests/vectors/tokens/accepted-without-nbf.json"),
    include_str!("../tests/vectors/tokens/accepted-xsuaa-rs256.json"),
];

/// Whatever is made of these tokens: nothing else holds.
fn signed_token(bytes: &[u8]) {
    static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
        let set = include_bytes!("../tests/vectors/tokens/keys.json");
        KeySet::from_jwks(set).expect("the vectors' keys can be read")
    });
    let text = String::from_utf8_lossy(bytes).into_owned();
    let signed = text.rsplit_once('.').map_or("", |(signed, _)| signed).to_owned();
    let token = Secret::new(text);
    let _ = jws::id_of_unverified(&token);
    for profile in [Profile::Standard, Profile::Xsuaa] {
        let expected = Expectations {
            algorithms: &JwsAlgorithm::ALL,
            kind: profile.kind(),
            issuer: None,
            audience: &[],
            longest: jiff::SignedDuration::from_hours(24 * 30),
        };
        // 2027-03-01T12:00:00Z, at which the vectors hold.
        let now = jiff::Timestamp::constant(1_803_902_400, 0);
        match jws::verify(&token, &KEYS, &expected, now) {
            Ok(verified) => {
                let ours = format!("\"{signed}.");
                let is_ours = ACCEPTED.iter().any(|vector| vector.contains(&ours));
                assert!(is_ours, "a forged token holds: {verified:?}");
            }
            Err(refusal) => assert!(!refusal.to_string().is_empty()),
        }
    }
}

/// Strictly read JSON says what others read in it.
fn strict_json(bytes: &[u8]) {
    if let Ok(value) = jws::parse_json(bytes) {
        assert_eq!(serde_json::from_slice::<Value>(bytes).ok(), Some(value));
    }
}

/// Words with a NUL between them, which no argument can hold.
fn arguments(bytes: &[u8]) {
    let words = bytes.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec()));
    let argv: Vec<OsString> = std::iter::once("tokenctl".into()).chain(words).collect();
    let _ = (cli::runs_a_program(&argv), cli::format_of(&argv));
    match cli::parse(&argv) {
        Ok(_) => {}
        Err(Rejection::Answer(text)) => assert!(!text.is_empty()),
        Err(Rejection::Usage(usage)) => assert!(!usage.what.is_empty() && !usage.hints.is_empty()),
    }
}

fn values(bytes: &[u8]) {
    let text = &*String::from_utf8_lossy(bytes);
    let now = jiff::Timestamp::constant(1_803_902_400, 0);
    if let Ok(duration) = values::positive_duration(text) {
        assert_eq!(values::duration(text), Ok(duration));
        assert!(!duration.is_zero());
    }
    if let Ok(since) = values::since(text) {
        let _ = since.resolve(now);
    }
    if let Ok((key, value)) = values::tag(text) {
        assert_eq!(format!("{key}={value}"), text);
    }
    let _ = (values::identity_file(text), values::switch(text), values::action(text));
    let _ = (values::company_name(text), values::public_text(text));
}

fn names(bytes: &[u8]) {
    fn same<T: std::str::FromStr + ToString + PartialEq>(text: &str) {
        let Ok(name) = text.parse::<T>() else { return };
        assert!(name.to_string().parse::<T>().is_ok_and(|again| again == name), "{text:?}");
    }
    let text = &*String::from_utf8_lossy(bytes);
    same::<ConnectionName>(text);
    same::<AppName>(text);
    same::<ConnectionId>(text);
    same::<CertificateId>(text);
    same::<AccountId>(text);
    if let Ok(name) = text.parse::<ConnectionName>() {
        assert_harmless(name.as_str());
    }
    if let Ok(account) = text.parse::<AccountId>() {
        let label = account.host_label();
        assert!(label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{label:?}");
    }
    if let Ok(email) = text.parse::<Email>() {
        // Small letters may be more bytes, or marks of their own: not every normal form is an address.
        if let Ok(again) = email.normalised().parse::<Email>() {
            assert_eq!(again.normalised(), email.normalised());
        }
        let _ = email.masked();
    }
}

fn sanitiser(bytes: &[u8]) {
    const FORMULAS: [char; 10] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r'];
    let text = &*String::from_utf8_lossy(bytes);
    let line = sanitize::safe(text);
    assert_harmless(&line);
    assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line:?}");
    assert_eq!(sanitize::safe(&line), line, "what is harmless stays as it is");
    let cell = sanitize::safe_cell(text);
    assert_harmless(&cell);
    assert!(!cell.trim_start().starts_with(FORMULAS), "{cell:?}");
    assert!(sanitize::width(&sanitize::safe_line(text)) <= sanitize::LINE_LIMIT);
    for limit in [0, 1, 2, 7, 40] {
        let cut = sanitize::truncate(&line, limit);
        assert!(sanitize::width(&cut) <= limit, "{cut:?}");
        assert_harmless(&cut);
    }
    let json = Value::from(text).to_string();
    let harmless = sanitize::safe_json(&json);
    assert_harmless(&harmless);
    assert_eq!(serde_json::from_str::<String>(&harmless).ok().as_deref(), Some(text));
}

fn access_token(bytes: &[u8]) {
    use base64::Engine as _;
    let text = &*String::from_utf8_lossy(bytes);
    let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(bytes);
    for provider in [Provider::Netsuite, Provider::Quickbooks, Provider::Pax8, Provider::Oauth2] {
        for token in [text.to_owned(), format!("eyJhbGciOiJSUzI1NiJ9.{claims}.c2ln")] {
            let _ = descriptor(provider).granted(&token);
        }
    }
}

fn fault_file(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = faults::parse(text);
    }
}
