//! `tokenctl keygen` and `tokenctl key`

use crate::app::App;
use crate::cli::keys::{KeyArgs, KeyCommand, KeyImportArgs, KeygenArgs};
use crate::domain::ids::{ConnectionId, ConnectionName};
use crate::domain::rotation::Step;
use crate::ops::keys::{ImportRequest, KeyRequest, keygen, keygen_missing, missing_keys};
use crate::ops::{self, Session};
use crate::output::reports::import::{Batch, BatchRow};

use super::batch;
use super::error::CommandError;
use super::exit::Exit;
use super::finish::Finished;
use super::session;
use super::steps::{keys_report, next_commands, proven_report};

/// Runs `keygen`.
pub(super) fn run_keygen(app: &App, args: &KeygenArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let request = key_request(&args.key);
    let Some(name) = &args.name else { return keygen_all(&session, args, &request) };
    let doing =
        |error: ops::OpsError| CommandError::from(error).doing(format!("cannot make a key for `{name}`"));
    let now = app.clock.now();
    if args.dry_run.dry_run {
        let of = ops::rotate::plan_key(&session, name, Step::Keygen, &request).map_err(doing)?;
        let mut report = keys_report(&of, "planned", now);
        report.plan =
            vec!["make a key pair and a self-signed certificate, and store them as pending".to_owned()];
        return Ok(Finished::report(report));
    }
    let of = keygen(&session, name, &request).map_err(doing)?;
    Ok(next_commands(&of)
        .into_iter()
        .fold(Finished::report(keys_report(&of, "created", now)), Finished::hinted))
}

fn keygen_all(session: &Session, args: &KeygenArgs, request: &KeyRequest) -> Result<Finished, CommandError> {
    let doing = |error: ops::OpsError| CommandError::from(error).doing("cannot make the missing keys");
    if args.dry_run.dry_run {
        let missing = missing_keys(session).map_err(doing)?;
        let rows =
            missing.iter().map(|connection| row(&connection.name, Ok((&connection.id, None)))).collect();
        return Ok(Finished::report(Batch::keygen(rows, false)));
    }
    let made = keygen_missing(session, request).map_err(doing)?;
    let rows: Vec<_> = made
        .into_iter()
        .map(|one| {
            let made = one.result.map_err(CommandError::from);
            row(
                &one.name,
                made.as_ref().map(|key| (&key.connection, Some(key.certificate.fingerprint.as_str()))),
            )
        })
        .collect();
    let failure = batch::failure(rows.iter().map(|row| row.code), "not every key could be made");
    let finished = Finished::report(Batch::keygen(rows, true))
        .hinted(crate::output::Hint::command("to see what to upload, run", ["cert", "list"]));
    Ok(match failure {
        Some(failure) => finished.failing(failure),
        None => finished,
    })
}

fn row(name: &ConnectionName, made: Result<(&ConnectionId, Option<&str>), &CommandError>) -> BatchRow {
    let exit = made.map_or_else(CommandError::exit, |_| Exit::Ok);
    BatchRow {
        row: None,
        name: Some(name.to_string()),
        connection_id: made.ok().map(|(id, _)| id.to_string()),
        code: exit.code(),
        result: exit.name(),
        message: made.err().map(|error| error.problem().message.to_owned()),
        fingerprint: made.ok().and_then(|(_, fingerprint)| fingerprint).map(ToOwned::to_owned),
    }
}

/// Runs `key …`.
pub(super) async fn run_key(app: &App, command: &KeyCommand) -> Result<Finished, CommandError> {
    match command {
        KeyCommand::Import(args) => import(app, args).await,
    }
}

async fn import(app: &App, args: &KeyImportArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let name = &args.name;
    let request = ImportRequest {
        private_key: app.read_secret(&args.key_file)?,
        certificate: app.read_file(&args.cert_file)?,
        certificate_id: args.certificate_id.clone(),
    };
    let doing = |error: ops::OpsError| {
        CommandError::from(error).doing(format!("cannot take over the key of `{name}`"))
    };
    if args.dry_run.dry_run {
        let of = ops::keys::plan_import(&session, name, request).map_err(doing)?;
        let mut report = keys_report(&of, "planned", app.clock.now());
        report.plan = vec!["prove the key by a live exchange, and store it as active".to_owned()];
        return Ok(Finished::report(report));
    }
    let proven = ops::keys::import(&session, name, request).await.map_err(doing)?;
    Ok(session::proven(app, &proven, proven_report(&proven, "imported", app.clock.now())))
}

/// What the flags ask for.
pub(super) fn key_request(args: &KeyArgs) -> KeyRequest {
    KeyRequest {
        algorithm: args.algorithm.map(Into::into),
        days: args.days,
        common_name: args.common_name.clone(),
    }
}
