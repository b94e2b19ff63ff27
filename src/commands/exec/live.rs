//! `exec --live`: the program runs below this process, which answers it with valid tokens until it ends.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Pid;

use super::answers::Tokens;
use super::launch::Launch;
use super::relay::{Relay, pass_on};
use crate::app::App;
use crate::broker::socket::{self, Listening};
use crate::commands::error::CommandError;
use crate::commands::exit::Exit;
use crate::commands::finish::Finished;
use crate::domain::ids::ConnectionName;
use crate::domain::token::Demand;
use crate::ops::Session;
use crate::ops::interact::Interact as _;
use crate::output::Hint;

/// How often to look whether what must come to its end has.
const LOOK: Duration = Duration::from_millis(10);

/// Runs the program to its end.
pub(super) async fn run(
    app: &App,
    session: Arc<Session>,
    mut launch: Launch,
    (names, demand): (&[ConnectionName], Demand),
) -> Result<Finished, CommandError> {
    let failed = |error: std::io::Error| CommandError::from_error(Exit::Failure, &error);
    let listening = listen(app)?;
    launch.answer_at(listening.path());
    let mut relay = Relay::listen().map_err(|error| failed(error).doing("cannot listen for signals"))?;
    app.interruption.hand_over().map_err(CommandError::interrupted)?;
    let mut child = launch.start(app)?;
    let serving = listening.serve(Tokens::new(app, session, (names, demand)));
    let program = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let status = loop {
        tokio::select! {
            biased;
            // Its number is given to nobody else before this is done.
            status = child.wait() => break status,
            origin = relay.next() => {
                if let Some(program) = program {
                    pass_on(&origin, program);
                }
            }
        }
    };
    relay.forget();
    // What waits for a lock may stop; a refresh token that was sent must not be forgotten, whoever wanted it.
    app.stop.raise();
    let rest = async {
        serving.end().await;
        while app.stop.is_awaited() {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = rest => {}
        _ = relay.next() => app.console.warn("a vendor that was asked for a token was not waited for"),
    }
    Ok(Finished::like_a_program(code_of(
        status.map_err(|error| failed(error).doing("cannot wait for the program"))?,
    )))
}

/// As a shell tells it.
fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(Exit::Failure.code())
}

/// Listens in a fresh folder below the user's runtime folder or, without a usable one, the state folder.
fn listen(app: &App) -> Result<Listening, CommandError> {
    let runtime = app.paths.runtime.as_deref().filter(|folder| socket::is_ours(folder));
    let base = runtime.map_or_else(|| app.paths.state.clone(), |folder| folder.join("tokenctl"));
    let place: PathBuf = base.join("exec");
    app.prepare_folders(&[&place], Exit::Failure)?;
    Listening::below(&base).map_err(|error| {
        CommandError::from_error(Exit::Failure, &error)
            .doing(format!("cannot listen in {}", base.display()))
            .hinted(Hint::text("XDG_RUNTIME_DIR names the folder: one of your own, with a short path"))
    })
}
