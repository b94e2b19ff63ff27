//! Glue: arguments become a request, an operation runs, its result becomes a report; failures get kind, hints
//! and exit code.
//!
//! May import `app`, `cli`, `ops`, `output`, `ui`, `domain`, and the error types of the layers below.

pub mod error;
pub mod exit;
pub mod finish;
mod help;

pub use error::CommandError;
pub use exit::Exit;
pub use finish::{Delivery, Finished, Payload};

use crate::app::App;
use crate::cli::Command;

/// What every command returns.
pub type Outcome = Result<Finished, CommandError>;

/// Runs the command.
#[expect(clippy::unused_async, reason = "the commands that ask a vendor await")]
pub async fn dispatch(app: &App, command: Command) -> Outcome {
    match command {
        Command::Help(args) => help::run(app, &args),
    }
}

/// Whether the command runs until it is stopped, so that `--deadline` does not end it.
pub fn is_open_ended(command: &Command) -> bool {
    match command {
        Command::Help(_) => false,
    }
}
