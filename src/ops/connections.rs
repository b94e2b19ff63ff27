//! Connections and their settings.

use std::collections::BTreeMap;

use url::Url;

use crate::domain::audit::{Action, AuditEvent};
use crate::domain::connection::{AccountId, Connection, Environment, Provider};
use crate::domain::app::App;
use crate::domain::settings::{GrantKind, MemberSettings, NetsuiteSettings, ScopeStyle, Settings, SigningAlgorithm, SubjectClaim};
use crate::domain::ids::{ConnectionId, ConnectionName};
use crate::domain::rotation::KeySet;
use crate::domain::selection::Selection;
use crate::domain::token::TokenFacts;
use crate::domain::verification::Verification;
use crate::providers::{self, EndpointRequest};
use crate::vault::Rows;

use super::proof::{self, Asker, Means};
use super::{OpsError, Session};

/// A connection to be added.
#[derive(Debug, Clone)]
pub struct NewConnection {
    /// Its name.
    pub name: ConnectionName,
    /// The vendor.
    pub provider: Provider,
    /// The world it lives in.
    pub environment: Environment,
    /// The company that it belongs to, by display name.
    pub company: Option<String>,
    /// The app that it belongs to.
    pub app: Option<App>,
    /// What takes part in an exchange.
    pub settings: Settings,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
}

/// Adds a connection; its hosts must be the vendor's or trusted by name.
pub fn add(session: &Session, new: NewConnection) -> Result<Connection, OpsError> {
    check(&new)?;
    let connection = prepare(session, new);
    let event = added(&connection);
    session.vault.transact::<_, OpsError>(&event, |rows| insert(rows, connection))
}

/// Returns what [`add`] would store: what `--dry-run` shows.
pub fn plan_add(session: &Session, new: NewConnection) -> Result<Connection, OpsError> {
    session.vault.require_writable()?;
    check(&new)?;
    let (connection, _) = prepare(session, new);
    session.vault.read(|rows| unused(rows, &connection))?;
    Ok(connection)
}

/// Fails if the name or the account, client, entity and role are another connection's.
pub(super) fn unused(rows: &Rows<'_>, connection: &Connection) -> Result<(), OpsError> {
    match rows.connection(&connection.name)? {
        Some(other) if other.id != connection.id => Err(OpsError::NameTaken(connection.name.clone())),
        _ => Ok(rows.check_unique(connection)?),
    }
}

/// Checks what can be checked without the vault.
pub(super) fn check(new: &NewConnection) -> Result<(), OpsError> {
    let registration = new.app.as_ref().map(|app| &app.registration);
    let NewConnection { provider, environment, settings, .. } = new;
    let (provider, environment) = (*provider, *environment);
    providers::plan(EndpointRequest { provider, environment, settings, registration })?;
    Ok(())
}

pub(super) fn prepare(session: &Session, new: NewConnection) -> (Connection, Option<String>) {
    let now = session.clock.now();
    let connection = Connection {
        id: ConnectionId::new(),
        name: new.name,
        provider: new.provider,
        environment: new.environment,
        enabled: true,
        company: None,
        app: new.app.map(|app| app.id),
        settings: new.settings,
        previous_settings: None,
        previous_environment: None,
        tags: new.tags,
        created_at: now,
        updated_at: now,
    };
    (connection, new.company)
}

fn added((connection, _): &(Connection, Option<String>)) -> AuditEvent {
    with_trust(AuditEvent::new(Action::ConnectionAdd).on(&connection.id), &connection.settings)
}

/// Trusting a foreign host is a decision that the log must show.
fn with_trust(event: AuditEvent, settings: &Settings) -> AuditEvent {
    match settings.trusted_hosts() {
        [] => event,
        trusted => event.with("trusted_hosts", trusted.join(" ")),
    }
}

pub(super) fn insert(
    rows: &Rows<'_>,
    (mut connection, company): (Connection, Option<String>),
) -> Result<Connection, OpsError> {
    unused(rows, &connection)?;
    connection.company = company.map(|name| rows.ensure_company(&name)).transpose()?;
    rows.insert_connection(&connection)?;
    Ok(connection)
}

