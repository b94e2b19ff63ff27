//! Access tokens: a valid one in milliseconds, obtained once however many ask.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::domain::audit::{Action, AuditEvent, AuditKind as _};
use crate::domain::connection::Connection;
use crate::domain::grant::Sender;
use crate::domain::ids::{ConnectionName, KeyId};
use crate::domain::selection::Selection;
use crate::domain::settings::GrantKind;
use crate::domain::token::{self, AccessToken, Demand, Staleness};
use crate::hooks::mutant;
use crate::oauth::Exchanged;
use crate::vault::{ConnectionLock, Failure, VaultError};

use super::grants::Refresh;
use super::proof::{Asker, Means, clock_warning};
use super::{GrantError, OpsError, Session};

/// How old the audit log's anchor may grow while tokens are handed out: one hour.
const ANCHOR_INTERVAL: SignedDuration = SignedDuration::from_hours(1);

/// A token, and where it came from.
pub struct Issued {
    /// The connection it is for.
    pub connection: Connection,
    /// The token, durable before anyone sees it.
    pub token: AccessToken,
    /// Why the vendor was asked; `None` if the cached token was good.
    pub obtained: Option<Staleness>,
    /// Things that people should know.
    pub warnings: Vec<String>,
}

/// Returns a token that satisfies `demand`: the cached one, or one exchange for all callers.
///
/// A refresh token that rotates is sent only at the vault's home.
pub async fn get(session: &Session, name: &ConnectionName, demand: Demand) -> Result<Issued, OpsError> {
    let mut issued = match ensure(session, name, demand).await {
        Ok(issued) => issued,
        Err(error) => {
            if ends_a_grant(&error) {
                // It is in the journal either way; the next commit tells those who cannot read that.
                let _ = anchor(session);
            }
            return Err(error);
        }
    };
    release(session, &mut issued)?;
    Ok(issued)
}

/// Whether support must see it, who reads what is committed and not the journal.
fn ends_a_grant(error: &OpsError) -> bool {
    matches!(error, OpsError::Grant(GrantError::Lost { .. } | GrantError::Over { .. }))
}

/// Returns a token for each of `names`, in their order; all vendors that must be asked are asked at once.
///
/// Fails with the first name that no token can be had for; then none is recorded as handed out.
pub async fn get_all(
    session: &Arc<Session>,
    names: &[ConnectionName],
    demand: Demand,
) -> Result<Vec<Issued>, (ConnectionName, OpsError)> {
    let mut all = ready(session, names, demand).await?;
    for (issued, name) in all.iter_mut().zip(names) {
        release(session, issued).map_err(|error| (name.clone(), error))?;
    }
    Ok(all)
}

