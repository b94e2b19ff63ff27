//! `tokenctl audit`

use crate::app::App;
use crate::cli::audit::{AuditCommand, AuditExportArgs, AuditListArgs};
use crate::ops::OpsError;
use crate::ops::history::{self, Filter, NamedSubject};
use crate::output::reports::audit::{AuditCheck, AuditList, OperationRow, SubjectRow};
use crate::output::sink::{Audience, Export};

use super::error::CommandError;
use super::finish::Finished;
use super::session;

/// Runs `audit …`.
pub(super) fn run(app: &App, command: &AuditCommand) -> Result<Finished, CommandError> {
    match command {
        AuditCommand::List(args) => list(app, args),
        AuditCommand::Verify => verify(app),
        AuditCommand::Export(args) => export(app, args),
    }
}

fn doing(what: &'static str) -> impl Fn(OpsError) -> CommandError {
    move |error| CommandError::from(error).doing(what)
}

fn filter(app: &App, args: &AuditListArgs) -> Filter {
    Filter {
        since: args.since.map(|since| since.resolve(app.clock.now())),
        connection: args.connection.clone(),
        action: args.action.clone(),
    }
}

fn list(app: &App, args: &AuditListArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let operations =
        history::list(&session, &filter(app, args)).map_err(doing("cannot list the audit log"))?;
    let operations = operations
        .into_iter()
        .map(|operation| OperationRow {
            outcome: operation.outcome().to_owned(),
            connection: operation.connection().map(|named| named.label().to_owned()),
            connection_id: operation.connection().map(|named| named.subject.id.clone()),
            subjects: operation.subjects.into_iter().map(subject_row).collect(),
            sequence: operation.entry.record.sequence,
            at: operation.entry.record.at,
            action: operation.entry.record.action,
            actor: operation.actor,
            user: operation.entry.record.actor.user,
            details: operation.entry.record.details,
        })
        .collect();
    Ok(Finished::report(AuditList { operations }))
}

fn subject_row(named: NamedSubject) -> SubjectRow {
    SubjectRow { kind: named.subject.kind, id: named.subject.id, name: named.name }
}

fn verify(app: &App) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let (check, before) = history::verify(&session).map_err(doing("the audit log cannot be trusted"))?;
    Ok(Finished::report(AuditCheck {
        records: check.records,
        files: check.months,
        anchored_sequence: check.anchored,
        after_anchor: check.after_anchor,
        interrupted: check.interrupted,
        torn_bytes: check.torn_bytes,
        began_at: before.as_ref().map(|before| before.began_at),
        records_before: before.map(|before| before.sequence),
    }))
}

fn export(app: &App, args: &AuditExportArgs) -> Result<Finished, CommandError> {
    let doing = doing("cannot export the audit log");
    let session = session::open(app)?;
    let lines = history::export(&session, &filter(app, &args.filter)).map_err(doing)?;
    let export = Export { path: &args.out, audience: Audience::Owner, replace: args.force };
    Ok(Finished::exported("the audit log", &export, lines)?)
}
