//! The support view: `company list`, `company show` and `company rename`.

mod list;
mod show;
mod words;

pub use list::{CompanyColumn, CompanyList, CompanyRow};
pub use show::{CompanyDetail, CompanyMember, HistoryRow};
pub use words::{Case, sentence, tell};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::view::View;

/// `company rename`
#[derive(Debug, Serialize, JsonSchema)]
pub struct CompanyRenamed {
    /// renamed, unchanged, or planned with `--dry-run`.
    pub action: &'static str,
    /// Its id.
    pub id: String,
    /// Its name before.
    pub before: String,
    /// Its name now.
    pub name: String,
}

impl CompanyRenamed {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::single(&["action", "id", "before", "name"]);
}

impl Report for CompanyRenamed {
    fn schema(&self) -> &'static str {
        "company-rename/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        View::new().line(match self.action {
            "unchanged" => format!("unchanged: the company is called {} already", self.name),
            action => format!("{action}: {} is now called {}", self.before, self.name),
        })
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
