//! `tokenctl token import`

use std::sync::Arc;

use crate::app::App;
use crate::cli::token::ImportArgs;
use crate::commands::app::secret_line;
use crate::commands::error::CommandError;
use crate::commands::exit::Exit;
use crate::commands::finish::Finished;
use crate::commands::{batch, session};
use crate::domain::grant::Sender;
use crate::domain::selection::Selection;
use crate::ops::interact::Interact as _;
use crate::ops::takeover::{Source, Takeover, TakeoverRow, take_over};
use crate::ops::tokens::{self, RefreshRequest};
use crate::output::Hint;
use crate::output::reports::import::{Batch, BatchRow};

use super::{refresh, takeover_file};

pub(super) async fn run(app: &App, args: &ImportArgs) -> Result<Finished, CommandError> {
    let rows = match &args.from {
        Some(file) => takeover_file::parse(&app.read_secret(file)?)?,
        None => vec![TakeoverRow { row: 1, parsed: Ok(single(app, args)?) }],
    };
    let names: Vec<_> = rows.iter().map(|row| row.parsed.as_ref().ok().map(|one| one.name.clone())).collect();
    let session = Arc::new(session::open(app)?);
    let dry_run = args.dry_run.dry_run;
    let taken = take_over(&session, rows, dry_run)
        .map_err(|error| CommandError::from(error).doing("cannot take over the grants"))?;
    let mut stored = Vec::new();
    let rows: Vec<_> = taken
        .into_iter()
        .zip(names)
        .map(|(one, name)| {
            let id = one.result.as_ref().ok().filter(|_| !dry_run).map(|added| added.id.to_string());
            if id.is_some() {
                stored.extend(name.clone());
            }
            let failure = one.result.err().map(CommandError::from);
            let exit = failure.as_ref().map_or(Exit::Ok, CommandError::exit);
            BatchRow {
                row: Some(one.row),
                name: name.map(|name| name.to_string()),
                connection_id: id,
                code: exit.code(),
                result: exit.name(),
                message: failure.map(|failure| failure.problem().message.to_owned()),
                fingerprint: None,
            }
        })
        .collect();
    let failure = batch::failure(rows.iter().map(|row| row.code), "not every grant was taken over");
    if !stored.is_empty() {
        app.console.note(
            "the grants are here now: the other system must not refresh them any more, or both lose them",
        );
    }
    if failure.is_none() && !args.unproven && !dry_run {
        return prove(app, &session, stored, args.parallel).await;
    }
    let finished = Finished::report(Batch::takeover(rows, !dry_run))
        .hinted(Hint::command("to prove what was taken over, run", ["token", "refresh", "--all", "--due"]));
    Ok(match failure {
        Some(failure) => finished.failing(failure),
        None => finished,
    })
}

/// The first refresh is the proof, and from then on the other system's copy is dead.
async fn prove(
    app: &App,
    session: &Arc<crate::ops::Session>,
    names: Vec<crate::domain::ids::ConnectionName>,
    parallel: u16,
) -> Result<Finished, CommandError> {
    let request = RefreshRequest {
        selection: Selection::named(names),
        due_within: None,
        sender: Sender::Automatic,
        parallel: parallel.into(),
    };
    let refreshed = tokens::refresh_all(session, request)
        .await
        .map_err(|error| CommandError::from(error).doing("the grants are stored and cannot be proven"))?;
    session.pass_on_warnings();
    Ok(refresh::finish(app, &refreshed))
}

fn single(app: &App, args: &ImportArgs) -> Result<Takeover, CommandError> {
    let name = args.name.clone().ok_or_else(|| CommandError::usage("a connection must be named"))?;
    let source = match (&args.refresh_token_file, &args.quarantined) {
        (Some(file), _) => Source::Token(secret_line(app, file, "refresh token")?),
        (None, Some(id)) => Source::Quarantine(id.clone()),
        (None, None) => return Err(CommandError::usage("a refresh token must be given")),
    };
    Ok(Takeover {
        name,
        app: args.app.clone(),
        realm: args.realm.clone(),
        company: args.company.clone(),
        source,
    })
}
