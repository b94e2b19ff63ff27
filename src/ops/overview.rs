//! Connections with everything about them that is not secret.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::app::App;
use crate::domain::connection::Connection;
use crate::domain::grant::Grant;
use crate::domain::ids::ConnectionName;
use crate::domain::rotation::KeySet;
use crate::domain::selection::Selection;
use crate::domain::settings::{ClientAuthentication, GrantKind};
use crate::domain::standing::{Facts, Held, WARN_DAYS};
use crate::domain::token::TokenFacts;
use crate::domain::verification::Verification;
use crate::providers;
use crate::vault::{Rows, VaultError};

use super::proof::ends_at;
use super::{OpsError, Session};

/// A connection with everything about it that is not secret.
#[derive(Debug)]
pub struct Overview {
    /// The connection.
    pub connection: Connection,
    /// The app that it belongs to.
    pub app: Option<Arc<App>>,
    /// Its keys.
    pub keys: Box<KeySet>,
    /// What is known of its grant.
    pub grant: Option<Grant>,
    /// What is known of its cached token as of the last commit.
    pub token: Option<TokenFacts>,
    /// Its last verification.
    pub verification: Option<Verification>,
}

impl Overview {
    /// A connection that has nothing yet.
    pub fn bare(connection: Connection, app: Option<App>) -> Self {
        Self {
            connection,
            app: app.map(Arc::new),
            keys: Box::default(),
            grant: None,
            token: None,
            verification: None,
        }
    }

    /// How its client proves who it is.
    pub fn authentication(&self) -> ClientAuthentication {
        let registration = self.app.as_ref().map(|app| &app.registration);
        providers::descriptor(self.connection.provider).authentication_of(registration)
    }

    /// What its standing follows from.
    pub fn facts(&self, now: Timestamp) -> Facts<'_> {
        let Connection { enabled, ref settings, .. } = self.connection;
        let method = self.authentication();
        let active = self.keys.active.as_ref();
        let has_secret = self.app.as_ref().is_some_and(|app| app.has_secret);
        Facts {
            enabled,
            key: Held::of(active.map(|key| &key.id), method == ClientAuthentication::PrivateKeyJwt),
            secret: Held::of(has_secret.then_some(()), method.needs_secret()),
            certificate_end: active.and_then(|key| ends_at(&self.connection, key)),
            grant: Held::of(self.grant.as_ref(), settings.grant() == GrantKind::RefreshToken),
            token_at: self.token.as_ref().map(|facts| facts.obtained_at),
            last: self.verification.as_ref().map(Into::into),
            warn_days: WARN_DAYS,
            now,
        }
    }
}

/// Returns the selected connections by name; names that do not exist are left out.
pub fn list(session: &Session, selection: &Selection) -> Result<Vec<Overview>, OpsError> {
    list_as(session, selection, |overview| overview)
}

/// Returns what `make` makes of the selected connections, by name, one after the other: see [`list`].
///
/// Why: of ten thousand, what is not shown should not be kept until all are there.
pub fn list_as<T>(
    session: &Session,
    selection: &Selection,
    make: impl Fn(Overview) -> T,
) -> Result<Vec<T>, OpsError> {
    session.vault.read_now(|rows, journalled| {
        let apps = rows.apps()?.into_iter().map(|app| (app.id.clone(), Arc::new(app)));
        let apps: HashMap<_, _> = apps.collect();
        let mut keys = rows.key_sets()?;
        let mut grants = rows.all_grant_facts()?;
        let mut verifications = rows.verifications()?;
        let mut tokens = rows.all_token_facts()?;
        Ok(rows.connections_as(selection, |connection| {
            make(Overview {
                app: connection.app.as_ref().and_then(|id| apps.get(id)).cloned(),
                keys: keys.remove(&connection.id).unwrap_or_default(),
                grant: journalled.get(&connection.id).cloned().or_else(|| grants.remove(&connection.id)),
                token: tokens.remove(&connection.id),
                verification: verifications.remove(&connection.id),
                connection,
            })
        })?)
    })
}

/// Returns one connection with its keys, grant, token facts and last verification.
pub fn show(session: &Session, name: &ConnectionName) -> Result<Overview, OpsError> {
    let connection = session.connection(name)?;
    of(session, &connection)
}

/// Returns what is stored of a connection beside its row.
pub(super) fn of(session: &Session, connection: &Connection) -> Result<Overview, OpsError> {
    session.vault.read_one_now(&connection.id, |rows, journalled| {
        let overview = read(rows, connection.clone())?;
        Ok(match journalled.get(&connection.id) {
            Some(grant) => Overview { grant: Some(grant.clone()), ..overview },
            None => overview,
        })
    })
}

/// Returns what the rows hold of a connection beside its own.
pub(super) fn read(rows: &Rows<'_>, connection: Connection) -> Result<Overview, OpsError> {
    let app = match &connection.app {
        None => None,
        Some(id) => Some(
            rows.app_by_id(id)?
                .ok_or_else(|| VaultError::damaged("a connection belongs to an app that is not there"))?,
        ),
    };
    Ok(Overview {
        app: app.map(Arc::new),
        keys: Box::new(rows.keys_of(&connection.id)?),
        grant: rows.grant_facts(&connection.id)?,
        token: rows.token_facts(&connection.id)?,
        verification: rows.verification(&connection.id)?,
        connection,
    })
}
