//! `invite alerts`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::moment;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, Tone, View};

/// One thing that was suspicious.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AlertRow {
    /// When.
    pub at: Timestamp,
    /// What, such as skipped-step.
    pub reason: String,
    /// What that means.
    pub meaning: Option<&'static str>,
    /// The invitation that it is about.
    pub invitation: Option<String>,
    /// A keyed hash of the address: the same for the same address.
    pub address: Option<String>,
    /// A word that says more.
    pub detail: Option<String>,
}

/// `invite alerts`
#[derive(Debug, Serialize, JsonSchema)]
pub struct Alerts {
    /// What was suspicious, newest last.
    pub alerts: Vec<AlertRow>,
}

impl Alerts {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing =
        Listing::of("alerts", &["at", "reason", "meaning", "invitation", "address", "detail"]);
}

impl Report for Alerts {
    fn schema(&self) -> &'static str {
        "invitation-alerts/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let columns = [
            Column::new("WHEN"),
            Column::new("REASON"),
            Column::new("INVITATION"),
            Column::new("ADDRESS"),
            Column::new("DETAIL").shrinks(),
        ];
        let mut table = Table::new(columns, "nothing was suspicious");
        for row in &self.alerts {
            let address = row.address.as_deref().and_then(|hash| hash.get(..8)).map(ToOwned::to_owned);
            table.row([
                Cell::from(moment(row.at)),
                Cell::toned(row.reason.as_str(), Tone::Warning),
                row.invitation.clone().into(),
                address.into(),
                row.detail.clone().into(),
            ]);
        }
        View::new().table(table)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
