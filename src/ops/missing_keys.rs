//! First keys for every connection that lacks one, at once.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::domain::audit::{Action, AuditEvent, SubjectKind};
use crate::domain::connection::Connection;
use crate::domain::ids::ConnectionName;
use crate::domain::key::Key;
use crate::domain::rotation::Step;
use crate::domain::selection::Selection;
use crate::domain::settings::ClientAuthentication;
use crate::providers;
use crate::vault::Rows;

use super::keys::{KeyRequest, NewKey, acceptable, allowed, check_request, make_for};
use super::{OpsError, Session};

/// What [`keygen_missing`] did for one connection.
pub struct Made {
    /// The connection.
    pub name: ConnectionName,
    /// Its new pending key, or why there is none.
    pub result: Result<Key, OpsError>,
}

/// Makes first keys for every enabled connection without one, on all cores, and stores them in one commit.
///
/// Takes no connection's lock: the commit looks again, and a connection that got a key meanwhile keeps it.
pub fn keygen_missing(session: &Session, request: &KeyRequest) -> Result<Vec<Made>, OpsError> {
    let missing = missing_keys(session)?;
    if missing.is_empty() {
        return Err(OpsError::EmptySelection);
    }
    for connection in &missing {
        check_request(session, connection, request)?;
    }
    let made = make_on_all_cores(session, &missing, request);
    let event = made
        .iter()
        .filter_map(|(_, made)| Some(&made.as_ref().ok()?.key))
        .fold(AuditEvent::new(Action::KeyCreate), |event, key| {
            event.on(&key.connection).about(SubjectKind::Key, &key.certificate.fingerprint)
        });
    session.vault.transact::<_, OpsError>(&event, |rows| {
        made.into_iter().map(|(connection, made)| store_one(rows, connection, made)).collect()
    })
}

/// The enabled connections whose clients prove themselves by a key and have none.
pub fn missing_keys(session: &Session) -> Result<Vec<Connection>, OpsError> {
    session.vault.read(|rows| {
        let sets = rows.key_sets()?;
        let apps: BTreeMap<_, _> = rows.apps()?.into_iter().map(|app| (app.id.clone(), app)).collect();
        let mut connections = rows.connections(&Selection::enabled())?;
        connections.retain(|connection| {
            let app = connection.app.as_ref().and_then(|id| apps.get(id));
            let authentication = providers::descriptor(connection.provider)
                .authentication_of(app.map(|app| &app.registration));
            authentication == ClientAuthentication::PrivateKeyJwt && !sets.contains_key(&connection.id)
        });
        Ok(connections)
    })
}

fn store_one(
    rows: &Rows<'_>,
    connection: &Connection,
    made: Result<NewKey, OpsError>,
) -> Result<Made, OpsError> {
    let result = match made {
        Ok(_) if rows.connection_by_id(&connection.id)?.is_none() => {
            Err(OpsError::NoConnection { name: connection.name.to_string(), nearest: None })
        }
        Ok(new) => match allowed(connection, &rows.keys_of(&connection.id)?, Step::Keygen) {
            Ok(_) => {
                new.store(rows)?;
                Ok(new.key)
            }
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    Ok(Made { name: connection.name.clone(), result })
}

type MadeFor<'a> = (&'a Connection, Result<NewKey, OpsError>);

fn make_on_all_cores<'a>(
    session: &Session,
    missing: &'a [Connection],
    request: &KeyRequest,
) -> Vec<MadeFor<'a>> {
    let progress = session.interact.progress(missing.len() as u64, "making keys");
    // What is made is stored, and that takes its time, too.
    let stop_at = session.limits.before_deadline(session.clock.instant());
    let next = AtomicUsize::new(0);
    let made = Mutex::new(Vec::with_capacity(missing.len()));
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(missing.len());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(connection) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = if session.clock.instant() < stop_at {
                        acceptable(session, connection, request)
                            .and_then(|algorithm| make_for(session, connection, request, algorithm))
                    } else {
                        Err(OpsError::OutOfTime)
                    };
                    progress.advance(1);
                    made.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((connection, one));
                }
            });
        }
    });
    drop(progress);
    let mut made = made.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    made.sort_by(|(left, _), (right, _)| left.name.cmp(&right.name));
    made
}
