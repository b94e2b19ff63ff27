//! Puts a new generation in the place of the vault file.
//!
//! Whatever happens, `vault.age` exists and is either the old or the new generation, complete; the generation before
//! it is at `vault.age.prev`. A failed sync is final: the new generation is dropped.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

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
    /// Why the previous generation still holds what was to be destroyed.
    pub(super) leftover: Option<VaultError>,
}

/// Writes a generation with `write` and makes it the vault. The vault lock must be held.
///
/// If it `destroys` something, the previous generation becomes a copy of the new one, too.
pub(super) fn replace(
    location: &Location,
    destroys: bool,
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
    let copy = match &existing {
        Some(existing) if destroys => Some(copy_of(location, draft.path(), existing)?),
        Some(_) => {
            keep_previous(location, &vault)?;
            None
        }
        None => None,
    };
    switch(draft, &vault)?;
    // From here on the new generation is what everybody reads: to call that "nothing was changed" would be wrong.
    settle(location.folder()).map_err(|error| VaultError::Unsettled(Box::new(error)))?;
    let leftover = copy.and_then(|copy| {
        copy.place(&location.previous()).and_then(|()| file::sync_folder(location.folder())).err()
    });
    Ok(Replaced { stamp: Stamp::of(&metadata), length: metadata.len(), leftover })
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
    let temporary = location.temporary();
    match file::link(vault, &temporary) {
        Err(VaultError::Io { source, .. }) if has_no_links(&source) => {
            let metadata = vault.symlink_metadata().map_err(VaultError::io("examine", vault))?;
            return copy_of(location, vault, &metadata)?.place(&location.previous());
        }
        linked => linked?,
    }
    let renamed = file::rename(&temporary, &location.previous());
    // Source: rename(2): between two links to one file it does nothing and says so to nobody.
    file::remove(&temporary)?;
    renamed
}

fn has_no_links(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied)
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

fn settle(folder: &Path) -> Result<(), VaultError> {
    if hooks::mutant("fail-after-switch") {
        return Err(VaultError::io("sync", folder)(io::Error::other("a seeded failure")));
    }
    file::sync_folder(folder)
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
