//! `status`: one screen, what needs attention first.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::output::hint::Hint;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, Tone, View};

/// Something that somebody should do.
#[derive(Debug, Serialize)]
pub struct Attention {
    /// The connection's name; absent for the vault itself.
    pub connection: Option<String>,
    /// What is wrong or due.
    pub what: String,
    /// What helps.
    pub hint: Option<Hint>,
}

/// A certificate's end.
#[derive(Debug, Serialize)]
pub struct Expiry {
    /// The connection's name.
    pub connection: String,
    /// When the vendor stops accepting the active certificate.
    pub expires_at: Timestamp,
    /// Whole days until then.
    pub days_left: i64,
}

/// `status`
#[derive(Debug, Serialize)]
pub struct Status {
    /// The vault file.
    pub vault: String,
    /// The role of the identity that opened it.
    pub role: &'static str,
    /// Whether it may be written here.
    pub at_home: bool,
    /// How many operators there are.
    pub operators: usize,
    /// How many connections there are.
    pub connections: usize,
    /// How many of them are enabled and have an active key.
    pub ready: usize,
    /// What needs somebody, most urgent first.
    pub attention: Vec<Attention>,
    /// The next certificates to expire.
    pub next_expiries: Vec<Expiry>,
}

impl Report for Status {
    fn schema(&self) -> &'static str {
        "status/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let mut view = View::new();
        if self.attention.is_empty() {
            view = view.line(Cell::toned("nothing needs attention", Tone::Good));
        } else {
            let columns = [
                Column::new("ATTENTION").shrinks(),
                Column::new("WHAT").shrinks(),
                // A command that is cut cannot be typed.
                Column::new("NEXT COMMAND").wraps(),
            ];
            let mut table = Table::new(columns, "");
            for item in &self.attention {
                table.row([
                    Cell::from(item.connection.clone().unwrap_or_else(|| "vault".to_owned())),
                    Cell::toned(item.what.as_str(), Tone::Warning),
                    item.hint.as_ref().map(ToString::to_string).into(),
                ]);
            }
            view = view.table(table);
        }
        if !self.next_expiries.is_empty() {
            let columns = [Column::new("NEXT EXPIRIES").shrinks(), Column::new("EXPIRES")];
            let mut table = Table::new(columns, "");
            for next in &self.next_expiries {
                table.row([
                    Cell::from(next.connection.as_str()),
                    super::expiry(next.expires_at, next.days_left),
                ]);
            }
            view = view.table(table);
        }
        let home = if self.at_home { "at home" } else { "read-only here" };
        view.facts([
            ("vault", Cell::from(format!("{} ({home}, you are {})", self.vault, self.role))),
            ("operators", self.operators.to_string().into()),
            ("connections", format!("{}, {} ready", self.connections, self.ready).into()),
        ])
    }

    fn listing(&self) -> Listing {
        Listing::of("attention", &["connection", "what"])
    }
}
