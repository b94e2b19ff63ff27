//! Access tokens: a valid one in milliseconds, obtained once however many ask.

use jiff::SignedDuration;

use crate::domain::audit::{Action, AuditEvent};
use crate::domain::connection::Connection;
use crate::domain::ids::{ConnectionName, KeyId};
use crate::domain::key::KeyState;
use crate::domain::token::{self, AccessToken, Demand, Staleness};
use crate::hooks;
use crate::oauth::Exchanged;
use crate::vault::{ConnectionLock, Failure};

use super::proof::{Asker, Signing, clock_warning};
use super::{OpsError, Session};

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
pub async fn get(session: &Session, name: &ConnectionName, demand: Demand) -> Result<Issued, OpsError> {
    let connection = usable(session, name)?;
    let cached = match look(session, &connection, demand)? {
        Look::Fresh(token) => return release(session, connection, token, None, Vec::new()),
        Look::Stale(reason) => reason,
    };
    if let Err(away) = session.vault.require_writable() {
        return get_away_from_home(session, connection, cached, away.to_string()).await;
    }

    let asked_at = session.clock.now();
    // What was known before the lock is thrown away: another process may have refreshed, rotated or removed.
    let (connection, mut lock) = session.lock_by_name(name)?;
    if let Some(failure) = lock.shared_failure(session.clock.now()).cloned() {
        lock.record(Some(failure.clone()));
        return Err(OpsError::SharedFailure(failure));
    }
    let connection = enabled(connection)?;
    // A caller who wants past the cache is served by whoever asked the vendor while it waited.
    let demand = Demand { force: demand.force && !renewed_since(session, &connection, asked_at)?, ..demand };
    match look(session, &connection, demand)? {
        Look::Fresh(token) if !hooks::mutant("refresh-without-reread") => {
            release(session, connection, token, None, Vec::new())
        }
        Look::Fresh(_) => obtain(session, connection, cached, &mut lock).await,
        Look::Stale(reason) => obtain(session, connection, reason, &mut lock).await,
    }
}

enum Look {
    Fresh(AccessToken),
    Stale(Staleness),
}

fn usable(session: &Session, name: &ConnectionName) -> Result<Connection, OpsError> {
    enabled(session.connection(name)?)
}

fn enabled(connection: Connection) -> Result<Connection, OpsError> {
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
    Ok((keys.active.map(|key| key.id), connection.settings.hash()))
}

async fn exchange(session: &Session, connection: &Connection) -> Result<Exchanged, OpsError> {
    let keys = session.vault.read(|rows| rows.keys_of(&connection.id))?;
    let state = KeyState::Active;
    let active = keys.active.ok_or_else(|| OpsError::NoKey { name: connection.name.clone(), state })?;
    let signing = Signing::load(session, &connection.name, &active, None)?;
    Asker::new(session).exchange(connection, &connection.settings, &signing).await
}

/// Asks the vendor once, under the connection's lock; the token is durable before it is handed out.
async fn obtain(
    session: &Session,
    connection: Connection,
    reason: Staleness,
    lock: &mut ConnectionLock,
) -> Result<Issued, OpsError> {
    let event = AuditEvent::new(Action::TokenObtain).on(&connection.id).with("reason", reason);
    let operation = session.vault.audit().request(&event, &session.vault.actor()?)?;
    let result = exchange(session, &connection).await;
    match result {
        Ok(exchanged) => {
            session.vault.journal_token(lock, &exchanged.token)?;
            session.vault.audit().outcome(&operation, Ok(()))?;
            lock.record(None);
            let warnings = clock_warning(&exchanged).into_iter().collect();
            release(session, connection, exchanged.token, Some(reason), warnings)
        }
        Err(error) => {
            let (_, outcome) = error.verdict();
            session.vault.audit().outcome(&operation, Err(outcome.as_str()))?;
            lock.record(Some(Failure { failed_at: session.clock.now(), error: error.to_string(), outcome }));
            Err(error)
        }
    }
}

/// Away from home nothing is written: the exchange works, its token is handed out and forgotten.
async fn get_away_from_home(
    session: &Session,
    connection: Connection,
    reason: Staleness,
    away: String,
) -> Result<Issued, OpsError> {
    let exchanged = exchange(session, &connection).await?;
    let mut warnings = vec![format!("the token was neither cached nor recorded: {away}")];
    warnings.extend(clock_warning(&exchanged));
    Ok(Issued { connection, token: exchanged.token, obtained: Some(reason), warnings })
}

fn release(
    session: &Session,
    connection: Connection,
    token: AccessToken,
    obtained: Option<Staleness>,
    mut warnings: Vec<String>,
) -> Result<Issued, OpsError> {
    let event = AuditEvent::new(Action::TokenRelease).on(&connection.id).with("token", &token.facts.hash);
    session.vault.audit().release(&event, &session.vault.actor()?)?;
    let anchored_at = session.vault.anchored_at()?;
    if session.clock.now().duration_since(anchored_at) > ANCHOR_INTERVAL
        && session.vault.require_writable().is_ok()
        // The token is good either way; the next caller tries again.
        && let Err(error) = session.vault.transact(&AuditEvent::new(Action::VaultAnchor), |_| Ok::<_, OpsError>(()))
    {
        warnings.push(format!("the audit log could not be anchored: {error}"));
    }
    Ok(Issued { connection, token, obtained, warnings })
}
