//! How a command ends: its result reaches stdout, the conversation reaches stderr, the process gets its code.

use std::path::Path;

use serde_json::Value;

use super::error::CommandError;
use super::exec::Launch;
use super::exit::{Exit, Status};
use crate::app::App;
use crate::output::json::Answer;
use crate::output::reports::export::Exported;
use crate::output::sink::{Export, SinkError, write_file, write_stdout};
use crate::output::{Canvas, Format, Hint, Report, csv, json, plain, table};
use crate::output::{Cell, Column, Selection, Table, View, schemas};
use crate::secret::SecretBytes;
use crate::ui::Console;

/// What a command leaves for stdout.
pub enum Payload {
    /// A report, in the format that was asked for.
    Report(Box<dyn Report + Send>),
    /// What people see of a report that nobody asked for in another format: see [`Delivery::is_for_people`].
    View(View),
    /// Bytes that are the point of the command (a certificate), whatever the format.
    Bytes(Vec<u8>),
    /// The same, wiped afterwards (a token).
    Secret(SecretBytes),
    /// Another program, which takes the process over.
    Program(Box<Launch>),
    /// Nothing.
    Nothing,
}

/// A command that ran to its end.
pub struct Finished {
    payload: Payload,
    hints: Vec<Hint>,
    failure: Option<CommandError>,
    status: Status,
}

impl Finished {
    fn new(payload: Payload) -> Self {
        Self { payload, hints: Vec::new(), failure: None, status: Exit::Ok.into() }
    }

    /// Whether a program takes this process's place.
    pub fn is_program(&self) -> bool {
        matches!(self.payload, Payload::Program(_))
    }

    /// Ends with a report.
    pub fn report(report: impl Report + Send + 'static) -> Self {
        Self::new(Payload::Report(Box::new(report)))
    }

    /// Ends with what people see of a report; only where [`Delivery::is_for_people`].
    pub fn view(view: View) -> Self {
        Self::new(Payload::View(view))
    }

    /// Ends with bytes on stdout.
    pub fn bytes(bytes: Vec<u8>) -> Self {
        Self::new(Payload::Bytes(bytes))
    }

    /// Ends with a secret on stdout.
    pub fn secret(bytes: SecretBytes) -> Self {
        Self::new(Payload::Secret(bytes))
    }

    /// Ends with a file that is written now, or with its bytes on stdout where the path is `-`.
    pub fn exported(what: impl Into<String>, export: &Export<'_>, bytes: Vec<u8>) -> Result<Self, SinkError> {
        if export.path == Path::new("-") {
            return Ok(Self::bytes(bytes));
        }
        write_file(export, &bytes)?;
        Ok(Self::report(Exported::new(what, export.path, &bytes)))
    }

    /// Ends as another program.
    pub fn program(launch: Launch) -> Self {
        Self::new(Payload::Program(Box::new(launch)))
    }

    /// Ends without output, as a program did that was run.
    pub fn like_a_program(code: u8) -> Self {
        Self { status: Status::Program(code), ..Self::nothing() }
    }

    /// Ends without output.
    pub fn nothing() -> Self {
        Self::new(Payload::Nothing)
    }

    /// Says what to do next.
    #[must_use]
    pub fn hinted(mut self, hint: Hint) -> Self {
        self.hints.push(hint);
        self
    }

    /// Fails although there is a report: some of a batch did not succeed.
    #[must_use]
    pub fn failing(mut self, failure: CommandError) -> Self {
        self.status = failure.exit().into();
        self.failure = Some(failure);
        self
    }
}

/// Where and how results are written; known before the arguments are, so that their errors look right.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The format of stdout.
    pub format: Format,
    /// The fields asked for.
    pub fields: Option<Vec<String>>,
    /// Width and colour of stdout.
    pub canvas: Canvas,
}

impl Delivery {
    /// Whether all that is wanted of a report is its view. A long listing then need not collect the rest.
    pub fn is_for_people(&self) -> bool {
        self.format == Format::Table && self.fields.is_none()
    }

    /// Checks `--fields` before anything is done: no answer of `command` may turn out to have no such field.
    pub fn check_fields(&self, command: &str) -> Result<(), CommandError> {
        let wanted = self.fields.as_deref().unwrap_or_default();
        let mut verdicts = schemas::listings_of(command).map(|listing| listing.check(wanted)).peekable();
        let first = verdicts.peek().cloned().unwrap_or(Ok(()));
        if verdicts.any(|verdict| verdict.is_ok()) { Ok(()) } else { Ok(first?) }
    }
}

/// Writes a command's result and returns the exit status; the last thing that a process does.
///
/// Does not return if the result is another program that can be run.
pub fn deliver(app: &App, result: Result<Finished, CommandError>) -> Status {
    let delivery = app.delivery();
    let failure = match result {
        Ok(Finished { payload: Payload::Program(launch), .. }) => launch.replace(app),
        Ok(finished) => return deliver_finished(&delivery, &app.console, finished),
        Err(failure) => failure,
    };
    deliver_failure(&delivery, &app.console, &failure).into()
}

