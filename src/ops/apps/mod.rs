//! Apps: registrations at a provider that many connections share, with their client secrets.

mod registration;

pub use registration::RegistrationChanges;

use crate::domain::app::App;
use crate::domain::audit::{Action, AuditEvent, SubjectKind};
use crate::domain::connection::{Connection, Environment, Provider};
use crate::domain::ids::{AppId, AppName};
use crate::domain::registration::Registration;
use crate::domain::settings::{ClientAuthentication, MemberSettings, Settings};
use crate::oauth;
use crate::providers::{self, EndpointRequest, Plan};
use crate::secret::SecretString;
use crate::vault::{Quarantined, Rows, SecretChange};

use super::proof::{Asker, Means};
use super::{AppError, OpsError, Session};

/// An app to be added.
pub struct NewApp {
    /// Its name.
    pub name: AppName,
    /// The vendor.
    pub provider: Provider,
    /// The world that its keys belong to.
    pub environment: Environment,
    /// What it is registered as; the client id must be there.
    pub registration: RegistrationChanges,
    /// The client secret, where its way to prove who it is needs one.
    pub secret: Option<SecretString>,
}

/// Adds an app; its hosts must be the vendor's, the named server's, or trusted by name.
///
/// Asks the server for its metadata if a discovery document is named. The keys are proven by the first login or
/// exchange.
pub async fn add(session: &Session, new: NewApp) -> Result<App, OpsError> {
    let (app, secret) = plan_add(session, new).await?;
    session.vault.transact::<_, OpsError>(&added(&app), |rows| insert(rows, app, secret.as_ref()))
}

/// Returns what [`add`] would store: what `--dry-run` shows.
pub async fn plan_add(session: &Session, new: NewApp) -> Result<(App, Option<SecretString>), OpsError> {
    session.vault.require_writable()?;
    let client_id = new.registration.client_id.clone().unwrap_or_default();
    let now = session.clock.now();
    let mut app = App {
        id: AppId::new(),
        name: new.name,
        provider: new.provider,
        environment: new.environment,
        registration: Registration::new(client_id),
        previous_registration: None,
        has_secret: new.secret.is_some(),
        has_previous_secret: false,
        created_at: now,
        updated_at: now,
    };
    change_registration(session, &mut app, &new.registration).await?;
    check_secret(&app)?;
    session.vault.read(|rows| unused(rows, &app))?;
    Ok((app, new.secret))
}

/// Adds a prepared app inside a transaction: with a connection that brings its own, in one commit.
pub(super) fn insert(rows: &Rows<'_>, app: App, secret: Option<&SecretString>) -> Result<App, OpsError> {
    unused(rows, &app)?;
    rows.insert_app(&app, secret)?;
    Ok(app)
}

fn added(app: &App) -> AuditEvent {
    with_trust(AuditEvent::new(Action::AppAdd).about(SubjectKind::App, &app.id), &app.registration)
}

/// Trusting a foreign host is a decision that the log must show.
pub(super) fn with_trust(event: AuditEvent, registration: &Registration) -> AuditEvent {
    match registration.trusted_hosts.as_slice() {
        [] => event,
        trusted => event.with("trusted_hosts", trusted.join(" ")),
    }
}

fn unused(rows: &Rows<'_>, app: &App) -> Result<(), OpsError> {
    match rows.app(&app.name)? {
        Some(other) if other.id != app.id => Err(AppError::NameTaken(app.name.clone()).into()),
        _ => Ok(()),
    }
}

/// Applies changes, reads the server's metadata if they name it, and checks what can be checked without keys.
async fn change_registration(
    session: &Session,
    app: &mut App,
    changes: &RegistrationChanges,
) -> Result<(), OpsError> {
    let (provider, environment) = (app.provider, app.environment);
    let settings = probe(app);
    // What is said by flag counts more than what the metadata says, and trusted hosts count for both.
    if let Some(trusted) = &changes.trusted_hosts {
        app.registration.trusted_hosts.clone_from(trusted);
    }
    if let Some(url) = &changes.discovery {
        app.registration.server.discovery = Some(url.clone());
        let registration = Some(&app.registration);
        let request = EndpointRequest { provider, environment, settings: &settings, registration };
        providers::discovery_url(request, url)?;
        let vendor = providers::descriptor(provider);
        let limits = session.exchange_limits();
        let found = oauth::discover(&session.client, &session.clock, vendor, (url, limits)).await;
        app.registration.server = found.map_err(Box::new)?;
    }
    changes.apply(&mut app.registration);
    plan_of(app).map(drop)
}

