//! Reading the log: listing, exporting, checking. Takes no lock and changes nothing.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Take};
use std::path::{Path, PathBuf};

use super::AuditLog;
use super::backwards::{Backwards, LINE_LIMIT};
use super::months;
use crate::domain::audit::{
    AuditCheck, AuditFilter, AuditHead, AuditRecord, Broken, Entry, Examination, history,
};
use crate::hooks;
use crate::vault::error::VaultError;

/// The records of the log, in order, as they were when reading began; ends after the first error.
///
/// Fails with [`VaultError::AuditDamaged`] where a line is no record; the chain is not checked.
pub struct Records(Lines);

impl Iterator for Records {
    type Item = Result<AuditRecord, VaultError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.0.next_line().transpose()?;
        let record =
            line.and_then(|line| AuditRecord::from_line(&line).map_err(|broken| self.0.broken(&broken)));
        if record.is_err() {
            self.0.months.clear();
        }
        Some(record)
    }
}

impl AuditLog {
    /// Returns every record.
    pub fn records(&self) -> Result<Records, VaultError> {
        Lines::open(&self.folder).map(Records)
    }

    /// Returns the operations that `filter` matches, oldest first, each with what became of it.
    pub fn entries(&self, filter: &AuditFilter) -> Result<Vec<Entry>, VaultError> {
        history(self.records()?, filter, self.clock.now())
    }

    /// Returns the stored lines, byte for byte and each with its line feed, of the operations that `filter` matches:
    /// a hash over them is the one in the chain.
    pub fn export(&self, filter: &AuditFilter) -> Result<Vec<u8>, VaultError> {
        let mut wanted = BTreeSet::new();
        for record in self.records()? {
            let record = record?;
            if filter.matches(&record) {
                wanted.insert(record.operation);
            }
        }
        let since = AuditFilter { since: filter.since, ..AuditFilter::default() };
        let mut lines = Lines::open(&self.folder)?;
        let mut exported = Vec::new();
        while let Some(line) = lines.next_line()? {
            let record = AuditRecord::from_line(&line).map_err(|broken| lines.broken(&broken))?;
            if wanted.contains(&record.operation) && since.matches(&record) {
                exported.extend_from_slice(&line);
                exported.push(b'\n');
            }
        }
        Ok(exported)
    }

    /// Reads the whole log and checks that it holds together and leads to `anchor`, the head that the vault knows.
    ///
    /// Fails with [`VaultError::AuditDamaged`], which says where and why. What comes after the anchor could have
    /// been rewritten or cut off unnoticed; the answer counts it.
    pub fn verify(&self, anchor: Option<AuditHead>) -> Result<AuditCheck, VaultError> {
        let mut lines = Lines::open(&self.folder)?;
        let (months, torn_bytes) = (lines.months.len(), lines.torn_bytes);
        let mut examination = Examination::new(anchor.filter(|_| !hooks::mutant("no-anchor-check")));
        while let Some(line) = lines.next_line()? {
            examination.line(&line).map_err(|broken| lines.broken(&broken))?;
        }
        let check = examination
            .finish(self.clock.now())
            .map_err(|broken| VaultError::AuditDamaged(broken.to_string()))?;
        Ok(AuditCheck { months, torn_bytes, ..check })
    }

    /// Checks that the log's end follows from `anchor`, reading from the end no further than that, and shows `visit`
    /// each record after it, the newest first.
    ///
    /// Fails with [`VaultError::AuditDamaged`].
    pub(in crate::vault) fn verify_since(
        &self,
        anchor: &AuditHead,
        mut visit: impl FnMut(&AuditRecord),
    ) -> Result<(), VaultError> {
        if anchor.sequence == 0 {
            return Ok(());
        }
        let missing = || VaultError::AuditDamaged(Broken::Anchor(anchor.sequence).to_string());
        if !months::folder_exists(&self.folder)? {
            return Err(missing());
        }
        // The sequence and `prev` of the record after the one that is looked at.
        let mut after: Option<AuditHead> = None;
        for month in months::list(&self.folder)?.iter().rev() {
            let path = month.path(&self.folder);
            let (file, length) = months::open(&path)?;
            let (_torn, mut lines) = Backwards::new(&file, length).map_err(VaultError::io("read", &path))?;
            while let Some(line) = lines.next_line().map_err(VaultError::io("read", &path))? {
                let broken =
                    |broken: Broken| VaultError::AuditDamaged(format!("{}: {broken}", path.display()));
                let record = AuditRecord::from_line(&line).map_err(broken)?;
                let here = AuditHead::after(record.sequence, &line);
                if after.as_ref().is_some_and(|follower| *follower != here) {
                    return Err(broken(Broken::Link(record.sequence + 1)));
                }
                if here.sequence <= anchor.sequence {
                    return if here == *anchor { Ok(()) } else { Err(missing()) };
                }
                visit(&record);
                after = Some(AuditHead { sequence: record.sequence - 1, hash: record.prev });
            }
        }
        Err(missing())
    }
}

/// The complete lines of all months.
struct Lines {
    /// Newest first, so that the next one is popped.
    months: Vec<(PathBuf, BufReader<Take<File>>)>,
    /// Where the last line came from, for messages.
    place: (PathBuf, u64),
    torn_bytes: u64,
}

impl Lines {
    /// Fixes what belongs to the log now: every line that is complete.
    fn open(folder: &Path) -> Result<Self, VaultError> {
        let mut lines = Self { months: Vec::new(), place: (folder.to_owned(), 0), torn_bytes: 0 };
        if !months::folder_exists(folder)? {
            return Ok(lines);
        }
        for month in months::list(folder)? {
            let path = month.path(folder);
            let (file, length) = months::open(&path)?;
            if length == 0 {
                continue;
            }
            if lines.torn_bytes > 0 {
                // Writers cut a torn line off before they begin another month.
                let (torn, _) = &lines.months[lines.months.len() - 1];
                return Err(VaultError::AuditDamaged(format!("the last line of {} is torn", torn.display())));
            }
            let (torn, _) = Backwards::new(&file, length).map_err(VaultError::io("read", &path))?;
            lines.torn_bytes = torn.len() as u64;
            lines.months.push((path, BufReader::new(file.take(length - lines.torn_bytes))));
        }
        lines.months.reverse();
        Ok(lines)
    }

    /// Returns the next line, without its line feed.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, VaultError> {
        while let Some((path, reader)) = self.months.last_mut() {
            if self.place.0 != *path {
                self.place = (path.clone(), 0);
            }
            let mut line = Vec::new();
            reader
                .take(LINE_LIMIT as u64)
                .read_until(b'\n', &mut line)
                .map_err(VaultError::io("read", path.as_path()))?;
            if line.is_empty() {
                self.months.pop();
                continue;
            }
            self.place.1 += 1;
            if line.pop() != Some(b'\n') {
                return Err(self.broken(&Broken::Unreadable));
            }
            return Ok(Some(line));
        }
        Ok(None)
    }

    fn broken(&self, broken: &Broken) -> VaultError {
        let (path, line) = &self.place;
        VaultError::AuditDamaged(format!("line {line} of {}: {broken}", path.display()))
    }
}
