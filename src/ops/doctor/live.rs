//! Asks vendors whether they accept connections now, and judges what they say.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::domain::connection::Connection;
use crate::domain::diagnosis::{Certainty, Suspect};
use crate::domain::granted;
use crate::domain::health::{Ailment, Check, Fix};
use crate::domain::ids::{CertificateId, ConnectionId};
use crate::domain::key::{Key, KeyState};
use crate::domain::settings::GrantKind;
use crate::oauth::{Ask, Evidence, ExchangeError, Exchanged, Unreachable};
use crate::ops::connections::Overview;
use crate::ops::proof::{Asker, Means, Signing};
use crate::ops::{OpsError, Session};
use crate::providers;

use super::{DoctorRequest, ailment, trials};

/// Connections that are asked for at once.
const PARALLEL: usize = 8;

/// How a connection fared.
pub(super) struct Fared(Result<Shown, OpsError>);

/// What an accepted connection showed.
enum Shown {
    /// A token, past every cache.
    Token(Box<Exchanged>),
    /// That its client is accepted and, if a valid token was cached, what the vendor's harmless call made of that.
    Client(Evidence, Option<Result<(), Box<ExchangeError>>>),
}

impl Fared {
    /// Whether the vendor refused: a server error is one where users report it for wrong assertions.
    pub(super) fn is_refusal(&self) -> bool {
        self.0.as_ref().err().is_some_and(is_refusal)
    }

    /// Whether it may have gone to a host that is not the account's: that one refuses, or does not exist.
    pub(super) fn may_be_misled(&self) -> bool {
        let nowhere = |error: &OpsError| {
            matches!(error.exchange(), Some(ExchangeError::Unreachable { reason: Unreachable::Dns, .. }))
        };
        self.0.as_ref().err().is_some_and(|error| is_refusal(error) || nowhere(error))
    }
}

pub(super) fn is_refusal(error: &OpsError) -> bool {
    match error.exchange() {
        Some(ExchangeError::Rejected { .. }) => true,
        Some(error @ ExchangeError::Unreachable { .. }) => error.vendor_code() == Some("server_error"),
        _ => false,
    }
}

/// The key that is tried, and the certificate id that it is tried with.
pub(super) fn candidate(overview: &Overview, request: &DoctorRequest) -> Option<(Key, CertificateId)> {
    let on_trial = request.certificate_id.is_some() && overview.keys.pending.is_some();
    let state = request.key.unwrap_or(if on_trial { KeyState::Pending } else { KeyState::Active });
    let key = overview.keys.get(state)?;
    let id = request.certificate_id.clone().or_else(|| key.certificate_id.clone())?;
    Some((key.clone(), id))
}

