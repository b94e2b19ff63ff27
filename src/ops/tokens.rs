//! Access tokens: a valid one in milliseconds, obtained once however many ask.

use jiff::SignedDuration;

use crate::domain::audit::{Action, AuditEvent};
use crate::domain::connection::Connection;
use crate::domain::ids::{ConnectionName, KeyId};
use crate::domain::key::KeyState;
use crate::domain::token::{self, AccessToken, Demand, Staleness};
use crate::hooks;
use crate::oauth::Exchanged;
use crate::vault::{ConnectionLock, Failure, VaultError};

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
    let connection = usable(session.connection(name)?)?;
    let stale = match look(session, &connection, demand)? {
        Look::Fresh(token) => return release(session, connection, token, None, Vec::new()),
        Look::Stale(reason) => reason,
    };
    if let Some(away) = away(session)? {
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
    let issued = match look(session, &connection, demand)? {
        Look::Fresh(token) if !hooks::mutant("refresh-without-reread") => {
            release(session, connection, token, None, Vec::new())
        }
        Look::Fresh(_) => obtain(session, connection, stale, &mut lock).await,
        Look::Stale(reason) => obtain(session, connection, reason, &mut lock).await,
    }?;
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
    let keys = session.vault.read(|rows| rows.keys_of(&connection.id))?;
    let state = KeyState::Active;
    let active = keys.active.ok_or_else(|| OpsError::NoKey { name: connection.name.clone(), state })?;
    let signing = Signing::load(session, &connection.name, &active, None)?;
    Asker::new(session).exchange(connection, &session.plan(connection)?, &signing).await
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
            let stored = session.vault.journal_token(lock, &exchanged.token);
            session.vault.audit().outcome(&operation, stored.as_ref().map(drop).map_err(|_| "failed"))?;
            stored?;
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
fn hand_out_away(
    connection: Connection,
    exchanged: Exchanged,
    reason: Staleness,
    away: &VaultError,
) -> Issued {
    let mut warnings = vec![format!("the token was neither cached nor recorded: {away}")];
    warnings.extend(clock_warning(&exchanged));
    Issued { connection, token: exchanged.token, obtained: Some(reason), warnings }
}

/// Records that the token is handed out; away from home it cannot be recorded, and a warning says so.
fn release(
    session: &Session,
    connection: Connection,
    token: AccessToken,
    obtained: Option<Staleness>,
    mut warnings: Vec<String>,
) -> Result<Issued, OpsError> {
    if let Some(away) = away(session)? {
        warnings.push(format!("the release was not recorded: {away}"));
        return Ok(Issued { connection, token, obtained, warnings });
    }
    let event = AuditEvent::new(Action::TokenRelease).on(&connection.id).with("token", &token.facts.hash);
    session.vault.audit().release(&event, &session.vault.actor()?)?;
    let anchored_at = session.vault.anchored_at()?;
    if session.clock.now().duration_since(anchored_at) > ANCHOR_INTERVAL
        // The token is good either way; the next caller tries again.
        && let Err(error) = session.vault.transact::<_, OpsError>(&AuditEvent::new(Action::VaultAnchor), |_| Ok(()))
    {
        warnings.push(format!("the audit log could not be anchored: {error}"));
    }
    Ok(Issued { connection, token, obtained, warnings })
}
