//! Writes `tests/vectors/tokens`: what each token tries is its file's name. The private keys are thrown away.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::JwsAlgorithm;
use crate::domain::invitation::Profile;
use crate::domain::invitation::key::InvitationKey;
use crate::domain::signer::Signer;

/// 2027-03-01T12:00:00Z, at which the vectors are looked at.
const NOW: i64 = 1_803_902_400;

struct Keys(BTreeMap<&'static str, (InvitationKey, Signer)>);

impl Keys {
    fn new() -> Self {
        let named = [("es", JwsAlgorithm::ES256), ("ps", JwsAlgorithm::PS256), ("rs", JwsAlgorithm::RS256)];
        Self(
            named
                .into_iter()
                .map(|(name, algorithm)| {
                    let at = jiff::Timestamp::from_second(NOW).unwrap();
                    let (key, private) = InvitationKey::generate(algorithm, at).unwrap();
                    let signer = key.signing(&private).unwrap().signer;
                    (name, (InvitationKey { kid: name.to_owned(), ..key }, signer))
                })
                .collect(),
        )
    }

    fn set(&self) -> Value {
        json!({ "keys": self.0.values().map(|(key, _)| key.to_jwk(Profile::Standard)).collect::<Vec<_>>() })
    }

    /// Signs any text as header and payload with the key `name`, with the algorithm that belongs to it.
    fn sign(&self, name: &str, header: &str, payload: &[u8]) -> String {
        let (key, signer) = &self.0[name];
        let message = format!("{}.{}", part(header.as_bytes()), part(payload));
        let signature = signer.sign(key.algorithm.scheme(), message.as_bytes()).unwrap();
        format!("{message}.{}", part(&signature))
    }
}

fn part(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

const HEADER: &str = r#"{"alg":"ES256","typ":"invitation+jwt","kid":"es"}"#;

fn claims() -> Value {
    json!({
        "iss": "https://invite.example", "sub": "invitation:1", "aud": "supplier-app",
        "iat": NOW - 60, "nbf": NOW - 60, "exp": NOW + 604_800, "jti": "00000000000000000000000000000001",
        "scope": "supplier.onboard",
    })
}

fn with(name: &str, value: Value) -> String {
    let mut claims = claims();
    claims[name] = value;
    claims.to_string()
}

fn without(name: &str) -> String {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims.to_string()
}

struct Writer<'a> {
    folder: &'a Path,
    keys: Keys,
}

impl Writer<'_> {
    fn put(&self, name: &str, profile: Profile, expect: &str, token: &str) {
        let vector = json!({ "profile": profile, "expect": expect, "token": token });
        let text = serde_json::to_string_pretty(&vector).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test's own files")]
        std::fs::write(self.folder.join(format!("{name}.json")), text + "\n").unwrap();
    }

    fn token(&self, name: &str, expect: &str, token: &str) {
        self.put(name, Profile::Standard, expect, token);
    }

    /// A token with this header and good claims, signed by the right key.
    fn header(&self, name: &str, expect: &str, header: &str) {
        self.token(name, expect, &self.keys.sign("es", header, claims().to_string().as_bytes()));
    }

    /// A token with a good header and these claims.
    fn payload(&self, name: &str, expect: &str, payload: &str) {
        self.token(name, expect, &self.keys.sign("es", HEADER, payload.as_bytes()));
    }

    fn claim(&self, name: &str, expect: &str, claim: &str, value: Value) {
        self.payload(name, expect, &with(claim, value));
    }

    fn accepted(&self) {
        let good = claims().to_string();
        self.header("accepted-es256", "ok", HEADER);
        let header = r#"{"alg":"PS256","typ":"invitation+jwt","kid":"ps"}"#;
        self.token("accepted-ps256", "ok", &self.keys.sign("ps", header, good.as_bytes()));
        let header = r#"{"alg":"RS256","typ":"JWT","kid":"rs"}"#;
        let sap = with("aud", json!(["sb-app!t123", "app!t123"]));
        self.put("accepted-xsuaa-rs256", Profile::Xsuaa, "ok", &self.keys.sign("rs", header, sap.as_bytes()));
        self.claim("accepted-aud-array", "ok", "aud", json!(["other", "supplier-app"]));
        self.header(
            "accepted-typ-with-prefix",
            "ok",
            r#"{"alg":"ES256","typ":"application/Invitation+JWT","kid":"es"}"#,
        );
        self.payload("accepted-without-nbf", "ok", &without("nbf"));
        self.claim("accepted-clock-a-minute-behind", "ok", "iat", json!(NOW + 60));
        self.header(
            "accepted-harmless-header-member",
            "ok",
            r#"{"alg":"ES256","typ":"invitation+jwt","kid":"es","x":[]}"#,
        );
    }

    fn algorithms(&self) {
        let good = claims().to_string();
        let unsigned = |header: &str| format!("{}.{}.", part(header.as_bytes()), part(good.as_bytes()));
        for (name, alg) in [("none", "none"), ("none-mixed-case", "nOnE"), ("empty", "")] {
            let header = format!(r#"{{"alg":"{alg}","typ":"invitation+jwt","kid":"es"}}"#);
            self.token(&format!("algorithm-{name}"), "algorithm", &unsigned(&header));
            self.header(&format!("algorithm-{name}-but-signed"), "algorithm", &header);
        }
        for alg in [
            "HS256", "HS384", "ES384", "ES512", "RS256", "RS1", "EdDSA", "es256", "ES256 ", "ES256K",
            "A128KW",
        ] {
            let name = alg.trim().to_ascii_lowercase() + if alg.ends_with(' ') { "-and-a-space" } else { "" };
            let name = if alg == "es256" { "es256-in-lower-case".to_owned() } else { name };
            let header = format!(r#"{{"alg":"{alg}","typ":"invitation+jwt","kid":"es"}}"#);
            self.header(&format!("algorithm-{name}"), "algorithm", &header);
        }
        for (name, alg) in
            [("number", "256"), ("array", r#"["ES256"]"#), ("null", "null"), ("object", r#"{"ES256":1}"#)]
        {
            self.header(
                &format!("algorithm-is-a-{name}"),
                "header",
                &format!(r#"{{"alg":{alg},"typ":"invitation+jwt","kid":"es"}}"#),
            );
        }
        self.header("algorithm-missing", "header", r#"{"typ":"invitation+jwt","kid":"es"}"#);
        self.symmetric(&good);
        // A key for one algorithm, asked to verify the other.
        let header = r#"{"alg":"PS256","typ":"invitation+jwt","kid":"rs"}"#;
        self.token(
            "confusion-ps256-by-the-rs256-key",
            "algorithm",
            &self.keys.sign("ps", header, good.as_bytes()),
        );
        let header = r#"{"alg":"PS256","typ":"invitation+jwt","kid":"es"}"#;
        self.token(
            "confusion-ps256-by-the-es256-key",
            "algorithm",
            &self.keys.sign("ps", header, good.as_bytes()),
        );
        let header = r#"{"alg":"RS256","typ":"JWT","kid":"ps"}"#;
        self.put(
            "confusion-rs256-by-the-ps256-key",
            Profile::Xsuaa,
            "algorithm",
            &self.keys.sign("rs", header, good.as_bytes()),
        );
        let header = r#"{"alg":"ES256","typ":"JWT","kid":"es"}"#;
        self.put(
            "confusion-es256-for-xsuaa",
            Profile::Xsuaa,
            "algorithm",
            &self.keys.sign("es", header, good.as_bytes()),
        );
        let header = r#"{"alg":"RS256","typ":"JWT","kid":"rs"}"#;
        self.token(
            "confusion-xsuaa-token-for-standard",
            "algorithm",
            &self.keys.sign("rs", header, good.as_bytes()),
        );
    }

    /// HMAC with what everybody knows: the public key in each of its spellings.
    fn symmetric(&self, good: &str) {
        use aws_lc_rs::hmac;
        let (key, _) = &self.keys.0["rs"];
        let jwk = key.to_jwk(Profile::Xsuaa);
        let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
        for (name, secret) in [
            ("pem", jwk["value"].as_str().unwrap().as_bytes().to_vec()),
            ("jwk", jwk.to_string().into_bytes()),
            ("modulus", modulus),
            ("nothing", Vec::new()),
        ] {
            let header = r#"{"alg":"HS256","typ":"JWT","kid":"rs"}"#;
            let message = format!("{}.{}", part(header.as_bytes()), part(good.as_bytes()));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
            let token = format!("{message}.{}", part(tag.as_ref()));
            self.put(&format!("confusion-hs256-with-public-{name}"), Profile::Xsuaa, "algorithm", &token);
        }
    }

    fn headers(&self) {
        let own = Keys::new();
        let jwk = own.0["es"].0.to_jwk(Profile::Standard);
        let header = format!(r#"{{"alg":"ES256","typ":"invitation+jwt","kid":"es","jwk":{jwk}}}"#);
        self.token(
            "foreign-key-jwk",
            "foreign-key",
            &own.sign("es", &header, claims().to_string().as_bytes()),
        );
        for (member, value) in [
            ("jku", r#""https://attacker.invalid/keys""#),
            ("jku", r#""file:///etc/passwd""#),
            ("x5u", r#""https://attacker.invalid/cert""#),
            ("x5c", r#"["MIIB"]"#),
        ] {
            let header = format!(r#"{{"alg":"ES256","typ":"invitation+jwt","kid":"es","{member}":{value}}}"#);
            let name = if value.contains("file:") { "jku-file" } else { member };
            self.token(
                &format!("foreign-key-{name}"),
                "foreign-key",
                &own.sign("es", &header, claims().to_string().as_bytes()),
            );
            self.header(&format!("foreign-key-{name}-but-signed-by-ours"), "foreign-key", &header);
        }
        for (name, kid) in [
            ("path", "../../../../dev/null"),
            ("absolute-path", "/proc/self/environ"),
            ("sql", "es' OR '1'='1"),
            ("command", "es|id"),
            ("url", "https://attacker.invalid/es"),
            ("nul", "es\\u0000"),
            ("format", "%s%n"),
            ("case", "ES"),
            ("space", "es "),
            ("empty", ""),
            ("unknown", "other"),
            ("long", &"k".repeat(4000)),
        ] {
            let header = format!(r#"{{"alg":"ES256","typ":"invitation+jwt","kid":"{kid}"}}"#);
            self.header(&format!("kid-{name}"), "unknown-key", &header);
        }
        self.header("kid-missing", "header", r#"{"alg":"ES256","typ":"invitation+jwt"}"#);
        self.header("kid-is-a-number", "header", r#"{"alg":"ES256","typ":"invitation+jwt","kid":1}"#);
        self.header("kid-is-an-array", "header", r#"{"alg":"ES256","typ":"invitation+jwt","kid":["es"]}"#);
        for (name, member) in [
            ("crit-unknown", r#""crit":["exp"],"exp":1"#),
            ("crit-empty", r#""crit":[]"#),
            ("b64-false", r#""b64":false"#),
            ("b64-false-and-crit", r#""b64":false,"crit":["b64"]"#),
            ("zip", r#""zip":"DEF""#),
            ("nested", r#""cty":"JWT""#),
        ] {
            self.header(
                &format!("critical-{name}"),
                "critical",
                &format!(r#"{{"alg":"ES256","typ":"invitation+jwt","kid":"es",{member}}}"#),
            );
        }
        self.header("typ-missing", "type", r#"{"alg":"ES256","kid":"es"}"#);
        self.header("typ-jwt", "type", r#"{"alg":"ES256","typ":"JWT","kid":"es"}"#);
        self.header("typ-access-token", "type", r#"{"alg":"ES256","typ":"at+jwt","kid":"es"}"#);
        self.header("typ-is-a-number", "header", r#"{"alg":"ES256","typ":1,"kid":"es"}"#);
    }

    fn documents(&self) {
        let good = claims().to_string();
        let twice = |member: &str| format!("{},{member}}}", good.trim_end_matches('}'));
        self.header(
            "duplicate-header-alg",
            "malformed",
            r#"{"alg":"none","alg":"ES256","typ":"invitation+jwt","kid":"es"}"#,
        );
        self.header(
            "duplicate-header-kid",
            "malformed",
            r#"{"alg":"ES256","typ":"invitation+jwt","kid":"es","kid":"rs"}"#,
        );
        self.header(
            "duplicate-header-escaped",
            "malformed",
            r#"{"alg":"ES256","typ":"invitation+jwt","kid":"es","\u006bid":"es"}"#,
        );
        self.payload("duplicate-exp", "malformed", &twice(r#""exp":99999999999"#));
        self.payload("duplicate-aud", "malformed", &twice(r#""aud":"other""#));
        self.payload("duplicate-aud-escaped", "malformed", &twice(r#""\u0061ud":"supplier-app""#));
        self.payload("duplicate-below", "malformed", &twice(r#""x":{"y":1,"y":2}"#));
        self.payload(
            "deep-payload",
            "malformed",
            &twice(&format!(r#""x":{}{}"#, "[".repeat(1000), "]".repeat(1000))),
        );
        self.header(
            "deep-header",
            "malformed",
            &format!(
                r#"{{"alg":"ES256","typ":"invitation+jwt","kid":"es","x":{}{}}}"#,
                "{\"a\":".repeat(100),
                "1".to_owned() + &"}".repeat(100)
            ),
        );
        self.payload("payload-is-an-array", "malformed", "[]");
        self.payload("payload-is-a-string", "malformed", r#""x""#);
        self.payload("payload-is-empty", "malformed", "");
        self.payload("payload-is-no-json", "malformed", "iss=https://invite.example");
        self.payload("payload-with-a-comment", "malformed", &format!("{good}/**/"));
        self.payload("payload-with-more-behind-it", "malformed", &format!("{good}{good}"));
        self.payload("payload-with-a-byte-order-mark", "malformed", &format!("\u{feff}{good}"));
        let mut bytes = good.clone().into_bytes();
        bytes.truncate(bytes.len() - 1);
        bytes.extend(b",\"x\":\"\xff\"}");
        self.token("payload-not-utf-8", "malformed", &self.keys.sign("es", HEADER, &bytes));
        self.payload("payload-half-surrogate", "malformed", &twice(r#""x":"\ud800""#));
    }

    fn times(&self) {
        for claim in ["exp", "iat", "nbf"] {
            for (name, value) in [
                ("string", json!((NOW + 600).to_string())),
                ("fraction", json!(1_803_990_000.5)),
                ("whole-fraction", json!(1_803_990_000.0)),
                ("negative", json!(-1)),
                ("null", json!(null)),
                ("array", json!([NOW])),
                ("bool", json!(true)),
                ("year-10000", json!(253_402_300_800_u64)),
                ("milliseconds", json!(NOW * 1000)),
                ("max", json!(u64::MAX)),
            ] {
                self.claim(&format!("time-{claim}-{name}"), "time", claim, value);
            }
        }
        let raw = |exp: &str| {
            claims().to_string().replace(&format!("\"exp\":{}", NOW + 604_800), &format!("\"exp\":{exp}"))
        };
        self.payload("time-exp-exponent", "time", &raw("18e8"));
        self.payload("time-exp-absurd", "time", &raw("999999999999999999999999999999"));
        self.payload("time-exp-infinite", "malformed", &raw("1e999"));
        self.payload("time-exp-hexadecimal", "malformed", &raw("0x7fffffff"));
        self.payload("time-exp-leading-zero", "malformed", &raw("01"));
        self.payload("time-exp-missing", "claim", &without("exp"));
        self.payload("time-iat-missing", "claim", &without("iat"));
        self.claim("time-exp-before-iat", "time", "exp", json!(NOW - 120));
        self.claim("time-exp-at-iat", "time", "exp", json!(NOW - 60));
        self.claim("time-exp-a-century-away", "time", "exp", json!(NOW + 100 * 31_557_600));
        self.claim("time-nbf-after-exp", "time", "nbf", json!(NOW + 604_801));
        self.claim("time-iat-in-the-future", "not-yet-valid", "iat", json!(NOW + 61));
        self.claim("time-nbf-in-the-future", "not-yet-valid", "nbf", json!(NOW + 61));
        self.claim("time-expired-a-second-ago", "expired", "exp", json!(NOW - 1));
        self.claim("time-expires-now", "expired", "exp", json!(NOW));
    }

    fn names(&self) {
        for (name, value) in [
            ("other", json!("other-app")),
            ("array-of-others", json!(["other-app", "third-app"])),
            ("beginning", json!("supplier")),
            ("longer", json!("supplier-app.evil")),
            ("case", json!("Supplier-App")),
            ("space", json!("supplier-app ")),
            ("joined", json!("other-app supplier-app")),
        ] {
            self.claim(&format!("aud-{name}"), "audience", "aud", value);
        }
        for (name, value) in [
            ("empty", json!("")),
            ("empty-array", json!([])),
            ("nested-array", json!([["supplier-app"]])),
            ("array-with-a-number", json!(["supplier-app", 1])),
            ("object", json!({ "supplier-app": true })),
            ("number", json!(1)),
            ("null", json!(null)),
        ] {
            self.claim(&format!("aud-{name}"), "claim", "aud", value);
        }
        self.payload("aud-missing", "claim", &without("aud"));
        for (name, value) in [
            ("other", "https://attacker.invalid"),
            ("slash", "https://invite.example/"),
            ("case", "https://Invite.example"),
            ("port", "https://invite.example:443"),
            ("longer", "https://invite.example.attacker.invalid"),
            ("http", "http://invite.example"),
        ] {
            self.claim(&format!("iss-{name}"), "issuer", "iss", json!(value));
        }
        self.claim("iss-array", "claim", "iss", json!(["https://invite.example"]));
        self.payload("iss-missing", "claim", &without("iss"));
        self.payload("jti-missing", "claim", &without("jti"));
        self.claim("jti-number", "claim", "jti", json!(1));
        self.payload("sub-missing", "claim", &without("sub"));
    }

    fn signatures(&self) {
        let good = self.keys.sign("es", HEADER, claims().to_string().as_bytes());
        let (message, signature) = good.rsplit_once('.').unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let signed = |bytes: &[u8]| format!("{message}.{}", part(bytes));
        self.token("signature-empty", "signature", &signed(&[]));
        self.token("signature-all-zero", "signature", &signed(&[0; 64]));
        self.token("signature-truncated", "signature", &signed(&bytes[..63]));
        self.token("signature-extended", "signature", &signed(&[&bytes[..], &[0]].concat()));
        let mut flipped = bytes.clone();
        flipped[40] ^= 1;
        self.token("signature-one-bit", "signature", &signed(&flipped));
        self.token(
            "signature-halves-exchanged",
            "signature",
            &signed(&[&bytes[32..], &bytes[..32]].concat()),
        );
        self.token("signature-as-der", "signature", &signed(&der(&bytes)));
        let other = self.keys.sign("es", HEADER, without("scope").as_bytes());
        self.token(
            "signature-of-another-token",
            "signature",
            &format!("{message}.{}", other.rsplit('.').next().unwrap()),
        );
        self.token(
            "signature-by-another-key",
            "signature",
            &Keys::new().sign("es", HEADER, claims().to_string().as_bytes()),
        );
        let changed = format!(
            "{}.{}.{signature}",
            part(HEADER.as_bytes()),
            part(with("scope", json!("admin")).as_bytes())
        );
        self.token("signature-kept-payload-changed", "signature", &changed);
        let header = r#"{"kid":"es","alg":"ES256","typ":"invitation+jwt"}"#;
        let changed =
            format!("{}.{}.{signature}", part(header.as_bytes()), part(claims().to_string().as_bytes()));
        self.token("signature-kept-header-reordered", "signature", &changed);
        self.token("padding-behind-the-signature", "malformed", &format!("{good}=="));
        // 64 bytes leave four bits of the last character unused.
        let last = signature.chars().last().unwrap();
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let twin = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
        self.token(
            "padding-bits-not-zero",
            "malformed",
            &format!("{message}.{}{twin}", &signature[..signature.len() - 1]),
        );
    }

    fn shapes(&self) {
        let good = self.keys.sign("es", HEADER, claims().to_string().as_bytes());
        let parts: Vec<&str> = good.split('.').collect();
        let [header, payload, signature] = parts[..] else { unreachable!() };
        for (name, token) in [
            ("empty", String::new()),
            ("dots-only", "..".to_owned()),
            ("one-part", header.to_owned()),
            ("two-parts", format!("{header}.{payload}")),
            ("four-parts", format!("{good}.{signature}")),
            ("five-parts-encrypted", format!("{header}...{payload}.{signature}")),
            ("space-before", format!(" {good}")),
            ("newline-behind", format!("{good}\n")),
            ("newline-within", format!("{header}.{payload}\n.{signature}")),
            ("bearer", format!("Bearer {good}")),
            ("percent-escapes", good.replacen('.', "%2E", 1)),
            ("padding-behind-the-header", format!("{header}=.{payload}.{signature}")),
            ("padding-behind-the-payload", format!("{header}.{payload}=.{signature}")),
            ("plain-alphabet", format!("{header}.{payload}.{}+/", &signature[..signature.len() - 2])),
            ("cut-in-the-middle", good[..good.len() / 2].to_owned()),
            (
                "json-serialisation",
                json!({ "protected": header, "payload": payload, "signature": signature }).to_string(),
            ),
            ("not-ascii", format!("{header}.{payload}.ä{signature}")),
        ] {
            self.token(&format!("shape-{name}"), "malformed", &token);
        }
        let long = with("x", json!("x".repeat(20_000)));
        self.payload("shape-oversized", "too-long", &long);
    }
}

/// R and S as the ASN.1 sequence that other protocols use (RFC 3279 section 2.2.3).
fn der(fixed: &[u8]) -> Vec<u8> {
    let integer = |half: &[u8]| {
        let mut bytes: Vec<u8> = half.iter().copied().skip_while(|byte| *byte == 0).collect();
        if bytes.first().is_some_and(|byte| *byte >= 0x80) {
            bytes.insert(0, 0);
        }
        [&[0x02, u8::try_from(bytes.len()).unwrap()][..], &bytes].concat()
    };
    let both = [integer(&fixed[..32]), integer(&fixed[32..])].concat();
    [&[0x30, u8::try_from(both.len()).unwrap()][..], &both].concat()
}

/// Writes every vector into `folder`, and the public keys beside them.
pub(super) fn write(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let writer = Writer { folder, keys: Keys::new() };
    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    std::fs::write(
        folder.join("keys.json"),
        serde_json::to_string_pretty(&writer.keys.set()).unwrap() + "\n",
    )
    .unwrap();
    writer.accepted();
    writer.algorithms();
    writer.headers();
    writer.documents();
    writer.times();
    writer.names();
    writer.signatures();
    writer.shapes();
}