/// Writes a report now: for a command that goes on after it (`sim`).
pub fn print(app: &App, report: &dyn Report) -> Result<(), CommandError> {
    let text = render(&app.delivery(), &app.console, report, None)?;
    Ok(write_stdout(text.as_bytes())?)
}

/// Writes a failure and returns its exit code.
pub fn deliver_failure(delivery: &Delivery, console: &Console, failure: &CommandError) -> Exit {
    check_hints(failure.hints());
    let problem = failure.problem();
    let text = match delivery.format {
        Format::Json => {
            let warnings = console.warnings();
            let answer = Answer { report: None, warnings: &warnings, problem: Some(&problem) };
            json::envelope(&answer, delivery.canvas.width.is_some())
        }
        Format::Jsonl => json::error_line(&problem),
        Format::Table | Format::Csv | Format::Plain => String::new(),
    };
    let written = write_stdout(text.as_bytes());
    console.problem(&problem);
    match written {
        Ok(()) => failure.exit(),
        Err(error) => lost(console, &error.into()),
    }
}

fn deliver_finished(delivery: &Delivery, console: &Console, finished: Finished) -> Status {
    check_hints(&finished.hints);
    let Finished { payload, hints, failure, status } = finished;
    let rendered;
    let bytes: &[u8] = match &payload {
        Payload::Report(report) => match render(delivery, console, report.as_ref(), failure.as_ref()) {
            Ok(text) => {
                rendered = text;
                rendered.as_bytes()
            }
            Err(error) => {
                let error = error.doing("the command was carried out, but its report cannot be shown");
                return deliver_failure(delivery, console, &error).into();
            }
        },
        Payload::View(view) => {
            rendered = table::render(view, delivery.canvas);
            rendered.as_bytes()
        }
        Payload::Bytes(bytes) => bytes,
        Payload::Secret(bytes) => bytes.expose(),
        Payload::Program(_) | Payload::Nothing => &[],
    };
    if let Err(error) = write_stdout(bytes) {
        return lost(console, &CommandError::from(error)).into();
    }
    // The process ends: taking ten thousand rows apart first would be time that somebody waits. None is a secret.
    match payload {
        Payload::Report(report) => std::mem::forget(report),
        Payload::View(view) => std::mem::forget(view),
        Payload::Bytes(_) | Payload::Secret(_) | Payload::Program(_) | Payload::Nothing => {}
    }
    if let Some(failure) = failure {
        check_hints(failure.hints());
        console.problem(&failure.problem());
    }
    for hint in &hints {
        console.hint(hint);
    }
    status
}

/// Says on stderr alone that stdout did not get its answer.
fn lost(console: &Console, error: &CommandError) -> Exit {
    console.problem(&error.problem());
    error.exit()
}

fn render(
    delivery: &Delivery,
    console: &Console,
    report: &dyn Report,
    failure: Option<&CommandError>,
) -> Result<String, CommandError> {
    let fields = delivery.fields.as_deref();
    let listing = report.listing();
    let problem = failure.map(CommandError::problem);
    Ok(match delivery.format {
        Format::Table => match fields {
            None => table::render(&report.view(), delivery.canvas),
            Some(_) => table::render(&view_of(&listing.select(&report.data(), fields)?), delivery.canvas),
        },
        Format::Json => {
            let data: Value = match fields {
                None => report.data(),
                Some(wanted) => listing.reduce(report.data(), wanted)?,
            };
            let warnings = console.warnings();
            let answer = Answer {
                report: Some((report.schema(), &data)),
                warnings: &warnings,
                problem: problem.as_ref(),
            };
            json::envelope(&answer, delivery.canvas.width.is_some())
        }
        Format::Jsonl => {
            let mut text = json::lines(listing.select(&report.data(), fields)?.objects());
            if let Some(problem) = &problem {
                text.push_str(&json::error_line(problem));
            }
            text
        }
        Format::Csv => csv::render(&listing.select(&report.data(), fields)?),
        Format::Plain => plain::render(&listing.select(&report.data(), fields)?),
    })
}

/// The table of chosen fields, titled as they are called.
fn view_of(selection: &Selection) -> View {
    let columns = selection.fields.iter().map(|field| Column::new(field.to_uppercase()).shrinks());
    let mut table = Table::new(columns, "nothing found");
    for row in &selection.rows {
        table.row(row.iter().map(|value| Cell::from(crate::output::listing::cell_text(value))));
    }
    View::new().table(table)
}

/// In tests, refuses a hint whose command does not parse.
fn check_hints(hints: &[Hint]) {
    if cfg!(feature = "test-hooks") {
        for arguments in hints.iter().filter_map(Hint::arguments) {
            let verdict = crate::cli::check(arguments);
            assert!(verdict.is_ok(), "the hint `{}` does not parse: {verdict:?}", arguments.join(" "));
        }
    }
}
