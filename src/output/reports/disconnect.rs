//! `company disconnect` and `token revoke`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::output::report::to_value;
use crate::output::{Cell, Column, Listing, Report, Table, Tone, View};

/// What came, or would come, of one connection.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GivenBackRow {
    /// The connection's name.
    pub connection: String,
    /// Its id.
    pub connection_id: String,
    /// Its vendor.
    pub provider: &'static str,
    /// The exit code that this connection alone would have had.
    pub code: u8,
    /// The name of that code.
    pub result: &'static str,
    /// What the vendor made of it: revoked, dead-already, no-place or not-asked; `null` if it failed or is planned.
    pub vendor: Option<&'static str>,
    /// Whether something was forgotten here.
    pub forgotten: bool,
    /// Whether the connection was switched off.
    pub switched_off: bool,
    /// What was done, or why it failed, in a sentence.
    pub message: String,
    /// The causes of a failure.
    pub causes: Vec<String>,
}

/// What was disconnected.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Disconnected {
    /// disconnected, unchanged, failed, or planned with `--dry-run`.
    pub action: &'static str,
    /// The company's name; `null` for single connections.
    pub company: Option<String>,
    /// Its id.
    pub company_id: Option<String>,
    /// Every connection.
    pub connections: Vec<GivenBackRow>,
    /// The name and version of the data's shape.
    #[serde(skip)]
    pub schema: &'static str,
}

impl Disconnected {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of(
        "connections",
        &["connection", "provider", "code", "result", "vendor", "forgotten", "switched_off", "message"],
    );
}

impl Report for Disconnected {
    fn schema(&self) -> &'static str {
        self.schema
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let columns = [
            Column::new("CONNECTION").shrinks(),
            Column::new("PROVIDER"),
            Column::new("VENDOR"),
            Column::new("WHAT").shrinks(),
        ];
        let mut table = Table::new(columns, "there is nothing to be disconnected");
        for row in &self.connections {
            let vendor = match (row.code, row.vendor) {
                (0, Some(word @ ("revoked" | "dead-already"))) => Cell::toned(word, Tone::Good),
                (0, Some(word)) => Cell::toned(word, Tone::Warning),
                (0, None) => Cell::default(),
                _ => Cell::toned(row.result, Tone::Bad),
            };
            table.row([
                row.connection.as_str().into(),
                row.provider.into(),
                vendor,
                row.message.as_str().into(),
            ] as [Cell; 4]);
        }
        let view = View::new();
        let view = match &self.company {
            Some(company) => view.line(format!("{}: {company}", self.action)),
            None => view,
        };
        view.table(table)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
