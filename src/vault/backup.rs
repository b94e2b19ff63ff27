//! `vault backup`: the vault in one file, which is opened completely before anybody relies on it.
//!
//! At home an operator's backup begins with a commit that changes nothing: it folds the journal in and anchors the
//! audit log's head with the backup's own request in it. Exactly that generation is copied, under the vault's lock. A
//! generation is signed and encrypted as it is, so the copy needs nothing beside it but an identity and its pin.
//!
//! Whoever cannot commit, a viewer or somebody away from home, gets a copy of the last commit: it opens and is signed
//! like any, but what the journal knows since is not in it ([`Backed::folded`]), and no record is made of it.
//!
//! The copy is a draft beside its target until it was opened (signature, every chunk, the database, every sealed value
//! that the role opens), then it gets its name. What was made is remembered on this machine (`backup_note`).

use std::io;
use std::path::{Path, PathBuf};

use super::backup_note::{self, Backup};
use super::check::{check_database, check_secrets};
use super::error::VaultError;
use super::file::{self, Draft, Privacy};
use super::generation::Generation;
use super::identity::Credentials;
use super::image::Image;
use super::location::Location;
use super::pin::{Pin, id_from_bytes};
use super::reader::Extent;
use super::store::Vault;
use super::trailer::Footer;
use crate::domain::audit::{Action, AuditEvent, AuditKind};
use crate::hooks;

/// Where a backup goes.
#[derive(Debug, Clone)]
pub struct BackupTarget {
    /// The file, or a folder in which it gets a name of its own.
    pub path: PathBuf,
    /// Whether a file that is there may be replaced.
    pub replace: bool,
}

/// A backup that was made, or with [`Vault::plan_backup`] would be.
#[derive(Debug, Clone)]
pub struct Backed {
    /// What is remembered of it.
    pub backup: Backup,
    /// Its length in bytes.
    pub length: u64,
    /// Whether the journal is in it, and the request of the backup in what it anchors.
    pub folded: bool,
}

impl Vault {
    /// Copies the vault into one file and opens that completely; durable when this returns.
    ///
    /// Fails with [`VaultError::Occupied`] if something is at the target that may not be replaced.
    pub fn backup(&self, target: &BackupTarget) -> Result<Backed, VaultError> {
        if !self.is_writable()? {
            let place = self.target_of(target, self.generation()?)?;
            let copy = self.copy_out(&place, target.replace)?;
            return Ok(self.backed(copy, false));
        }
        // Before anything is recorded or committed.
        self.target_of(target, self.generation()?.saturating_add(1))?;
        let _lock = self.locks.vault()?;
        let operation = self.audit.request(&AuditEvent::new(Action::VaultBackup), &self.actor()?)?;
        let anchor = AuditEvent::new(Action::VaultAnchor);
        let outcome = self
            .commit_locked::<_, VaultError>(&anchor, Self::check_writable, |_, _| Ok(()))
            .and_then(|()| {
                let place = self.target_of(target, self.generation()?)?;
                if let Err(error) = backup_note::begin(&self.place.state_dir, &self.id, &place.vault()) {
                    self.warn(format!("what an interruption leaves is not swept: {error}"));
                }
                self.copy_out(&place, target.replace)
            });
        let recorded = outcome.as_ref().map(drop).map_err(AuditKind::audit_kind);
        if let Err(error) = self.audit.outcome(&operation, recorded) {
            self.warn(format!("the audit log holds no outcome of the backup: {error}"));
        }
        Ok(self.backed(outcome?, true))
    }

    /// Checks all that [`Vault::backup`] checks before it begins: what `--dry-run` does.
    pub fn plan_backup(&self, target: &BackupTarget) -> Result<Backed, VaultError> {
        let folded = self.is_writable()?;
        let coming = self.generation()?.saturating_add(u64::from(folded));
        let path = self.named(target, coming);
        self.refuse_own(&path)?;
        refuse_taken(&path, target.replace)?;
        let now = self.clock.now();
        let committed_at = if folded { now } else { self.anchored_at()? };
        let backup = Backup { generation: coming, committed_at, made_at: now, path };
        Ok(Backed { backup, length: 0, folded })
    }

    /// Returns the last backup that was made on this machine, as far as it remembers.
    pub fn last_backup(&self) -> Result<Option<Backup>, VaultError> {
        backup_note::read(&self.place.state_dir, &self.id)
    }

    fn is_writable(&self) -> Result<bool, VaultError> {
        match self.require_writable() {
            // Another account's file: its group may read it.
            Err(VaultError::NotOperator | VaultError::ForeignHome(_) | VaultError::UnsafeFile { .. }) => {
                Ok(false)
            }
            writable => writable.map(|()| true),
        }
    }

    fn backed(&self, (backup, length): (Backup, u64), folded: bool) -> Backed {
        if let Err(error) = backup_note::write(&self.place.state_dir, &self.id, &backup) {
            self.warn(format!("this machine cannot remember that the backup was made: {error}"));
        }
        Backed { backup, length, folded }
    }

