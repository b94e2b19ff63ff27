//! `cert export` and `audit export` to a file: what was written where.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::domain::ids::hex;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::view::View;

/// A file that was written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Exported {
    /// What was written.
    what: String,
    /// The file.
    path: String,
    /// Its length.
    bytes: usize,
    /// The hash of its bytes: what `sha256sum` prints.
    sha256: String,
}

impl Exported {
    /// Describes a file that holds exactly `bytes`; `what` completes "wrote …".
    pub fn new(what: impl Into<String>, path: &Path, bytes: &[u8]) -> Self {
        Self {
            what: what.into(),
            path: path.display().to_string(),
            bytes: bytes.len(),
            sha256: hex(digest(&SHA256, bytes).as_ref()),
        }
    }
}

impl Exported {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::single(&["what", "path", "bytes", "sha256"]);
}

impl Report for Exported {
    fn schema(&self) -> &'static str {
        "export/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        View::new().line(format!("wrote {} to {}", self.what, self.path))
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
