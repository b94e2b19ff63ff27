//! Glue: arguments become a request, an operation runs, its result becomes a report; failures get kind, hints
//! and exit code.
//!
//! May import `app`, `cli`, `ops`, `output`, `ui`, `domain`, and the error types of the layers below.

mod app;
mod audit;
mod batch;
mod cert;
mod company;
mod completion;
mod connection;
mod connection_add;
mod demo;
mod doctor;
pub mod error;
mod exec;
pub mod exit;
pub mod finish;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod help;
mod import_file;
mod invite;
mod keys;
mod login;
mod man;
mod records;
mod rotate;
mod session;
mod sim;
mod status;
mod steps;
mod token;
mod vault;
mod vault_care;
mod vault_restore;
mod verify;

pub use error::CommandError;
pub use exit::{Exit, Status};
pub use finish::{Delivery, Finished, Payload};

use crate::app::App;
use crate::cli::token::TokenCommand;
use crate::cli::{Command, Deferred};

/// What every command returns.
pub type Outcome = Result<Finished, CommandError>;

/// Runs the command.
pub async fn dispatch(app: &App, command: Command) -> Outcome {
    app.delivery().check_fields(&app.command)?;
    match command {
        Command::Init(Deferred(args)) => vault::run_init(app, &args),
        Command::Demo(Deferred(args)) => demo::run(app, &args).await,
        Command::Sim(Deferred(args)) => sim::run(app, &args).await,
        Command::App(Deferred(command)) => app::run(app, &command).await,
        Command::Connection(Deferred(command)) => connection::run(app, &command).await,
        Command::Login(Deferred(args)) => login::run(app, &args).await,
        Command::Company(Deferred(command)) => company::run(app, &command).await,
        Command::Keygen(Deferred(args)) => keys::run_keygen(app, &args),
        Command::Key(Deferred(command)) => keys::run_key(app, &command).await,
        Command::Cert(Deferred(command)) => cert::run(app, &command).await,
        Command::Rotate(Deferred(command)) => rotate::run(app, &command).await,
        Command::Verify(Deferred(args)) => verify::run(app, &args).await,
        Command::Token(Deferred(command)) => token::run(app, &command).await,
        Command::Invite(Deferred(command)) => invite::run(app, &command).await,
        Command::Exec(Deferred(args)) => exec::run(app, &args).await,
        Command::Audit(Deferred(command)) => audit::run(app, &command),
        Command::Vault(Deferred(command)) => vault::run(app, &command),
        Command::Status => status::run(app),
        Command::Doctor(Deferred(args)) => doctor::run(app, &args).await,
        Command::Completion(Deferred(args)) => Ok(completion::run(&args)),
        Command::Man(Deferred(args)) => man::run(app, &args),
        Command::Help(Deferred(args)) => help::run(app, &args),
    }
}

/// Whether the command runs until it is stopped, so that `--deadline` does not end it.
pub fn is_open_ended(command: &Command) -> bool {
    match command {
        Command::Sim(Deferred(_)) => true,
        Command::Exec(Deferred(args)) => args.live,
        _ => false,
    }
}

/// Whether the command has work for all cores: many vendors to ask, or keys to make.
pub fn is_wide(command: &Command) -> bool {
    !matches!(
        command,
        Command::App(_)
            | Command::Connection(_)
            | Command::Company(_)
            | Command::Token(Deferred(TokenCommand::Get(_)))
            | Command::Audit(_)
            | Command::Vault(_)
            | Command::Status
    )
}
