//! `tokenctl token get`

use crate::app::App;
use crate::cli::token::{GetArgs, TokenFormat};
use crate::domain::grant::Sender;
use crate::domain::token::Demand;
use crate::ops::interact::Interact as _;
use crate::ops::tokens;
use crate::output::{Format, Hint};

use crate::commands::error::CommandError;
use crate::commands::exit::Exit;
use crate::commands::finish::Finished;
use crate::commands::session;

use super::format::{self, remainder};

/// How the token is printed: by `--format`, or as the report's format has it.
fn chosen(app: &App, args: &GetArgs) -> Result<TokenFormat, CommandError> {
    let hint = |text: &str, format: &str| Hint::command(text, ["token", "get", args.name.as_str(), format]);
    match (args.format, app.settings.output) {
        (Some(format), _) => Ok(format),
        (None, Format::Json | Format::Jsonl) => Ok(TokenFormat::Json),
        (None, Format::Table | Format::Plain) => Ok(TokenFormat::Raw),
        (None, Format::Csv) => Err(CommandError::usage("a token is not written as CSV")
            .hinted(hint("to get it alone, run", "--format=raw"))
            .hinted(hint("to get it with its expiry, run", "--format=json"))),
    }
}

pub(super) async fn run(app: &App, args: &GetArgs) -> Result<Finished, CommandError> {
    let format = chosen(app, args)?;
    if app.terminal.stdout && !args.show {
        return Err(CommandError::new(Exit::Refused, "a token is not written to a terminal")
            .hinted(Hint::command(
                "to see it all the same, run",
                ["token", "get", args.name.as_str(), "--show"],
            ))
            .hinted(Hint::shell("to use it, run", format!("TOKEN=$(tokenctl token get {})", args.name))));
    }
    let session = session::open(app)?;
    let demand =
        Demand { min_ttl: args.min_ttl.map(remainder), force: args.refresh, sender: Sender::Automatic };
    let issued = tokens::get(&session, &args.name, demand).await.map_err(|error| {
        CommandError::from(error).doing(format!("cannot get a token for `{}`", args.name))
    })?;
    session.pass_on_warnings();
    for warning in &issued.warnings {
        app.console.warn(warning);
    }
    Ok(Finished::secret(format::render(&issued, format, app.clock.now(), &app.console.warnings())))
}
