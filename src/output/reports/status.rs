//! `status`: one screen, what needs attention first.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::output::brief::{Brief, Item};
use crate::output::hint::Hint;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::timeline::{Mark, Timeline};
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

/// How many things come to an end in one month.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Month {
    /// The month in UTC, such as 2027-03.
    pub month: String,
    /// How many expire in it, those included that are over already.
    pub expiries: usize,
}

/// `status`
#[derive(Debug, Serialize, JsonSchema)]
pub struct Status {
    /// When it was looked at.
    pub at: Timestamp,
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
    /// How many expiries each month has, from the month of the first one to the month of the last; those without any
    /// are left out.
    pub expiries_by_month: Vec<Month>,
    /// Every expiry, the next first: what the timeline is drawn from.
    #[serde(skip)]
    pub expiries: Vec<Timestamp>,
    /// The next few that are not over yet, by name.
    #[serde(skip)]
    pub marks: Vec<Mark>,
}

/// Lines for what needs attention: with them everything fits on a terminal of 24 lines.
const LINES: usize = 9;

impl Status {
    fn brief(&self) -> Brief {
        let items = self.attention.iter().map(|item| {
            let about = item.connection.as_deref().unwrap_or("vault");
            let tone = if item.severity == Severity::High { Tone::Bad } else { Tone::Warning };
            Item { what: Cell::toned(format!("{about}: {}", item.what), tone), hint: item.hint.clone() }
        });
        let rest = Hint::command("to list all, run", ["status", "--output=plain"]);
        Brief { items: items.collect(), lines: LINES, rest }
    }

    fn timeline(&self) -> Timeline {
        Timeline { now: self.at, ends: self.expiries.clone(), next: self.marks.clone() }
    }
}

/// Names an end on the timeline.
pub fn mark(name: &str, at: Timestamp, days_left: i64) -> Mark {
    let Cell { text, tone } = super::expiry(at, days_left);
    Mark { at, name: name.to_owned(), when: text, tone }
}

/// Counts what expires by month, in UTC; `expiries` are in order.
pub fn by_month(expiries: &[Timestamp]) -> Vec<Month> {
    let mut months: Vec<Month> = Vec::new();
    for expiry in expiries {
        let month = expiry.strftime("%Y-%m").to_string();
        match months.last_mut() {
            Some(last) if last.month == month => last.expiries += 1,
            _ => months.push(Month { month, expiries: 1 }),
        }
    }
    months
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
            view = view.brief(self.brief());
        }
        if !self.expiries.is_empty() {
            view = view.timeline(self.timeline());
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
