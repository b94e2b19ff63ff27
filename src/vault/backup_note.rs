//! What this machine remembers of backups: the last one of each vault, in the state folder, `backups/<vault id>.json`.
//!
//! Never in the vault itself: whether a backup is at hand differs from machine to machine, and a copy cannot hold that
//! it was made. A note that cannot be read is as good as none.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::VaultError;
use super::file::{self, Privacy};
use crate::domain::ids::VaultId;

/// The version of the notes.
const VERSION: u32 = 1;

/// A backup that was made on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// The generation that it holds.
    pub generation: u64,
    /// When that was committed: whatever became part of the vault later is not in it.
    pub committed_at: Timestamp,
    /// When it was made.
    pub made_at: Timestamp,
    /// Where it was put; it may have been moved since.
    pub path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Note {
    v: u32,
    #[serde(flatten)]
    backup: Backup,
}

fn path(state_dir: &Path, vault: &VaultId) -> PathBuf {
    state_dir.join("backups").join(format!("{vault}.json"))
}

/// Returns the last backup of `vault` that this machine remembers.
pub(super) fn read(state_dir: &Path, vault: &VaultId) -> Result<Option<Backup>, VaultError> {
    let bytes = match file::read(&path(state_dir, vault), Privacy::OwnerWrites, 64 * 1024) {
        Err(error) if error.is_missing_file() => return Ok(None),
        bytes => bytes?,
    };
    let note = serde_json::from_slice::<Note>(&bytes).ok();
    Ok(note.filter(|note| note.v == VERSION).map(|note| note.backup))
}

/// Remembers `backup` as the last one of `vault`.
pub(super) fn write(state_dir: &Path, vault: &VaultId, backup: &Backup) -> Result<(), VaultError> {
    let path = path(state_dir, vault);
    if let Some(folder) = path.parent() {
        file::ensure_folder(folder)?;
    }
    file::sweep_for(&path)?;
    let text = serde_json::to_vec(&Note { v: VERSION, backup: backup.clone() }).map_err(VaultError::seal)?;
    file::replace(&path, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_is_remembered_for_each_vault() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (VaultId::new(), VaultId::new());
        assert_eq!(read(folder.path(), &one).unwrap(), None);
        let at = "2027-03-01T12:00:00Z".parse().unwrap();
        let backup =
            Backup { generation: 7, committed_at: at, made_at: at, path: "/backups/vault-7.age".into() };
        write(folder.path(), &one, &backup).unwrap();
        let newer = Backup { generation: 8, ..backup };
        write(folder.path(), &one, &newer).unwrap();
        assert_eq!(read(folder.path(), &one).unwrap(), Some(newer));
        assert_eq!(read(folder.path(), &other).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_read_is_no_note() {
        let folder = tempfile::tempdir().unwrap();
        let vault = VaultId::new();
        for text in ["", "{}", r#"{"v":2}"#, "\u{0}"] {
            file::ensure_folder(&folder.path().join("backups")).unwrap();
            file::replace(&path(folder.path(), &vault), text.as_bytes()).unwrap();
            assert_eq!(read(folder.path(), &vault).unwrap(), None, "{text:?}");
        }
    }
}
