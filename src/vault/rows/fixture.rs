//! A database with the schema and nothing in it, for the tests of the rows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Connection as Database;

use super::Rows;
use crate::domain::connection::{Connection, Environment, Provider, Settings};
use crate::domain::ids::ConnectionId;
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
        settings: Settings {
            scopes: vec!["rest_webservices".to_owned()],
            ..Settings::new("1234567".parse().unwrap(), format!("client-of-{name}"))
        },
        previous_settings: None,
        previous_environment: None,
        tags: BTreeMap::new(),
        created_at: instant(0),
        updated_at: instant(0),
    }
}
