use super::*;
use crate::domain::connection::Provider;
use crate::domain::ids::{AppId, AppName};
use crate::domain::registration::Registration;
use crate::providers::descriptor;

fn app(provider: Provider, environment: Environment, redirect_uri: Option<&str>) -> App {
    let mut registration = Registration::new("client".to_owned());
    registration.redirect_uri = redirect_uri.map(str::to_owned);
    let now = jiff::Timestamp::UNIX_EPOCH;
    App {
        id: AppId::new(),
        name: "books".parse::<AppName>().unwrap(),
        provider,
        environment,
        registration,
        previous_registration: None,
        has_secret: true,
        has_previous_secret: false,
        created_at: now,
        updated_at: now,
    }
}

fn route(app: &App, wanted: &Preferences) -> Result<Route, LoginError> {
    let vendor = descriptor(app.provider);
    Route::new(vendor, vendor.consent.as_ref().unwrap(), app, wanted)
}

fn bound(app: &App, wanted: &Preferences) -> (String, Option<(u16, String, Option<u16>)>) {
    let route = route(app, wanted).unwrap();
    (route.uri, route.bind.map(|bind| (bind.port, format!("{}{}", bind.host, bind.path), bind.public_port)))
}

#[test]
fn development_keys_come_back_to_localhost() {
    for environment in [Environment::Sandbox, Environment::Simulator] {
        let app = app(Provider::Quickbooks, environment, None);
        let (uri, bind) = bound(&app, &Preferences::default());
        assert_eq!(uri, "http://localhost:8765/quickbooks/callback");
        assert_eq!(bind, Some((8765, "localhost/quickbooks/callback".to_owned(), None)));
        let other = Preferences { listen: Some(9000), ..Preferences::default() };
        assert_eq!(bound(&app, &other).0, "http://localhost:9000/quickbooks/callback");
        let any = Preferences { listen: Some(0), ..Preferences::default() };
        assert!(
            matches!(route(&app, &any), Err(LoginError::RedirectUri { .. })),
            "it could not be registered"
        );
    }
}

#[test]
fn production_keys_need_a_page_of_the_teams_own() {
    let bare = app(Provider::Quickbooks, Environment::Production, None);
    assert!(matches!(route(&bare, &Preferences::default()), Err(LoginError::NoRedirectUri { .. })));
    let pasting = Preferences { paste: true, ..Preferences::default() };
    assert!(matches!(route(&bare, &pasting), Err(LoginError::NoRedirectUri { .. })));
    for uri in
        ["http://localhost:8765/cb", "https://localhost/cb", "http://team.example/cb", "https://192.0.2.1/cb"]
    {
        let app = app(Provider::Quickbooks, Environment::Production, Some(uri));
        assert!(matches!(route(&app, &pasting), Err(LoginError::RedirectUri { .. })), "{uri}");
    }
    let page = "https://team.example/cb?to=quickbooks";
    let app = app(Provider::Quickbooks, Environment::Production, Some(page));
    assert_eq!(bound(&app, &pasting), (page.to_owned(), None));
    let forwarded = Preferences { listen: Some(9000), ..Preferences::default() };
    let (uri, bind) = bound(&app, &forwarded);
    assert_eq!((uri.as_str(), bind.unwrap().0), (page, 9000));
    let other = Preferences { redirect_uri: Some("https://other.example/x".to_owned()), ..pasting };
    assert_eq!(bound(&app, &other).0, "https://other.example/x", "the flag counts before the app");
}

#[test]
fn other_servers_take_any_port_of_this_machine() {
    let app = |uri| app(Provider::Oauth2, Environment::Production, uri);
    let (uri, bind) = bound(&app(None), &Preferences::default());
    assert_eq!(uri, "http://127.0.0.1:0/oauth2/callback");
    assert_eq!(bind.unwrap().0, 0);
    let registered = bound(&app(Some("http://127.0.0.1/cb")), &Preferences::default());
    assert_eq!(registered.1, Some((0, "127.0.0.1/cb".to_owned(), None)));
    let fixed = Preferences { listen: Some(9000), ..Preferences::default() };
    let in_between = bound(&app(Some("http://localhost:8080/cb")), &fixed);
    assert_eq!(
        in_between.1,
        Some((9000, "localhost/cb".to_owned(), Some(8080))),
        "something forwards 8080 to 9000"
    );
    for uri in ["http://team.example/cb", "myapp://callback/x", "ftp://127.0.0.1/x"] {
        assert!(
            matches!(route(&app(Some(uri)), &Preferences::default()), Err(LoginError::RedirectUri { .. })),
            "{uri}"
        );
    }
}

#[tokio::test]
async fn a_free_port_gets_into_the_redirect_uri() {
    for uri in [None, Some("http://127.0.0.1/cb")] {
        let app = app(Provider::Oauth2, Environment::Production, uri);
        let found = route(&app, &Preferences::default()).unwrap();
        assert_eq!(found.known_uri(), None);
        let opened = found.open().await.unwrap();
        let port = opened.listener.as_ref().unwrap().port();
        assert!(port != 0 && opened.uri.starts_with(&format!("http://127.0.0.1:{port}/")), "{}", opened.uri);
        assert_eq!(opened.places[0].as_str(), opened.uri);
    }
}
