//! `company list`

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::domain::counted::counted;
use crate::domain::standing::Standing;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::reports::grant::{EndRow, standing_cell, standings};
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, Tone, View};

/// One company, or a connection that belongs to none.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CompanyRow {
    /// Its id; `null` for a connection without a company.
    pub id: Option<String>,
    /// Its name, or that of the connection.
    pub name: String,
    /// Where the worst of its connections stands.
    #[schemars(schema_with = "standings")]
    pub status: Standing,
    /// Whether somebody should do something.
    pub needs_attention: bool,
    /// What makes somebody act first.
    pub expires: Option<EndRow>,
    /// When a token of it was last handed out, as of the last commit.
    pub last_used_at: Option<Timestamp>,
    /// The names of its connections.
    pub connections: Vec<String>,
    /// Their vendors, each once.
    pub providers: Vec<&'static str>,
    /// What the customer's accounts are called there.
    pub accounts: Vec<String>,
}

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is titled as it is called")]
pub enum CompanyColumn {
    Company,
    Status,
    Expires,
    LastUsed,
    Connections,
    Providers,
    Accounts,
    Id,
}

impl CompanyColumn {
    /// What is shown unless somebody asks for something else: it fits the classic terminal.
    pub const USUAL: [Self; 5] =
        [Self::Company, Self::Status, Self::Expires, Self::LastUsed, Self::Connections];

    fn title(self) -> Column {
        match self {
            Self::Company => Column::new("COMPANY").shrinks(),
            Self::Status => Column::new("STATUS"),
            Self::Expires => Column::new("EXPIRES"),
            Self::LastUsed => Column::new("LAST USED"),
            Self::Connections => Column::new("CONNECTIONS").shrinks(),
            Self::Providers => Column::new("PROVIDERS").shrinks(),
            Self::Accounts => Column::new("ACCOUNTS").shrinks(),
            Self::Id => Column::new("ID"),
        }
    }

    fn cell(self, row: &CompanyRow) -> Cell {
        match self {
            Self::Company => row.name.as_str().into(),
            Self::Status => standing_cell(row.status),
            Self::Expires => row.expires.as_ref().map_or_else(Cell::default, EndRow::cell),
            Self::LastUsed => match row.last_used_at {
                Some(at) => at.strftime("%Y-%m-%d").to_string().into(),
                None => Cell::dim("never"),
            },
            Self::Connections => row.connections.join(", ").into(),
            Self::Providers => row.providers.join(", ").into(),
            Self::Accounts => row.accounts.join(", ").into(),
            Self::Id => row.id.clone().into(),
        }
    }
}

/// `company list`
#[derive(Debug, Serialize, JsonSchema)]
pub struct CompanyList {
    /// How many match, shown or not.
    pub matching: usize,
    /// How many of those need somebody.
    pub attention: usize,
    /// How many of those stand where.
    pub statuses: std::collections::BTreeMap<&'static str, usize>,
    /// The companies, in the order that was asked for.
    pub companies: Vec<CompanyRow>,
    /// The columns of the table.
    #[serde(skip)]
    pub columns: Vec<CompanyColumn>,
    /// What `statuses` says, the most urgent first.
    #[serde(skip)]
    standings: Vec<(Standing, usize)>,
}

impl CompanyList {
    /// A list of `companies` out of all that match, of which so many stand where; without `columns`, the usual ones.
    pub fn new(
        companies: Vec<CompanyRow>,
        standings: Vec<(Standing, usize)>,
        columns: Vec<CompanyColumn>,
    ) -> Self {
        let needy = standings.iter().filter(|(standing, _)| standing.needs_attention());
        Self {
            matching: standings.iter().map(|(_, count)| count).sum(),
            attention: needy.map(|(_, count)| count).sum(),
            statuses: standings.iter().map(|(standing, count)| (standing.as_str(), *count)).collect(),
            companies,
            columns: if columns.is_empty() { CompanyColumn::USUAL.to_vec() } else { columns },
            standings,
        }
    }

    fn footer(&self) -> Cell {
        let count = |wanted: fn(Standing) -> bool| {
            let counted = self.standings.iter().filter(|(standing, _)| wanted(*standing));
            counted
                .map(|(standing, count)| format!("{count} {}", standing.as_str()))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let shown = self.companies.len();
        let all = match self.matching {
            all if shown < all => format!("{shown} of {all} companies"),
            all => counted(all, "company"),
        };
        let others = count(|standing| !standing.needs_attention());
        let needy = match self.attention {
            0 => return Cell::toned(format!("{all}, none needs attention: {others}"), Tone::Good),
            1 => "1 needs attention".to_owned(),
            many => format!("{many} need attention"),
        };
        let attention = count(Standing::needs_attention);
        let others = if others.is_empty() { others } else { format!("; {others}") };
        Cell::toned(format!("{all}, {needy}: {attention}{others}"), Tone::Warning)
    }
}

impl CompanyList {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of(
        "companies",
        &[
            "name",
            "id",
            "status",
            "needs_attention",
            "expires.at",
            "expires.kind",
            "expires.days_left",
            "last_used_at",
            "connections",
            "providers",
            "accounts",
        ],
    );
}

impl Report for CompanyList {
    fn schema(&self) -> &'static str {
        "company-list/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let titles = self.columns.iter().map(|column| column.title());
        let mut table = Table::new(titles, "no company matches");
        for row in &self.companies {
            table.row(self.columns.iter().map(|column| column.cell(row)));
        }
        let view = View::new().table(table);
        if self.matching == 0 { view } else { view.line(self.footer()) }
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
