//! Invitations: minting and checking, on one core, against the bare signature.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaEncoding,
    VerificationAlgorithm,
};
use jiff::{SignedDuration, Timestamp};
use tokenctl::domain::ids::InvitationId;
use tokenctl::domain::invitation::issuer::{IssuerChanges, IssuerSettings};
use tokenctl::domain::invitation::key::{InvitationKey, verifying_set};
use tokenctl::domain::invitation::token::{Content, sign};
use tokenctl::domain::invitation::{Invitation, Profile, State, Steps};
use tokenctl::domain::jws::{JwsAlgorithm, verify};
use tokenctl::secret::SecretBytes;

use super::report;
use crate::measure::{Line, Target};

/// One call, the best of some rounds of `calls`: other work on the machine only makes a round longer.
fn each(calls: u32, mut call: impl FnMut()) -> Duration {
    let round = |call: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        start.elapsed() / calls
    };
    (0..7).map(|_| round(&mut call)).min().unwrap_or_default()
}

/// What a signature and its verification cost without anything around them.
fn bare(algorithm: JwsAlgorithm, private: &SecretBytes, calls: u32) -> [Duration; 2] {
    let (random, message) = (SystemRandom::new(), [b'x'; 700]);
    let verified = |scheme: &'static dyn VerificationAlgorithm, key: &[u8], signature: &[u8]| {
        let key = ParsedPublicKey::new(scheme, key).expect("a public key");
        each(calls, || key.verify_sig(&message, signature).expect("a signature that holds"))
    };
    let of_rsa = |padding: &'static dyn RsaEncoding, scheme: &'static dyn VerificationAlgorithm| {
        let pair = RsaKeyPair::from_pkcs8(private.expose()).expect("a key");
        let mut signature = vec![0; pair.public_modulus_len()];
        let signed =
            each(calls, || pair.sign(padding, &random, &message, &mut signature).expect("a signature"));
        [signed, verified(scheme, pair.public_key().as_ref(), &signature)]
    };
    match algorithm {
        JwsAlgorithm::ES256 => {
            let scheme = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let pair = EcdsaKeyPair::from_pkcs8(scheme, private.expose()).expect("a key");
            let signature = pair.sign(&random, &message).expect("a signature");
            let signed = each(calls, || {
                black_box(pair.sign(&random, &message).expect("a signature"));
            });
            [signed, verified(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref(), signature.as_ref())]
        }
        JwsAlgorithm::PS256 => of_rsa(&RSA_PSS_SHA256, &RSA_PSS_2048_8192_SHA256),
        JwsAlgorithm::RS256 => of_rsa(&RSA_PKCS1_SHA256, &RSA_PKCS1_2048_8192_SHA256),
    }
}

fn issuer(algorithm: JwsAlgorithm) -> IssuerSettings {
    let is_sap = algorithm == JwsAlgorithm::RS256;
    let sap = |name: &str| is_sap.then(|| name.to_owned());
    let changes = IssuerChanges {
        issuer: Some("https://invite.example".to_owned()),
        audience: (!is_sap).then(|| vec!["supplier-app".to_owned()]),
        link_base: "https://app.example/start".parse().ok(),
        profile: Some(if is_sap { Profile::Xsuaa } else { Profile::Standard }),
        algorithm: Some(algorithm),
        xsappname: sap("app!t123"),
        client_id: sap("sb-app!t123"),
        zone: sap("zone-1"),
        ..IssuerChanges::default()
    };
    IssuerSettings::after(None, changes).expect("an issuer")
}

/// Mints and checks with each algorithm.
pub fn mint_and_check(calls: u32) {
    let now = Timestamp::now();
    for algorithm in [JwsAlgorithm::ES256, JwsAlgorithm::PS256, JwsAlgorithm::RS256] {
        let issuer = issuer(algorithm);
        let (key, private) = InvitationKey::generate(algorithm, now).expect("a key");
        let signer = key.signing(&private).expect("a key that signs");
        let invitation = Invitation {
            id: InvitationId::new(),
            state: State::Created,
            kid: signer.kid.clone(),
            token_hash: String::new(),
            masked_email: None,
            company: Some("Supplier Ltd".to_owned()),
            requester: None,
            purpose: "supplier_onboarding".to_owned(),
            scopes: vec!["supplier.onboard".to_owned()],
            uses: 1,
            uses_left: 1,
            created_at: now,
            expires_at: now + SignedDuration::from_hours(168),
            steps: Steps::default(),
            erased_at: None,
        };
        let claims = BTreeMap::new();
        let content = Content { issuer: &issuer, invitation: &invitation, email: None, claims: &claims };
        let token = sign(&content, &signer).expect("a token");
        let (keys, expected) = (verifying_set(&[key]), issuer.expectations());
        let minted = each(calls, || drop(black_box(sign(&content, &signer).expect("a token"))));
        let checked = each(calls, || {
            drop(black_box(verify(&token, &keys, &expected, now).expect("a token that holds")));
        });
        let bare = bare(algorithm, &private, calls);
        let words = [("minting", "the bare signature"), ("checking", "the bare verification")];
        for ((work, against), (ours, bare)) in words.into_iter().zip([minted, checked].into_iter().zip(bare))
        {
            let second = 1.0 / ours.as_secs_f64();
            report(&Line {
                work: format!("{work} an invitation, {}, {second:.0} a second", algorithm.as_str()),
                ours,
                against: Some((against.to_owned(), bare)),
                target: Target::Open,
            });
        }
    }
}
