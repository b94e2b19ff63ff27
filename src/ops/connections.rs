//! Connections: added, switched on and off, removed.

use std::collections::BTreeMap;

use crate::domain::app::App;
use crate::domain::audit::{Action, AuditEvent, SubjectKind};
use crate::domain::connection::{Connection, Environment, Provider};
use crate::domain::ids::{AppName, ConnectionId, ConnectionName};
use crate::domain::settings::Settings;
use crate::providers::{self, EndpointRequest};
use crate::vault::Rows;

use super::apps::{self, NewApp};
pub use super::connection_settings::{Changed, Changes, plan, set};
pub use super::overview::{Overview, list, list_as, show};
use super::{OpsError, Session};

/// A connection to be added.
#[derive(Debug, Clone)]
pub struct NewConnection {
    /// Its name.
    pub name: ConnectionName,
    /// The vendor.
    pub provider: Provider,
    /// The world it lives in; a connection that belongs to an app lives in the app's.
    pub environment: Environment,
    /// The company that it belongs to, by display name.
    pub company: Option<String>,
    /// The app that it belongs to.
    pub app: Option<AppName>,
    /// What takes part in an exchange.
    pub settings: Settings,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
}

/// A connection that could be stored: checked as far as that can be without the vault, apart from its app.
pub(super) struct Prepared {
    pub(super) connection: Connection,
    pub(super) app: Option<App>,
    company: Option<String>,
}

/// Adds a connection; its hosts must be the vendor's or trusted by name.
pub fn add(session: &Session, new: NewConnection) -> Result<Overview, OpsError> {
    let prepared = prepare(session, new)?;
    let (event, app) = (added(&prepared.connection), prepared.app.clone());
    let connection = session.vault.transact::<_, OpsError>(&event, |rows| insert(rows, prepared))?;
    Ok(Overview::bare(connection, app))
}

/// Returns what [`add`] would store: what `--dry-run` shows.
pub fn plan_add(session: &Session, new: NewConnection) -> Result<Overview, OpsError> {
    session.vault.require_writable()?;
    planned(session, prepare(session, new)?)
}

/// Adds a connection together with an app of its own, in one commit.
pub async fn add_with_app(session: &Session, new: NewConnection, app: NewApp) -> Result<Overview, OpsError> {
    let (app, secret) = apps::plan_add(session, app).await?;
    let prepared = of_app(session, new, Some(app.clone()))?;
    let event = added(&prepared.connection).about(SubjectKind::App, &app.id);
    let event = apps::with_trust(event, &app.registration);
    session.vault.transact::<_, OpsError>(&event, |rows| {
        let app = apps::insert(rows, app, secret.as_ref())?;
        Ok(Overview::bare(insert(rows, prepared)?, Some(app)))
    })
}

/// Returns what [`add_with_app`] would store.
pub async fn plan_add_with_app(
    session: &Session,
    new: NewConnection,
    app: NewApp,
) -> Result<Overview, OpsError> {
    let (app, _) = apps::plan_add(session, app).await?;
    planned(session, of_app(session, new, Some(app))?)
}

/// Returns what [`insert`] would make of it.
fn planned(session: &Session, prepared: Prepared) -> Result<Overview, OpsError> {
    let Prepared { mut connection, app, company } = prepared;
    session.vault.read(|rows| {
        unused(rows, &connection)?;
        connection.company = company.map(|name| rows.planned_company(&name)).transpose()?;
        Ok(Overview::bare(connection, app))
    })
}

/// Fails if the name or the account, client, entity and role are another connection's.
pub(super) fn unused(rows: &Rows<'_>, connection: &Connection) -> Result<(), OpsError> {
    match rows.connection(&connection.name)? {
        Some(other) if other.id != connection.id => Err(OpsError::NameTaken(connection.name.clone())),
        _ => Ok(rows.check_unique(connection)?),
    }
}

