//! `man --out`: the pages that were written.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::domain::counted::counted;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::view::View;

/// Manual pages in a folder.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ManPages {
    /// Where they are.
    folder: String,
    /// The names of their files.
    pages: Vec<ManPage>,
}

/// One page.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ManPage {
    /// The name of its file.
    file: String,
}

impl ManPages {
    pub(crate) const LISTING: Listing = Listing::of("pages", &["file"]);

    /// Describes pages that were written to `folder`.
    pub fn new(folder: &Path, files: Vec<String>) -> Self {
        let pages = files.into_iter().map(|file| ManPage { file }).collect();
        Self { folder: folder.display().to_string(), pages }
    }
}

impl Report for ManPages {
    fn schema(&self) -> &'static str {
        "man/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        View::new().line(format!("wrote {} to {}", counted(self.pages.len(), "page"), self.folder))
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
