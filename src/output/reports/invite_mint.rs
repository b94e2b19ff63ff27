//! `invite mint`: what holds links and tokens is written through the secret output only, never kept as a JSON value.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, Tone, View};

/// The data of the envelope of one invitation.
#[derive(Serialize, JsonSchema)]
pub struct MintData<'a> {
    /// Its id.
    pub id: &'a str,
    /// Whom it is for, masked.
    pub email: Option<&'a str>,
    /// What its token allows.
    pub scopes: &'a [String],
    /// How often it may be redeemed.
    pub uses: u32,
    /// When its token expires.
    pub expires_at: Timestamp,
    /// The key that signed it.
    pub kid: &'a str,
    /// The link that carries the token.
    pub link: &'a str,
    /// The token.
    pub token: &'a str,
}

/// The data of the envelope of a batch.
#[derive(Serialize, JsonSchema)]
pub struct MintBatchData<'a> {
    /// Whether anything was stored.
    pub stored: bool,
    /// How many rows succeeded.
    pub succeeded: usize,
    /// How many rows failed.
    pub failed: usize,
    /// Every row, in order.
    pub rows: Vec<MintRowData<'a>>,
}

/// One row of a batch.
#[derive(Serialize, JsonSchema)]
pub struct MintRowData<'a> {
    /// Its number in the file.
    pub row: usize,
    /// The exit code that this row alone would have had.
    pub code: u8,
    /// The name of that code.
    pub result: &'static str,
    /// Why it failed.
    pub message: Option<String>,
    /// The invitation's id.
    pub id: Option<&'a str>,
    /// Whom it is for, masked.
    pub email: Option<&'a str>,
    /// When its token expires.
    pub expires_at: Option<Timestamp>,
    /// The link that carries the token.
    pub link: Option<&'a str>,
    /// The token.
    pub token: Option<&'a str>,
}

/// The columns of a batch in CSV, in order.
pub const COLUMNS: [&str; 9] =
    ["row", "code", "result", "message", "id", "email", "expires_at", "link", "token"];

/// What the formats made of rows show of a batch.
pub(crate) const BATCH: Listing = Listing::of("rows", &COLUMNS);

/// `invite mint --dry-run`: nothing in it is secret.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MintPlan {
    /// Always `planned`.
    pub action: &'static str,
    /// How many rows would succeed.
    pub succeeded: usize,
    /// How many rows would fail.
    pub failed: usize,
    /// Every row, in order.
    pub rows: Vec<PlannedRow>,
}

/// One row of a plan.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlannedRow {
    /// Its number in the file.
    pub row: usize,
    /// The exit code that this row alone would have.
    pub code: u8,
    /// The name of that code.
    pub result: &'static str,
    /// Why it would fail.
    pub message: Option<String>,
}

impl MintPlan {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of("rows", &["row", "code", "result", "message"]);
}

impl Report for MintPlan {
    fn schema(&self) -> &'static str {
        "invitation-mint-plan/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let columns = [Column::new("ROW").right(), Column::new("RESULT"), Column::new("MESSAGE").shrinks()];
        let mut table = Table::new(columns, "no rows");
        for row in &self.rows {
            let tone = if row.code == 0 { Tone::Good } else { Tone::Bad };
            let (number, message) = (row.row.to_string(), row.message.clone());
            table.row([Cell::from(number), Cell::toned(row.result, tone), message.into()]);
        }
        View::new().table(table).line(format!(
            "{} would be minted, {} would fail; nothing was stored",
            self.succeeded, self.failed
        ))
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
