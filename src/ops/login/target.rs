//! Which connection a login is for: one that is renewed, or a new one.

use std::collections::BTreeMap;

use crate::domain::app::App;
use crate::domain::connection::Connection;
use crate::domain::ids::{ConnectionId, ConnectionName};
use crate::domain::settings::{GrantKind, MemberSettings, Settings};
use crate::hooks::mutant;
use crate::ops::{LoginError, OpsError, Session};
use crate::vault::{ConnectionLock, Rows};

/// What the vault says about whom a login is for.
pub(super) enum Found {
    /// Nobody has it yet.
    Nobody,
    /// This connection is renewed.
    Renewed(Box<Connection>),
}

/// Whom a login is for, and the lock under which it is renewed.
pub(super) struct Target {
    /// The connection as it is, or as it will be but for its name.
    pub(super) connection: Connection,
    /// Whether it is there.
    pub(super) renews: bool,
    /// Held while a connection is renewed: a refresh that is under way must not store its answer over the new grant. A
    /// new connection is nobody else's.
    pub(super) _lock: Option<ConnectionLock>,
}

/// Finds the connection by the name that was given and the company that was chosen; both must agree.
///
/// Without a name the company decides: a login to one that is connected renews it.
pub(super) fn find(
    rows: &Rows<'_>,
    app: &App,
    name: Option<&ConnectionName>,
    realm: Option<&str>,
) -> Result<Found, OpsError> {
    let named = name.map(|name| rows.connection(name)).transpose()?.flatten();
    if let Some(named) = &named {
        belongs(named, app)?;
        if let (Some(expected), Some(found)) = (named.settings.account(), realm)
            && expected != found
        {
            return Err(LoginError::OtherRealm {
                name: named.name.clone(),
                expected: expected.to_owned(),
                found: found.to_owned(),
            }
            .into());
        }
    }
    let holder = realm.map(|realm| rows.connection_of_realm(&app.id, realm)).transpose()?.flatten();
    match (named, holder) {
        (named, Some(holder)) if name.is_some() && named.as_ref().map(|one| &one.id) != Some(&holder.id) => {
            let realm = realm.unwrap_or_default().to_owned();
            Err(LoginError::RealmTaken { realm, holder: holder.name, app: app.name.clone() }.into())
        }
        (Some(found), _) | (None, Some(found)) => {
            belongs(&found, app)?;
            Ok(Found::Renewed(Box::new(found)))
        }
        (None, None) => Ok(Found::Nobody),
    }
}

fn belongs(connection: &Connection, app: &App) -> Result<(), LoginError> {
    let fits =
        connection.app.as_ref() == Some(&app.id) && connection.settings.grant() == GrantKind::RefreshToken;
    if fits {
        return Ok(());
    }
    Err(LoginError::NotOfApp { name: connection.name.clone(), app: app.name.clone() })
}

/// A connection of `app` that is not there yet. Its name may change until it is stored.
pub(super) fn draft(session: &Session, app: &App, name: ConnectionName) -> Connection {
    let now = session.clock.now();
    Connection {
        id: ConnectionId::new(),
        name,
        provider: app.provider,
        environment: app.environment,
        enabled: true,
        company: None,
        app: Some(app.id.clone()),
        settings: MemberSettings::new(GrantKind::RefreshToken).into(),
        previous_settings: None,
        previous_environment: None,
        tags: BTreeMap::new(),
        created_at: now,
        updated_at: now,
    }
}

/// Notes which of the customer's accounts the connection is for.
pub(super) fn set_realm(connection: &mut Connection, realm: Option<&str>) {
    if let (Settings::Member(member), Some(realm)) = (&mut connection.settings, realm) {
        member.realm = Some(realm.to_owned());
    }
}

impl Target {
    /// A connection that is not there yet.
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, renews: false, _lock: None }
    }

    /// Finds whom the login is for, once the company is known, and takes the lock of a connection that is renewed; where
    /// there is none yet, `draft` is what it will be.
    pub(super) fn take(
        session: &Session,
        app: &App,
        (name, draft): (Option<&ConnectionName>, &Connection),
        realm: Option<&str>,
    ) -> Result<Self, OpsError> {
        loop {
            let find = || session.vault.read(|rows| find(rows, app, name, realm));
            let Found::Renewed(known) = find()? else {
                let mut connection = draft.clone();
                set_realm(&mut connection, realm);
                return Ok(Self::new(connection));
            };
            if mutant("login-without-lock") {
                return Ok(Self { renews: true, ..Self::new(*known) });
            }
            let (_, lock) = session.lock(&known.name)?;
            // What was known before the lock is thrown away.
            if let Found::Renewed(mut connection) = find()?
                && connection.id == *lock.connection()
            {
                set_realm(&mut connection, realm);
                return Ok(Self { connection: *connection, renews: true, _lock: Some(lock) });
            }
        }
    }
}
