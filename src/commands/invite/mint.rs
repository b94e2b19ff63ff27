//! `tokenctl invite mint`: what it prints is as secret as the tokens in it.

use zeroize::Zeroizing;

use crate::app::App;
use crate::cli::invite::{MintArgs, MintFormat};
use crate::commands::error::CommandError;
use crate::commands::exit::Exit;
use crate::commands::finish::Finished;
use crate::commands::{batch, session};
use crate::domain::invitation::token::LinkStyle;
use crate::ops::OpsError;
use crate::ops::invites::{self, MintRequest, MintRow, Minted};
use crate::output::csv::secret_csv;
use crate::output::reports::invite_mint::{
    COLUMNS, MintBatchData, MintData, MintPlan, MintRowData, PlannedRow,
};
use crate::output::sanitize::safe_line;
use crate::output::{Format, Hint, json, qr};
use crate::secret::{Secret, SecretBytes};
use crate::ui::Console;

use super::mint_file::{self, MintDefaults};
use super::{doing, presented};

/// Mints one, or one for each row of a file.
pub(super) fn run(app: &App, args: &MintArgs) -> Result<Finished, CommandError> {
    let dry_run = args.dry_run.dry_run;
    if app.terminal.stdout && !args.show && !dry_run {
        return Err(CommandError::new(Exit::Refused, "a link is not written to a terminal")
            .because("whoever sees it can use the invitation")
            .hinted(Hint::text("to see it all the same, add `--show`"))
            .hinted(Hint::text("to keep it in a file, add `> link.txt` under a umask of 077")));
    }
    let style = args.link_style.map_or(LinkStyle::Fragment, Into::into);
    match &args.from_csv {
        Some(file) => {
            let defaults = MintDefaults {
                ttl_seconds: args.ttl.map(|ttl| ttl.as_secs()),
                email_in_token: args.email_in_token,
            };
            let rows = mint_file::parse(&app.read_file(file)?, &defaults)
                .map_err(|error| error.doing(format!("cannot mint from {}", file.display())))?;
            let session = session::open(app)?;
            let minted = invites::mint_many(&session, rows, style, dry_run)
                .map_err(doing("cannot mint the invitations"))?;
            session.pass_on_warnings();
            Ok(if dry_run { plan(minted) } else { many(app, &minted) })
        }
        None => one(app, args, style),
    }
}

fn one(app: &App, args: &MintArgs, style: LinkStyle) -> Result<Finished, CommandError> {
    let format = format(app, args)?;
    let request = request(args)?;
    let session = session::open(app)?;
    let minted = invites::mint(&session, request, style, args.dry_run.dry_run)
        .map_err(doing("cannot mint the invitation"))?;
    session.pass_on_warnings();
    let Some(minted) = minted else {
        return Ok(plan(vec![MintRow { row: 1, result: Ok(None) }]));
    };
    let drawn = if args.qr {
        let drawn = qr::draw(&minted.link);
        if drawn.is_none() {
            crate::ops::interact::Interact::warn(&app.console, "the link is too long for a QR code");
        }
        drawn
    } else {
        None
    };
    let id = minted.invitation.id.to_string();
    Ok(Finished::secret(render(&app.console, &minted, format, drawn.as_deref()))
        .hinted(Hint::command("once the link was delivered, run", ["invite", "sent", &id])))
}

/// How the result is printed: by `--format`, or as the report's format has it.
fn format(app: &App, args: &MintArgs) -> Result<MintFormat, CommandError> {
    let format = match (args.format, app.settings.output) {
        (Some(format), _) => format,
        (None, Format::Json | Format::Jsonl) => MintFormat::Json,
        (None, Format::Table) => MintFormat::Text,
        (None, Format::Plain) => MintFormat::Link,
        (None, Format::Csv) => {
            return Err(CommandError::usage("one invitation is not written as CSV").hinted(Hint::text(
                "to get the link alone, add `--format link`; with its expiry, `--format json`",
            )));
        }
    };
    if args.qr && format != MintFormat::Text {
        return Err(CommandError::usage("a QR code goes with `--format text` only"));
    }
    Ok(format)
}

fn request(args: &MintArgs) -> Result<MintRequest, CommandError> {
    let missing = |flag: &str| CommandError::usage(format!("`{flag}` is missing"));
    let claims: std::collections::BTreeMap<_, _> = args.claims.iter().cloned().collect();
    if claims.len() < args.claims.len() {
        return Err(CommandError::usage("a claim is given twice"));
    }
    Ok(MintRequest {
        email: args.email.clone().ok_or_else(|| missing("--email"))?,
        company: args.company.clone().ok_or_else(|| missing("--company"))?,
        requester: args.requester.clone(),
        purpose: args.purpose.clone(),
        ttl_seconds: args.ttl.map(|ttl| ttl.as_secs()),
        uses: args.uses.unwrap_or(1),
        scopes: args.scopes.clone(),
        claims,
        email_in_token: args.email_in_token,
    })
}

fn render(console: &Console, minted: &Minted, format: MintFormat, drawn: Option<&String>) -> SecretBytes {
    let (invitation, token) = (&minted.invitation, minted.token.expose().as_str());
    let bytes = match format {
        MintFormat::Link => presented::joined(&[&minted.link, "\n"]),
        MintFormat::Token => presented::joined(&[token, "\n"]),
        MintFormat::Text => {
            let email = invitation.masked_email.as_deref().map(safe_line).unwrap_or_default();
            let expires = invitation.expires_at.strftime("%Y-%m-%d %H:%M UTC").to_string();
            let drawn = drawn.map_or("", String::as_str);
            let parts = ["id       ", invitation.id.as_str(), "\nfor      ", &email, "\nexpires  ", &expires];
            presented::joined(&[&parts[..], &["\nlink     ", &minted.link, "\n", drawn]].concat())
        }
        MintFormat::Json => {
            let data = MintData {
                id: invitation.id.as_str(),
                email: invitation.masked_email.as_deref(),
                scopes: &invitation.scopes,
                uses: invitation.uses,
                expires_at: invitation.expires_at,
                kid: &invitation.kid,
                link: &minted.link,
                token,
            };
            let size = minted.link.len() + token.len() + 64 * 1024;
            return json::secret_envelope("invitation-mint/1", &data, &console.warnings(), size);
        }
    };
    wiped(bytes)
}

