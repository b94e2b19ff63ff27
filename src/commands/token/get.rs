//! `tokenctl token get`

use crate::app::App;
use crate::cli::token::{GetArgs, TokenFormat};
use crate::domain::grant::Sender;
use crate::domain::token::Demand;
use crate::ops::interact::Interact as _;
use crate::ops::tokens::{self, Issued};
use crate::output::reports::token::TokenData;
use crate::output::{Format, Hint, json};
use crate::secret::{Secret, SecretBytes};
use zeroize::Zeroizing;

use crate::commands::error::CommandError;
use crate::commands::exit::Exit;
use crate::commands::finish::Finished;
use crate::commands::session;

/// How the token is printed: by `--format`, or as the report's format has it.
fn format(app: &App, args: &GetArgs) -> Result<TokenFormat, CommandError> {
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
    let format = format(app, args)?;
    if app.terminal.stdout && !args.show {
        return Err(CommandError::new(Exit::Refused, "a token is not written to a terminal")
            .hinted(Hint::command(
                "to see it all the same, run",
                ["token", "get", args.name.as_str(), "--show"],
            ))
            .hinted(Hint::shell("to use it, run", format!("TOKEN=$(tokenctl token get {})", args.name))));
    }
    let session = session::open(app)?;
    let demand = Demand {
        min_ttl: args
            .min_ttl
            .map(|ttl| jiff::SignedDuration::try_from(ttl).unwrap_or(jiff::SignedDuration::MAX)),
        force: args.refresh,
        sender: Sender::Automatic,
    };
    let issued = tokens::get(&session, &args.name, demand).await.map_err(|error| {
        CommandError::from(error).doing(format!("cannot get a token for `{}`", args.name))
    })?;
    session.pass_on_warnings();
    for warning in &issued.warnings {
        app.console.warn(warning);
    }
    Ok(Finished::secret(render(app, &issued, format)))
}

fn render(app: &App, issued: &Issued, format: TokenFormat) -> SecretBytes {
    let token = issued.token.value.expose();
    match format {
        TokenFormat::Raw => line(&["", token, ""]),
        TokenFormat::Header => line(&["Authorization: Bearer ", token, ""]),
        // A shell takes everything between single quotes as it is but the quote itself.
        TokenFormat::Env => line(&["TOKENCTL_TOKEN='", &Zeroizing::new(token.replace('\'', "'\\''")), "'"]),
        TokenFormat::ExecCredential => exec_credential(issued),
        TokenFormat::Json => {
            let facts = &issued.token.facts;
            let data = TokenData {
                connection: issued.connection.name.as_str(),
                connection_id: issued.connection.id.as_str(),
                access_token: token,
                token_type: "Bearer",
                obtained_at: facts.obtained_at,
                expires_at: facts.expires_at,
                expires_in: facts.expires_at.duration_since(app.clock.now()).as_secs(),
                refreshed: issued.obtained.map(crate::domain::token::Staleness::as_str),
            };
            // An escape takes at most six bytes for one.
            json::secret_envelope("token/1", &data, &app.console.warnings(), 6 * token.len() + 4096)
        }
    }
}

/// What kubectl expects of a credential plug-in (Kubernetes, client.authentication.k8s.io/v1).
fn exec_credential(issued: &Issued) -> SecretBytes {
    // Visible ASCII: of what JSON escapes, a token can hold these two.
    let token = Zeroizing::new(issued.token.value.expose().replace('\\', "\\\\").replace('"', "\\\""));
    // Whole seconds: some clients take no others (RFC 3339 leaves the fraction out at will).
    let expires_at = issued.token.facts.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    line(&[
        r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"expirationTimestamp":""#,
        &expires_at,
        r#"","token":""#,
        &token,
        r#""}}"#,
    ])
}

/// Joins `parts` and a line feed in one allocation: a buffer that grows would leave copies behind.
fn line(parts: &[&str]) -> SecretBytes {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len()).sum::<usize>() + 1);
    for part in parts {
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes.push(b'\n');
    Secret::new(bytes)
}
