//! `company show`

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::domain::standing::Standing;
use crate::output::hint::Hint;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::reports::grant::{EndRow, GrantRow, standing_cell, standings};
use crate::output::reports::moment;
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, Tone, View};

/// One connection of the company.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CompanyMember {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its vendor.
    pub provider: &'static str,
    /// The app that it belongs to.
    pub app: Option<String>,
    /// What the customer's account is called at the vendor.
    pub account: Option<String>,
    /// Where it stands.
    #[schemars(schema_with = "standings")]
    pub status: Standing,
    /// The same in plain language.
    pub summary: String,
    /// What makes somebody act first.
    pub expires: Option<EndRow>,
    /// What the vendor gave us; its hash, never its value.
    pub grant: Option<GrantRow>,
    /// When its token was last handed out, as of the last commit.
    pub last_used_at: Option<Timestamp>,
    /// What an operator does about it.
    pub next: Option<Hint>,
}

/// Something that happened.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HistoryRow {
    /// When.
    pub at: Timestamp,
    /// An audit action's word.
    pub action: String,
    /// The connection that it happened to, if it was one.
    pub connection: Option<String>,
    /// ok, pending, interrupted, or the kind of the failure.
    pub outcome: String,
    /// Who did it.
    pub actor: String,
}

/// `company show`
#[derive(Debug, Serialize, JsonSchema)]
pub struct CompanyDetail {
    /// The company's id; `null` for a connection without a company.
    pub id: Option<String>,
    /// Its name, or that of the connection.
    pub name: String,
    /// Where the worst of its connections stands.
    #[schemars(schema_with = "standings")]
    pub status: Standing,
    /// What makes somebody act first.
    pub expires: Option<EndRow>,
    /// When a token of it was last handed out, as of the last commit.
    pub last_used_at: Option<Timestamp>,
    /// Its connections, by name.
    pub connections: Vec<CompanyMember>,
    /// What to tell the customer: paragraphs without jargon or secrets.
    pub tell_customer: Vec<String>,
    /// What happened lately, newest first; `null` where the audit log cannot be read.
    pub history: Option<Vec<HistoryRow>>,
}

impl CompanyDetail {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of(
        "connections",
        &["name", "id", "provider", "app", "account", "status", "summary", "expires.at", "last_used_at"],
    );
}

impl Report for CompanyDetail {
    fn schema(&self) -> &'static str {
        "company/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let used = self.last_used_at.map_or_else(|| Cell::dim("never"), |at| moment(at).into());
        let mut facts: Vec<(&str, Cell)> =
            vec![("company", self.name.as_str().into()), ("status", standing_cell(self.status))];
        facts.extend(self.id.as_deref().map(|id| ("id", Cell::dim(id))));
        facts.extend(self.expires.as_ref().map(|expires| ("expires", expires.cell())));
        facts.push(("last used", used));
        let mut view = View::new().facts(facts);
        view = view.facts(self.connections.iter().map(|member| (member.name.as_str(), member.cell())));
        for member in &self.connections {
            if let Some(next) = &member.next {
                view = view.line(format!("{}: {next}", member.name));
            }
        }
        view = view.text("What to tell the customer:");
        for paragraph in &self.tell_customer {
            view = view.line(paragraph.as_str());
        }
        match &self.history {
            Some(history) => view.table(table(history)),
            None => view.text("Its history cannot be shown here."),
        }
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}

impl CompanyMember {
    fn cell(&self) -> Cell {
        let account = self.account.as_ref().map_or_else(String::new, |account| format!(" {account}"));
        Cell { text: format!("{}{account}: {}", self.provider, self.summary), ..standing_cell(self.status) }
    }
}

fn table(history: &[HistoryRow]) -> Table {
    let columns = [
        Column::new("WHEN"),
        Column::new("WHAT"),
        Column::new("OUTCOME"),
        Column::new("CONNECTION").shrinks(),
        Column::new("WHO").shrinks(),
    ];
    let mut table = Table::new(columns, "nothing happened lately");
    for row in history {
        let outcome = match row.outcome.as_str() {
            "ok" => Cell::toned("ok", Tone::Good),
            "pending" => Cell::toned("pending", Tone::Warning),
            failure => Cell::toned(failure, Tone::Bad),
        };
        table.row([
            moment(row.at).into(),
            row.action.as_str().into(),
            outcome,
            row.connection.clone().into(),
            row.actor.as_str().into(),
        ] as [Cell; 5]);
    }
    table
}
