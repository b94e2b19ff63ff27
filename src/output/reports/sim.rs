//! `sim`: where it answers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::view::View;

/// A running simulator; printed as soon as it answers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Simulator {
    /// Where the vendors answer.
    pub url: String,
    /// Where faults are armed and the customer's administrator is played.
    pub control: String,
    /// What each simulated vendor's endpoints are below, by the vendor's word; `ACCOUNT` and `TENANT` are to be
    /// filled in.
    pub vendors: BTreeMap<&'static str, String>,
}

impl Simulator {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::single(&["url", "control"]);
}

impl Report for Simulator {
    fn schema(&self) -> &'static str {
        "sim/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let ours = [("simulator", self.url.as_str()), ("control", self.control.as_str())];
        let vendors = self.vendors.iter().map(|(vendor, url)| (*vendor, url.as_str()));
        View::new().facts(ours.into_iter().chain(vendors))
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
