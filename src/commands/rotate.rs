//! `tokenctl rotate`

use crate::app::App;
use crate::cli::connection::ChangeArgs;
use crate::cli::rotate::{ConfirmArgs, InitiateArgs, RotateCommand};
use crate::domain::ids::ConnectionName;
use crate::domain::rotation::Step;
use crate::ops::keys::KeysOf;
use crate::ops::{OpsError, Session, backups, rotate};
use crate::output::Hint;

use super::error::CommandError;
use super::exit::Exit;
use super::finish::Finished;
use super::keys::key_request;
use super::steps::{keys_report, next_commands, proven_report};
use super::{session, vault_care};

/// Runs `rotate …`.
pub(super) async fn run(app: &App, command: &RotateCommand) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    match command {
        RotateCommand::Initiate(args) => initiate(app, &session, args),
        RotateCommand::Status(args) => {
            let of =
                rotate::status(&session, &args.name).map_err(doing("cannot show the keys of", &args.name))?;
            Ok(step_report(app, &of, "shown"))
        }
        RotateCommand::Confirm(args) => confirm(app, &session, args).await,
        RotateCommand::Abort(args) => abort(app, &session, args),
        RotateCommand::Rollback(args) => rollback(app, &session, args).await,
        RotateCommand::Retire(args) => retire(app, &session, args).await,
    }
}

fn doing<'a>(what: &'a str, name: &'a ConnectionName) -> impl Fn(OpsError) -> CommandError + 'a {
    move |error| CommandError::from(error).doing(format!("{what} `{name}`"))
}

fn step_report(app: &App, of: &KeysOf, action: &'static str) -> Finished {
    let report = keys_report(of, action, app.clock.now());
    next_commands(of).into_iter().fold(Finished::report(report), Finished::hinted)
}

fn planned(app: &App, of: &KeysOf, steps: &[&str]) -> Finished {
    let mut report = keys_report(of, "planned", app.clock.now());
    report.upload.clear();
    report.plan = steps.iter().map(ToString::to_string).collect();
    Finished::report(report)
}

fn initiate(app: &App, session: &Session, args: &InitiateArgs) -> Result<Finished, CommandError> {
    let doing = doing("cannot begin a rotation for", &args.name);
    if args.dry_run.dry_run {
        let of =
            rotate::plan_key(session, &args.name, Step::Initiate, &key_request(&args.key)).map_err(doing)?;
        return Ok(planned(
            app,
            &of,
            &["make a key pair and a certificate beside the active ones, as pending"],
        ));
    }
    let of = rotate::initiate(session, &args.name, &key_request(&args.key)).map_err(doing)?;
    Ok(step_report(app, &of, "initiated"))
}

async fn confirm(app: &App, session: &Session, args: &ConfirmArgs) -> Result<Finished, CommandError> {
    let doing = doing("cannot confirm the rotation for", &args.name);
    if args.dry_run.dry_run {
        let of =
            rotate::plan(session, &args.name, Step::Confirm, args.certificate_id.as_ref()).map_err(doing)?;
        let steps = [
            "prove the pending key by a live exchange, and compare its mapping with the active key's",
            "make the pending key active and the active key previous, in one commit",
        ];
        return Ok(planned(app, &of, &steps));
    }
    let proven =
        rotate::confirm(session, &args.name, args.certificate_id.as_ref()).await.map_err(|error| {
            let failure = doing(error);
            if failure.exit() != Exit::Rejected {
                return failure;
            }
            let name = args.name.as_str();
            failure
                .hinted(Hint::command(
                    "an upload can take a minute; retry with",
                    ["rotate", "confirm", name, "--certificate-id=ID"],
                ))
                .hinted(Hint::command("to keep the old certificate, run", ["rotate", "abort", name]))
        })?;
    Ok(session::proven(app, &proven, proven_report(&proven, "confirmed", app.clock.now())))
}

fn abort(app: &App, session: &Session, args: &ChangeArgs) -> Result<Finished, CommandError> {
    let doing = doing("cannot abort the rotation for", &args.name);
    if args.dry_run.dry_run {
        let of = rotate::plan(session, &args.name, Step::Abort, None).map_err(doing)?;
        return Ok(planned(app, &of, &["destroy the pending key"]));
    }
    let of = rotate::abort(session, &args.name).map_err(doing)?;
    Ok(step_report(app, &of, "aborted"))
}

async fn rollback(app: &App, session: &Session, args: &ChangeArgs) -> Result<Finished, CommandError> {
    let doing = doing("cannot go back to the previous key of", &args.name);
    if args.dry_run.dry_run {
        let of = rotate::plan(session, &args.name, Step::Rollback, None).map_err(doing)?;
        let steps =
            ["prove the previous key by a live exchange", "swap it with the active key, in one commit"];
        return Ok(planned(app, &of, &steps));
    }
    let proven = rotate::rollback(session, &args.name).await.map_err(doing)?;
    Ok(session::proven(app, &proven, proven_report(&proven, "rolled back", app.clock.now())))
}

async fn retire(app: &App, session: &Session, args: &ChangeArgs) -> Result<Finished, CommandError> {
    let doing = doing("cannot retire the previous key of", &args.name);
    let keys = rotate::status(session, &args.name).map_err(&doing)?.keys;
    if keys.previous.is_some() {
        let unsaved = backups::unsaved_successor(session, &keys);
        vault_care::warn_unsaved(app, "the key that becomes the only one", unsaved);
    }
    if args.dry_run.dry_run {
        let of = rotate::plan(session, &args.name, Step::Retire, None).map_err(doing)?;
        let steps =
            ["prove the active key by a live exchange", "destroy the previous key, in `vault.age.prev`, too"];
        return Ok(planned(app, &of, &steps));
    }
    let proven = rotate::retire(session, &args.name).await.map_err(doing)?;
    Ok(session::proven(app, &proven, proven_report(&proven, "retired", app.clock.now())))
}
