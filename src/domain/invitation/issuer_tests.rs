use super::*;

fn first() -> IssuerChanges {
    IssuerChanges {
        issuer: Some("https://invite.example/t1".to_owned()),
        audience: Some(vec!["supplier-app".to_owned()]),
        link_base: Some("https://app.example/start".parse().unwrap()),
        ..IssuerChanges::default()
    }
}

fn sap() -> IssuerChanges {
    IssuerChanges {
        audience: None,
        profile: Some(Profile::Xsuaa),
        xsappname: Some("app!t123".to_owned()),
        client_id: Some("sb-app!t123".to_owned()),
        zone: Some("zone".to_owned()),
        ..first()
    }
}

#[test]
fn defaults_are_those_of_the_origin() {
    let settings = IssuerSettings::after(None, first()).unwrap();
    assert_eq!(
        (
            settings.ttl_seconds,
            settings.max_active_per_email,
            settings.max_checks_per_hour,
            settings.retention_days
        ),
        (604_800, 3, 5, 90)
    );
    assert_eq!((settings.profile, settings.algorithm), (Profile::Standard, JwsAlgorithm::ES256));
    assert_eq!(settings.scopes, ["supplier.onboard"]);
}

#[test]
fn a_change_keeps_the_rest() {
    let before = IssuerSettings::after(None, first()).unwrap();
    let changes = IssuerChanges { ttl_seconds: Some(3600), ..IssuerChanges::default() };
    let after = IssuerSettings::after(Some(&before), changes).unwrap();
    assert_eq!(after, IssuerSettings { ttl_seconds: 3600, ..before });
}

#[test]
fn another_profile_begins_with_its_own_algorithm_and_audience() {
    let before = IssuerSettings::after(None, first()).unwrap();
    let after =
        IssuerSettings::after(Some(&before), IssuerChanges { issuer: None, link_base: None, ..sap() });
    let after = after.unwrap();
    assert_eq!(after.algorithm, JwsAlgorithm::RS256);
    assert_eq!(after.audience, ["sb-app!t123", "app!t123"]);
    let changes = IssuerChanges { profile: Some(Profile::Standard), ..IssuerChanges::default() };
    assert_eq!(IssuerSettings::after(Some(&after), changes), Err(IssuerError::Missing("--audience")));
}

#[test]
fn what_cannot_be_is_refused() {
    let url = |text: &str| Some(text.parse::<Url>().unwrap());
    let cases = [
        (IssuerChanges { issuer: None, ..first() }, IssuerError::Missing("--issuer")),
        (IssuerChanges { link_base: None, ..first() }, IssuerError::Missing("--link-base")),
        (IssuerChanges { audience: Some(vec![]), ..first() }, IssuerError::Audience),
        (IssuerChanges { audience: Some(vec!["a b".into()]), ..first() }, IssuerError::Audience),
        (
            IssuerChanges { algorithm: Some(JwsAlgorithm::RS256), ..first() },
            IssuerError::Algorithm(Profile::Standard, JwsAlgorithm::RS256),
        ),
        (
            IssuerChanges { algorithm: Some(JwsAlgorithm::ES256), ..sap() },
            IssuerError::Algorithm(Profile::Xsuaa, JwsAlgorithm::ES256),
        ),
        (IssuerChanges { zone: Some("z".into()), ..first() }, IssuerError::NotXsuaa),
        (IssuerChanges { zone: None, ..sap() }, IssuerError::Missing("--zone")),
        (IssuerChanges { ttl_seconds: Some(299), ..first() }, IssuerError::Ttl),
        (IssuerChanges { ttl_seconds: Some(LONGEST_TTL + 1), ..first() }, IssuerError::Ttl),
        (
            IssuerChanges { max_checks_per_hour: Some(0), ..first() },
            IssuerError::Limit("--max-checks-per-hour", 1000),
        ),
        (
            IssuerChanges { link_base: url("http://app.example/"), ..first() },
            IssuerError::Url("the link's page", "password"),
        ),
        (
            IssuerChanges { link_base: url("https://app.example/#/onboard"), ..first() },
            IssuerError::Url("the link's page", "password"),
        ),
    ];
    for (changes, expected) in cases {
        assert_eq!(IssuerSettings::after(None, changes), Err(expected));
    }
    for issuer in
        ["http://x.example", "https://u@x.example", "https://x.example/?a", "https://x.example/#a", "x", ""]
    {
        let changes = IssuerChanges { issuer: Some(issuer.to_owned()), ..first() };
        assert!(
            matches!(IssuerSettings::after(None, changes), Err(IssuerError::Url("the issuer", _))),
            "{issuer}"
        );
    }
}