/// The settings of a connection that the app could have, for what is the app's alone.
fn probe(app: &App) -> Settings {
    MemberSettings::new(providers::descriptor(app.provider).grants[0]).into()
}

/// How the app itself would ask for a token.
pub(super) fn plan_of(app: &App) -> Result<Plan, OpsError> {
    Ok(providers::check(EndpointRequest {
        provider: app.provider,
        environment: app.environment,
        settings: &probe(app),
        registration: Some(&app.registration),
    })?)
}

fn check_secret(app: &App) -> Result<(), OpsError> {
    let authentication = plan_of(app)?.authentication;
    match (authentication.needs_secret(), app.has_secret) {
        (true, false) => Err(AppError::NoClientSecret(app.name.clone()).into()),
        (false, true) => Err(OpsError::Invalid(format!("{authentication} takes no client secret"))),
        _ => Ok(()),
    }
}

/// Whether an app with these settings proves who it is by a client secret.
pub fn needs_secret(provider: Provider, registration: &RegistrationChanges) -> bool {
    let usual = providers::descriptor(provider).client_authentication[0];
    registration.authentication.unwrap_or(usual).needs_secret()
}

/// An app with what belongs to it.
#[derive(Debug)]
pub struct AppOverview {
    /// The app.
    pub app: App,
    /// Its connections by name.
    pub connections: Vec<Connection>,
    /// Grants that were given to it and are kept apart.
    pub quarantined: Vec<Quarantined>,
}

/// Returns every app by name, with how many connections belong to it.
pub fn list(session: &Session) -> Result<Vec<(App, u64)>, OpsError> {
    session.vault.read(|rows| {
        let with_count = |app: App| Ok((rows.connections_of_app(&app.id)?, app));
        rows.apps()?.into_iter().map(|app| with_count(app).map(|(count, app)| (app, count))).collect()
    })
}

/// Returns one app with its connections.
pub fn show(session: &Session, name: &AppName) -> Result<AppOverview, OpsError> {
    let app = session.app(name)?;
    session.vault.read(|rows| overview(rows, app))
}

fn overview(rows: &Rows<'_>, app: App) -> Result<AppOverview, OpsError> {
    let mut quarantined = rows.quarantined()?;
    quarantined.retain(|grant| grant.app == app.id);
    Ok(AppOverview { connections: rows.members(&app.id)?, quarantined, app })
}

/// Changes to an app.
#[derive(Default)]
pub struct AppChanges {
    /// A new name.
    pub name: Option<AppName>,
    /// What it is registered as.
    pub registration: RegistrationChanges,
    /// A new client secret.
    pub secret: Option<SecretString>,
    /// Go back to the keys and settings before the last change; excludes every other one.
    pub revert: bool,
    /// Store keys without proof.
    pub unproven: bool,
}

/// What [`set`] did.
#[derive(Debug)]
pub struct ChangedApp {
    /// The app as it is now, or would be.
    pub found: AppOverview,
    /// Whether keys were proven; `None` where nothing needed proof.
    pub proven: Option<bool>,
}

/// A change that is ready to be proven and stored.
struct Planned {
    before: App,
    after: App,
    /// The client secret that would count.
    secret: Option<SecretString>,
    /// Whether what a vendor compares changes.
    keys_change: bool,
}

/// Changes an app. New keys are proven before they replace the old ones, unless `unproven`; the old ones are kept for
/// `revert`.
///
/// Intuit tells wrong keys from a wrong grant, so a refresh token that was made up proves them without touching a
/// company (`vendors.md` 2.3).
pub async fn set(session: &Session, name: &AppName, changes: AppChanges) -> Result<ChangedApp, OpsError> {
    session.vault.require_writable()?;
    let (revert, unproven, replaces_secret) = (changes.revert, changes.unproven, changes.secret.is_some());
    let planned = plan(session, name, changes).await?;
    let mut proven = None;
    if planned.keys_change {
        proven = Some(false);
        if !unproven {
            refuse_orphans(session, &planned)?;
            proven = prove(session, &planned).await?;
        }
    }
    let Planned { before, after, secret, .. } = planned;
    let event = AuditEvent::new(Action::AppSet).about(SubjectKind::App, &after.id);
    let event = with_trust(event.with("proven", proven == Some(true)), &after.registration);
    let found = session.vault.transact::<_, OpsError>(&event, |rows| {
        unused(rows, &after)?;
        // The proof was of what was read before it.
        if rows.app_by_id(&before.id)?.as_ref() != Some(&before) {
            return Err(AppError::Changed(before.name.clone()).into());
        }
        let secret = match (revert, replaces_secret) {
            (true, _) if before.has_previous_secret => SecretChange::Swap,
            (false, true) => SecretChange::Replace(secret.as_ref()),
            _ => SecretChange::Keep,
        };
        rows.update_app(&after, secret)?;
        // Not after the commit: a disk that fails then must not make a failure of what is done.
        let stored = rows.app_by_id(&after.id)?;
        overview(rows, stored.unwrap_or_else(|| after.clone()))
    })?;
    Ok(ChangedApp { found, proven })
}