/// As [`get_all`], for tokens that nobody is given yet.
pub async fn ready(
    session: &Arc<Session>,
    names: &[ConnectionName],
    demand: Demand,
) -> Result<Vec<Issued>, (ConnectionName, OpsError)> {
    let mut tasks = JoinSet::new();
    for (place, name) in names.iter().cloned().enumerate() {
        let session = Arc::clone(session);
        tasks.spawn(
            async move { (place, ensure(&session, &name, demand).await.map_err(|error| (name, error))) },
        );
    }
    let mut results = Vec::with_capacity(names.len());
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok(one) => results.push(one),
            // Nobody cancels a task here, so it panicked.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

/// As [`get`], for a token that nobody is given: it is there, and no release is recorded.
pub(super) async fn ensure(
    session: &Session,
    name: &ConnectionName,
    demand: Demand,
) -> Result<Issued, OpsError> {
    let cached = |connection, token| Issued { connection, token, obtained: None, warnings: Vec::new() };
    let connection = usable(session.connection(name)?)?;
    let stale = match look(session, &connection, demand)? {
        Look::Fresh(token) => return Ok(cached(connection, token)),
        Look::Stale(reason) => reason,
    };
    if let Some(away) = away(session)? {
        if connection.settings.grant() == GrantKind::RefreshToken {
            return Err(away.into());
        }
        let exchanged = exchange(session, &connection).await?;
        return Ok(hand_out_away(connection, exchanged, stale, &away));
    }

    let asked_at = session.clock.now();
    let (connection, mut lock) = session.lock(name)?;
    let connection = usable(connection)?;
    if let Some(failure) = lock.shared_failure(session.clock.now()).cloned() {
        // Passed on to the next one who waits, at its own age.
        lock.record(Some(failure.clone()));
        return Err(OpsError::SharedFailure(failure));
    }
    // A caller who wants past the cache is served by whoever asked the vendor while it waited.
    let demand = Demand { force: demand.force && !renewed_since(session, &connection, asked_at)?, ..demand };
    let reason = match look(session, &connection, demand)? {
        Look::Fresh(token) if !mutant("refresh-without-reread") => {
            return Ok(cached(connection, token));
        }
        Look::Fresh(_) => stale,
        Look::Stale(reason) => reason,
    };
    let issued = obtain(session, connection, (reason, demand.sender), &mut lock).await?;
    long_enough(&issued, demand)?;
    Ok(issued)
}

/// Refuses a promise that the vendor does not keep: asked again, it would be broken again.
fn long_enough(issued: &Issued, demand: Demand) -> Result<(), OpsError> {
    let facts = &issued.token.facts;
    let lifetime = facts.expires_at.duration_since(facts.obtained_at);
    if demand.min_ttl.is_some_and(|wanted| wanted > lifetime) {
        return Err(OpsError::ShortLived { name: issued.connection.name.clone(), lifetime });
    }
    Ok(())
}

/// Why nothing can be recorded here although nothing is wrong: the vault's home or its owner is another one.
///
/// Every other failure is returned: a token that could have been recorded is never released without its record.
fn away(session: &Session) -> Result<Option<VaultError>, OpsError> {
    match session.vault.require_writable() {
        Ok(()) => Ok(None),
        Err(away @ (VaultError::ForeignHome(_) | VaultError::UnsafeFile { .. })) => Ok(Some(away)),
        Err(error) => Err(error.into()),
    }
}

enum Look {
    Fresh(AccessToken),
    Stale(Staleness),
}

fn usable(connection: Connection) -> Result<Connection, OpsError> {
    if connection.enabled { Ok(connection) } else { Err(OpsError::Disabled(connection.name)) }
}

fn look(session: &Session, connection: &Connection, demand: Demand) -> Result<Look, OpsError> {
    let (key, settings) = context(session, connection)?;
    let token = session.vault.token(&connection.id)?;
    let facts = token.as_ref().map(|token| &token.facts);
    let stale = token::staleness(facts, key.as_ref(), &settings, demand, session.clock.now());
    Ok(match (stale, token) {
        (None, Some(token)) => Look::Fresh(token),
        (stale, _) => Look::Stale(stale.unwrap_or(Staleness::Missing)),
    })
}

fn renewed_since(
    session: &Session,
    connection: &Connection,
    then: jiff::Timestamp,
) -> Result<bool, OpsError> {
    Ok(session.vault.token(&connection.id)?.is_some_and(|token| token.facts.obtained_at >= then))
}

/// The key and the hash of the settings that an exchange would use now.
fn context(session: &Session, connection: &Connection) -> Result<(Option<KeyId>, String), OpsError> {
    let keys = session.vault.read(|rows| rows.keys_of(&connection.id))?;
    Ok((keys.active.map(|key| key.id), session.plan(connection)?.hash))
}

async fn exchange(session: &Session, connection: &Connection) -> Result<Exchanged, OpsError> {
    let plan = session.plan(connection)?;
    let means = Means::load(session, connection, &plan)?;
    Asker::new(session).exchange(connection, &plan, &means).await
}

/// Asks the vendor once, under the connection's lock; the token is durable before it is handed out.
async fn obtain(
    session: &Session,
    connection: Connection,
    (reason, sender): (Staleness, Sender),
    lock: &mut ConnectionLock,
) -> Result<Issued, OpsError> {
    let result = match connection.settings.grant() {
        GrantKind::ClientCredentials => obtain_at_will(session, &connection, reason, lock).await,
        GrantKind::RefreshToken => refresh(session, &connection, (reason, sender), lock).await,
    };
    match result {
        Ok((token, warning)) => {
            lock.record(None);
            let warnings = warning.into_iter().collect();
            Ok(Issued { connection, token, obtained: Some(reason), warnings })
        }
        Err(error) => {
            let (_, outcome) = error.verdict();
            lock.record(Some(Failure { failed_at: session.clock.now(), error: error.to_string(), outcome }));
            Err(error)
        }
    }
}

/// By an exchange that may be repeated.
async fn obtain_at_will(
    session: &Session,
    connection: &Connection,
    reason: Staleness,
    lock: &ConnectionLock,
) -> Result<(AccessToken, Option<String>), OpsError> {
    let event = AuditEvent::new(Action::TokenObtain).on(&connection.id).with("reason", reason);
    let operation = session.vault.audit().request(&event, &session.vault.actor()?)?;
    let result = exchange(session, connection).await.and_then(|exchanged| {
        session.vault.journal_token(lock, &exchanged.token)?;
        Ok(exchanged)
    });
    let recorded = result.as_ref().map(drop).map_err(OpsError::audit_kind);
    session.vault.audit().outcome(&operation, recorded)?;
    let exchanged = result?;
    Ok((exchanged.token, clock_warning(&exchanged.evidence)))
}

/// By the one sending of a refresh token.
async fn refresh(
    session: &Session,
    connection: &Connection,
    (reason, sender): (Staleness, Sender),
    lock: &ConnectionLock,
) -> Result<(AccessToken, Option<String>), OpsError> {
    let app = session.app_of(connection)?.ok_or_else(|| VaultError::damaged("a grant belongs to no app"))?;
    let plan = session.plan(connection)?;
    let refresh = Refresh { session, connection, app: &app, plan: &plan, sender, reason };
    let (token, evidence) = refresh.run(lock).await?;
    Ok((token, clock_warning(&evidence)))
}

/// Away from home nothing is written: the exchange works, its token is handed out and forgotten.
fn hand_out_away(
    connection: Connection,
    exchanged: Exchanged,
    reason: Staleness,
    away: &VaultError,
) -> Issued {
    let mut warnings = vec![format!("the token was neither cached nor recorded: {away}")];
    warnings.extend(clock_warning(&exchanged.evidence));
    Issued { connection, token: exchanged.token, obtained: Some(reason), warnings }
}

/// Records that the token is handed out; away from home it cannot be recorded, and a warning says so.
fn release(session: &Session, issued: &mut Issued) -> Result<(), OpsError> {
    if let Some(away) = away(session)? {
        if issued.warnings.is_empty() {
            issued.warnings.push(format!("the release was not recorded: {away}"));
        }
        return Ok(());
    }
    let hash = &issued.token.facts.hash;
    let event = AuditEvent::new(Action::TokenRelease).on(&issued.connection.id).with("token", hash);
    session.vault.audit().release(&event, &session.vault.actor()?)?;
    let anchored_at = session.vault.anchored_at()?;
    if session.clock.now().duration_since(anchored_at) > ANCHOR_INTERVAL
        // The token is good either way; the next caller tries again.
        && let Err(error) = anchor(session)
    {
        issued.warnings.push(format!("the audit log could not be anchored: {error}"));
    }
    Ok(())
}

/// Commits, so that the audit log is anchored and the journal folded in.
fn anchor(session: &Session) -> Result<(), OpsError> {
    session.vault.transact::<_, OpsError>(&AuditEvent::new(Action::VaultAnchor), |_| Ok(()))
}

/// Which tokens to renew.
#[derive(Debug, Clone)]
pub struct RefreshRequest {
    /// Which connections; those that are disabled are left out unless they are named.
    pub selection: Selection,
    /// Only those whose token has less than this left; `None` renews all of them.
    pub due_within: Option<Option<SignedDuration>>,
    /// On whose behalf refresh tokens are sent.
    pub sender: Sender,
    /// How many vendors are asked at once; at least 1.
    pub parallel: usize,
}

/// What came of renewing one connection's token.
#[derive(Debug)]
pub struct Refreshed {
    /// The connection's name.
    pub name: ConnectionName,
    /// When the token that is there now expires, and why the vendor was asked, if it was.
    pub result: Result<(Timestamp, Option<Staleness>), OpsError>,
    /// Things that people should know.
    pub warnings: Vec<String>,
}

/// Renews the tokens of a selection; each connection's own failure is in its [`Refreshed`], by name.
///
/// What the vendors answered is durable at once and in one commit at the end. Fails as a whole only where nothing could
/// be tried.
pub async fn refresh_all(
    session: &Arc<Session>,
    request: RefreshRequest,
) -> Result<Vec<Refreshed>, OpsError> {
    session.vault.require_writable()?;
    let names = chosen(session, &request.selection)?;
    let demand = Demand {
        min_ttl: request.due_within.flatten(),
        force: request.due_within.is_none(),
        sender: request.sender,
    };
    let progress = session.interact.progress(names.len() as u64, "refreshing");
    let places = Arc::new(Semaphore::new(request.parallel.max(1)));
    let mut tasks = JoinSet::new();
    for name in names {
        let (session, places) = (Arc::clone(session), Arc::clone(&places));
        tasks.spawn(async move {
            let _place = places.acquire_owned().await;
            match ensure(&session, &name, demand).await {
                Ok(issued) => Refreshed {
                    name,
                    result: Ok((issued.token.facts.expires_at, issued.obtained)),
                    warnings: issued.warnings,
                },
                Err(error) => Refreshed { name, result: Err(error), warnings: Vec::new() },
            }
        });
    }
    let mut refreshed = Vec::with_capacity(tasks.len());
    while let Some(done) = tasks.join_next().await {
        progress.advance(1);
        match done {
            Ok(one) => refreshed.push(one),
            // Nobody cancels a task here, so it panicked.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    let is_news = |one: &Refreshed| match &one.result {
        Ok((_, reason)) => reason.is_some(),
        Err(error) => ends_a_grant(error),
    };
    if refreshed.iter().any(is_news) {
        anchor(session)?;
    }
    refreshed.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(refreshed)
}

fn chosen(session: &Session, selection: &Selection) -> Result<Vec<ConnectionName>, OpsError> {
    for name in &selection.names {
        session.connection(name)?;
    }
    let by_name = !selection.names.is_empty();
    let mut connections = session.vault.read(|rows| rows.connections(selection))?;
    connections.retain(|connection| connection.enabled || by_name);
    if connections.is_empty() {
        return Err(OpsError::EmptySelection);
    }
    Ok(connections.into_iter().map(|connection| connection.name).collect())
}
