//! `tokenctl verify`

use crate::app::App;
use crate::cli::verify::{FailOn, VerifyArgs};
use crate::domain::selection::Selection;
use crate::ops::OpsError;
use crate::ops::interact::Interact as _;
use crate::ops::verify::{Verified, VerifyRequest, VerifyResult, verify};
use crate::output::Hint;
use crate::output::reports::verify::{Verify, VerifyRow};

use crate::vault::VaultError;

use super::connection::selection;
use super::error::CommandError;
use super::exit::Exit;
use super::finish::Finished;
use super::{batch, session};

/// Runs `verify`.
pub(super) async fn run(app: &App, args: &VerifyArgs) -> Result<Finished, CommandError> {
    let request = request(args)?;
    let session = session::open(app)?;
    let result = verify(&session, &request)
        .await
        .map_err(|error| CommandError::from(error).doing("cannot verify the connections"))?;
    for warning in result.verified.iter().filter_map(|one| one.warning.as_ref()) {
        app.console.warn(warning);
    }
    let report = report(&result, args);
    let mut failure = failure(&report, args);
    match &result.not_recorded {
        None => {}
        // Away from home nothing is ever recorded, which is no failure; and a missing proof is the worse one.
        Some(error) if failure.is_some() || matches!(error, OpsError::Vault(VaultError::ForeignHome(_))) => {
            app.console.warn(&format!("the results were not recorded: {error}"));
        }
        Some(error) => {
            failure = Some(CommandError::of_operation(error).doing("the results could not be recorded"));
        }
    }
    let hints = hints(&result);
    let finished = hints.into_iter().fold(Finished::report(report), Finished::hinted);
    Ok(match failure {
        Some(failure) => finished.failing(failure),
        None => finished,
    })
}

fn request(args: &VerifyArgs) -> Result<VerifyRequest, CommandError> {
    let chosen =
        args.all || !args.names.is_empty() || args.filter.company.is_some() || args.filter.tag.is_some();
    if !chosen {
        return Err(CommandError::usage("nothing was chosen to be verified")
            .hinted(Hint::command("to verify every enabled connection, run", ["verify", "--all"])));
    }
    if args.certificate_id.is_some() && args.names.len() != 1 {
        return Err(CommandError::usage("`--certificate-id` goes with exactly one name"));
    }
    Ok(VerifyRequest {
        selection: Selection { names: args.names.clone(), ..selection(&args.filter) },
        key: args.key.map(Into::into),
        certificate_id: args.certificate_id.clone(),
        parallel: args.parallel.into(),
    })
}

fn report(result: &VerifyResult, args: &VerifyArgs) -> Verify {
    let connections: Vec<_> = result.verified.iter().map(|one| row(one, args.warn_days)).collect();
    let proven = connections.iter().filter(|row| row.ok).count();
    Verify {
        proven,
        failed: connections.len() - proven,
        expiring: connections.iter().filter(|row| row.ok && row.expiring).count(),
        skipped: result.skipped.iter().map(ToString::to_string).collect(),
        recorded: result.recorded,
        connections,
    }
}

fn row(one: &Verified, warn_days: u32) -> VerifyRow {
    let mut row = VerifyRow::new(&one.name, &one.verification, one.certificate_expires_at, warn_days);
    if let Some(failure) = one.failure.as_ref().map(CommandError::of_operation) {
        row.code = failure.exit().code();
        row.result = failure.exit().name();
        row.causes = failure.problem().causes.to_vec();
        row.hints = failure.hints().to_vec();
    }
    row
}

fn failure(report: &Verify, args: &VerifyArgs) -> Option<CommandError> {
    let what = if report.connections.len() == 1 {
        format!("`{}` is not proven", report.connections[0].connection)
    } else {
        format!("{} of {} connections are not proven", report.failed, report.connections.len())
    };
    if let Some(mut failure) = batch::failure(report.connections.iter().map(|row| row.code), &what) {
        if let [row] = report.connections.as_slice() {
            failure = failure.because(row.message.clone().unwrap_or_else(|| "it has no proof".to_owned()));
            failure = row.causes.iter().cloned().fold(failure, CommandError::because);
            failure = row.hints.iter().cloned().fold(failure, CommandError::hinted);
        } else if let Some(first) = report.connections.iter().find(|row| row.code != 0) {
            let command = ["verify", first.connection.as_str()];
            failure = failure.hinted(Hint::command("to see what helps the first of them, run", command));
        }
        return Some(failure);
    }
    (args.fail_on == Some(FailOn::Expiring) && report.expiring > 0).then(|| {
        let name =
            report.connections.iter().find(|row| row.expiring).map_or("NAME", |row| row.connection.as_str());
        CommandError::new(
            Exit::Expiring,
            format!("{} connections expire within {} days", report.expiring, args.warn_days),
        )
        .hinted(Hint::command("to replace the first one's key, run", ["rotate", "initiate", name]))
    })
}

/// What helps those that expire soon or were left out.
fn hints(result: &VerifyResult) -> Vec<Hint> {
    result
        .skipped
        .first()
        .map(|name| {
            Hint::command(
                "disabled ones were skipped; to use one again, run",
                ["connection", "enable", name.as_str()],
            )
        })
        .into_iter()
        .collect()
}