    /// The target's path, its folder resolved; a folder gets a name that tells the generation.
    fn named(&self, target: &BackupTarget, generation: u64) -> PathBuf {
        if !target.path.is_dir() {
            return target.path.clone();
        }
        let vault = self.location.vault();
        let stem = vault.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        target.path.join(format!("{stem}-{generation}.age"))
    }

    /// Where a generation is copied to; fails if something is in the way there.
    fn target_of(&self, target: &BackupTarget, generation: u64) -> Result<Location, VaultError> {
        let path = self.named(target, generation);
        self.refuse_own(&path)?;
        refuse_taken(&path, target.replace)?;
        Location::resolve(&path).map_err(|error| match error {
            VaultError::Absent(path) => {
                let folder = path.parent().map(Path::to_owned).unwrap_or_default();
                VaultError::io("find", folder)(io::ErrorKind::NotFound.into())
            }
            error => error,
        })
    }

    /// A vault's own files are no place for its backup, whatever may be replaced.
    fn refuse_own(&self, path: &Path) -> Result<(), VaultError> {
        let Ok(target) = Location::resolve(path) else { return Ok(()) };
        let own = self.location.vault().into_os_string();
        let path = target.vault().into_os_string();
        let rest = path.as_encoded_bytes().strip_prefix(own.as_encoded_bytes());
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b".")) {
            let why = "it is one of the vault's own files".to_owned();
            return Err(VaultError::Occupied { path: target.vault(), why });
        }
        Ok(())
    }

    /// Copies the file of the newest generation to `place`; returns what the copy holds and its length.
    fn copy_out(&self, place: &Location, replace: bool) -> Result<(Backup, u64), VaultError> {
        let path = place.vault();
        file::sweep_for(&path)?;
        let vault = self.location.vault();
        let mut from = file::open(&vault, Privacy::OwnerWrites)?;
        let mut draft = Draft::create(place.temporary())?;
        let length = io::copy(&mut from, draft.file()).map_err(VaultError::io("copy", &vault))?;
        if hooks::mutant("damaged-backup") {
            draft.file().set_len(length / 2).map_err(VaultError::io("cut", &path))?;
        }
        draft.sync()?;
        let pin = self.pin()?;
        let state = self.state();
        // Without the vault's lock somebody may have committed meanwhile: what counts is what was copied.
        let copied = open_completely(draft.path(), &state.credentials, |footer| only(footer, &pin))?;
        drop(state);
        let backup = Backup {
            generation: copied.commit.generation,
            committed_at: copied.anchored_at()?,
            made_at: self.clock.now(),
            path: path.clone(),
        };
        drop(copied);
        if replace {
            draft.place(&path)?;
        } else {
            draft.place_new(&path)?;
        }
        if let Err(error) = file::sync_folder(place.folder()) {
            // What is reported as failed must not be there; what was replaced is gone.
            let _ = if replace { Ok(()) } else { file::remove(&path) };
            return Err(error);
        }
        Ok((backup, length))
    }
}

fn refuse_taken(path: &Path, replace: bool) -> Result<(), VaultError> {
    if path.is_dir() || !replace && path.symlink_metadata().is_ok() {
        let why = if path.is_dir() { "it is a folder" } else { "it is there already" };
        return Err(VaultError::Occupied { path: path.to_owned(), why: why.to_owned() });
    }
    Ok(())
}

fn only(footer: &Footer, pin: &Pin) -> Result<(), VaultError> {
    let found = Pin { vault: id_from_bytes(&footer.commit.vault)?, verify_key: footer.verify_key };
    if found == *pin {
        Ok(())
    } else {
        Err(VaultError::Untrusted("it is signed by another key than the vault".to_owned()))
    }
}

/// Opens the generation in a file, reads and verifies all of it, and opens every sealed value that the role can open.
pub(super) fn open_completely(
    path: &Path,
    credentials: &Credentials,
    trust: impl FnOnce(&Footer) -> Result<(), VaultError>,
) -> Result<Generation, VaultError> {
    let generation = open_whole(path, credentials, trust)?;
    check_database(&generation)?;
    check_secrets(&generation)?;
    Ok(generation)
}

/// Opens the generation in a file, and reads and verifies all of it.
pub(super) fn open_whole(
    path: &Path,
    credentials: &Credentials,
    trust: impl FnOnce(&Footer) -> Result<(), VaultError>,
) -> Result<Generation, VaultError> {
    let mut pin = None;
    let image = Image::open(path, credentials, |footer| {
        pin = Some(Pin { vault: id_from_bytes(&footer.commit.vault)?, verify_key: footer.verify_key });
        trust(footer)
    })?;
    let pin = pin.ok_or(VaultError::NoPin)?;
    let location = Location::resolve(path)?;
    Generation::load(image, (&location, Extent::Whole), pin, credentials)
}
