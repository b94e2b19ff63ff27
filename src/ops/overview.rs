//! Connections with everything about them that is not secret.

use std::collections::BTreeMap;

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

use super::proof;
use super::{OpsError, Session};

/// A connection with everything about it that is not secret.
#[derive(Debug)]
pub struct Overview {
    /// The connection.
    pub connection: Connection,
    /// The app that it belongs to.
    pub app: Option<App>,
    /// What the vendor gave us for it.
    pub grant: Option<Grant>,
    /// Its keys.
    pub keys: KeySet,
    /// What is known of its cached token as of the last commit.
    pub token: Option<TokenFacts>,
    /// Its last verification.
    pub verification: Option<Verification>,
}

impl Overview {
    /// A connection about which there is nothing else to be known.
    pub fn bare(connection: Connection) -> Self {
        let keys = KeySet::default();
        Self { connection, app: None, grant: None, keys, token: None, verification: None }
    }

    /// What its standing follows from.
    pub fn facts(&self, now: Timestamp) -> Facts<'_> {
        let Connection { provider, enabled, ref settings, .. } = self.connection;
        let vendor = providers::descriptor(provider);
        let authentication = vendor.authentication_of(self.app.as_ref().map(|app| &app.registration));
        let (active, grant) = (self.keys.active.as_ref(), self.grant.as_ref());
        Facts {
            enabled,
            key: Held::of(active.map(|key| &key.id), authentication == ClientAuthentication::PrivateKeyJwt),
            certificate_end: active.and_then(|key| proof::ends_at(&self.connection, key)),
            grant: Held::of(grant, settings.grant() == GrantKind::RefreshToken),
            token_at: self.token.as_ref().map(|facts| facts.obtained_at),
            last: self.verification.as_ref().map(Into::into),
            warn_days: WARN_DAYS,
            now,
        }
    }
}

/// Returns the selected connections by name; a name that does not exist is an error, no match is not.
pub fn list(session: &Session, selection: &Selection) -> Result<Vec<Overview>, OpsError> {
    session.vault.read_now(|rows, grants| {
        let mut keys = rows.key_sets()?;
        let mut verifications = rows.verifications()?;
        let mut tokens = rows.all_token_facts()?;
        let mut stored = rows.all_grant_facts()?;
        let apps: BTreeMap<_, _> = rows.apps()?.into_iter().map(|app| (app.id.clone(), app)).collect();
        Ok(rows
            .connections(selection)?
            .into_iter()
            .map(|connection| Overview {
                app: connection.app.as_ref().and_then(|id| apps.get(id)).cloned(),
                grant: grants.get(&connection.id).cloned().or(stored.remove(&connection.id)),
                keys: keys.remove(&connection.id).unwrap_or_default(),
                token: tokens.remove(&connection.id),
                verification: verifications.remove(&connection.id),
                connection,
            })
            .collect())
    })
}

/// Returns one connection with its keys, token facts and last verification.
pub fn show(session: &Session, name: &ConnectionName) -> Result<Overview, OpsError> {
    let connection = session.connection(name)?;
    let app = session.app_of(&connection)?;
    session.vault.read_now(|rows, grants| {
        let id = &connection.id;
        Ok(Overview {
            app: app.clone(),
            grant: match grants.get(id) {
                Some(grant) => Some(grant.clone()),
                None => rows.grant_facts(id)?,
            },
            keys: rows.keys_of(id)?,
            token: rows.token_facts(id)?,
            verification: rows.verification(id)?,
            connection: connection.clone(),
        })
    })
}
