//! `tokenctl login`

use std::time::Duration;

use crate::app::App;
use crate::cli::login::LoginArgs;
use crate::ops::OpsError;
use crate::ops::interact::Interact as _;
use crate::ops::login::{self, LoggedIn, LoginRequest, Preferences};
use crate::output::Hint;
use crate::output::reports::login::{Granted, Login};
use crate::ui::Browsing;

use super::error::CommandError;
use super::finish::Finished;
use super::session;

/// How long a person is waited for unless `--timeout` says otherwise.
const PATIENCE: Duration = Duration::from_mins(5);

/// Runs `login`.
pub(super) async fn run(app: &App, args: &LoginArgs) -> Result<Finished, CommandError> {
    let doing = |error: OpsError| {
        CommandError::from(error).doing(format!("cannot connect a company with `{}`", args.app))
    };
    if args.paste && app.identity_is_stdin() {
        return Err(CommandError::usage("standard input cannot be both the identity and what is pasted")
            .hinted(Hint::text("give the identity as a file, or as `fd:N` with `--identity-file`")));
    }
    if args.company.as_deref().is_some_and(|company| company.trim().is_empty()) {
        return Err(
            CommandError::usage("a company has a name").hinted(Hint::text("or leave `--company` away"))
        );
    }
    let request = request(app, args);
    let session = session::open_for(app, app.console.browsing(browsing(app, args)))?;
    if args.dry_run.dry_run {
        let planned = login::plan_login(&session, &request).map_err(doing)?;
        let (renews, now) = (planned.renews.as_ref(), app.clock.now());
        let report = Login::planned(&planned.app, renews, planned.scopes, planned.redirect_uri, now);
        return Ok(Finished::report(report));
    }
    let done = Box::pin(login::login(&session, &request)).await.map_err(doing)?;
    session.pass_on_warnings();
    Ok(finish(app, args, done))
}

fn finish(app: &App, args: &LoginArgs, done: LoggedIn) -> Finished {
    for warning in &done.warnings {
        app.console.warn(warning);
    }
    let name = done.connection.name.to_string();
    let action = if done.renewed { "renewed" } else { "connected" };
    let granted = Granted {
        vendor_name: done.vendor_name,
        confirmed: done.confirmed,
        grant: &done.grant,
        token_expires_at: done.token_expires_at,
    };
    let report = Login::granted(action, args.app.to_string(), &done.connection, granted, app.clock.now());
    let finished = Finished::report(report);
    if done.connection.enabled {
        finished.hinted(Hint::command("to get a token, run", ["token", "get", &name]))
    } else {
        finished.hinted(Hint::command("to use it again, run", ["connection", "enable", &name]))
    }
}

fn request(app: &App, args: &LoginArgs) -> LoginRequest {
    LoginRequest {
        app: args.app.clone(),
        name: args.name.clone(),
        company: args.company.clone(),
        redirect: Preferences {
            redirect_uri: args.redirect_uri.clone(),
            listen: args.listen,
            paste: args.paste,
        },
        device: args.device,
        patience: app.settings.patience.unwrap_or(PATIENCE),
    }
}

/// A browser gets nothing of ours: neither the identity nor where it is.
fn browsing(app: &App, args: &LoginArgs) -> Browsing {
    let ours = |name: &&str| name.starts_with("TOKENCTL_") || *name == "CREDENTIALS_DIRECTORY";
    Browsing {
        surroundings: app.surroundings(),
        wanted: !args.no_browser && !args.device,
        umask: app.inherited.umask,
        hidden: app.environment.names().filter(ours).map(str::to_owned).collect(),
    }
}
