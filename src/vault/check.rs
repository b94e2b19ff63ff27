//! `vault check`: reads everything that there is and says what holds.

use std::path::PathBuf;

use jiff::Timestamp;

use super::error::VaultError;
use super::generation::Generation;
use super::image::{Chunks, Image};
use super::info::owners_only;
use super::pin::{Pin, id_from_bytes};
use super::reader::Extent;
use super::recipient::Role;
use super::resealing::open_all;
use super::store::{State, Vault};
use super::trailer::CHUNK;
use crate::domain::audit::AuditCheck;
use crate::domain::counted::counted;

/// One thing that was checked.
#[derive(Debug)]
pub struct CheckItem {
    /// "vault file", "database", "secrets", "journal", "previous generation", "audit log".
    pub what: &'static str,
    /// What was found, in words, or what is wrong.
    pub outcome: Result<String, VaultError>,
}

/// Everything that was checked.
#[derive(Debug)]
pub struct CheckReport {
    /// In the order in which it was checked.
    pub items: Vec<CheckItem>,
}

impl CheckReport {
    /// Whether everything holds.
    pub fn holds(&self) -> bool {
        self.items.iter().all(|item| item.outcome.is_ok())
    }
}

impl Vault {
    /// Reads every chunk, row, sealed value, journal entry, the previous generation and the audit log.
    ///
    /// Fails only if the vault cannot be opened at all; what is wrong otherwise is in the report.
    pub fn check(&self) -> Result<CheckReport, VaultError> {
        let mut state = self.state();
        self.refresh(&mut state, Extent::Whole)?;
        let State { credentials, generation } = &*state;
        let generation =
            generation.as_ref().ok_or_else(|| VaultError::damaged("it could not be read again"))?;
        // A rekey that was interrupted after the switch leaves a previous generation of the key before.
        let pins: Vec<_> = credentials.files.iter().flat_map(|file| &file.pins).collect();
        let open = |path: PathBuf| {
            Image::open(&path, credentials, |footer| {
                let found =
                    Pin { vault: id_from_bytes(&footer.commit.vault)?, verify_key: footer.verify_key };
                if found.vault == generation.pin.vault && (found == generation.pin || pins.contains(&&found))
                {
                    Ok(())
                } else {
                    Err(VaultError::Untrusted("it is signed by another key than the vault".to_owned()))
                }
            })
        };
        let item = |what, outcome| CheckItem { what, outcome };
        // An operator must be able to read everything; to a viewer under another account it is closed on purpose.
        let beside = |what, outcome: Result<String, VaultError>| {
            let outcome = match generation.role {
                Role::Operator => outcome,
                Role::Viewer => owners_only(outcome).map(|found| {
                    found.unwrap_or_else(|| "only the owner of the vault can read it".to_owned())
                }),
            };
            CheckItem { what, outcome }
        };
        Ok(CheckReport {
            items: vec![
                item("vault file", open(self.location.vault()).and_then(read_all)),
                item("database", check_database(generation)),
                item("secrets", check_secrets(generation)),
                beside("journal", self.check_journal(generation)),
                beside(
                    "previous generation",
                    match open(self.location.previous()) {
                        Err(VaultError::Absent(_)) => Ok("there is none yet".to_owned()),
                        // Who was let in by the newest commit cannot look at what was before it.
                        Err(VaultError::WrongIdentity { .. }) => {
                            Ok("it is not open to this identity yet".to_owned())
                        }
                        image => image.and_then(read_all),
                    },
                ),
                beside("audit log", self.check_audit(generation)),
            ],
        })
    }

    /// Checks the whole audit log against the anchor of the newest generation.
    pub fn verify_audit(&self) -> Result<AuditCheck, VaultError> {
        let anchor = self.with(Generation::anchor)?;
        self.audit.verify(Some(anchor))
    }

    /// When the newest generation was committed, and with it the audit log's head anchored.
    pub fn anchored_at(&self) -> Result<Timestamp, VaultError> {
        self.with(Generation::anchored_at)
    }

    fn check_journal(&self, generation: &Generation) -> Result<String, VaultError> {
        let names = self.journal.list(None)?;
        if generation.role == Role::Viewer {
            return Ok(format!("{}, which an operator can open", counted(names.len(), "entry")));
        }
        for name in &names {
            // One that is in the vault already counts for nothing: a kill may leave it behind, sealed by the keys from
            // before a rekey. One that was folded and removed meanwhile is in a newer generation.
            let _: Option<_> = self.journal.unfolded(&generation.database, name, &generation.keyring)?;
        }
        Ok(format!("{}, all signed, and opened", counted(names.len(), "entry")))
    }

    fn check_audit(&self, generation: &Generation) -> Result<String, VaultError> {
        let check = self.audit.verify(Some(generation.anchor()?))?;
        let unanchored = check.after_anchor;
        Ok(format!("{}, in one chain, {unanchored} after the anchor", counted(check.records, "record")))
    }
}

fn read_all(mut image: Image) -> Result<String, VaultError> {
    let mut buffer = zeroize::Zeroizing::new(vec![0; CHUNK]);
    let chunks = image.footer.chunks();
    for index in 0..chunks {
        image
            .read_chunk(index, &mut buffer)
            .map_err(|_| VaultError::damaged(format!("part {index} is not what was signed")))?;
    }
    Ok(format!(
        "generation {}, {chunks} parts, {} bytes",
        image.footer.commit.generation, image.footer.image_length
    ))
}

pub(super) fn check_database(generation: &Generation) -> Result<String, VaultError> {
    let database = &generation.database;
    let verdict: String = database.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(VaultError::damaged(format!("its database: {verdict}")));
    }
    let dangling: u32 =
        database.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))?;
    if dangling > 0 {
        return Err(VaultError::damaged(format!("its database: {dangling} rows point to nothing")));
    }
    Ok("sound".to_owned())
}

pub(super) fn check_secrets(generation: &Generation) -> Result<String, VaultError> {
    if generation.role == Role::Viewer {
        return Ok("only an operator can open them".to_owned());
    }
    let opened = open_all(&generation.rows())?;
    Ok(format!("{opened} sealed values open"))
}