/// Finds the connection's app and checks what can be checked without storing anything.
pub(super) fn prepare(session: &Session, new: NewConnection) -> Result<Prepared, OpsError> {
    let app = new.app.as_ref().map(|name| session.app(name)).transpose()?;
    of_app(session, new, app)
}

fn of_app(session: &Session, new: NewConnection, app: Option<App>) -> Result<Prepared, OpsError> {
    let provider = new.provider;
    if let Some(app) = app.as_ref().filter(|app| app.provider != provider) {
        return Err(OpsError::Invalid(format!("the app `{}` is one of {}", app.name, app.provider)));
    }
    let environment = app.as_ref().map_or(new.environment, |app| app.environment);
    let registration = app.as_ref().map(|app| &app.registration);
    providers::check(EndpointRequest { provider, environment, settings: &new.settings, registration })?;
    let now = session.clock.now();
    let connection = Connection {
        id: ConnectionId::new(),
        name: new.name,
        provider,
        environment,
        enabled: true,
        company: None,
        app: app.as_ref().map(|app| app.id.clone()),
        settings: new.settings,
        previous_settings: None,
        previous_environment: None,
        tags: new.tags,
        created_at: now,
        updated_at: now,
    };
    Ok(Prepared { connection, app, company: new.company })
}

fn added(connection: &Connection) -> AuditEvent {
    with_trust(AuditEvent::new(Action::ConnectionAdd).on(&connection.id), &connection.settings)
}

/// Trusting a foreign host is a decision that the log must show.
pub(super) fn with_trust(event: AuditEvent, settings: &Settings) -> AuditEvent {
    match settings.trusted_hosts() {
        [] => event,
        trusted => event.with("trusted_hosts", trusted.join(" ")),
    }
}

pub(super) fn insert(rows: &Rows<'_>, prepared: Prepared) -> Result<Connection, OpsError> {
    let Prepared { mut connection, company, .. } = prepared;
    unused(rows, &connection)?;
    connection.company = company.map(|name| rows.ensure_company(&name)).transpose()?;
    rows.insert_connection(&connection)?;
    Ok(connection)
}

/// Enables or disables a connection; returns it and whether that changed anything.
pub fn set_enabled(
    session: &Session,
    name: &ConnectionName,
    enabled: bool,
) -> Result<(Connection, bool), OpsError> {
    let (connection, _lock) = session.lock(name)?;
    if connection.enabled == enabled {
        return Ok((connection, false));
    }
    let action = if enabled { Action::ConnectionEnable } else { Action::ConnectionDisable };
    session.vault.transact::<_, OpsError>(&AuditEvent::new(action).on(&connection.id), |rows| {
        let mut current = current(rows, &connection)?;
        current.enabled = enabled;
        current.updated_at = session.clock.now();
        rows.update_connection(&current)?;
        Ok((current, true))
    })
}

/// Removes a connection and destroys its sealed secrets, in the generation before as well.
pub fn remove(session: &Session, name: &ConnectionName) -> Result<Overview, OpsError> {
    let (_, _lock) = session.lock(name)?;
    let overview = show(session, name)?;
    let mut event = AuditEvent::new(Action::ConnectionRemove).on(&overview.connection.id);
    let fingerprints: Vec<_> = overview.keys.iter().map(|key| key.certificate.fingerprint.clone()).collect();
    if !fingerprints.is_empty() {
        event = event.with("destroyed", fingerprints.join(" "));
    }
    session.vault.transact::<_, OpsError>(&event, |rows| {
        let current = current(rows, &overview.connection)?;
        rows.remove_connection(&current.id, session.clock.now())?;
        Ok(())
    })?;
    Ok(overview)
}

/// The row as it is now, inside the transaction.
pub(super) fn current(rows: &Rows<'_>, known: &Connection) -> Result<Connection, OpsError> {
    rows.connection_by_id(&known.id)?
        .ok_or_else(|| OpsError::NoConnection { name: known.name.to_string(), nearest: None })
}