/// Returns what [`set`] would store, without proof and without storing it: what `--dry-run` shows.
pub async fn plan_set(
    session: &Session,
    name: &AppName,
    changes: AppChanges,
) -> Result<ChangedApp, OpsError> {
    session.vault.require_writable()?;
    let planned = plan(session, name, changes).await?;
    let found = AppOverview { app: planned.after, connections: Vec::new(), quarantined: Vec::new() };
    Ok(ChangedApp { found, proven: planned.keys_change.then_some(false) })
}

async fn plan(session: &Session, name: &AppName, changes: AppChanges) -> Result<Planned, OpsError> {
    let before = session.app(name)?;
    let mut after = before.clone();
    let mut secret = changes.secret;
    if changes.revert {
        if before.previous_registration.is_none() && !before.has_previous_secret {
            return Err(AppError::NoPreviousKeys(name.clone()).into());
        }
        if let Some(previous) = after.previous_registration.take() {
            after.registration = previous;
        }
        if before.has_previous_secret {
            secret = session.vault.read(|rows| rows.previous_app_secret(&before.id))?;
        }
        plan_of(&after)?;
    } else {
        change_registration(session, &mut after, &changes.registration).await?;
    }
    let keys_change = secret.is_some()
        || plan_of(&after)?.hash != plan_of(&before)?.hash
        || after.registration.authentication != before.registration.authentication;
    if after.registration != before.registration || changes.revert {
        after.previous_registration = Some(before.registration.clone());
    }
    after.has_secret |= secret.is_some();
    if let Some(new_name) = changes.name {
        after.name = new_name;
    }
    after.updated_at = session.clock.now();
    check_secret(&after)?;
    if secret.is_none() && before.has_secret {
        secret = session.vault.read(|rows| rows.app_secret(&before.id))?;
    }
    Ok(Planned { before, after, secret, keys_change })
}

/// A grant belongs to the client id that it was given to: another one would cut every company off.
fn refuse_orphans(session: &Session, planned: &Planned) -> Result<(), OpsError> {
    let Planned { before, after, .. } = planned;
    if before.registration.client_id == after.registration.client_id {
        return Ok(());
    }
    let holders = session.vault.read(|rows| {
        let grants = rows.all_grant_facts()?;
        Ok::<_, OpsError>(rows.members(&before.id)?.iter().filter(|one| grants.contains_key(&one.id)).count())
    })?;
    if holders == 0 {
        Ok(())
    } else {
        Err(AppError::WouldOrphan { name: before.name.clone(), holders }.into())
    }
}

/// Returns whether the keys are proven; `None` where nothing but a connection's own key could prove them.
async fn prove(session: &Session, planned: &Planned) -> Result<Option<bool>, OpsError> {
    let plan = plan_of(&planned.after)?;
    let means = match (plan.authentication, &planned.secret) {
        (ClientAuthentication::PrivateKeyJwt, _) => return Ok(None),
        (_, Some(secret)) => Means::Secret(secret),
        (_, None) => Means::Nothing,
    };
    Asker::new(session).prove_client(&plan, &means).await?;
    Ok(Some(true))
}

/// Removes an app that no connection belongs to, and destroys its client secret.
pub fn remove(session: &Session, name: &AppName) -> Result<AppOverview, OpsError> {
    session.vault.require_writable()?;
    let overview = plan_remove(session, name)?;
    let event = AuditEvent::new(Action::AppRemove).about(SubjectKind::App, &overview.app.id);
    session.vault.transact::<_, OpsError>(&event, |rows| {
        let connections = rows.connections_of_app(&overview.app.id)?;
        if connections > 0 {
            return Err(AppError::InUse { name: overview.app.name.clone(), connections }.into());
        }
        Ok(rows.remove_app(&overview.app.id, session.clock.now())?)
    })?;
    Ok(overview)
}

/// Returns what [`remove`] would remove, or why it would not: what `--dry-run` shows.
pub fn plan_remove(session: &Session, name: &AppName) -> Result<AppOverview, OpsError> {
    let overview = show(session, name)?;
    match overview.connections.len() as u64 {
        0 => Ok(overview),
        connections => Err(AppError::InUse { name: overview.app.name, connections }.into()),
    }
}
