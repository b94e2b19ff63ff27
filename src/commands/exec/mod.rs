//! `tokenctl exec`: another program with fresh tokens, in this process's place or, with `--live`, below it.

mod answers;
mod launch;
mod live;
mod relay;
mod variables;

use std::sync::Arc;

use crate::app::App;
use crate::cli::exec::ExecArgs;
use crate::domain::grant::Sender;
use crate::domain::ids::ConnectionName;
use crate::domain::token::Demand;
use crate::ops::interact::Interact as _;
use crate::ops::tokens::{self, Issued};
use crate::ops::{OpsError, Session};

use super::error::CommandError;
use super::finish::Finished;
use super::session;
use super::token::format::remainder;

pub(crate) use launch::Launch;

/// Runs `exec`.
pub(super) async fn run(app: &App, args: &ExecArgs) -> Result<Finished, CommandError> {
    let variables = variables::plan(args)?;
    launch::check_descriptor(args.token_fd)?;
    let session = Arc::new(session::open(app)?);
    let demand = Demand { min_ttl: args.min_ttl.map(remainder), force: false, sender: Sender::Automatic };
    let mut launch = Launch::new(app, &args.program);
    // A program that can ask is not given what would grow old in its hands, unless that is wanted.
    if args.live && args.env.is_empty() && args.token_fd.is_none() {
        let ready = tokens::ready(&session, &args.names, demand).await.map_err(failed)?;
        tell(app, &session, &ready);
    } else {
        let all = tokens::get_all(&session, &args.names, demand).await.map_err(failed)?;
        tell(app, &session, &all);
        launch.hand_over(&all, &variables, args.token_fd)?;
    }
    if args.live {
        return live::run(app, session, launch, (&args.names, demand)).await;
    }
    Ok(Finished::program(launch))
}

fn failed((name, error): (ConnectionName, OpsError)) -> CommandError {
    CommandError::from(error).doing(format!("cannot get a token for `{name}`"))
}

fn tell(app: &App, session: &Session, all: &[Issued]) {
    session.pass_on_warnings();
    for (issued, warning) in all.iter().flat_map(|one| one.warnings.iter().map(move |text| (one, text))) {
        app.console.warn(&format!("{}: {warning}", issued.connection.name));
    }
}
