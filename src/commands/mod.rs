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
use crate::cli::Command;

/// What every command returns.
pub type Outcome = Result<Finished, CommandError>;

/// Runs the command.
pub async fn dispatch(app: &App, command: Command) -> Outcome {
    app.delivery().check_fields(&app.command)?;
    match command {
        Command::Init(args) => vault::run_init(app, &args),
        Command::Demo(args) => demo::run(app, &args).await,
        Command::Sim(args) => sim::run(app, &args).await,
        Command::App(command) => app::run(app, &command).await,
        Command::Connection(command) => connection::run(app, &command).await,
        Command::Login(args) => login::run(app, &args).await,
        Command::Company(command) => company::run(app, &command).await,
        Command::Keygen(args) => keys::run_keygen(app, &args),
        Command::Key(command) => keys::run_key(app, &command).await,
        Command::Cert(command) => cert::run(app, &command).await,
        Command::Rotate(command) => rotate::run(app, &command).await,
        Command::Verify(args) => verify::run(app, &args).await,
        Command::Token(command) => token::run(app, &command).await,
        Command::Invite(command) => invite::run(app, &command).await,
        Command::Exec(args) => exec::run(app, &args).await,
        Command::Audit(command) => audit::run(app, &command),
        Command::Vault(command) => vault::run(app, &command),
        Command::Status => status::run(app),
        Command::Doctor(args) => doctor::run(app, &args).await,
        Command::Completion(args) => Ok(completion::run(&args)),
        Command::Man(args) => man::run(app, &args),
        Command::Help(args) => help::run(app, &args),
    }
}

/// Whether the command runs until it is stopped, so that `--deadline` does not end it.
pub fn is_open_ended(command: &Command) -> bool {
    match command {
        Command::Sim(_) => true,
        Command::Exec(args) => args.live,
        _ => false,
    }
}
