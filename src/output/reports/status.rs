//! `status`: one screen, what needs attention first.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::output::hint::Hint;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, Tone, View};

/// How urgent something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It does not work.
    High,
    /// It will not work, or not be safe, for long.
    Medium,
    /// Something that was begun should be brought to its end.
    Low,
}

/// Something that somebody should do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Attention {
    /// The connection's name; `null` for the vault itself.
    pub connection: Option<String>,
    /// Its id.
    pub connection_id: Option<String>,
    /// What kind of need it is, in one word that stays: expired, reconnect, not-proven, uncertain, expiring, exposed,
    /// rotation-pending, activation-pending, no-key, no-grant, previous-kept or single-operator.
    pub kind: &'static str,
    /// How urgent it is: high, medium or low.
    #[schemars(with = "String")]
    pub severity: Severity,
    /// What is wrong or due.
    pub what: String,
    /// What helps.
    pub hint: Option<Hint>,
}

/// What comes to an end.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Expiry {
    /// The connection's name.
    pub connection: String,
    /// Its id.
    pub connection_id: String,
    /// When the vendor stops accepting the active certificate or the grant.
    pub expires_at: Timestamp,
    /// Whole days until then.
    pub days_left: i64,
    /// What ends: certificate, hard (the grant) or rolling (a refresh token that is not used).
    pub kind: &'static str,
}

/// `status`
#[derive(Debug, Serialize, JsonSchema)]
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
    /// How many of them are enabled and usable.
    pub ready: usize,
    /// What needs somebody, most urgent first.
    pub attention: Vec<Attention>,
    /// What expires next.
    pub next_expiries: Vec<Expiry>,
}

impl Status {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing =
        Listing::of("attention", &["connection", "connection_id", "kind", "severity", "what"]);
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
            for item in &self.attention {
                let about = item.connection.as_deref().unwrap_or("vault");
                let tone = if item.severity == Severity::High { Tone::Bad } else { Tone::Warning };
                view = view.line(Cell::toned(format!("{about}: {}", item.what), tone));
                if let Some(hint) = &item.hint {
                    view = view.line(format!("  {hint}"));
                }
            }
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
        Self::LISTING
    }
}
