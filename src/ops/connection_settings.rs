//! Changes to a connection: what takes part in an exchange is proven before it counts.

use std::collections::BTreeMap;

use url::Url;

use crate::domain::audit::{Action, AuditEvent};
use crate::domain::connection::{AccountId, Connection, Environment};
use crate::domain::grant::Sender;
use crate::domain::ids::ConnectionName;
use crate::domain::settings::{
    GrantKind, MemberSettings, NetsuiteSettings, ScopeStyle, Settings, SigningAlgorithm, SubjectClaim,
};
use crate::domain::token::{AccessToken, Demand};
use crate::oauth;

use super::connections::{current, unused, with_trust};
use super::overview::{self, Overview};
use super::proof::{self, Asker, Means};
use super::{GrantError, OpsError, Session, tokens};

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
    /// Another account at the vendor, of a connection that belongs to an app.
    pub realm: Option<Option<String>>,
    /// Another audience.
    pub audience: Option<Option<String>>,
    /// Go back to the settings before the last change; excludes every other setting.
    pub revert: bool,
    /// Store exchange settings without proof.
    pub unproven: bool,
}

/// What [`set`] did.
#[derive(Debug)]
pub struct Changed {
    /// The connection as it is now, or would be, with what belongs to it.
    pub overview: Overview,
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
    // Before the lock is taken: a refresh takes it, too.
    let token =
        if wanted.unproven { None } else { token_of(session, &intend(session, name, wanted)?).await? };
    let (_, _lock) = session.lock(name)?;
    let Intended { mut connection, exchange_settings } = intend(session, name, wanted)?;
    let (proven, warning) = if exchange_settings && !wanted.unproven {
        prove(session, &connection, token.as_ref()).await?
    } else {
        (false, None)
    };
    let event = with_trust(
        AuditEvent::new(Action::ConnectionSet).on(&connection.id).with("proven", proven),
        &connection.settings,
    );
    // For the report, too: what is read after the commit could fail, and the change is made.
    let overview = session.vault.transact::<_, OpsError>(&event, |rows| {
        unused(rows, &connection)?;
        if let Some(company) = &wanted.company {
            connection.company = company.as_ref().map(|name| rows.ensure_company(name)).transpose()?;
        }
        rows.update_connection(&connection)?;
        if exchange_settings {
            rows.drop_token(&connection.id)?;
        }
        overview::read(rows, connection)
    })?;
    Ok(Changed { overview, exchange_settings, proven, warning })
}

/// Returns a valid token of a connection whose grant can prove its new settings; `None` without a grant.
async fn token_of(session: &Session, intended: &Intended) -> Result<Option<AccessToken>, OpsError> {
    let Intended { connection, exchange_settings } = intended;
    let by_grant = connection.settings.grant() == GrantKind::RefreshToken;
    if !exchange_settings || !by_grant || session.plan(connection)?.harmless().is_none() {
        return Ok(None);
    }
    let current = session.vault.read(|rows| current(rows, connection))?;
    let demand = Demand { min_ttl: None, force: false, sender: Sender::Automatic };
    match tokens::ensure(session, &current.name, demand).await {
        Ok(issued) => Ok(Some(issued.token)),
        Err(OpsError::Grant(GrantError::Missing { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns whether the settings are proven, and what people should know; without a key or a grant there is nothing to
/// prove them with.
async fn prove(
    session: &Session,
    connection: &Connection,
    token: Option<&AccessToken>,
) -> Result<(bool, Option<String>), OpsError> {
    let (plan, asker) = (session.plan(connection)?, Asker::new(session));
    if plan.grant != GrantKind::ClientCredentials {
        let Some(token) = token else { return Ok((false, None)) };
        let found = oauth::harmless(&asker.way(), &plan, &token.value).await.map_err(Box::new)?;
        return Ok((found.is_some(), None));
    }
    let means = match Means::load(session, connection, &plan) {
        Err(OpsError::NoKey { .. }) => return Ok((false, None)),
        means => means?,
    };
    let exchanged = asker.exchange(connection, &plan, &means).await?;
    let mapping = proof::same_mapping(exchanged.granted.as_ref(), None, &connection.settings)?;
    let warnings: Vec<String> = mapping.into_iter().chain(proof::warnings_of(&exchanged)).collect();
    Ok((true, Some(warnings.join("; ")).filter(|text| !text.is_empty())))
}

/// Returns what [`set`] would store, without proof and without storing it: what `--dry-run` shows.
pub fn plan(session: &Session, name: &ConnectionName, changes: &Changes) -> Result<Changed, OpsError> {
    let Intended { mut connection, exchange_settings } = intend(session, name, changes)?;
    if let Some(company) = &changes.company {
        let planned = |name: &String| session.vault.read(|rows| rows.planned_company(name));
        connection.company = company.as_ref().map(planned).transpose()?;
    }
    let mut overview = overview::of(session, &connection)?;
    if exchange_settings {
        overview.token = None;
    }
    Ok(Changed { overview, exchange_settings, proven: false, warning: None })
}

/// A connection with its changes, but for its company.
struct Intended {
    connection: Connection,
    /// Whether settings that take part in an exchange change.
    exchange_settings: bool,
}

/// Checks the changes and makes them, storing nothing.
fn intend(session: &Session, name: &ConnectionName, changes: &Changes) -> Result<Intended, OpsError> {
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
        session.check(&connection)?;
        connection.previous_settings = Some(before);
    }
    if let Some(new_name) = &changes.name {
        connection.name = new_name.clone();
    }
    connection.tags.extend(changes.tags.clone());
    connection.tags.retain(|tag, _| !changes.untag.contains(tag));
    connection.updated_at = session.clock.now();
    session.vault.read(|rows| unused(rows, &connection))?;
    Ok(Intended { connection, exchange_settings })
}

fn apply(changes: &Changes, settings: &mut Settings) -> Result<(), OpsError> {
    match settings {
        Settings::Netsuite(settings) => apply_netsuite(changes, settings),
        Settings::Member(settings) => apply_member(changes, settings),
    }
}

/// Changes what is the connection's own; the rest is its app's.
fn apply_member(changes: &Changes, settings: &mut MemberSettings) -> Result<(), OpsError> {
    let others = Changes {
        name: None,
        company: None,
        tags: BTreeMap::new(),
        untag: Vec::new(),
        scopes: None,
        realm: None,
        audience: None,
        unproven: false,
        ..changes.clone()
    };
    if others != Changes::default() {
        return Err(OpsError::Invalid("that setting is the app's, or NetSuite's: see `app set`".to_owned()));
    }
    replace(&mut settings.scopes, changes.scopes.as_ref());
    replace(&mut settings.realm, changes.realm.as_ref());
    replace(&mut settings.audience, changes.audience.as_ref());
    Ok(())
}

fn replace<T: Clone>(target: &mut T, change: Option<&T>) {
    if let Some(value) = change {
        target.clone_from(value);
    }
}

fn apply_netsuite(changes: &Changes, settings: &mut NetsuiteSettings) -> Result<(), OpsError> {
    if changes.realm.is_some() || changes.audience.is_some() {
        return Err(OpsError::Invalid(
            "a NetSuite connection has an account, no realm or audience".to_owned(),
        ));
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
    Ok(())
}
