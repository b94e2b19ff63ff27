//! `tokenctl token`

pub(super) mod format;
#[cfg(feature = "fuzzing")]
pub(super) mod fuzzing;
mod get;
mod import;
mod refresh;
mod takeover_file;

use crate::app::App;
use crate::cli::token::TokenCommand;

use super::company;
use super::error::CommandError;
use super::finish::Finished;

/// Runs `token …`.
pub(super) async fn run(app: &App, command: &TokenCommand) -> Result<Finished, CommandError> {
    match command {
        TokenCommand::Get(args) => get::run(app, args).await,
        TokenCommand::Refresh(args) => refresh::run(app, args).await,
        TokenCommand::Revoke(args) => company::run_revoke(app, args).await,
        TokenCommand::Import(args) => import::run(app, args).await,
    }
}
