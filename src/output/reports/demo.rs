//! `demo`: every step that held.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::view::{Cell, Tone, View};

/// One step of the story.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StepRow {
    /// Whose step: operator, the customer's administrator, or a supplier.
    pub by: &'static str,
    /// The command line, or what was done at the vendor.
    pub step: String,
    /// The exit code, where it was a command.
    pub code: Option<i32>,
}

/// `demo`
#[derive(Debug, Serialize, JsonSchema)]
pub struct Demo {
    /// Every step, in order.
    pub steps: Vec<StepRow>,
    /// Where the vault was kept, with `--keep`.
    pub kept: Option<String>,
}

impl Demo {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of("steps", &["by", "step", "code"]);
}

impl Report for Demo {
    fn schema(&self) -> &'static str {
        "demo/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let mut view =
            View::new().line(Cell::toned(format!("all {} steps held", self.steps.len()), Tone::Good));
        if let Some(folder) = &self.kept {
            view = view.line(format!("kept in {folder}"));
        }
        view
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