fn wiped(mut bytes: Zeroizing<Vec<u8>>) -> SecretBytes {
    Secret::new(std::mem::take(&mut *bytes))
}

/// The exit code, its name and the message of a row.
fn outcome<T>(result: &Result<T, OpsError>) -> (u8, &'static str, Option<String>) {
    match result {
        Ok(_) => (Exit::Ok.code(), Exit::Ok.name(), None),
        Err(error) => {
            let failure = CommandError::of_operation(error);
            let message = failure.problem().message.to_owned();
            (failure.exit().code(), failure.exit().name(), Some(message))
        }
    }
}

fn plan(rows: Vec<MintRow>) -> Finished {
    let rows: Vec<PlannedRow> = rows
        .into_iter()
        .map(|one| {
            let (code, result, message) = outcome(&one.result);
            PlannedRow { row: one.row, code, result, message }
        })
        .collect();
    let failure = batch::failure(rows.iter().map(|row| row.code), "not every invitation would be minted");
    let succeeded = rows.iter().filter(|row| row.code == 0).count();
    let failed = rows.len() - succeeded;
    let finished = Finished::report(MintPlan { action: "planned", succeeded, failed, rows });
    match failure {
        Some(failure) => finished.failing(failure),
        None => finished,
    }
}

fn many(app: &App, minted: &[MintRow]) -> Finished {
    let rows: Vec<MintRowData<'_>> = minted.iter().map(row_data).collect();
    let succeeded = rows.iter().filter(|row| row.code == 0).count();
    let failure = batch::failure(rows.iter().map(|row| row.code), "not every invitation was minted");
    // Every row in every format: a link twice over, and what is around it.
    let size: usize = minted.iter().map(|one| 2048 + secret_length(one)).sum();
    let bytes = match app.settings.output {
        Format::Json => {
            let failed = rows.len() - succeeded;
            let data = MintBatchData { stored: succeeded > 0, succeeded, failed, rows };
            let problem = failure.as_ref().map(CommandError::problem);
            let warnings = app.console.warnings();
            json::secret_answer(
                ("invitation-mint-batch/1", &data),
                &warnings,
                problem.as_ref(),
                size + 64 * 1024,
            )
        }
        Format::Jsonl => lines(&rows, size, |row| json::secret_line(row, 16 * 1024)),
        Format::Csv => secret_csv(&COLUMNS, rows.iter().map(cells), size),
        Format::Plain => lines(&rows, size, |row| wiped(separated(row, "\t"))),
        Format::Table => lines(&rows, size, |row| wiped(separated(row, "  "))),
    };
    let finished = Finished::secret(bytes);
    match failure {
        Some(failure) => finished.failing(failure),
        None => finished.hinted(Hint::command(
            "once the links were delivered, run",
            ["invite", "sent", "--state=created"],
        )),
    }
}

fn secret_length(one: &MintRow) -> usize {
    let minted = one.result.as_ref().ok().and_then(Option::as_ref);
    minted.map_or(0, |minted| 2 * (minted.link.len() + minted.token.expose().len()))
}

fn row_data(one: &MintRow) -> MintRowData<'_> {
    let (code, result, message) = outcome(&one.result);
    let minted = one.result.as_ref().ok().and_then(Option::as_ref);
    MintRowData {
        row: one.row,
        code,
        result,
        message,
        id: minted.map(|minted| minted.invitation.id.as_str()),
        email: minted.and_then(|minted| minted.invitation.masked_email.as_deref()),
        expires_at: minted.map(|minted| minted.invitation.expires_at),
        link: minted.map(|minted| minted.link.as_str()),
        token: minted.map(|minted| minted.token.expose().as_str()),
    }
}

fn cells(row: &MintRowData<'_>) -> [Zeroizing<String>; COLUMNS.len()] {
    let text = |text: Option<&str>| Zeroizing::new(text.unwrap_or_default().to_owned());
    [
        Zeroizing::new(row.row.to_string()),
        Zeroizing::new(row.code.to_string()),
        text(Some(row.result)),
        text(row.message.as_deref()),
        text(row.id),
        text(row.email),
        Zeroizing::new(row.expires_at.map(|at| at.to_string()).unwrap_or_default()),
        text(row.link),
        text(row.token),
    ]
}

/// One line of a batch for people and for `cut`: number, result, id, expiry, and the link or why there is none.
fn separated(row: &MintRowData<'_>, between: &str) -> Zeroizing<Vec<u8>> {
    let (number, message) = (row.row.to_string(), row.message.as_deref().map(safe_line));
    let expires = row.expires_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let last = row.link.or(message.as_deref()).unwrap_or("-");
    let (id, end) = (row.id.unwrap_or("-"), "\n");
    presented::joined(&[&number, between, row.result, between, id, between, &expires, between, last, end])
}

fn lines<'a>(
    rows: &[MintRowData<'a>],
    size: usize,
    line: impl Fn(&MintRowData<'a>) -> SecretBytes,
) -> SecretBytes {
    let mut bytes = Vec::with_capacity(size);
    for row in rows {
        bytes.extend_from_slice(line(row).expose());
    }
    Secret::new(bytes)
}
