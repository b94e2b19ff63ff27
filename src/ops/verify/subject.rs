//! What a verification tries: each connection with what proves its client, read at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::app::App;
use crate::domain::connection::Connection;
use crate::domain::ids::{AppId, CertificateId, ConnectionName};
use crate::domain::key::{Key, KeyState};
use crate::domain::rotation::KeySet;
use crate::domain::selection::Selection;
use crate::domain::settings::{ClientAuthentication, GrantKind};
use crate::ops::proof::{Means, Signing};
use crate::ops::{AppError, OpsError, Session};
use crate::providers::{self, EndpointRequest, Plan};
use crate::secret::SecretString;
use crate::vault::{Rows, VaultError};

use super::VerifyRequest;

/// One connection and how it is tried, or why it cannot be.
pub(super) struct Subject {
    pub(super) connection: Connection,
    pub(super) way: Result<(Plan, Trial), OpsError>,
}

/// How a connection is tried.
pub(super) enum Trial {
    /// By an exchange of client credentials.
    Exchange(Means<'static>),
    /// By the grant that it holds.
    Grant,
    /// By its client's keys alone: a key on trial must not use up a grant.
    Client(Means<'static>),
}

/// What was chosen for a connection; private keys are read afterwards, all at once.
enum Choice {
    Key(Box<(Key, CertificateId)>),
    Secret(Arc<SecretString>),
    Nothing,
    Grant,
}

/// Returns the selected connections with what proves them, and those that were skipped.
pub(super) fn load(
    session: &Session,
    request: &VerifyRequest,
) -> Result<(Vec<Subject>, Vec<ConnectionName>), OpsError> {
    session.vault.read(|rows| {
        let (connections, skipped) = select(rows, &request.selection)?;
        let mut sets = rows.key_sets()?;
        let mut apps = Apps::read(rows)?;
        let chosen: Vec<_> = connections
            .into_iter()
            .map(|connection| {
                let keys = sets.remove(&connection.id).unwrap_or_default();
                (
                    apps.plan(&connection).and_then(|plan| apps.choose((&connection, plan), *keys, request)),
                    connection,
                )
            })
            .collect();
        let ids: Vec<_> = chosen
            .iter()
            .filter_map(|(choice, _)| match choice {
                Ok((_, Choice::Key(key))) => Some(key.0.id.clone()),
                _ => None,
            })
            .collect();
        let mut private_keys = rows.private_keys(&ids)?;
        let mut means = |choice: Choice| -> Result<Option<Means<'static>>, OpsError> {
            Ok(match choice {
                Choice::Key(key) => {
                    let (key, certificate_id) = *key;
                    let private_key = private_keys
                        .remove(&key.id)
                        .ok_or_else(|| VaultError::damaged("a key has no private half"))?;
                    Some(Means::StoredKey(Box::new(Signing { key, certificate_id, private_key })))
                }
                Choice::Secret(secret) => Some(Means::StoredSecret(secret)),
                Choice::Nothing => Some(Means::Nothing),
                Choice::Grant => None,
            })
        };
        let subjects = chosen
            .into_iter()
            .map(|(choice, connection)| {
                let way = choice.and_then(|(plan, choice)| {
                    let trial = match (means(choice)?, plan.grant) {
                        (None, _) => Trial::Grant,
                        (Some(means), GrantKind::ClientCredentials) => Trial::Exchange(means),
                        (Some(means), GrantKind::RefreshToken) => Trial::Client(means),
                    };
                    Ok((plan, trial))
                });
                Subject { connection, way }
            })
            .collect();
        Ok((subjects, skipped))
    })
}

/// The selected connections, and those that were skipped because they are disabled and were not named.
fn select(
    rows: &Rows<'_>,
    selection: &Selection,
) -> Result<(Vec<Connection>, Vec<ConnectionName>), OpsError> {
    let mut connections = rows.connections(selection)?;
    for name in &selection.names {
        if !connections.iter().any(|connection| connection.name == *name) {
            let nearest = rows.nearest_names(name.as_str())?.into_iter().next().map(Into::into);
            return Err(OpsError::NoConnection { name: name.to_string(), nearest });
        }
    }
    let by_name = !selection.names.is_empty();
    let mut skipped = Vec::new();
    connections.retain(|connection| {
        let selected = connection.enabled || by_name;
        if !selected {
            skipped.push(connection.name.clone());
        }
        selected
    });
    Ok((connections, skipped))
}

/// The apps, and those of their client secrets that are needed, opened once each.
struct Apps<'r> {
    rows: &'r Rows<'r>,
    all: BTreeMap<AppId, App>,
    secrets: BTreeMap<AppId, Arc<SecretString>>,
}

impl<'r> Apps<'r> {
    fn read(rows: &'r Rows<'r>) -> Result<Self, OpsError> {
        let all = rows.apps()?.into_iter().map(|app| (app.id.clone(), app)).collect();
        Ok(Self { rows, all, secrets: BTreeMap::new() })
    }

    fn of(&self, connection: &Connection) -> Result<Option<&App>, OpsError> {
        let Some(id) = &connection.app else { return Ok(None) };
        let app = self.all.get(id);
        app.ok_or_else(|| VaultError::damaged("a connection belongs to an app that is not there").into())
            .map(Some)
    }

    fn plan(&self, connection: &Connection) -> Result<Plan, OpsError> {
        Ok(providers::plan(EndpointRequest {
            provider: connection.provider,
            environment: connection.environment,
            settings: &connection.settings,
            registration: self.of(connection)?.map(|app| &app.registration),
        })?)
    }

    fn choose(
        &mut self,
        (connection, plan): (&Connection, Plan),
        keys: KeySet,
        request: &VerifyRequest,
    ) -> Result<(Plan, Choice), OpsError> {
        let name = || connection.name.clone();
        let on_trial =
            request.certificate_id.is_some() || request.key.is_some_and(|state| state != KeyState::Active);
        let authentication = plan.authentication;
        let signs = authentication == ClientAuthentication::PrivateKeyJwt;
        if (on_trial || request.key.is_some()) && !signs {
            return Err(OpsError::Keyless { name: name(), authentication });
        }
        if plan.grant == GrantKind::RefreshToken && !on_trial {
            return Ok((plan, Choice::Grant));
        }
        if signs {
            let state = request.key.unwrap_or(KeyState::Active);
            let key = keys.into_key(state).ok_or_else(|| OpsError::NoKey { name: name(), state })?;
            let certificate_id = request
                .certificate_id
                .clone()
                .or_else(|| key.certificate_id.clone())
                .ok_or_else(|| OpsError::NoCertificateId { name: name(), state })?;
            return Ok((plan, Choice::Key(Box::new((key, certificate_id)))));
        }
        let choice = if authentication.needs_secret() {
            Choice::Secret(self.secret(connection)?)
        } else {
            Choice::Nothing
        };
        Ok((plan, choice))
    }

    fn secret(&mut self, connection: &Connection) -> Result<Arc<SecretString>, OpsError> {
        let Some(app) = self.of(connection)? else {
            return Err(VaultError::damaged("a client secret belongs to no app").into());
        };
        let (id, name) = (app.id.clone(), app.name.clone());
        if let Some(secret) = self.secrets.get(&id) {
            return Ok(Arc::clone(secret));
        }
        let secret = Arc::new(self.rows.app_secret(&id)?.ok_or(AppError::NoClientSecret(name))?);
        self.secrets.insert(id, Arc::clone(&secret));
        Ok(secret)
    }
}
