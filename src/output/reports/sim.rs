//! `sim`: where it answers.

use serde::Serialize;
use serde_json::Value;

use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::view::View;

/// A running simulator; printed as soon as it answers.
#[derive(Debug, Serialize)]
pub struct Simulator {
    /// Where the vendors answer.
    pub url: String,
    /// Where faults are armed and the customer's administrator is played.
    pub control: String,
}

impl Report for Simulator {
    fn schema(&self) -> &'static str {
        "sim/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        View::new().facts([
            ("simulator", self.url.as_str()),
            ("control", self.control.as_str()),
            ("NetSuite", &format!("{}/netsuite/ACCOUNT/services/rest/auth/oauth2/v1/token", self.url)),
        ])
    }

    fn listing(&self) -> Listing {
        Listing::single(&["url", "control"])
    }
}
