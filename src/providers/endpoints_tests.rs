use super::*;
use crate::domain::settings::{GrantKind, MemberSettings, NetsuiteSettings};

fn settings(token_url: Option<&str>, trusted: &[&str]) -> NetsuiteSettings {
    NetsuiteSettings {
        token_url: token_url.map(|url| Url::parse(url).unwrap()),
        trusted_hosts: trusted.iter().map(|&host| host.to_owned()).collect(),
        ..NetsuiteSettings::new("1234567_SB1".parse().unwrap(), "abc/../d?e".to_owned())
    }
}

fn of_netsuite(environment: Environment, settings: NetsuiteSettings) -> Result<Endpoints, EndpointError> {
    let settings = settings.into();
    endpoints(EndpointRequest {
        provider: Provider::Netsuite,
        environment,
        settings: &settings,
        registration: None,
    })
}

/// The endpoints of a connection of an app with this registration.
fn of_member(
    provider: Provider,
    environment: Environment,
    registration: &Registration,
) -> Result<Endpoints, EndpointError> {
    let settings = MemberSettings::new(GrantKind::RefreshToken).into();
    endpoints(EndpointRequest {
        provider,
        environment,
        settings: &settings,
        registration: Some(registration),
    })
}

fn token(environment: Environment, url: Option<&str>, trusted: &[&str]) -> Result<String, EndpointError> {
    of_netsuite(environment, settings(url, trusted)).map(|all| all.token().to_string())
}

#[test]
fn the_account_id_leads_to_the_hosts() {
    let all = of_netsuite(Environment::Sandbox, settings(None, &[])).unwrap();
    assert_eq!(
        all.token().as_str(),
        "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"
    );
    assert_eq!(
        all.certificates().unwrap().as_str(),
        "https://1234567-sb1.restlets.api.netsuite.com/services/rest/auth/oauth2/v1/clients/abc%2F..%2Fd%3Fe/certificates"
    );
}

#[test]
fn the_simulator_needs_its_url_and_keeps_the_rest_beside_it() {
    assert!(matches!(token(Environment::Simulator, None, &[]), Err(EndpointError::Missing { .. })));
    let url = "http://127.0.0.1:8080/netsuite/1234567_SB1/services/rest/auth/oauth2/v1/token";
    let all = of_netsuite(Environment::Simulator, settings(Some(url), &[])).unwrap();
    assert_eq!(all.token().as_str(), url);
    assert_eq!(
        all.certificates().unwrap().as_str(),
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
    let refused = of_netsuite(Environment::Production, settings);
    assert!(matches!(refused, Err(EndpointError::UntrustedHost { endpoint: "certificate", .. })));
}

#[expect(clippy::unnecessary_wraps, reason = "as the settings have it")]
fn url(text: &str) -> Option<Url> {
    Some(Url::parse(text).unwrap())
}

fn shown(found: Option<&Url>) -> Option<&str> {
    found.map(Url::as_str)
}

#[test]
fn quickbooks_has_places_of_its_own_and_one_api_for_each_kind_of_keys() {
    let registration = Registration::new("client".to_owned());
    for (environment, api) in [
        (Environment::Production, "https://quickbooks.api.intuit.com/"),
        (Environment::Sandbox, "https://sandbox-quickbooks.api.intuit.com/"),
    ] {
        let all = of_member(Provider::Quickbooks, environment, &registration).unwrap();
        assert_eq!(all.token().as_str(), "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer");
        assert_eq!(shown(all.authorize()), Some("https://appcenter.intuit.com/connect/oauth2"));
        assert_eq!(shown(all.revoke()), Some("https://developer.api.intuit.com/v2/oauth2/tokens/revoke"));
        assert_eq!(shown(all.api()), Some(api));
        assert_eq!((all.device(), all.certificates()), (None, None));
    }
    let mut rehearsal = registration;
    rehearsal.server.token_url = url("http://127.0.0.1:8080/quickbooks/oauth2/v1/tokens/bearer");
    let all = of_member(Provider::Quickbooks, Environment::Simulator, &rehearsal).unwrap();
    assert_eq!(shown(all.authorize()), Some("http://127.0.0.1:8080/quickbooks/connect/oauth2"));
    assert_eq!(shown(all.revoke()), Some("http://127.0.0.1:8080/quickbooks/v2/oauth2/tokens/revoke"));
    assert_eq!(shown(all.api()), Some("http://127.0.0.1:8080/quickbooks/"));
}

#[test]
fn pax8_has_one_documented_place_and_takes_another_of_its_own() {
    let settings = MemberSettings::new(GrantKind::ClientCredentials).into();
    let at = |registration: &Registration| {
        let (provider, environment) = (Provider::Pax8, Environment::Production);
        let request =
            EndpointRequest { provider, environment, settings: &settings, registration: Some(registration) };
        endpoints(request).map(|all| all.token().to_string())
    };
    let mut registration = Registration::new("client".to_owned());
    assert_eq!(at(&registration).unwrap(), "https://api.pax8.com/v1/token");
    registration.server.token_url = url("https://token-manager.pax8.com/oauth/token");
    assert_eq!(at(&registration).unwrap(), "https://token-manager.pax8.com/oauth/token");
    registration.server.token_url = url("https://pax8.com.evil.example/oauth/token");
    assert!(matches!(at(&registration), Err(EndpointError::UntrustedHost { .. })));
}

#[test]
fn the_host_that_an_operator_named_is_the_only_one_trusted() {
    let mut registration = Registration::new("client".to_owned());
    let missing = of_member(Provider::Oauth2, Environment::Production, &registration);
    assert!(matches!(missing, Err(EndpointError::Missing { endpoint: "token", .. })), "{missing:?}");
    registration.server.token_url = url("https://login.example/token?tenant=7");
    registration.server.revoke_url = url("https://login.example/revoke");
    assert!(of_member(Provider::Oauth2, Environment::Production, &registration).is_ok());
    for elsewhere in ["https://evil.example/revoke", "https://sub.login.example/revoke"] {
        registration.server.revoke_url = url(elsewhere);
        let refused = of_member(Provider::Oauth2, Environment::Production, &registration);
        assert!(
            matches!(refused, Err(EndpointError::UntrustedHost { endpoint: "revocation", .. })),
            "{refused:?}"
        );
    }
    registration.trusted_hosts = vec!["Sub.Login.example".to_owned()];
    assert!(of_member(Provider::Oauth2, Environment::Production, &registration).is_ok());
    // The metadata counts before the token endpoint: what it names must be on its own host.
    registration.server.discovery = url("https://metadata.example/.well-known/openid-configuration");
    let refused = of_member(Provider::Oauth2, Environment::Production, &registration);
    assert!(matches!(refused, Err(EndpointError::UntrustedHost { endpoint: "token", .. })), "{refused:?}");
    // A vendor that is known has hosts of its own, whatever an operator writes.
    registration.server.discovery = None;
    let refused = of_member(Provider::Quickbooks, Environment::Production, &registration);
    assert!(
        matches!(refused, Err(EndpointError::UntrustedHost { .. } | EndpointError::Superfluous { .. })),
        "{refused:?}"
    );
}
