//! Puts a new generation in the place of the vault file.
//!
//! Whatever happens, `vault.age` exists and is either the old or the new generation, complete; the generation before
//! it is at `vault.age.prev`. A failed sync is final: the new generation is dropped, and the old one put back if it
//! was in its place already.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Mode};

use super::error::VaultError;
use super::file::{self, Draft, Privacy, Stamp};
use super::location::Location;
use crate::hooks;

/// How a replacement went.
pub(super) struct Replaced {
    /// The version of the file that is the vault now.
    pub(super) stamp: Stamp,
    /// The length of the encrypted file.
    pub(super) length: u64,
    /// What the previous generation is instead of a copy of the new one.
    pub(super) amiss: Option<Amiss>,
}

/// A previous generation that could not be replaced by a copy of the new one, and why.
pub(super) enum Amiss {
    /// It still holds what was to be destroyed.
    There(VaultError),
    /// What was to be destroyed is gone, and all else with it.
    Gone(VaultError),
}

/// What stands at `vault.age.prev` afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Previous {
    /// The generation that is replaced.
    Kept,
    /// A copy of the new one: what was destroyed is destroyed there, too.
    Destroyed,
    /// What stood there before: what is replaced is not worth keeping, or kept elsewhere.
    Left,
}

/// Writes a generation with `write` and makes it the vault. The vault lock must be held.
pub(super) fn replace(
    location: &Location,
    previous: Previous,
    write: impl FnOnce(&mut File) -> Result<(), VaultError>,
) -> Result<Replaced, VaultError> {
    file::sweep(location.folder(), &location.temporary_prefix())?;
    let vault = location.vault();
    let existing = existing(&vault)?;
    let mut draft = Draft::create(location.temporary())?;
    write(draft.file())?;
    if let Some(existing) = &existing {
        keep_group(draft.file(), existing, &vault)?;
    }
    draft.sync()?;
    let metadata = draft.file().metadata().map_err(VaultError::io("examine", &vault))?;
    let folder = file::open_folder(location.folder())?;
    let (copy, old) = match (&existing, previous) {
        (Some(existing), Previous::Destroyed) => {
            (Some(copy_of(location, draft.path(), existing)?), Some(Second::of(&vault, location)?))
        }
        (Some(_), Previous::Kept) => {
            keep_previous(location, &vault)?;
            (None, Some(Second::of(&location.previous(), location)?))
        }
        (Some(_), Previous::Left) => (None, Some(Second::of(&vault, location)?)),
        (None, _) => (None, None),
    };
    switch(draft, &vault)?;
    if let Err(error) = settle(&folder, location.folder()) {
        // What is reported as failed must not be there; if it cannot be taken back, nobody may read that it was.
        return Err(match undo(old, location) {
            Ok(()) => error,
            Err(_) => VaultError::Unsettled(Box::new(error)),
        });
    }
    drop(old);
    let amiss = copy.and_then(|copy| destroy_previous(copy, location, &folder));
    Ok(Replaced { stamp: Stamp::of(&metadata), length: metadata.len(), amiss })
}

/// Puts a copy of the new generation in the place of the one before.
///
/// If it cannot be replaced, it goes: what was destroyed must be gone, and the vault itself is durable.
fn destroy_previous(copy: Draft, location: &Location, folder: &File) -> Option<Amiss> {
    let previous = location.previous();
    let gone = match place_copy(copy, &previous) {
        Ok(()) => None,
        Err(error) => match file::remove(&previous) {
            Ok(()) => Some(Amiss::Gone(error)),
            Err(error) => return Some(Amiss::There(error)),
        },
    };
    file::sync_open_folder(folder, location.folder())
        .map_or_else(|error| Some(Amiss::There(error)), |()| gone)
}

/// Puts the old generation back.
fn undo(old: Option<Second>, location: &Location) -> Result<(), VaultError> {
    let vault = location.vault();
    match old {
        Some(old) => file::rename(&old.0, &vault)?,
        None => file::remove(&vault)?,
    }
    file::sync_folder(location.folder())
}

