//! Verification: a live token exchange past the cache for each selected connection.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::domain::audit::{Action, AuditEvent};
use crate::domain::connection::Connection;
use crate::domain::granted;
use crate::domain::ids::{CertificateId, ConnectionName};
use crate::domain::key::{Key, KeyState};
use crate::domain::rotation::KeySet;
use crate::domain::selection::Selection;
use crate::domain::verification::Verification;
use crate::hooks::mutant;
use crate::oauth::{Evidence, Exchanged};
use crate::providers::{self, Plan};
use crate::vault::{Rows, VaultError};

use super::proof::{Asker, Means, Signing, clock_warning, proof_of};
use super::{OpsError, Session};

/// What to verify, and with which key.
#[derive(Debug, Clone, Default)]
pub struct VerifyRequest {
    /// Which connections; those that are disabled only by name.
    pub selection: Selection,
    /// The key to try: active unless told otherwise.
    pub key: Option<KeyState>,
    /// A certificate id to try with it, without storing it.
    pub certificate_id: Option<CertificateId>,
    /// How many exchanges run at once; at least 1.
    pub parallel: usize,
}

/// One connection's result, with what people need to judge it.
#[derive(Debug)]
pub struct Verified {
    /// The connection's name.
    pub name: ConnectionName,
    /// What was found, as stored.
    pub verification: Verification,
    /// When the tried certificate expires, by the vendor's rule.
    pub certificate_expires_at: Option<Timestamp>,
    /// The failure itself, for its kind and hints.
    pub failure: Option<OpsError>,
    /// Something that is not a failure but should be known.
    pub warning: Option<String>,
}

/// What came of [`verify`].
#[derive(Debug)]
pub struct VerifyResult {
    /// One per selected connection, by name.
    pub verified: Vec<Verified>,
    /// Disabled connections that a selection without names left out.
    pub skipped: Vec<ConnectionName>,
    /// Whether the results were stored: not those of a trial, and none away from the vault's home.
    pub recorded: bool,
    /// Why they were not, if they should have been; away from home that is no failure.
    pub not_recorded: Option<OpsError>,
}

/// Verifies every selected connection by an exchange and stores the results in one commit.
///
/// Fails as a whole only where nothing could be tried: an empty selection, a viewer, an unreadable vault. Each
/// connection's own failure is in its [`Verified`].
pub async fn verify(session: &Session, request: &VerifyRequest) -> Result<VerifyResult, OpsError> {
    let (subjects, skipped) = load(session, request)?;
    if subjects.is_empty() {
        return Err(if skipped.is_empty() {
            OpsError::EmptySelection
        } else {
            OpsError::OnlyDisabled(skipped)
        });
    }
    let verified = exchange_all(session, subjects, request.parallel.max(1)).await;
    let trial =
        request.certificate_id.is_some() || request.key.is_some_and(|state| state != KeyState::Active);
    let mut result = VerifyResult { verified, skipped, recorded: false, not_recorded: None };
    if trial {
        return Ok(result);
    }
    // The proofs are told whether or not they can be stored.
    match record(session, &result.verified) {
        Ok(()) => result.recorded = true,
        Err(error) => result.not_recorded = Some(error),
    }
    Ok(result)
}

/// One connection and what signs for it, or why it cannot be tried.
struct Subject {
    connection: Connection,
    /// How, and what signs.
    means: Result<(Plan, Signing), OpsError>,
}