/// Asks for all of them, several at once; those without a key are left out.
pub(super) async fn ask_all(
    session: &Arc<Session>,
    chosen: &[&Overview],
    request: &DoctorRequest,
) -> BTreeMap<ConnectionId, Fared> {
    let progress = session.interact.progress(chosen.len() as u64, "asking the vendors");
    let (places, asker) = (Arc::new(Semaphore::new(PARALLEL)), Asker::new(session));
    let mut tasks = JoinSet::new();
    for overview in chosen {
        let key = candidate(overview, request);
        let keyed = providers::descriptor(overview.connection.provider).has_keys();
        if keyed && key.is_none() && overview.connection.settings.netsuite().is_some() {
            progress.advance(1);
            continue;
        }
        let (session, asker, places) = (Arc::clone(session), asker.clone(), Arc::clone(&places));
        let connection = overview.connection.clone();
        tasks.spawn(async move {
            let _place = places.acquire_owned().await;
            let outcome = ask(&session, &asker, &connection, key).await;
            (connection.id, Fared(outcome))
        });
    }
    let mut fared = BTreeMap::new();
    while let Some(done) = tasks.join_next().await {
        progress.advance(1);
        match done {
            Ok((id, one)) => drop(fared.insert(id, one)),
            // Nobody cancels a task here, so it panicked.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    fared
}

async fn ask(
    session: &Session,
    asker: &Asker,
    connection: &Connection,
    key: Option<(Key, CertificateId)>,
) -> Result<Shown, OpsError> {
    let plan = session.plan(connection)?;
    if plan.grant == GrantKind::RefreshToken {
        let means = Means::load(session, connection, &plan)?;
        let evidence = asker.prove_client(&plan, &means).await?;
        let now = session.clock.now();
        let cached = session.vault.token(&connection.id)?.filter(|token| token.facts.expires_at > now);
        let called = match cached {
            Some(token) => asker
                .harmless(&plan, &token.value)
                .await
                .map(|found| found.map(drop))
                .map_err(Box::new)
                .transpose(),
            None => None,
        };
        return Ok(Shown::Client(evidence, called));
    }
    let signing = match key {
        Some((key, id)) => Some(Signing::load(session, &connection.name, &key, Some(&id))?),
        None => None,
    };
    let means = match &signing {
        Some(signing) => Means::Key(signing),
        None => Means::load(session, connection, &plan)?,
    };
    let exchanged = asker.send(&plan, &means, Ask::ClientCredentials).await.map_err(Box::new)?;
    Ok(Shown::Token(Box::new(exchanged)))
}

/// How a connection that got no token is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// The vendor is asked until the cause is found.
    Closely,
    /// Closely, but not in this run: there are too many.
    Later,
    /// What it said is all that there is to know.
    AsItIs,
}

/// Says what came of it; a refusal that is looked at closely is asked about until its cause is found, or nothing is left
/// to ask. Returns how many requests that took, too.
pub(super) async fn judge(
    session: &Session,
    overview: &Overview,
    all: &[Overview],
    (fared, look): (Fared, Look),
    request: &DoctorRequest,
) -> (Vec<Check>, u32) {
    let vendor = providers::descriptor(overview.connection.provider);
    let error = match fared.0 {
        Ok(Shown::Token(exchanged)) => return (accepted(overview, vendor.name, &exchanged), 0),
        Ok(Shown::Client(evidence, called)) => return (client(vendor.name, &evidence, called), 0),
        Err(error) => error,
    };
    let check = refused(overview, &error);
    match look {
        Look::AsItIs => (vec![check], 0),
        Look::Later => {
            let name = overview.connection.name.as_str();
            (vec![check.fix(Fix::run("to look at it closely, run", ["doctor", name]))], 0)
        }
        Look::Closely => match Box::pin(trials::investigate(session, (overview, all), request, &error)).await
        {
            Ok((suspects, asked)) => (vec![explained(check, suspects)], asked),
            Err(why) => (vec![check.because(format!("it could not be looked at closely: {why}"))], 0),
        },
    }
}

fn accepted(overview: &Overview, vendor: &str, exchanged: &Exchanged) -> Vec<Check> {
    let connection = &overview.connection;
    let given = format!("{vendor} gave a token in {} ms", exchanged.evidence.latency_ms());
    let mut checks = vec![Check::ok("exchange", given)];
    let found = exchanged.granted.as_ref().map(|found| granted::contradictions(found, &connection.settings));
    if let Some(found) = found.filter(|found| !found.is_empty()) {
        checks.push(
            Check::failed("mapping", Ailment::Conflict, found.join(", "))
                .because(
                    "its certificate was uploaded for another entity, role or account than the settings say",
                )
                .fix(Fix::what(
                    "upload the certificate for the entity and role that are set, and use its new id",
                ))
                .fix(Fix::run("or see what is set", ["connection", "show", connection.name.as_str()])),
        );
    }
    if !exchanged.withheld.is_empty() {
        checks.push(
            Check::warning("scopes", format!("asked for and not granted: {}", exchanged.withheld.join(", ")))
                .because("the vendor gives a token for less than was asked for"),
        );
    }
    checks
}

fn client(vendor: &str, evidence: &Evidence, called: Option<Result<(), Box<ExchangeError>>>) -> Vec<Check> {
    let known = Check::ok("client", format!("{vendor} accepts the client in {} ms", evidence.latency_ms()));
    let token = match called {
        None => Check::skipped("token", "no valid token is cached, and no refresh token is sent to find out"),
        Some(Ok(())) => Check::ok("token", format!("{vendor} accepts the cached token")),
        Some(Err(error)) => Check::warning("token", error.to_string()).because(
            meaning(&error).unwrap_or_else(|| "the cached token is not accepted any more".to_owned()),
        ),
    };
    vec![known, token]
}

/// A refusal, or what stood in the way, in the words of what is known of it.
fn refused(overview: &Overview, error: &OpsError) -> Check {
    let name = overview.connection.name.as_str();
    let kind = if is_refusal(error) { Ailment::Rejected } else { ailment(error) };
    let check = Check::failed("exchange", kind, error.to_string());
    let Some(exchange) = error.exchange() else {
        return check.fix(Fix::run("to see more of it, run", ["verify", name]));
    };
    let check = match meaning(exchange) {
        Some(meaning) => check.because(meaning),
        None => check,
    };
    let causes = exchange.meaning().map(|meaning| meaning.causes).unwrap_or_default();
    match overview.connection.settings.netsuite() {
        // What is told apart from these is worth more.
        Some(_) => check,
        None => {
            causes.iter().fold(check, |check, cause| check.fix(Fix::what(format!("see whether {cause}"))))
        }
    }
}

fn meaning(error: &ExchangeError) -> Option<String> {
    error.explanation()
}

/// The refusal with its suspects: the first one is the cause that is named, as surely as it is known.
fn explained(mut check: Check, suspects: Vec<Suspect>) -> Check {
    if let Some(first) = suspects.first() {
        check.cause = Some(match first.certainty() {
            Certainty::Certain => first.cause.sentence().to_owned(),
            sure => format!("{}: {}", sure.as_str(), first.cause.sentence()),
        });
        check.fixes.clone_from(&first.fixes);
        if first.cause.is_expiry() {
            check.ailment = Some(Ailment::Expired);
        }
    }
    check.suspecting(suspects)
}
