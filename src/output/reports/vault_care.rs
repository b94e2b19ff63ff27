//! `vault backup`, `vault restore`, `vault rekey` and `vault move-home`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::moment;
use super::vault::{RecipientRow, with_recipients};
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::view::{Cell, Tone, View};

/// `vault backup`
#[derive(Debug, Serialize, JsonSchema)]
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

impl Backup {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::single(&[
        "action",
        "path",
        "generation",
        "committed_at",
        "size",
        "with_journal",
        "verified",
    ]);
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
        Self::LISTING
    }
}

/// `vault restore`
#[derive(Debug, Serialize, JsonSchema)]
pub struct Restore {
    /// restored; planned with `--dry-run`.
    pub action: &'static str,
    /// The vault file.
    pub vault: String,
    /// The generation that the backup holds.
    pub backup_generation: u64,
    /// When that was committed: what happened later is lost, but for the journal.
    pub committed_at: Timestamp,
    /// The generation that it became.
    pub generation: u64,
    /// The generation that was in place, if there was one that opened.
    pub replaced_generation: Option<u64>,
    /// Where what was in place is kept, if it is not the previous generation.
    pub kept: Option<String>,
    /// How many grants may have been spent since.
    pub uncertain_grants: usize,
    /// Journal entries that were newer than the backup and are in the vault now.
    pub journal_entries: u64,
    /// Journal entries that no key at hand opens.
    pub unread_entries: u64,
    /// How many records at least the audit log had that is not here: another one begins.
    pub records_before: Option<u64>,
    /// Whether the backup was from before a rekey, and the vault rekeyed once more.
    pub rekeyed: bool,
}

impl Restore {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::single(&[
        "action",
        "vault",
        "backup_generation",
        "committed_at",
        "generation",
        "replaced_generation",
        "kept",
        "uncertain_grants",
        "journal_entries",
        "unread_entries",
        "records_before",
        "rekeyed",
    ]);
}

impl Report for Restore {
    fn schema(&self) -> &'static str {
        "vault-restore/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let mut facts: Vec<(&str, Cell)> = vec![
            ("vault", self.vault.as_str().into()),
            (
                "backup",
                format!("generation {} of {}", self.backup_generation, moment(self.committed_at)).into(),
            ),
            ("generation", self.generation.to_string().into()),
        ];
        if let Some(replaced) = self.replaced_generation {
            facts.push(("replaced", format!("generation {replaced}").into()));
        }
        if let Some(kept) = &self.kept {
            facts.push(("kept", kept.as_str().into()));
        }
        let tone = if self.uncertain_grants > 0 { Tone::Warning } else { Tone::Good };
        facts.push(("uncertain grants", Cell::toned(self.uncertain_grants.to_string(), tone)));
        if self.action != "planned" {
            facts.push(("from the journal", format!("{} newer entries", self.journal_entries).into()));
        }
        if let Some(records) = self.records_before {
            let begins = format!("a new one begins; the one before had {records} records or more");
            facts.push(("audit log", Cell::toned(begins, Tone::Warning)));
        }
        View::new().line(self.action).facts(facts)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}

/// `vault rekey`
#[derive(Debug, Serialize, JsonSchema)]
pub struct Rekey {
    /// rekeyed; finished if it had been interrupted after its commit; planned with `--dry-run`.
    pub action: &'static str,
    /// The pin that counts; the one until now with `--dry-run`.
    pub pin: String,
    /// How many values are sealed.
    pub sealed_values: u64,
    /// When the rekey began that was interrupted and is finished, if there is one.
    pub interrupted_at: Option<Timestamp>,
    /// The identity files on this machine that were brought up to date.
    pub updated: Vec<String>,
    /// Everybody else: they need the new pin.
    pub needs_pin: Vec<RecipientRow>,
}

impl Rekey {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing =
        Listing::single(&["action", "pin", "sealed_values", "interrupted_at"]);
}

impl Report for Rekey {
    fn schema(&self) -> &'static str {
        "vault-rekey/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let mut facts: Vec<(&str, Cell)> =
            vec![("pin", self.pin.as_str().into()), ("sealed values", self.sealed_values.to_string().into())];
        if let Some(at) = self.interrupted_at {
            let interrupted = format!("it began {} and was interrupted after its commit", moment(at));
            facts.push(("finishes", Cell::toned(interrupted, Tone::Warning)));
        }
        facts.extend(self.updated.iter().map(|path| ("updated", path.as_str().into())));
        let view = View::new().line(self.action).facts(facts);
        if self.needs_pin.is_empty() {
            return view;
        }
        with_recipients(view.line("These need the new pin:"), &self.needs_pin)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}

/// `vault move-home`
#[derive(Debug, Serialize, JsonSchema)]
pub struct MoveHome {
    /// moved or released; planned with `--dry-run`.
    pub action: &'static str,
    /// Where it is written from now on; nowhere once it is released.
    pub home: Option<String>,
    /// Where it was written.
    pub from: String,
    /// Whether the old home gave it up.
    pub released: bool,
    /// How many grants may have been spent by the old home.
    pub uncertain_grants: usize,
}

impl MoveHome {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing =
        Listing::single(&["action", "home", "from", "released", "uncertain_grants"]);
}

impl Report for MoveHome {
    fn schema(&self) -> &'static str {
        "vault-home/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let home = self.home.as_deref().unwrap_or("nowhere: the vault is read-only until it is taken over");
        let mut facts: Vec<(&str, Cell)> = vec![("home", home.into()), ("before", self.from.as_str().into())];
        if self.uncertain_grants > 0 {
            let uncertain = self.uncertain_grants.to_string();
            facts.push(("uncertain grants", Cell::toned(uncertain, Tone::Warning)));
        }
        View::new().line(self.action).facts(facts)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
