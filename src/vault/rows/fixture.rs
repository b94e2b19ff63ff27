//! A database with the schema and nothing in it, for the tests of the rows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Connection as Database;

use super::Rows;
use crate::domain::app::App;
use crate::domain::connection::{Connection, Environment, Provider};
use crate::domain::ids::{AppId, ConnectionId, KeyId};
use crate::domain::key::{CertificateFacts, Key, KeyAlgorithm, KeyState};
use crate::domain::registration::Registration;
use crate::domain::settings::{GrantKind, MemberSettings, NetsuiteSettings};
use crate::vault::schema;
use crate::vault::seal::Sealer;

pub(super) struct Fixture {
    database: Database,
    operator: Sealer,
    viewer: Sealer,
}

impl Fixture {
    #[expect(clippy::disallowed_methods, reason = "stands in for the vault")]
    pub(super) fn new() -> Self {
        let database = Database::open_in_memory().unwrap();
        schema::migrate(&database).unwrap();
        let identity = age::x25519::Identity::generate();
        let viewer = Sealer::viewer(identity.to_public());
        Self { database, operator: Sealer::operator(identity), viewer }
    }

    /// The rows in an operator's hands.
    pub(super) fn rows(&self) -> Rows<'_> {
        Rows { database: &self.database, sealer: &self.operator }
    }

    /// The rows in a viewer's hands.
    pub(super) fn viewer(&self) -> Rows<'_> {
        Rows { database: &self.database, sealer: &self.viewer }
    }
}

/// `seconds` after some fixed instant.
pub(in crate::vault) fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

/// A plain connection whose client id follows from its name.
pub(in crate::vault) fn connection(name: &str) -> Connection {
    Connection {
        id: ConnectionId::new(),
        name: name.parse().unwrap(),
        provider: Provider::Netsuite,
        environment: Environment::Production,
        enabled: true,
        company: None,
        app: None,
        settings: NetsuiteSettings {
            scopes: vec!["rest_webservices".to_owned()],
            ..NetsuiteSettings::new("1234567".parse().unwrap(), format!("client-of-{name}"))
        }
        .into(),
        previous_settings: None,
        previous_environment: None,
        tags: BTreeMap::new(),
        created_at: instant(0),
        updated_at: instant(0),
    }
}

/// A QuickBooks app with nothing special about it.
pub(in crate::vault) fn app(name: &str) -> App {
    App {
        id: AppId::new(),
        name: name.parse().unwrap(),
        provider: Provider::Quickbooks,
        environment: Environment::Production,
        registration: Registration::new(format!("client-of-{name}")),
        previous_registration: None,
        has_secret: false,
        has_previous_secret: false,
        created_at: instant(0),
        updated_at: instant(0),
    }
}

/// A connection of `app` for one realm.
pub(in crate::vault) fn member(name: &str, app: &App, realm: &str) -> Connection {
    let settings =
        MemberSettings { realm: Some(realm.to_owned()), ..MemberSettings::new(GrantKind::RefreshToken) };
    Connection {
        provider: app.provider,
        app: Some(app.id.clone()),
        settings: settings.into(),
        ..connection(name)
    }
}

/// A key with a certificate that is valid for a day.
pub(in crate::vault) fn key(connection: &ConnectionId, state: KeyState) -> Key {
    Key {
        id: KeyId::new(),
        connection: connection.clone(),
        state,
        algorithm: KeyAlgorithm::Rsa4096,
        certificate: CertificateFacts {
            fingerprint: "cd".repeat(32),
            subject: "CN=acme".to_owned(),
            serial: "0f".to_owned(),
            not_before: instant(0),
            not_after: instant(86_400),
        },
        certificate_id: None,
        created_at: instant(0),
        activated_at: None,
        exposed_at: None,
    }
}
