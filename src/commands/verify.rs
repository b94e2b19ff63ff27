//! `tokenctl verify`

use std::path::Path;
use std::sync::Arc;

use crate::app::App;
use crate::cli::verify::{FailOn, ReportFile, VerifyArgs};
use crate::domain::counted::counted;
use crate::domain::selection::Selection;
use crate::ops::OpsError;
use crate::ops::interact::Interact as _;
use crate::ops::verify::{Verified, VerifyRequest, VerifyResult, verify};
use crate::output::Hint;
use crate::output::reports::Proof;
use crate::output::reports::verify::{Verify, VerifyRow};
use crate::output::sink::{Export, write_file};
use crate::vault::VaultError;

use super::connection::selection;
use super::error::CommandError;
use super::exit::Exit;
use super::finish::Finished;
use super::{batch, session};

/// Runs `verify`.
pub(super) async fn run(app: &App, args: &VerifyArgs) -> Result<Finished, CommandError> {
    let request = request(args)?;
    let session = Arc::new(session::open(app)?);
    let result = verify(&session, &request)
        .await
        .map_err(|error| CommandError::from(error).doing("cannot verify the connections"))?;
    for warning in result.verified.iter().flat_map(|one| &one.warnings) {
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
    let (unwritten, printed) = write_reports(app, args, &report);
    for error in unwritten {
        // As above: whoever looks at one exit code must see the missing proof.
        if failure.is_some() {
            app.console.warn(&error.in_one_line());
        } else {
            failure = Some(error);
        }
    }
    let finished = match printed {
        Some(text) => Finished::bytes(text.into_bytes()),
        None => Finished::report(report),
    };
    let finished = hints(&result).into_iter().fold(finished, Finished::hinted);
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
    for (index, one) in args.reports.iter().enumerate() {
        if args.reports[..index].iter().any(|other| other.path == one.path) {
            let path = one.path.display();
            return Err(CommandError::usage(format!("two reports cannot both go to `{path}`"))
                .hinted(Hint::text("give each `--report` a path of its own")));
        }
    }
    Ok(VerifyRequest {
        selection: Selection { names: args.names.clone(), ..selection(&args.filter) },
        key: args.key.map(Into::into),
        certificate_id: args.certificate_id.clone(),
        parallel: args.parallel.into(),
    })
}

/// Writes every report that was asked for; returns those that could not be, and the one that goes to stdout.
///
/// A file is replaced at once: a collector that reads meanwhile sees the one before.
fn write_reports(app: &App, args: &VerifyArgs, report: &Verify) -> (Vec<CommandError>, Option<String>) {
    let (mut errors, mut printed) = (Vec::new(), None);
    for ReportFile { kind, path } in &args.reports {
        let text = kind.render(report, app.clock.now());
        if path == Path::new("-") {
            printed = Some(text);
            continue;
        }
        let export = Export { path, audience: app.everybody(), replace: true };
        if let Err(error) = write_file(&export, text.as_bytes()) {
            errors.push(CommandError::from(error).doing(format!("the {kind} report could not be written")));
        }
    }
    (errors, printed)
}

fn report(result: &VerifyResult, args: &VerifyArgs) -> Verify {
    let connections: Vec<_> = result.verified.iter().map(|one| row(one, args)).collect();
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

fn row(one: &Verified, args: &VerifyArgs) -> VerifyRow {
    let mut row =
        VerifyRow::new((&one.name, one.provider), &one.verification, one.expires_at, args.warn_days);
    row.proof = row.proof.zip(one.proof).map(|(proof, kind)| proof.by(kind));
    let failure = one.failure.as_ref().map(CommandError::of_operation);
    let exit = match &failure {
        Some(failure) => failure.exit(),
        None if row.expiring && args.fail_on == Some(FailOn::Expiring) => Exit::Expiring,
        None => Exit::Ok,
    };
    (row.code, row.result) = (exit.code(), exit.name());
    if let Some(failure) = failure {
        row.causes = failure.problem().causes.to_vec();
        row.hints = failure.hints().to_vec();
    }
    if let Some(error) = one.failure.as_ref().and_then(OpsError::exchange) {
        row.request_id = error.evidence().and_then(|evidence| evidence.request_id.clone());
        row.clock_skew_seconds = error.clock_skew().map(|skew| skew.as_duration().as_secs());
    }
    row
}

fn failure(report: &Verify, args: &VerifyArgs) -> Option<CommandError> {
    let what = if report.connections.len() == 1 {
        format!("`{}` is not proven", report.connections[0].connection)
    } else {
        format!("{} of {} connections are not proven", report.failed, report.connections.len())
    };
    // An expiring one is proven: it counts only where nothing is worse.
    let codes = report.connections.iter().map(|row| if row.ok { Exit::Ok.code() } else { row.code });
    if let Some(mut failure) = batch::failure(codes, &what) {
        if let [row] = report.connections.as_slice() {
            failure = failure.because(row.message.clone().unwrap_or_else(|| "it has no proof".to_owned()));
            failure = row.causes.iter().cloned().fold(failure, CommandError::because);
            failure = row.hints.iter().cloned().fold(failure, CommandError::hinted);
            if row.code == Exit::Rejected.code() {
                // One word of a vendor's stands for twenty causes.
                failure =
                    failure.hinted(Hint::command("to find the cause, run", ["doctor", &row.connection]));
            }
        } else if let Some(first) = report.connections.iter().find(|row| !row.ok) {
            let command = ["verify", first.connection.as_str()];
            failure = failure.hinted(Hint::command("to see what helps the first of them, run", command));
        }
        return Some(failure);
    }
    (args.fail_on == Some(FailOn::Expiring) && report.expiring > 0).then(|| {
        let first = report.connections.iter().find(|row| row.expiring);
        let name = first.map_or("NAME", |row| row.connection.as_str());
        let failure = CommandError::new(
            Exit::Expiring,
            format!(
                "expiring within {}: {}",
                counted(args.warn_days, "day"),
                counted(report.expiring, "connection")
            ),
        );
        let by_key = first.and_then(|row| row.proof.as_ref()).is_none_or(Proof::is_exchange);
        failure.hinted(if by_key {
            Hint::command("to replace the first one's key, run", ["rotate", "initiate", name])
        } else {
            Hint::command("to see what the first one's grant needs, run", ["connection", "show", name])
        })
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::{self, Command};
    use crate::domain::connection::Provider;
    use crate::domain::ids::ConnectionId;
    use crate::domain::verification::{Outcome, Stage, Verification};
    use crate::oauth::{Evidence, ExchangeError, Unreachable};
    use crate::providers::descriptor;

    #[test]
    fn a_failure_leaves_its_causes_and_its_evidence() {
        let error = ExchangeError::Unreachable {
            vendor: descriptor(Provider::Netsuite),
            reason: Unreachable::ServerError(503),
            code: None,
            meaning: None,
            retry_after: None,
            evidence: Box::new(Evidence {
                attempts: 1,
                http_status: Some(503),
                request_id: Some("8f14".to_owned()),
                latency: Duration::from_millis(7),
                ..Evidence::default()
            }),
        };
        let one = Verified {
            name: "acme".parse().unwrap(),
            provider: Provider::Netsuite,
            verification: Verification {
                connection: ConnectionId::new(),
                key: None,
                checked_at: jiff::Timestamp::UNIX_EPOCH,
                outcome: Outcome::Unreachable,
                stage: Stage::Exchange,
                http_status: Some(503),
                vendor_error: None,
                message: Some(error.to_string()),
                latency_ms: Some(7),
            },
            proof: None,
            expires_at: None,
            failure: Some(OpsError::Exchange(Box::new(error))),
            warnings: Vec::new(),
        };
        let words = ["tokenctl", "verify", "acme"].map(Into::into);
        let Ok(cli::Cli { command: Command::Verify(cli::Deferred(args)), .. }) = cli::parse(&words) else {
            panic!()
        };
        let row = row(&one, &args);
        assert_eq!((row.code, row.result), (6, "unreachable"));
        assert_eq!(row.causes, ["the vendor's request id is 8f14"]);
        assert_eq!((row.request_id.as_deref(), row.clock_skew_seconds), (Some("8f14"), None));
        assert!(row.proof.is_none() && row.connection_id == one.verification.connection.to_string());
    }
}
