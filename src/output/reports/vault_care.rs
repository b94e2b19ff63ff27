//! `vault backup`.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::view::{Cell, Tone, View};

/// `vault backup`
#[derive(Debug, Serialize)]
pub struct Backup {
    /// backed up; planned with `--dry-run`.
    pub action: &'static str,
    /// The file that holds the backup.
    pub path: String,
    /// The generation that it holds.
    pub generation: u64,
    /// When that was committed: what happened later is not in it.
    pub committed_at: Timestamp,
    /// Bytes; none with `--dry-run`.
    pub size: Option<u64>,
    /// Whether what happened since the commit before is in it: refresh tokens above all.
    pub with_journal: bool,
    /// Whether it was opened and every part of it read.
    pub verified: bool,
}

impl Report for Backup {
    fn schema(&self) -> &'static str {
        "vault-backup/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let journal = if self.with_journal {
            Cell::toned("included", Tone::Good)
        } else {
            Cell::toned("not included", Tone::Warning)
        };
        let mut facts: Vec<(&str, Cell)> = vec![
            ("file", self.path.as_str().into()),
            ("generation", self.generation.to_string().into()),
            ("journal", journal),
        ];
        if let Some(size) = self.size {
            facts.push(("size", format!("{} KiB", size.div_ceil(1024)).into()));
        }
        let view = View::new().line(self.action).facts(facts);
        if self.verified {
            view.line(Cell::toned("it opens, and every part of it is as it was signed", Tone::Good))
        } else {
            view
        }
    }

    fn listing(&self) -> Listing {
        Listing::single(&["action", "path", "generation", "committed_at", "size", "with_journal", "verified"])
    }
}
