//! `audit list` and `audit verify`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::moment;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, Tone, View};

/// Something that an operation happened to.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SubjectRow {
    /// What it is: connection, recipient, …
    pub kind: String,
    /// Its id or, for a recipient, its fingerprint.
    pub id: String,
    /// Its name; the one it had if it was removed.
    pub name: Option<String>,
}

/// One operation: a request with its outcome, or a released token.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OperationRow {
    /// Number of its first record.
    pub sequence: u64,
    /// When it was asked for.
    pub at: Timestamp,
    /// What was asked for, such as key.create.
    pub action: String,
    /// The connection's name, if it happened to exactly one; the name it had if it was removed.
    pub connection: Option<String>,
    /// Its id, as the record has it.
    pub connection_id: Option<String>,
    /// Everything that it happened to.
    pub subjects: Vec<SubjectRow>,
    /// ok, interrupted, or the name of the exit code that it failed with.
    pub outcome: String,
    /// The label of the recipient that opened the vault, or its fingerprint.
    pub actor: String,
    /// The account of the operating system.
    pub user: String,
    /// Ids, fingerprints and hashes.
    pub details: BTreeMap<String, String>,
}

impl OperationRow {
    /// What it happened to, short: the first few by name, and how many more.
    fn about(&self) -> Option<String> {
        const SHOWN: usize = 3;
        let named: Vec<_> = self.subjects.iter().map(|one| one.name.as_deref().unwrap_or(&one.id)).collect();
        match named.len() {
            0 => None,
            1..=SHOWN => Some(named.join(", ")),
            all => Some(format!("{} and {} more", named[..SHOWN].join(", "), all - SHOWN)),
        }
    }
}

/// `audit list`
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuditList {
    /// The operations, newest last.
    pub operations: Vec<OperationRow>,
}

impl AuditList {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of(
        "operations",
        &[
            "sequence",
            "at",
            "action",
            "connection",
            "connection_id",
            "subjects",
            "outcome",
            "actor",
            "user",
            "details",
        ],
    );
}

impl Report for AuditList {
    fn schema(&self) -> &'static str {
        "audit-list/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let columns = [
            Column::new("WHEN"),
            Column::new("ACTION"),
            Column::new("ABOUT").shrinks(),
            Column::new("OUTCOME"),
            Column::new("BY").shrinks(),
        ];
        let mut table = Table::new(columns, "no records");
        for row in &self.operations {
            let tone = match row.outcome.as_str() {
                "ok" => Tone::Good,
                "interrupted" => Tone::Warning,
                _ => Tone::Bad,
            };
            table.row([
                Cell::from(row.at.strftime("%Y-%m-%d %H:%M").to_string()),
                row.action.as_str().into(),
                row.about().into(),
                Cell::toned(row.outcome.as_str(), tone),
                format!("{} ({})", actor(&row.actor), row.user).into(),
            ]);
        }
        View::new().table(table)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}

/// A label as it is, the first digits of a fingerprint.
fn actor(text: &str) -> &str {
    let fingerprint = text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if fingerprint { text.get(..8).unwrap_or(text) } else { text }
}

/// `audit verify`
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuditCheck {
    /// How many records there are.
    pub records: u64,
    /// How many monthly files.
    pub files: usize,
    /// The last record that the vault vouches for.
    pub anchored_sequence: Option<u64>,
    /// Records after it: their removal would not be noticed.
    pub after_anchor: u64,
    /// Requests without an outcome: operations that were interrupted.
    pub interrupted: u64,
    /// Bytes of a line that a crash tore; the next record cuts them off and says so.
    pub torn_bytes: u64,
    /// When the log began, if the vault came from another machine or from a backup without the log before.
    pub began_at: Option<Timestamp>,
    /// How many records at least the log before had, which is not here and not checked.
    pub records_before: Option<u64>,
}

impl AuditCheck {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::single(&[
        "records",
        "files",
        "anchored_sequence",
        "after_anchor",
        "interrupted",
        "torn_bytes",
        "began_at",
        "records_before",
    ]);
}

impl Report for AuditCheck {
    fn schema(&self) -> &'static str {
        "audit-check/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let mut facts: Vec<(&str, Cell)> = vec![
            ("records", format!("{} in {} files, one unbroken chain", self.records, self.files).into()),
            ("anchored", self.anchored_sequence.map(|sequence| format!("up to record {sequence}")).into()),
            ("after the anchor", self.after_anchor.to_string().into()),
            ("interrupted", self.interrupted.to_string().into()),
        ];
        if self.torn_bytes > 0 {
            facts.push(("torn line", Cell::toned(format!("{} bytes", self.torn_bytes), Tone::Warning)));
        }
        if let (Some(began), Some(records)) = (self.began_at, self.records_before) {
            let before = format!("{records} records or more, not here: this log began {}", moment(began));
            facts.push(("the log before", Cell::toned(before, Tone::Warning)));
        }
        View::new().facts(facts).line(Cell::toned("the audit log holds together", Tone::Good))
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
