//! `tokenctl doctor`

mod bundle;

use std::sync::Arc;

use crate::app::App;
use crate::cli::doctor::DoctorArgs;
use crate::domain::health::{Ailment, Check};
use crate::ops::Session;
use crate::ops::doctor::{DoctorRequest, Examination, Machine, examine, machine};
use crate::ops::interact::Interact as _;
use crate::output::Hint;
use crate::output::reports::doctor::{CheckRow, Doctor};

use super::error::CommandError;
use super::exit::Exit;
use super::finish::Finished;
use super::{batch, session};

/// What was looked at, with the exit code of each connection and of the rest.
struct Looked {
    rows: Vec<CheckRow>,
    connections: Vec<Exit>,
    rest: Vec<Exit>,
    requests: u32,
}

/// Runs `doctor`.
pub(super) async fn run(app: &App, args: &DoctorArgs) -> Result<Finished, CommandError> {
    let found = app.identity();
    let facts = facts(app, &found);
    let own = machine(&facts);
    let opened = session::identity(app, found)
        .and_then(|identity| session::open_with(app, app.console.clone(), identity))
        .map(Arc::new);
    let looked = match &opened {
        Ok(session) => {
            let request = DoctorRequest {
                names: args.names.clone(),
                all: args.all,
                offline: args.offline,
                key: args.key.map(Into::into),
                certificate_id: args.certificate_id.clone(),
            };
            let found = examine(session, &request)
                .await
                .map_err(|error| CommandError::from(error).doing("cannot look at it"))?;
            rows(&own, &found)
        }
        Err(failure) => closed(&own, failure),
    };
    let failure = failure(&looked);
    let report = Doctor::new(looked.rows, looked.requests);
    if let Some(path) = &args.bundle {
        let session: Option<&Session> = opened.as_deref().ok();
        bundle::write(app, args, path, &report, session)?;
        app.console
            .note(&format!("wrote {} for support; look through it before you send it", path.display()));
    }
    let finished = Finished::report(report);
    Ok(match failure {
        Some(failure) => finished.failing(failure),
        None => finished,
    })
}

fn facts(app: &App, found: &Result<Option<crate::ops::IdentityText>, CommandError>) -> Machine {
    let identity = found.as_ref().ok().and_then(Option::as_ref);
    Machine {
        now: app.clock.now(),
        config: app.config.clone(),
        identity: identity.and_then(|identity| identity.path.clone()),
        identity_origin: identity.map(|identity| identity.origin.clone()),
        identity_problem: found.as_ref().err().map(|error| error.problem().message.to_owned()),
        vault: app.settings.vault.clone(),
        state: app.paths.state.clone(),
        proxies: app.environment.proxies(),
    }
}

fn rows(own: &Check, found: &Examination) -> Looked {
    let groups = [own, &found.vault, &found.vendors];
    let mut rows: Vec<CheckRow> = groups.iter().map(|check| CheckRow::from(*check)).collect();
    rows.extend(
        found
            .connections
            .iter()
            .map(|one| CheckRow { connection_id: Some(one.id.to_string()), ..CheckRow::from(&one.check) }),
    );
    Looked {
        rows,
        // What the vendor says comes last, and counts before what explains it.
        connections: found.connections.iter().map(|one| last(&one.check).unwrap_or(Exit::Ok)).collect(),
        rest: groups.iter().filter_map(|check| last(check)).collect(),
        requests: found.requests,
    }
}

/// The vault could not be opened: that is what was found of it.
fn closed(own: &Check, failure: &CommandError) -> Looked {
    let problem = failure.problem();
    let causes = problem.causes.join(": ");
    let open = CheckRow::failed(
        "open",
        problem.message.to_owned(),
        Some(causes).filter(|causes| !causes.is_empty()),
        failure.hints().to_vec(),
    );
    let vault = CheckRow { checks: vec![open], ..CheckRow::failed("vault", String::new(), None, Vec::new()) };
    let rest = vec![failure.exit()];
    Looked { rows: vec![CheckRow::from(own), vault], connections: Vec::new(), rest, requests: 0 }
}

fn last(check: &Check) -> Option<Exit> {
    check.ailments().last().map(|ailment| exit(*ailment))
}

fn exit(ailment: Ailment) -> Exit {
    match ailment {
        Ailment::Missing => Exit::NotFound,
        Ailment::Rejected => Exit::Rejected,
        Ailment::Conflict => Exit::Conflict,
        Ailment::Unreachable => Exit::Unreachable,
        Ailment::Vault => Exit::Vault,
        Ailment::Refused => Exit::Refused,
        Ailment::Expired => Exit::Expired,
        Ailment::Other => Exit::Failure,
    }
}

/// What the exit code tells: the connections' failures and, if those that were looked at are well, the rest's.
fn failure(looked: &Looked) -> Option<CommandError> {
    let mut failed = Vec::new();
    looked.rows.iter().for_each(|row| failures(row, &row.name, &mut failed));
    let what = match failed.as_slice() {
        [(path, _)] => format!("the check {path} failed"),
        all => format!("{} checks failed", all.len()),
    };
    let codes = |exits: &[Exit]| exits.iter().map(|exit| exit.code()).collect::<Vec<_>>();
    let failure = batch::failure(codes(&looked.connections), &what)
        .or_else(|| batch::failure(codes(&looked.rest), &what))?;
    let Some((_, worst)) = failed.last() else { return Some(failure) };
    let failure = failure.because(worst.found.clone());
    let failure = worst.cause.iter().fold(failure, |failure, cause| failure.because(cause.clone()));
    let hints = worst.fixes.iter().cloned();
    Some(hints.fold(failure, |failure: CommandError, hint: Hint| failure.hinted(hint)))
}

fn failures<'a>(row: &'a CheckRow, path: &str, found: &mut Vec<(String, &'a CheckRow)>) {
    if row.checks.is_empty() {
        if row.state == "failed" {
            found.push((path.to_owned(), row));
        }
        return;
    }
    row.checks.iter().for_each(|check| failures(check, &format!("{path}/{}", check.name), found));
}
