//! The monthly files: `2026-11.jsonl`.

use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::vault::error::VaultError;
use crate::vault::file::{self, Privacy};

/// A month as `YYYY-MM`; text order is time order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month(String);

impl Month {
    /// The month, UTC, that `time` lies in.
    pub(super) fn of(time: Timestamp) -> Self {
        let date = time.to_zoned(TimeZone::UTC);
        Self(format!("{:04}-{:02}", date.year(), date.month()))
    }

    fn from_file_name(name: &str) -> Option<Self> {
        let month = name.strip_suffix(".jsonl")?;
        let well_formed = month.len() == 7
            && month.bytes().enumerate().all(|(index, byte)| match index {
                4 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        well_formed.then(|| Self(month.to_owned()))
    }

    /// Where the month's file is.
    pub(super) fn path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.jsonl", self.0))
    }
}

/// Whether there is a log at all; refuses a folder that is none or that others can write.
pub(super) fn folder_exists(folder: &Path) -> Result<bool, VaultError> {
    match folder.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(VaultError::Io { action: "examine", path: folder.to_owned(), source }),
        Ok(_) => file::ensure_folder(folder).map(|()| true),
    }
}

/// Returns the months that have a file, oldest first; other names in the folder are not the log's.
pub(super) fn list(folder: &Path) -> Result<Vec<Month>, VaultError> {
    let mut months = Vec::new();
    for entry in folder.read_dir().map_err(VaultError::io("list", folder))? {
        let entry = entry.map_err(VaultError::io("list", folder))?;
        months.extend(entry.file_name().to_str().and_then(Month::from_file_name));
    }
    months.sort();
    Ok(months)
}

/// Opens a month's file for reading, and returns its length.
pub(super) fn open(path: &Path) -> Result<(File, u64), VaultError> {
    let file = file::open(path, Privacy::OwnerWrites)?;
    let length = file.metadata().map_err(VaultError::io("examine", path))?.len();
    Ok((file, length))
}
