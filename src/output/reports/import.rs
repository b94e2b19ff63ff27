//! `connection import`, and `keygen --all-missing`: one result per row.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, Tone, View};

/// One row of a batch.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BatchRow {
    /// Its number in the file; absent where the batch did not come from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    /// The connection, where its name could be read.
    pub name: Option<String>,
    /// Its id, where there is such a connection.
    pub connection_id: Option<String>,
    /// The exit code that this row alone would have had.
    pub code: u8,
    /// The name of that code.
    pub result: &'static str,
    /// Why it failed.
    pub message: Option<String>,
    /// The fingerprint of the key that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

/// What came of every row.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Batch {
    #[serde(skip)]
    schema: &'static str,
    /// Whether anything was stored; not with `--dry-run`, and not if every row failed.
    pub stored: bool,
    /// How many rows succeeded.
    pub succeeded: usize,
    /// How many rows failed.
    pub failed: usize,
    /// Every row, in order.
    pub rows: Vec<BatchRow>,
}

impl Batch {
    /// The report of `connection import`.
    pub fn import(rows: Vec<BatchRow>, stored: bool) -> Self {
        Self::new("connection-import/1", rows, stored)
    }

    /// The report of `keygen --all-missing`.
    pub fn keygen(rows: Vec<BatchRow>, stored: bool) -> Self {
        Self::new("keygen-batch/1", rows, stored)
    }

    /// The report of `token import`.
    pub fn takeover(rows: Vec<BatchRow>, stored: bool) -> Self {
        Self::new("token-import/1", rows, stored)
    }

    fn new(schema: &'static str, rows: Vec<BatchRow>, stored: bool) -> Self {
        let succeeded = rows.iter().filter(|row| row.code == 0).count();
        Self { schema, stored: stored && succeeded > 0, succeeded, failed: rows.len() - succeeded, rows }
    }
}

impl Batch {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing =
        Listing::of("rows", &["row", "name", "connection_id", "code", "result", "message"]);
}

impl Report for Batch {
    fn schema(&self) -> &'static str {
        self.schema
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let columns = [
            Column::new("ROW").right(),
            Column::new("NAME").shrinks(),
            Column::new("RESULT"),
            Column::new("MESSAGE").shrinks(),
        ];
        let mut table = Table::new(columns, "no rows");
        for (index, row) in self.rows.iter().enumerate() {
            let tone = if row.code == 0 { Tone::Good } else { Tone::Bad };
            table.row([
                Cell::from(row.row.unwrap_or(index + 1).to_string()),
                row.name.clone().into(),
                Cell::toned(row.result, tone),
                row.message.clone().into(),
            ]);
        }
        let summary = format!(
            "{} succeeded, {} failed{}",
            self.succeeded,
            self.failed,
            if self.stored { "" } else { "; nothing was stored" }
        );
        View::new().table(table).line(summary)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
