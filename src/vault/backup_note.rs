//! What this machine remembers of backups: the last one of each vault, in the state folder, `backups/<vault id>.json`.
//!
//! Never in the vault itself: whether a backup is at hand differs from machine to machine, and a copy cannot hold that
//! it was made. A note that cannot be read is as good as none.
//!
//! It also says where a backup is being put, so that the next write of the vault, whatever it is for, sweeps what an
//! interrupted one left there.

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
    backup: Option<Backup>,
    /// Where the one that is being made will be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    under_way: Option<PathBuf>,
}

fn path(state_dir: &Path, vault: &VaultId) -> PathBuf {
    state_dir.join("backups").join(format!("{vault}.json"))
}

/// Returns the last backup of `vault` that this machine remembers.
pub(super) fn read(state_dir: &Path, vault: &VaultId) -> Result<Option<Backup>, VaultError> {
    Ok(note(state_dir, vault)?.and_then(|note| note.backup))
}

/// Remembers `backup` as the last one of `vault`, and where its draft is still to be removed if that cannot be done now.
pub(super) fn write(state_dir: &Path, vault: &VaultId, backup: &Backup) -> Result<(), VaultError> {
    let under_way = sweep_drafts(&backup.path).is_err().then(|| backup.path.clone());
    put(state_dir, vault, &Note { v: VERSION, backup: Some(backup.clone()), under_way })
}

/// Remembers that a backup of `vault` is being put at `target`. The vault's lock must be held until it is there.
pub(super) fn begin(state_dir: &Path, vault: &VaultId, target: &Path) -> Result<(), VaultError> {
    let backup = read(state_dir, vault)?;
    put(state_dir, vault, &Note { v: VERSION, backup, under_way: Some(target.to_owned()) })
}

/// Removes what an interrupted backup of `vault` left behind. The vault's lock must be held.
pub(super) fn sweep(state_dir: &Path, vault: &VaultId) -> Result<(), VaultError> {
    let Some(Note { backup, under_way: Some(target), .. }) = note(state_dir, vault)? else {
        return sweep_drafts(&path(state_dir, vault));
    };
    sweep_drafts(&target)?;
    put(state_dir, vault, &Note { v: VERSION, backup, under_way: None })
}

/// Removes what an interrupted write of `target` left beside it, if its folder is there.
fn sweep_drafts(target: &Path) -> Result<(), VaultError> {
    match file::sweep_for(target) {
        Err(error) if error.is_missing_file() => Ok(()),
        swept => swept,
    }
}

fn note(state_dir: &Path, vault: &VaultId) -> Result<Option<Note>, VaultError> {
    let bytes = match file::read(&path(state_dir, vault), Privacy::OwnerWrites, 64 * 1024) {
        Err(error) if error.is_missing_file() => return Ok(None),
        bytes => bytes?,
    };
    Ok(serde_json::from_slice::<Note>(&bytes).ok().filter(|note| note.v == VERSION))
}

fn put(state_dir: &Path, vault: &VaultId, note: &Note) -> Result<(), VaultError> {
    let path = path(state_dir, vault);
    if let Some(folder) = path.parent() {
        file::ensure_folder(folder)?;
    }
    file::sweep_for(&path)?;
    file::replace(&path, &serde_json::to_vec(note).map_err(VaultError::seal)?)
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
    fn what_an_interrupted_one_left_is_swept_wherever_it_was_put() {
        let (state, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (state, vault) = (state.path(), VaultId::new());
        sweep(state, &vault).unwrap();
        let at = "2027-03-01T12:00:00Z".parse().unwrap();
        let backup = Backup { generation: 7, committed_at: at, made_at: at, path: "/b.age".into() };
        write(state, &vault, &backup).unwrap();
        let target = elsewhere.path().join("copy.age");
        begin(state, &vault, &target).unwrap();
        let drafts = [
            elsewhere.path().join(".copy.age.tmp-0123"),
            state.join("backups").join(format!(".{vault}.json.tmp-0123")),
        ];
        for draft in &drafts {
            file::create_once(draft, b"half").unwrap();
        }
        file::create_once(&elsewhere.path().join(".other.age.tmp-0123"), b"not ours").unwrap();
        sweep(state, &vault).unwrap();
        assert!(drafts.iter().all(|draft| !draft.exists()));
        assert_eq!(elsewhere.path().read_dir().unwrap().count(), 1);
        // The one before is remembered all along, and nothing is swept twice.
        assert_eq!(read(state, &vault).unwrap(), Some(backup));
        file::create_once(&drafts[0], b"another's").unwrap();
        sweep(state, &vault).unwrap();
        assert!(drafts[0].exists());
    }

    #[test]
    fn what_cannot_be_read_is_no_note() {
        let folder = tempfile::tempdir().unwrap();
        let vault = VaultId::new();
        for text in ["", "{}", r#"{"v":2}"#, r#"{"v":1}"#, "\u{0}"] {
            file::ensure_folder(&folder.path().join("backups")).unwrap();
            file::replace(&path(folder.path(), &vault), text.as_bytes()).unwrap();
            assert_eq!(read(folder.path(), &vault).unwrap(), None, "{text:?}");
        }
    }
}