/// A second name of a file, or a copy where there are no links; gone when it is dropped.
struct Second(PathBuf);

impl Second {
    fn of(source: &Path, location: &Location) -> Result<Self, VaultError> {
        let second = Self(location.temporary());
        match file::link(source, &second.0) {
            Err(VaultError::Io { source: error, .. }) if file::has_no_links(&error) => {
                let metadata = source.symlink_metadata().map_err(VaultError::io("examine", source))?;
                copy_of(location, source, &metadata)?.place(&second.0)?;
            }
            linked => linked?,
        }
        Ok(second)
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        // What stays behind after a failure here is swept at the next write.
        let _ = file::remove(&self.0);
    }
}

fn existing(vault: &Path) -> Result<Option<Metadata>, VaultError> {
    match file::open(vault, Privacy::OwnerWrites) {
        Ok(file) => file.metadata().map(Some).map_err(VaultError::io("examine", vault)),
        Err(error) if error.is_missing_file() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A group that the owner lets read keeps reading: viewers under other accounts (`architecture.md` section 2.6).
fn keep_group(draft: &File, existing: &Metadata, vault: &Path) -> Result<(), VaultError> {
    if existing.mode() & 0o040 == 0 {
        return Ok(());
    }
    let mine = draft.metadata().map_err(VaultError::io("examine", vault))?;
    if mine.gid() != existing.gid() {
        rustix::fs::fchown(draft, None, Some(Gid::from_raw(existing.gid())))
            .map_err(|error| VaultError::io("give the group", vault)(error.into()))?;
    }
    rustix::fs::fchmod(draft, Mode::RUSR | Mode::WUSR | Mode::RGRP)
        .map_err(|error| VaultError::io("set the mode of", vault)(error.into()))
}

/// Puts the generation that is about to be replaced at `vault.age.prev`.
fn keep_previous(location: &Location, vault: &Path) -> Result<(), VaultError> {
    // Source: rename(2): between two links to one file it does nothing; dropping the second name ends it then.
    let second = Second::of(vault, location)?;
    file::rename(&second.0, &location.previous())
}

/// A file of its own, not a second name: damage to one must not be damage to both.
fn copy_of(location: &Location, source: &Path, existing: &Metadata) -> Result<Draft, VaultError> {
    let mut from = file::open(source, Privacy::OwnerWrites)?;
    let mut copy = Draft::create(location.temporary())?;
    io::copy(&mut from, copy.file()).map_err(VaultError::io("copy", source))?;
    keep_group(copy.file(), existing, source)?;
    copy.sync()?;
    Ok(copy)
}

/// Makes the switch durable.
fn settle(folder: &File, path: &Path) -> Result<(), VaultError> {
    if hooks::mutant("fail-after-switch") {
        return Err(VaultError::io("sync", path)(io::Error::other("a seeded failure")));
    }
    file::sync_open_folder(folder, path)
}

fn switch(draft: Draft, vault: &Path) -> Result<(), VaultError> {
    if hooks::mutant("delete-before-switch") {
        file::remove(vault)?;
    }
    if hooks::mutant("non-atomic-write") {
        return std::fs::copy(draft.path(), vault).map(drop).map_err(VaultError::io("write", vault));
    }
    draft.place(vault)
}

#[cfg(not(test))]
fn place_copy(copy: Draft, previous: &Path) -> Result<(), VaultError> {
    copy.place(previous)
}

#[cfg(test)]
fn place_copy(copy: Draft, previous: &Path) -> Result<(), VaultError> {
    if REFUSED.get() {
        return Err(VaultError::io("replace", previous)(io::ErrorKind::PermissionDenied.into()));
    }
    copy.place(previous)
}

#[cfg(test)]
thread_local! {
    static REFUSED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Runs `act` while this thread can put no copy in the place of a previous generation.
#[cfg(test)]
pub(super) fn fail_to_replace_previous(act: impl FnOnce()) {
    REFUSED.set(true);
    act();
    REFUSED.set(false);
}