fn load(session: &Session, request: &VerifyRequest) -> Result<(Vec<Subject>, Vec<ConnectionName>), OpsError> {
    let (subjects, skipped) = session.vault.read(|rows| {
        let (connections, skipped) = select(rows, &request.selection)?;
        let mut sets = rows.key_sets()?;
        let chosen: Vec<_> = connections
            .into_iter()
            .map(|connection| {
                let keys = sets.remove(&connection.id).unwrap_or_default();
                (choose(&connection, keys, request), connection)
            })
            .collect();
        let ids: Vec<_> =
            chosen.iter().filter_map(|(choice, _)| Some(choice.as_ref().ok()?.0.id.clone())).collect();
        let mut private_keys = rows.private_keys(&ids)?;
        let subjects = chosen
            .into_iter()
            .map(|(choice, connection)| {
                let signing = choice.and_then(|(key, certificate_id)| {
                    let private_key = private_keys
                        .remove(&key.id)
                        .ok_or_else(|| VaultError::damaged("a key has no private half"))?;
                    Ok(Signing { key, certificate_id, private_key })
                });
                (connection, signing)
            })
            .collect::<Vec<_>>();
        Ok::<_, OpsError>((subjects, skipped))
    })?;
    let with_plan = |(connection, signing): (Connection, Result<Signing, OpsError>)| Subject {
        means: signing.and_then(|signing| Ok((session.plan(&connection)?, signing))),
        connection,
    };
    Ok((subjects.into_iter().map(with_plan).collect(), skipped))
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

fn choose(
    connection: &Connection,
    keys: KeySet,
    request: &VerifyRequest,
) -> Result<(Key, CertificateId), OpsError> {
    let state = request.key.unwrap_or(KeyState::Active);
    let name = || connection.name.clone();
    let key = keys.into_key(state).ok_or_else(|| OpsError::NoKey { name: name(), state })?;
    let certificate_id = request
        .certificate_id
        .clone()
        .or_else(|| key.certificate_id.clone())
        .ok_or_else(|| OpsError::NoCertificateId { name: name(), state })?;
    Ok((key, certificate_id))
}

async fn exchange_all(session: &Session, subjects: Vec<Subject>, parallel: usize) -> Vec<Verified> {
    let progress = session.interact.progress(subjects.len() as u64, "verifying");
    let places = Arc::new(Semaphore::new(parallel));
    let asker = Asker::storing(session);
    let mut tasks = JoinSet::new();
    for subject in subjects {
        let (asker, clock, places) = (asker.clone(), session.clock.clone(), Arc::clone(&places));
        // A task of its own, so that signing uses every core.
        tasks.spawn(async move {
            let _place = places.acquire_owned().await;
            attempt(&asker, &clock, subject).await
        });
    }
    let mut verified = Vec::with_capacity(tasks.len());
    while let Some(done) = tasks.join_next().await {
        progress.advance(1);
        match done {
            Ok(one) => verified.push(one),
            // Nobody cancels a task here, so it panicked: that must never look like a proof.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    verified.sort_by(|left, right| left.name.cmp(&right.name));
    verified
}

async fn attempt(asker: &Asker, clock: &Clock, subject: Subject) -> Verified {
    let connection = subject.connection;
    let checked_at = clock.now();
    let (plan, signing) = match subject.means {
        Ok(means) => means,
        Err(error) => return failed(&connection, checked_at, error),
    };
    let mut verified = match asker.exchange(&connection, &plan, &Means::Key(&signing)).await {
        Ok(exchanged) => judge(&connection, &signing.key, checked_at, &exchanged),
        Err(error) => failed(&connection, checked_at, error),
    };
    verified.certificate_expires_at =
        Some(providers::vendor_expiry(connection.provider, &signing.key.certificate));
    verified.verification.key = Some(signing.key.id);
    verified
}

/// A token is a proof unless it says that it is somebody else's.
fn judge(connection: &Connection, key: &Key, checked_at: Timestamp, exchanged: &Exchanged) -> Verified {
    let contradictions =
        exchanged.granted.as_ref().map(|found| granted::contradictions(found, &connection.settings));
    match contradictions.filter(|found| !found.is_empty() && !mutant("mapping-unchecked")) {
        None => proven(connection, key, checked_at, exchanged),
        Some(found) => {
            let mut verified = failed(connection, checked_at, OpsError::MappingDiffers(found.join(", ")));
            let proof = proof_of(connection, Some(key), &exchanged.evidence, checked_at);
            verified.verification.http_status = proof.http_status;
            verified.verification.latency_ms = proof.latency_ms;
            verified
        }
    }
}

fn proven(connection: &Connection, key: &Key, checked_at: Timestamp, exchanged: &Exchanged) -> Verified {
    Verified {
        name: connection.name.clone(),
        verification: proof_of(connection, Some(key), &exchanged.evidence, checked_at),
        certificate_expires_at: None,
        failure: None,
        warning: clock_warning(&exchanged.evidence).map(|warning| format!("{}: {warning}", connection.name)),
    }
}

fn failed(connection: &Connection, checked_at: Timestamp, error: OpsError) -> Verified {
    let (stage, outcome) = error.verdict();
    let exchange = match &error {
        OpsError::Exchange(error) => Some(error),
        _ => None,
    };
    let evidence = exchange.and_then(|error| error.evidence());
    let verification = Verification {
        connection: connection.id.clone(),
        key: None,
        checked_at,
        outcome,
        stage,
        http_status: evidence.and_then(|evidence| evidence.http_status),
        vendor_error: exchange.and_then(|error| error.vendor_code()).map(ToOwned::to_owned),
        message: Some(error.to_string()),
        latency_ms: evidence.map(Evidence::latency_ms),
    };
    Verified {
        name: connection.name.clone(),
        verification,
        certificate_expires_at: None,
        failure: (!mutant("failure-is-proof")).then_some(error),
        warning: None,
    }
}

fn record(session: &Session, verified: &[Verified]) -> Result<(), OpsError> {
    let proven = verified.iter().filter(|one| one.failure.is_none()).count();
    let event = AuditEvent::new(Action::Verify)
        .with("count", verified.len())
        .with("proven", proven)
        .on_all(verified.iter().map(|one| &one.verification.connection));
    session.vault.transact::<_, OpsError>(&event, |rows| {
        // One that was removed while the vendor was being asked is left out by the rows themselves.
        verified.iter().try_for_each(|one| rows.put_verification(&one.verification).map(drop))?;
        Ok(())
    })
}
