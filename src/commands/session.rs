//! What the commands share: the open vault, questions, the report of a proven step.

use std::sync::Arc;

use crate::app::App;
use crate::ops::interact::Interact as _;
use crate::ops::keys::Proven;
use crate::ops::{IdentityText, Limits, OpenRequest, Place, Session};
use crate::output::Hint;
use crate::output::reports::keys::Keys;
use crate::ui::Console;

use super::error::CommandError;
use super::exit::Exit;
use super::finish::Finished;
use super::steps::next_commands;

/// Where the vault is and how this process works on it.
pub(super) fn place(app: &App) -> Place {
    Place {
        vault: app.settings.vault.clone(),
        state_dir: app.paths.state.clone(),
        home_id: app.environment.text("TOKENCTL_HOME_ID"),
        lock_timeout: app.settings.lock_timeout,
        command: app.command.clone(),
        stop: app.stop.clone(),
    }
}

/// Opens the vault with the identity that the search finds.
pub(super) fn open(app: &App) -> Result<Session, CommandError> {
    open_for(app, app.console.clone())
}

/// As [`open`], for somebody who is talked to in another way.
pub(super) fn open_for(app: &App, console: Console) -> Result<Session, CommandError> {
    let found = identity(app, app.identity()).map_err(|error| error.doing("cannot open the vault"))?;
    open_with(app, console, found)
}

/// As [`open`], with an identity that was read already.
pub(super) fn open_with(
    app: &App,
    console: Console,
    identity: IdentityText,
) -> Result<Session, CommandError> {
    let request = request_with(app, identity);
    Session::open(request, app.clock.clone(), Arc::new(console))
        .map_err(|error| CommandError::from(error).doing("cannot open the vault"))
}

/// What opens the vault that the arguments and the environment name.
pub(super) fn request(app: &App) -> Result<OpenRequest, CommandError> {
    Ok(request_with(app, identity(app, app.identity())?))
}

fn request_with(app: &App, identity: IdentityText) -> OpenRequest {
    OpenRequest {
        place: place(app),
        identity,
        pin: app.settings.vault_pin.clone(),
        limits: Limits { exchange: app.settings.timeout, deadline: app.last_call() },
    }
}

/// What was found of an identity; none is a failure.
pub(super) fn identity(
    app: &App,
    found: Result<Option<IdentityText>, CommandError>,
) -> Result<IdentityText, CommandError> {
    found?.ok_or_else(|| {
        let own = app.paths.config.join("identity.txt");
        CommandError::new(Exit::Vault, "there is no identity to open it with")
            .because(format!(
                "neither a flag nor the environment names one, and {} does not exist",
                own.display()
            ))
            .hinted(Hint::command("to create a vault and an identity, run", ["init"]))
            .hinted(Hint::command("where an identity is looked for is explained by", ["help", "files"]))
    })
}

/// Asks; a no is a refusal.
pub(super) fn confirm(session: &Session, question: &str) -> Result<(), CommandError> {
    confirmed(session.confirm(question)?)
}

/// Turns a no into a refusal.
pub(super) fn confirmed(answer: bool) -> Result<(), CommandError> {
    if answer { Ok(()) } else { Err(CommandError::new(Exit::Refused, "not confirmed; nothing was changed")) }
}

/// The end of a proven step: its warnings, its report, the next commands.
pub(super) fn proven(app: &App, proven: &Proven, report: Keys) -> Finished {
    for warning in &proven.warnings {
        app.console.warn(warning);
    }
    next_commands(&proven.keys).into_iter().fold(Finished::report(report), Finished::hinted)
}
