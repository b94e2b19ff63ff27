//! The end of the log, in the hands of whoever holds the audit lock.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::backwards::Backwards;
use super::months::{self, Month};
use crate::domain::audit::{AuditHead, AuditRecord};
use crate::domain::ids::hex;
use crate::hooks;
use crate::vault::error::VaultError;
use crate::vault::file::{self, Privacy};
use crate::vault::trailer::sha256;

/// When a record counts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// It survives a power cut.
    Synced,
    /// It survives the process.
    Written,
}

/// Where the chain ends.
pub(super) struct Tail {
    folder: PathBuf,
    /// The newest month that has a file, be it empty.
    newest: Option<Month>,
    /// The file that holds the last bytes of the log, if there are any.
    last: Option<(PathBuf, File)>,
    head: AuditHead,
    /// Where the last complete line of `last` ends, and what stands after it.
    torn: Option<(u64, Vec<u8>)>,
}

impl Tail {
    /// Finds the last record, reading from the end.
    ///
    /// Fails with [`VaultError::AuditDamaged`] if the last line is no record: nothing can follow it.
    pub(super) fn find(folder: &Path) -> Result<Self, VaultError> {
        let months = months::list(folder)?;
        let mut tail = Self {
            folder: folder.to_owned(),
            newest: months.last().cloned(),
            last: None,
            head: AuditHead::start(),
            torn: None,
        };
        // A crash may leave an empty newest file, or one with a torn line only: then the chain ends further back.
        for month in months.iter().rev() {
            let path = month.path(folder);
            let file = file::open_to_append(&path, Privacy::OwnerWrites)?;
            let length = file.metadata().map_err(VaultError::io("examine", &path))?.len();
            if length == 0 {
                continue;
            }
            let (torn, mut lines) = Backwards::new(&file, length).map_err(VaultError::io("read", &path))?;
            let line = lines.next_line().map_err(VaultError::io("read", &path))?;
            if tail.last.is_none() {
                if !torn.is_empty() {
                    tail.torn = Some((length - torn.len() as u64, torn));
                }
                tail.last = Some((path.clone(), file));
            }
            if let Some(line) = line {
                let record = AuditRecord::from_line(&line).map_err(|broken| {
                    VaultError::AuditDamaged(format!("the last line of {}: {broken}", path.display()))
                })?;
                tail.head = AuditHead::after(record.sequence, &line);
                break;
            }
        }
        Ok(tail)
    }

    /// The newest point of the chain.
    pub(super) fn head(&self) -> &AuditHead {
        &self.head
    }

    /// Makes everything up to the head durable.
    pub(super) fn sync(&self) -> Result<(), VaultError> {
        self.last.as_ref().map_or(Ok(()), |(path, file)| file::sync(file, path))
    }

    /// Cuts off a torn last line, and returns how long it was and its SHA-256 in hexadecimal.
    pub(super) fn cut(&mut self) -> Result<Option<(usize, String)>, VaultError> {
        let (Some((complete, torn)), Some((path, file))) = (self.torn.take(), &self.last) else {
            return Ok(None);
        };
        file.set_len(complete).map_err(VaultError::io("cut", path))?;
        Ok(Some((torn.len(), hex(&sha256(&torn)))))
    }

    /// Gives `records` their places in the chain, writes them in one go and returns the new head.
    ///
    /// What a failed write or sync left of them is cut off again, so that nothing is recorded that did not happen.
    pub(super) fn append(
        mut self,
        records: Vec<AuditRecord>,
        now: Timestamp,
        durability: Durability,
    ) -> Result<AuditHead, VaultError> {
        let mut head = self.head.clone();
        let mut lines = Vec::new();
        for mut record in records {
            record.sequence = head.sequence + 1;
            record.prev = if hooks::mutant("audit-no-chain") { AuditHead::start().hash } else { head.hash };
            let line = record.to_line();
            head = AuditHead::after(record.sequence, &line);
            lines.extend_from_slice(&line);
            lines.push(b'\n');
        }
        let (path, file) = self.target(now)?;
        let before = file.metadata().map_err(VaultError::io("examine", &path))?.len();
        let written =
            (&file).write_all(&lines).map_err(VaultError::io("write", &path)).and_then(
                |()| match durability {
                    Durability::Synced => file::sync(&file, &path),
                    Durability::Written => Ok(()),
                },
            );
        if let Err(error) = written {
            // If this fails too, what stays is a torn line, or a request without an outcome; both are told.
            let _ = file.set_len(before);
            return Err(error);
        }
        Ok(head)
    }

    /// Returns the file for a record made `now`: months only move forward, whatever the clock does.
    fn target(&mut self, now: Timestamp) -> Result<(PathBuf, File), VaultError> {
        let month = Month::of(now);
        if let Some(newest) = self.newest.as_ref().filter(|newest| **newest >= month) {
            let path = newest.path(&self.folder);
            return match self.last.take() {
                Some(last) if last.0 == path => Ok(last),
                _ => file::open_to_append(&path, Privacy::OwnerWrites).map(|file| (path, file)),
            };
        }
        // A synced record vouches for everything before it, and from now on nobody syncs the old month's file.
        self.sync()?;
        let path = month.path(&self.folder);
        let file = file::create(&path)?;
        file::sync_folder(&self.folder)?;
        if self.newest.is_none()
            && let Some(parent) = self.folder.parent()
        {
            file::sync_folder(parent)?;
        }
        Ok((path, file))
    }
}
