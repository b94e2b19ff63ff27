//! One trial and what it shows.

use jiff::Timestamp;

use crate::domain::connection::Connection;
use crate::domain::grant::Sender;
use crate::domain::granted;
use crate::domain::key::Key;
use crate::domain::token::Demand;
use crate::domain::verification::{ProofKind, Verification};
use crate::hooks::mutant;
use crate::oauth::{self, Evidence, ExchangeError, Exchanged};
use crate::ops::proof::{Asker, clock_warning, ends_at, proof_of, warnings_of};
use crate::ops::{OpsError, Session, tokens};
use crate::providers::{HarmlessCall, Plan};

use super::Verified;
use super::subject::{Subject, Trial};

/// What a proof showed beside itself: the answer, and things that people should know.
type Shown = (Evidence, Vec<String>);

/// Tries one connection.
pub(super) async fn attempt(asker: &Asker, session: &Session, subject: Subject) -> Verified {
    let Subject { connection, way } = subject;
    let at = session.clock.now();
    let (plan, trial) = match way {
        Ok(way) => way,
        Err(error) => return failed(&connection, at, error),
    };
    let key = match &trial {
        Trial::Exchange(means) | Trial::Client(means) => means.key(),
        Trial::Grant => None,
    };
    let mut verified = match &trial {
        Trial::Exchange(means) => match asker.exchange(&connection, &plan, means).await {
            Ok(exchanged) => judge((&connection, at), key, &exchanged),
            Err(error) => failed(&connection, at, error),
        },
        Trial::Client(means) => match asker.prove_client(&plan, means).await {
            Ok(evidence) => proven((&connection, at), key, with_clock(evidence, Vec::new())),
            Err(error) => failed(&connection, at, error),
        },
        Trial::Grant => match by_grant((asker, session), &connection, &plan).await {
            Ok(shown) => proven((&connection, at), None, shown),
            Err(error) => failed(&connection, at, error),
        },
    };
    verified.proof = Some(kind(&plan, &trial));
    verified.expires_at = match (&trial, key) {
        (Trial::Grant, _) => {
            // As it is now, after a refresh. A vault that cannot be read has failed the trial itself.
            let stored = session.vault.grant(&connection.id).ok().flatten();
            stored.and_then(|stored| stored.grant.nearest_expiry())
        }
        (_, key) => key.and_then(|key| ends_at(&connection, key)),
    };
    verified.verification.key = key.map(|key| key.id.clone());
    verified
}

fn kind(plan: &Plan, trial: &Trial) -> ProofKind {
    match (trial, plan.harmless().map(|(call, _)| call)) {
        (Trial::Exchange(_), _) => ProofKind::Exchange,
        (Trial::Client(_), _) => ProofKind::Client,
        (Trial::Grant, Some(HarmlessCall::CompanyInfo)) => ProofKind::CompanyInfo,
        (Trial::Grant, Some(HarmlessCall::Userinfo)) => ProofKind::Userinfo,
        (Trial::Grant, None) => ProofKind::Refresh,
    }
}

/// Proves a grant: by a call without consequences, or by the refresh itself.
async fn by_grant(
    (asker, session): (&Asker, &Session),
    connection: &Connection,
    plan: &Plan,
) -> Result<Shown, OpsError> {
    let demand = |force| Demand { min_ttl: None, force, sender: Sender::Automatic };
    let started = session.clock.instant();
    if plan.harmless().is_none() {
        let issued = tokens::ensure(session, &connection.name, demand(true)).await?;
        let latency = session.clock.instant().duration_since(started);
        return Ok((Evidence { attempts: 1, latency, ..Evidence::default() }, issued.warnings));
    }
    let issued = tokens::ensure(session, &connection.name, demand(false)).await?;
    let mut warnings = issued.warnings;
    let mut called = oauth::harmless(&asker.way(), plan, &issued.token.value).await;
    // Why: a vendor may end an access token before its time; that says nothing yet about the grant.
    if issued.obtained.is_none() && matches!(&called, Err(ExchangeError::Rejected { status: 401, .. })) {
        let issued = tokens::ensure(session, &connection.name, demand(true)).await?;
        warnings.extend(issued.warnings);
        called = oauth::harmless(&asker.way(), plan, &issued.token.value).await;
    }
    // Without the call there would have been no proof: `harmless` says so of the same plan.
    let evidence = called.map_err(Box::new)?.map(|found| found.evidence).unwrap_or_default();
    Ok(with_clock(evidence, warnings))
}

fn with_clock(evidence: Evidence, mut warnings: Vec<String>) -> Shown {
    warnings.extend(clock_warning(&evidence));
    (evidence, warnings)
}

/// A token is a proof unless it says that it is somebody else's.
fn judge((connection, at): (&Connection, Timestamp), key: Option<&Key>, exchanged: &Exchanged) -> Verified {
    let contradictions =
        exchanged.granted.as_ref().map(|found| granted::contradictions(found, &connection.settings));
    match contradictions.filter(|found| !found.is_empty() && !mutant("mapping-unchecked")) {
        None => proven((connection, at), key, (exchanged.evidence.clone(), warnings_of(exchanged))),
        Some(found) => {
            let mut verified = failed(connection, at, OpsError::MappingDiffers(found.join(", ")));
            let proof = proof_of(connection, key, &exchanged.evidence, at);
            verified.verification.http_status = proof.http_status;
            verified.verification.latency_ms = proof.latency_ms;
            verified
        }
    }
}

fn proven(
    (connection, at): (&Connection, Timestamp),
    key: Option<&Key>,
    (evidence, warnings): Shown,
) -> Verified {
    Verified {
        name: connection.name.clone(),
        provider: connection.provider,
        verification: proof_of(connection, key, &evidence, at),
        proof: None,
        expires_at: None,
        failure: None,
        warnings: warnings.into_iter().map(|warning| format!("{}: {warning}", connection.name)).collect(),
    }
}

fn failed(connection: &Connection, at: Timestamp, error: OpsError) -> Verified {
    let (stage, outcome) = error.verdict();
    let exchange = error.exchange();
    let evidence = exchange.and_then(ExchangeError::evidence);
    let verification = Verification {
        connection: connection.id.clone(),
        key: None,
        checked_at: at,
        outcome,
        stage,
        http_status: evidence.and_then(|evidence| evidence.http_status),
        vendor_error: exchange.and_then(ExchangeError::vendor_code).map(ToOwned::to_owned),
        message: Some(error.to_string()),
        latency_ms: evidence.map(Evidence::latency_ms),
    };
    Verified {
        name: connection.name.clone(),
        provider: connection.provider,
        verification,
        proof: None,
        expires_at: None,
        failure: (!mutant("failure-is-proof")).then_some(error),
        warnings: Vec::new(),
    }
}
