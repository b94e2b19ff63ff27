//! `tokenctl status`

use crate::app::App;
use crate::domain::counted::counted;
use crate::domain::role::Role;
use crate::domain::rotation::Phase;
use crate::ops::status::{Attention as Needy, Lapse, Need, status};
use crate::ops::vaults;
use crate::output::Hint;
use crate::output::reports::days_between;
use crate::output::reports::status::{Attention, Expiry, Severity, Status, by_month, mark};

use super::error::CommandError;
use super::finish::Finished;
use super::session;
use super::vault::SINGLE_OPERATOR;

/// How many expiries one screen shows.
const NEXT: usize = 5;

/// Runs `status`.
pub(super) fn run(app: &App) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let found =
        status(&session).map_err(|error| CommandError::from(error).doing("cannot show the status"))?;
    let info = vaults::info(&session)?;
    let now = app.clock.now();
    let mut attention: Vec<_> = found.attention.iter().map(attention).collect();
    if info.has_single_operator() {
        attention.push(Attention {
            connection: None,
            connection_id: None,
            kind: "single-operator",
            severity: Severity::Medium,
            what: SINGLE_OPERATOR.to_owned(),
            hint: Some(Hint::command(
                "to let a second one in, run",
                ["vault", "recipient", "add", "KEY", "--role=operator"],
            )),
        });
        attention.sort_by_key(|item| item.severity);
    }
    let next_expiries = found
        .expiries
        .iter()
        .take(NEXT)
        .map(|(name, id, end)| Expiry {
            connection: name.to_string(),
            connection_id: id.to_string(),
            expires_at: end.at,
            days_left: days_between(now, end.at),
            kind: end.kind.as_str(),
        })
        .collect();
    let coming = found.expiries.iter().filter(|(_, _, end)| end.at >= now).take(NEXT);
    let marks = coming.map(|(name, _, end)| mark(name.as_str(), end.at, days_between(now, end.at)));
    let expiries: Vec<_> = found.expiries.iter().map(|(_, _, end)| end.at).collect();
    Ok(Finished::report(Status {
        at: now,
        vault: info.path.display().to_string(),
        role: info.role.as_str(),
        at_home: info.at_home,
        operators: info.recipients.iter().filter(|recipient| recipient.role == Role::Operator).count(),
        connections: found.connections,
        ready: found.ready,
        attention,
        next_expiries,
        expiries_by_month: by_month(&expiries),
        expiries,
        marks: marks.collect(),
    }))
}

fn attention(needy: &Needy) -> Attention {
    let name = needy.name.as_str();
    let key = || next_step(name, needy.phase);
    let login = || login(needy.app.as_ref().map_or("APP", |app| app.as_str()), name);
    let refresh = |text: &str| Hint::command(text, ["token", "refresh", name]);
    let (what, hint) = match &needy.need {
        Need::Expired => ("its certificate expired".to_owned(), key()),
        Need::Reconnect(why) => (format!("the customer must consent again: {why}"), login()),
        Need::Failed(why) => (
            format!("the last verification failed: {why}"),
            Hint::command("to find the cause, run", ["doctor", name]),
        ),
        Need::Uncertain(since) => (
            format!("the answer to a refresh at {since:.0} was lost"),
            refresh("to send the same refresh token once more, run"),
        ),
        Need::Expiring(days) => (format!("its certificate expires in {}", counted(days, "day")), key()),
        Need::GrantExpiring(days, Lapse::Hard) => {
            (format!("the customer must consent again within {}", counted(days, "day")), login())
        }
        Need::GrantExpiring(days, Lapse::Rolling) => (
            format!("its refresh token expires in {} unless it is used", counted(days, "day")),
            refresh("to use it, run"),
        ),
        Need::Exposed => ("a removed operator may hold its key".to_owned(), key()),
        Need::RotationPending => ("a rotation waits for the new certificate id".to_owned(), key()),
        Need::ActivationPending => ("its first key waits for the certificate id".to_owned(), key()),
        Need::NoKey => ("it has no key".to_owned(), key()),
        Need::NoGrant => ("nobody has consented yet".to_owned(), login()),
        Need::PreviousKept => ("its previous key is kept".to_owned(), key()),
    };
    let (kind, severity) = kind(&needy.need);
    Attention {
        connection: Some(name.to_owned()),
        connection_id: Some(needy.id.to_string()),
        kind,
        severity,
        what,
        hint: Some(hint),
    }
}

/// The stable word for a need, and how urgent it is; never less urgent than the needs after it.
fn kind(need: &Need) -> (&'static str, Severity) {
    match need {
        Need::Expired => ("expired", Severity::High),
        Need::Reconnect(_) => ("reconnect", Severity::High),
        Need::Failed(_) => ("not-proven", Severity::High),
        Need::Uncertain(_) => ("uncertain", Severity::High),
        Need::Expiring(_) | Need::GrantExpiring(..) => ("expiring", Severity::Medium),
        Need::Exposed => ("exposed", Severity::Medium),
        Need::RotationPending => ("rotation-pending", Severity::Low),
        Need::ActivationPending => ("activation-pending", Severity::Low),
        Need::NoKey => ("no-key", Severity::Low),
        Need::NoGrant => ("no-grant", Severity::Low),
        Need::PreviousKept => ("previous-kept", Severity::Low),
    }
}

/// How a person is asked to consent, for the first time or again.
pub(super) fn login(app: &str, name: &str) -> Hint {
    Hint::command("to connect the customer again, run", ["login", app, "--name", name])
}

/// The step that brings a connection closer to one proven key, by where its keys stand.
pub(super) fn next_step(name: &str, phase: Phase) -> Hint {
    let hint = |text: &str, command: &[&str]| Hint::command(text, command.iter().copied());
    match phase {
        Phase::Empty => hint("to make one, run", &["keygen", name]),
        Phase::FirstPending => {
            hint("after the upload, run", &["cert", "activate", name, "--certificate-id=ID"])
        }
        Phase::Settled => hint("to replace its key, run", &["rotate", "initiate", name]),
        Phase::Rotating => hint("after the upload, run", &["rotate", "confirm", name, "--certificate-id=ID"]),
        Phase::Overlap => hint("once nothing needs the previous key, run", &["rotate", "retire", name]),
    }
}