/// A connection with everything about it that is not secret.
#[derive(Debug)]
pub struct Overview {
    /// The connection.
    pub connection: Connection,
    /// Its keys.
    pub keys: KeySet,
    /// What is known of its cached token as of the last commit.
    pub token: Option<TokenFacts>,
    /// Its last verification.
    pub verification: Option<Verification>,
}

/// Returns the selected connections by name; a name that does not exist is an error, no match is not.
pub fn list(session: &Session, selection: &Selection) -> Result<Vec<Overview>, OpsError> {
    session.vault.survey(|rows| {
        let mut keys = rows.key_sets()?;
        let mut verifications = rows.verifications()?;
        let mut tokens = rows.all_token_facts()?;
        Ok(rows
            .connections(selection)?
            .into_iter()
            .map(|connection| Overview {
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
    session.vault.read(|rows| {
        Ok(Overview {
            keys: rows.keys_of(&connection.id)?,
            token: rows.token_facts(&connection.id)?,
            verification: rows.verification(&connection.id)?,
            connection,
        })
    })
}

/// Changes to a connection; `None` leaves a value as it is, an inner `None` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// A new name.
    pub name: Option<ConnectionName>,
    /// Another company.
    pub company: Option<Option<String>>,
    /// Labels to add or replace.
    pub tags: BTreeMap<String, String>,
    /// Labels to remove.
    pub untag: Vec<String>,
    /// Another world.
    pub environment: Option<Environment>,
    /// Another account.
    pub account: Option<AccountId>,
    /// Another client id.
    pub client_id: Option<String>,
    /// Other scopes.
    pub scopes: Option<Vec<String>>,
    /// Another shape of the scope claim.
    pub scope_style: Option<ScopeStyle>,
    /// Another subject claim.
    pub subject: Option<SubjectClaim>,
    /// Another assertion algorithm.
    pub signing_algorithm: Option<Option<SigningAlgorithm>>,
    /// Another assertion lifetime, in seconds.
    pub assertion_seconds: Option<u32>,
    /// Another entity.
    pub entity: Option<Option<String>>,
    /// Another role.
    pub role: Option<Option<String>>,
    /// Another token endpoint.
    pub token_url: Option<Option<Url>>,
    /// Another certificate endpoint.
    pub certificate_url: Option<Option<Url>>,
    /// Other trusted hosts.
    pub trusted_hosts: Option<Vec<String>>,
    /// Go back to the settings before the last change; excludes every other setting.
    pub revert: bool,
    /// Store exchange settings without proof.
    pub unproven: bool,
}

/// What [`set`] did.
#[derive(Debug)]
pub struct Changed {
    /// The connection as it is now, or would be.
    pub connection: Connection,
    /// Whether settings that take part in an exchange changed.
    pub exchange_settings: bool,
    /// Whether an exchange proved them.
    pub proven: bool,
    /// Something that people should know.
    pub warning: Option<String>,
}

/// Changes a connection. Settings that take part in an exchange are proven with the active key before they replace
/// the old ones, unless `unproven`; the old ones are kept for `revert`.
pub async fn set(session: &Session, name: &ConnectionName, wanted: &Changes) -> Result<Changed, OpsError> {
    let (_, _lock) = session.lock(name)?;
    let mut changed = plan(session, name, wanted)?;
    let connection = &changed.connection;
    if changed.exchange_settings && !wanted.unproven {
        (changed.proven, changed.warning) = prove(session, connection).await?;
    }
    let event = with_trust(
        AuditEvent::new(Action::ConnectionSet).on(&changed.connection.id).with("proven", changed.proven),
        &changed.connection.settings,
    );
    session.vault.transact::<_, OpsError>(&event, |rows| {
        unused(rows, &changed.connection)?;
        if let Some(company) = &wanted.company {
            changed.connection.company =
                company.as_ref().map(|name| rows.ensure_company(name)).transpose()?;
        }
        rows.update_connection(&changed.connection)?;
        if changed.exchange_settings {
            rows.drop_token(&changed.connection.id)?;
        }
        Ok(())
    })?;
    Ok(changed)
}

/// Returns whether the settings are proven, and what people should know; without a key there is nothing to prove them
/// with, and what a refresh brings is no setting of the connection.
async fn prove(session: &Session, connection: &Connection) -> Result<(bool, Option<String>), OpsError> {
    let plan = session.plan(connection)?;
    if plan.grant != GrantKind::ClientCredentials {
        return Ok((false, None));
    }
    let means = match Means::load(session, connection, &plan) {
        Err(OpsError::NoKey { .. }) => return Ok((false, None)),
        means => means?,
    };
    let exchanged = Asker::new(session).exchange(connection, &plan, &means).await?;
    let mapping = proof::same_mapping(exchanged.granted.as_ref(), None, &connection.settings)?;
    let warnings: Vec<String> = mapping.into_iter().chain(proof::warnings_of(&exchanged)).collect();
    Ok((true, Some(warnings.join("; ")).filter(|text| !text.is_empty())))
}

/// Returns what [`set`] would store, without proof and without storing it: what `--dry-run` shows.
pub fn plan(session: &Session, name: &ConnectionName, changes: &Changes) -> Result<Changed, OpsError> {
    session.vault.require_writable()?;
    let mut connection = session.connection(name)?;
    let before = connection.settings.clone();
    let mut environment = changes.environment.unwrap_or(connection.environment);
    if changes.revert {
        let previous = connection.previous_settings.take();
        connection.settings = previous.ok_or_else(|| OpsError::NoPreviousSettings(name.clone()))?;
        environment = connection.previous_environment.unwrap_or(environment);
    } else {
        apply(changes, &mut connection.settings)?;
    }
    let exchange_settings = connection.settings != before || environment != connection.environment;
    if exchange_settings {
        connection.previous_environment = Some(connection.environment);
        connection.environment = environment;
        session.plan(&connection)?;
        connection.previous_settings = Some(before);
    }
    if let Some(new_name) = &changes.name {
        connection.name = new_name.clone();
    }
    connection.tags.extend(changes.tags.clone());
    connection.tags.retain(|tag, _| !changes.untag.contains(tag));
    connection.updated_at = session.clock.now();
    Ok(Changed { connection, exchange_settings, proven: false, warning: None })
}

fn apply(changes: &Changes, settings: &mut Settings) -> Result<(), OpsError> {
    match settings {
        Settings::Netsuite(settings) => apply_netsuite(changes, settings),
        Settings::Member(settings) => apply_member(changes, settings)?,
    }
    Ok(())
}

/// Changes what is the connection's own; the rest is its app's.
fn apply_member(changes: &Changes, settings: &mut MemberSettings) -> Result<(), OpsError> {
    let others = Changes {
        name: None,
        company: None,
        tags: BTreeMap::new(),
        untag: Vec::new(),
        scopes: None,
        unproven: false,
        ..changes.clone()
    };
    if others != Changes::default() {
        return Err(OpsError::Invalid("that setting is the app's, or NetSuite's: see `app set`".to_owned()));
    }
    if let Some(scopes) = &changes.scopes {
        settings.scopes.clone_from(scopes);
    }
    Ok(())
}

fn apply_netsuite(changes: &Changes, settings: &mut NetsuiteSettings) {
    fn replace<T: Clone>(target: &mut T, change: Option<&T>) {
        if let Some(value) = change {
            target.clone_from(value);
        }
    }
    replace(&mut settings.account, changes.account.as_ref());
    replace(&mut settings.client_id, changes.client_id.as_ref());
    replace(&mut settings.scopes, changes.scopes.as_ref());
    replace(&mut settings.scope_style, changes.scope_style.as_ref());
    replace(&mut settings.subject, changes.subject.as_ref());
    replace(&mut settings.signing_algorithm, changes.signing_algorithm.as_ref());
    replace(&mut settings.assertion_seconds, changes.assertion_seconds.as_ref());
    replace(&mut settings.entity, changes.entity.as_ref());
    replace(&mut settings.role, changes.role.as_ref());
    replace(&mut settings.token_url, changes.token_url.as_ref());
    replace(&mut settings.certificate_url, changes.certificate_url.as_ref());
    replace(&mut settings.trusted_hosts, changes.trusted_hosts.as_ref());
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
fn current(rows: &Rows<'_>, known: &Connection) -> Result<Connection, OpsError> {
    rows.connection_by_id(&known.id)?
        .ok_or_else(|| OpsError::NoConnection { name: known.name.to_string(), nearest: None })
}
