use super::*;

fn settings(token_url: Option<&str>, trusted: &[&str]) -> NetsuiteSettings {
    NetsuiteSettings {
        account: "1234567_SB1".parse().unwrap(),
        client_id: "abc/../d?e".to_owned(),
        scopes: vec!["restlets".to_owned()],
        scope_style: crate::domain::connection::ScopeStyle::Array,
        subject: crate::domain::connection::SubjectClaim::Omit,
        signing_algorithm: None,
        assertion_seconds: 300,
        entity: None,
        role: None,
        token_url: token_url.map(|url| Url::parse(url).unwrap()),
        certificate_url: None,
        trusted_hosts: trusted.iter().map(|&host| host.to_owned()).collect(),
        later: std::collections::BTreeMap::new(),
    }
}

fn token(environment: Environment, url: Option<&str>, trusted: &[&str]) -> Result<String, EndpointError> {
    endpoints(Provider::Netsuite, environment, &settings(url, trusted)).map(|all| all.token().to_string())
}

#[test]
fn the_account_id_leads_to_the_hosts() {
    let all = endpoints(Provider::Netsuite, Environment::Sandbox, &settings(None, &[])).unwrap();
    assert_eq!(
        all.token().as_str(),
        "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"
    );
    assert_eq!(
        all.certificates().as_str(),
        "https://1234567-sb1.restlets.api.netsuite.com/services/rest/auth/oauth2/v1/clients/abc%2F..%2Fd%3Fe/certificates"
    );
}

#[test]
fn the_simulator_needs_its_url_and_keeps_the_rest_beside_it() {
    assert!(matches!(token(Environment::Simulator, None, &[]), Err(EndpointError::Missing { .. })));
    let url = "http://127.0.0.1:8080/netsuite/1234567_SB1/services/rest/auth/oauth2/v1/token";
    let all = endpoints(Provider::Netsuite, Environment::Simulator, &settings(Some(url), &[])).unwrap();
    assert_eq!(all.token().as_str(), url);
    assert_eq!(
        all.certificates().as_str(),
        "http://127.0.0.1:8080/netsuite/1234567_SB1/services/rest/auth/oauth2/v1/clients/abc%2F..%2Fd%3Fe/certificates"
    );
}

#[test]
fn allowed_places() {
    let trusted = ["Gateway.example", "10.1.2.3", "2001:db8::1"];
    for (environment, url) in [
        (Environment::Production, "https://1234567.suitetalk.api.netsuite.com/token"),
        (Environment::Production, "https://1234567.RESTLETS.api.netsuite.com/token"),
        (Environment::Production, "https://suitetalk.api.netsuite.com/token"),
        (Environment::Production, "https://gateway.example:8443/token"),
        (Environment::Production, "https://10.1.2.3/token"),
        (Environment::Sandbox, "https://[2001:db8::1]/token"),
        (Environment::Simulator, "https://localhost:8443/token"),
        (Environment::Simulator, "http://localhost/token"),
        (Environment::Simulator, "http://127.1.2.3:1/token"),
        (Environment::Simulator, "http://[::1]:1/token"),
    ] {
        assert!(
            token(environment, Some(url), &trusted).is_ok(),
            "{url}: {:?}",
            token(environment, Some(url), &trusted)
        );
    }
}

#[test]
fn places_that_are_nobody_s() {
    for url in [
        "https://evil.example/token",
        "https://netsuite.com/token",
        "https://1234567.extforms.netsuite.com/token",
        "https://suitetalk.api.netsuite.com.evil.example/token",
        "https://evilsuitetalk.api.netsuite.com/token",
        "https://1234567.suitetalk.api.netsuite.com./token",
        "https://sub.gateway.example/token",
        "https://localhost/token",
        "https://127.0.0.1/token",
    ] {
        let refused = token(Environment::Production, Some(url), &["gateway.example"]);
        assert!(matches!(refused, Err(EndpointError::UntrustedHost { .. })), "{url}: {refused:?}");
    }
}

#[test]
fn plain_http_is_for_rehearsals_only() {
    for (environment, url) in [
        (Environment::Production, "http://1234567.suitetalk.api.netsuite.com/token"),
        (Environment::Production, "http://127.0.0.1/token"),
        (Environment::Sandbox, "http://localhost/token"),
        (Environment::Simulator, "http://gateway.example/token"),
        (Environment::Simulator, "http://localhost.evil.example/token"),
        (Environment::Simulator, "http://[::ffff:127.0.0.1]/token"),
        (Environment::Simulator, "http://0.0.0.0/token"),
        (Environment::Simulator, "http://192.168.0.1/token"),
    ] {
        let refused = token(environment, Some(url), &["gateway.example"]);
        assert!(matches!(refused, Err(EndpointError::PlainHttp { .. })), "{url}: {refused:?}");
    }
    let refused = token(Environment::Simulator, Some("ftp://127.0.0.1/token"), &[]);
    assert!(matches!(refused, Err(EndpointError::Scheme { .. })));
    let refused = token(Environment::Simulator, Some("data:text/plain,x"), &[]);
    assert!(matches!(refused, Err(EndpointError::Superfluous { .. })));
}

#[test]
fn nothing_rides_along_and_nothing_of_it_is_shown() {
    for url in [
        "https://user@1234567.suitetalk.api.netsuite.com/token",
        "https://:hunter2@1234567.suitetalk.api.netsuite.com/token",
        "https://1234567.suitetalk.api.netsuite.com/token?secret=hunter2",
        "https://1234567.suitetalk.api.netsuite.com/token#hunter2",
    ] {
        let refused = token(Environment::Production, Some(url), &[]).unwrap_err();
        assert!(matches!(refused, EndpointError::Superfluous { .. }), "{url}: {refused:?}");
        assert!(!format!("{refused} {refused:?}").contains("hunter2"));
    }
}

#[test]
fn a_certificate_url_passes_the_same_rule() {
    let mut settings = settings(None, &[]);
    settings.certificate_url = Some(Url::parse("https://evil.example/certificates").unwrap());
    let refused = endpoints(Provider::Netsuite, Environment::Production, &settings);
    assert!(matches!(refused, Err(EndpointError::UntrustedHost { endpoint: "certificate", .. })));
}
