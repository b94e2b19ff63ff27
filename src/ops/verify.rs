//! Verification: a live proof past the cache for each selected connection.
//!
//! What proves a connection follows from its grant: client credentials are exchanged; the grant that a person gave is
//! proven by a call without consequences, with a valid token that is refreshed first, by the one safe way, if it is due;
//! without such a call, by that refresh itself.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::domain::audit::{Action, AuditEvent};
use crate::domain::connection::Provider;
use crate::domain::ids::{CertificateId, ConnectionName};
use crate::domain::key::KeyState;
use crate::domain::selection::Selection;
use crate::domain::verification::{ProofKind, Verification};

use super::proof::Asker;
use super::{OpsError, Session};
use subject::{Subject, load};

mod attempt;
mod subject;

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
    /// Its vendor.
    pub provider: Provider,
    /// What was found, as stored.
    pub verification: Verification,
    /// What proves it; without a proof, what would have.
    pub proof: Option<ProofKind>,
    /// When the credentials that were tried expire: the certificate by the vendor's rule, or the grant.
    pub expires_at: Option<Timestamp>,
    /// The failure itself, for its kind and hints.
    pub failure: Option<OpsError>,
    /// Things that are no failure but should be known.
    pub warnings: Vec<String>,
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

/// Verifies every selected connection and stores the results in one commit.
///
/// Fails as a whole only where nothing could be tried: an empty selection, a viewer, an unreadable vault. Each
/// connection's own failure is in its [`Verified`].
pub async fn verify(session: &Arc<Session>, request: &VerifyRequest) -> Result<VerifyResult, OpsError> {
    let (subjects, skipped) = load(session, request)?;
    if subjects.is_empty() {
        return Err(if skipped.is_empty() {
            OpsError::EmptySelection
        } else {
            OpsError::OnlyDisabled(skipped)
        });
    }
    let verified = prove_all(session, subjects, request.parallel.max(1)).await;
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

async fn prove_all(session: &Arc<Session>, subjects: Vec<Subject>, parallel: usize) -> Vec<Verified> {
    let progress = session.interact.progress(subjects.len() as u64, "verifying");
    let places = Arc::new(Semaphore::new(parallel));
    let asker = Asker::storing(session);
    let mut tasks = JoinSet::new();
    for subject in subjects {
        let (asker, session, places) = (asker.clone(), Arc::clone(session), Arc::clone(&places));
        // A task of its own, so that signing uses every core.
        tasks.spawn(async move {
            let _place = places.acquire_owned().await;
            attempt::attempt(&asker, &session, subject).await
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
