use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::domain::ids::InvitationId;
use crate::domain::invitation::issuer::IssuerChanges;
use crate::domain::invitation::key::{InvitationKey, verifying_set};
use crate::domain::invitation::{Profile, State, Steps};
use crate::domain::jws::{JwsAlgorithm, Refusal, verify};

fn now() -> Timestamp {
    "2027-03-01T12:00:00Z".parse().unwrap()
}

fn issuer(profile: Profile, algorithm: JwsAlgorithm) -> IssuerSettings {
    let sap = |name: &str| (profile == Profile::Xsuaa).then(|| name.to_owned());
    let changes = IssuerChanges {
        issuer: Some("https://invite.example".to_owned()),
        audience: (profile == Profile::Standard).then(|| vec!["supplier-app".to_owned()]),
        link_base: Some("https://app.example/start".parse().unwrap()),
        profile: Some(profile),
        algorithm: Some(algorithm),
        xsappname: sap("app!t123"),
        client_id: sap("sb-app!t123"),
        zone: sap("zone-1"),
        ..IssuerChanges::default()
    };
    IssuerSettings::after(None, changes).unwrap()
}

fn invitation() -> Invitation {
    Invitation {
        id: InvitationId::new(),
        state: State::Created,
        kid: "kid".to_owned(),
        token_hash: String::new(),
        masked_email: None,
        company: Some("Acme \"Ltd\" <&>".to_owned()),
        requester: Some("ann".to_owned()),
        purpose: "supplier_onboarding".to_owned(),
        scopes: vec!["supplier.onboard".to_owned(), "supplier.read".to_owned()],
        uses: 1,
        uses_left: 1,
        created_at: now(),
        expires_at: now() + SignedDuration::from_hours(168),
        steps: Steps::default(),
        erased_at: None,
    }
}

/// Signs and verifies; returns the claims.
fn claims(profile: Profile, algorithm: JwsAlgorithm, email: Option<&str>) -> serde_json::Map<String, Value> {
    let issuer = issuer(profile, algorithm);
    let (key, private) = InvitationKey::generate(algorithm, now()).unwrap();
    let signer = key.signing(&private).unwrap();
    let (invitation, email) = (invitation(), email.map(|text| text.parse::<Email>().unwrap()));
    let more = [("po_number".parse().unwrap(), "4711".to_owned())].into();
    let content = Content { issuer: &issuer, invitation: &invitation, email: email.as_ref(), claims: &more };
    let token = sign(&content, &signer).unwrap();
    let keys = verifying_set(&[key]);
    let verified = verify(&token, &keys, &issuer.expectations(), now()).unwrap();
    assert_eq!(verified.id, invitation.id.as_str());
    assert_eq!(verified.kid, signer.kid);
    let later = now() + SignedDuration::from_hours(168);
    let expired = verify(&token, &keys, &issuer.expectations(), later).unwrap_err();
    assert_eq!(expired, Refusal::Expired { id: invitation.id.to_string(), at: later });
    verified.claims
}

#[test]
fn the_standard_token() {
    for algorithm in [JwsAlgorithm::ES256, JwsAlgorithm::PS256] {
        let mut claims = claims(Profile::Standard, algorithm, None);
        let id = claims.remove("jti").unwrap();
        assert_eq!(claims.remove("invitation_id"), Some(id.clone()));
        assert_eq!(claims.remove("sub").unwrap(), format!("invitation:{}", id.as_str().unwrap()));
        assert_eq!(
            Value::Object(claims),
            json!({
                "iss": "https://invite.example", "aud": "supplier-app", "iat": 1_803_902_400_i64,
                "nbf": 1_803_902_400_i64, "exp": 1_804_507_200_i64,
                "scope": "supplier.onboard supplier.read", "requester_id": "ann",
                "company_name": "Acme \"Ltd\" <&>", "purpose": "supplier_onboarding", "allowed_uses": 1,
                "po_number": "4711",
            })
        );
    }
}

#[test]
fn the_token_for_sap() {
    let claims = claims(Profile::Xsuaa, JwsAlgorithm::RS256, None);
    assert_eq!(claims["aud"], json!(["sb-app!t123", "app!t123"]));
    assert_eq!(claims["scope"], json!(["app!t123.supplier.onboard", "app!t123.supplier.read"]));
    for (name, value) in [
        ("cid", "sb-app!t123"),
        ("client_id", "sb-app!t123"),
        ("azp", "sb-app!t123"),
        ("zid", "zone-1"),
        ("grant_type", "client_credentials"),
    ] {
        assert_eq!(claims[name], value);
    }
    assert_eq!(claims["ext_attr"], json!({ "enhancer": "XSUAA" }));
}

#[test]
fn the_address_is_in_it_only_if_asked_for() {
    let with = claims(Profile::Standard, JwsAlgorithm::ES256, Some("Ann@supplier.example"));
    assert_eq!(with["supplier_email"], "Ann@supplier.example");
    assert!(!claims(Profile::Standard, JwsAlgorithm::ES256, None).contains_key("supplier_email"));
}

#[test]
fn a_link_carries_the_token_where_it_is_told_to() {
    let (issuer, token) = (issuer(Profile::Standard, JwsAlgorithm::ES256), Secret::new("a.b.c".to_owned()));
    assert_eq!(&*link(&issuer, &token, LinkStyle::Fragment), "https://app.example/start#token=a.b.c");
    assert_eq!(&*link(&issuer, &token, LinkStyle::Query), "https://app.example/start?token=a.b.c");
    let asked = IssuerSettings { link_base: "https://app.example/?l=de".parse().unwrap(), ..issuer };
    assert_eq!(&*link(&asked, &token, LinkStyle::Query), "https://app.example/?l=de&token=a.b.c");
}
