//! `help`: a command's long help, or a topic with its table.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::output::listing::{Listing, cell_text};
use crate::output::report::{Report, to_value};
use crate::output::table::{Column, Table};
use crate::output::view::View;

/// `help`
#[derive(Debug, Serialize, JsonSchema)]
pub struct Help {
    /// The command or topic; empty for all of them.
    pub subject: String,
    /// What there is to be said.
    pub text: String,
    /// The topic's table, generated from what the program runs on; empty where there is none.
    pub rows: Vec<HelpRow>,
}

/// One row of a topic's table.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum HelpRow {
    /// `help exit-codes`
    ExitCode(ExitCodeRow),
    /// `help environment`
    Setting(SettingRow),
    /// `help files`
    File(FileRow),
    /// `help output`
    Schema(SchemaRow),
}

/// One exit code.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExitCodeRow {
    /// The number.
    pub code: u8,
    /// Its name, as errors have it.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Whether the same command can succeed later: yes, no, or nothing where that is no question.
    pub retry: &'static str,
}

/// A file or a folder.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FileRow {
    /// Where it is.
    pub path: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// A variable: one of a global setting, or one that is none.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SettingRow {
    /// The flag; empty for a variable that is no setting.
    pub flag: &'static str,
    /// The environment variable; empty for what only a flag may say.
    pub variable: &'static str,
    /// The key in the config file; empty where there is none.
    pub key: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// The answer of some commands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SchemaRow {
    /// Its name, such as verify/1; `null` for commands that print bytes.
    pub schema: Option<&'static str>,
    /// The commands that answer with it.
    pub commands: Vec<&'static str>,
    /// What they print in its place, where they do.
    pub prints: Option<&'static str>,
    /// The member of the data that holds the rows of JSON Lines, CSV and plain; `null` if the data is the one row.
    pub rows: Option<&'static str>,
    /// The fields that those formats show and `--fields` chooses from.
    pub fields: &'static [&'static str],
}

impl HelpRow {
    fn cells(&self, columns: &[&str]) -> Vec<String> {
        let Self::Schema(row) = self else {
            let row = to_value(self);
            return columns.iter().map(|field| row.get(*field).map(cell_text).unwrap_or_default()).collect();
        };
        let commands = row.commands.join(", ");
        match row.prints {
            Some(prints) => vec!["(bytes)".to_owned(), format!("{commands}: {prints}")],
            None if row.commands.is_empty() => {
                vec![
                    row.schema.unwrap_or_default().to_owned(),
                    "whatever failed with nothing to show".to_owned(),
                ]
            }
            None => vec![row.schema.unwrap_or_default().to_owned(), commands],
        }
    }
}

const EXIT_CODES: Listing = Listing::of("rows", &["code", "name", "retry", "meaning"]);
const ENVIRONMENT: Listing = Listing::of("rows", &["variable", "flag", "key", "meaning"]);
const FILES: Listing = Listing::of("rows", &["path", "meaning"]);
const SCHEMAS: Listing = Listing::of("rows", &["schema", "commands", "prints", "rows", "fields"]);

impl Help {
    /// What a text without a table shows, and what each table does.
    pub(crate) const LISTINGS: &[Listing] =
        &[Listing::single(&["subject", "text"]), EXIT_CODES, ENVIRONMENT, FILES, SCHEMAS];

    /// A text without a table.
    pub fn text(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { subject: subject.into(), text: text.into(), rows: Vec::new() }
    }
}

impl Report for Help {
    fn schema(&self) -> &'static str {
        "help/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let view = View::new().text(self.text.clone());
        if self.rows.is_empty() {
            return view;
        }
        let schemas = matches!(self.rows.first(), Some(HelpRow::Schema(_)));
        let columns = if schemas { &["schema", "commands"] } else { self.listing().fields };
        let titled = columns.iter().map(|field| {
            let column = Column::new(field.to_uppercase());
            if matches!(*field, "meaning" | "commands") { column.wraps() } else { column }
        });
        let mut table = Table::new(titled, "");
        for row in &self.rows {
            table.row(row.cells(columns));
        }
        view.table(table)
    }

    fn listing(&self) -> Listing {
        match self.rows.first() {
            None => Self::LISTINGS[0],
            Some(HelpRow::ExitCode(_)) => EXIT_CODES,
            Some(HelpRow::Setting(_)) => ENVIRONMENT,
            Some(HelpRow::File(_)) => FILES,
            Some(HelpRow::Schema(_)) => SCHEMAS,
        }
    }
}
