//! `tokenctl token refresh`

use std::sync::Arc;

use jiff::SignedDuration;

use crate::app::App;
use crate::cli::token::RefreshArgs;
use crate::commands::connection::selection;
use crate::commands::error::CommandError;
use crate::commands::exit::Exit;
use crate::commands::finish::Finished;
use crate::commands::{batch, session};
use crate::domain::grant::Sender;
use crate::domain::selection::Selection;
use crate::domain::token::Staleness;
use crate::ops::interact::Interact as _;
use crate::ops::tokens::{self, RefreshRequest, Refreshed};
use crate::output::Hint;
use crate::output::reports::token::{TokenRefresh, TokenRefreshRow};

pub(super) async fn run(app: &App, args: &RefreshArgs) -> Result<Finished, CommandError> {
    let chosen =
        args.all || !args.names.is_empty() || args.filter.company.is_some() || args.filter.tag.is_some();
    if !chosen {
        return Err(CommandError::usage("nothing was chosen to be refreshed")
            .hinted(Hint::command("to refresh what is due, run", ["token", "refresh", "--all", "--due"])));
    }
    let session = Arc::new(session::open(app)?);
    let within = args.within.map(|within| SignedDuration::try_from(within).unwrap_or(SignedDuration::MAX));
    let request = RefreshRequest {
        selection: Selection { names: args.names.clone(), ..selection(&args.filter) },
        due_within: args.due.then_some(within),
        // A person who names connections decides; a timer only does what may be done without asking.
        sender: if args.names.is_empty() || args.due { Sender::Automatic } else { Sender::Person },
        parallel: args.parallel.into(),
    };
    let refreshed = tokens::refresh_all(&session, request)
        .await
        .map_err(|error| CommandError::from(error).doing("cannot refresh the tokens"))?;
    session.pass_on_warnings();
    Ok(finish(app, &refreshed))
}

/// The report, and the failure if not every token was renewed.
pub(super) fn finish(app: &App, refreshed: &[Refreshed]) -> Finished {
    for (one, warning) in refreshed.iter().flat_map(|one| one.warnings.iter().map(move |text| (one, text))) {
        app.console.warn(&format!("{}: {warning}", one.name));
    }
    let mut failures: Vec<_> =
        refreshed.iter().map(|one| one.result.as_ref().err().map(CommandError::of_operation)).collect();
    let rows: Vec<_> =
        refreshed.iter().zip(&failures).map(|(one, failure)| row(one, failure.as_ref())).collect();
    let failure = match failures.as_mut_slice() {
        // What one connection has to say is said as such.
        [only] => only.take(),
        _ => batch::failure(rows.iter().map(|row| row.code), "not every token is fresh"),
    };
    let finished = Finished::report(TokenRefresh::new(rows));
    match failure {
        Some(failure) => finished.failing(failure),
        None => finished,
    }
}

fn row(one: &Refreshed, failure: Option<&CommandError>) -> TokenRefreshRow {
    let exit = failure.map_or(Exit::Ok, CommandError::exit);
    let fresh = one.result.as_ref().ok();
    let problem = failure.map(CommandError::problem);
    TokenRefreshRow {
        connection: one.name.to_string(),
        code: exit.code(),
        result: exit.name(),
        refreshed: fresh.and_then(|(_, reason)| reason.map(Staleness::as_str)),
        expires_at: fresh.map(|(expires_at, _)| *expires_at),
        message: problem.as_ref().map(|problem| problem.message.to_owned()),
        causes: problem.map(|problem| problem.causes.to_vec()).unwrap_or_default(),
    }
}
