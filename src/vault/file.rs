//! The files of a vault: opened without following links, created 0600 in one step, replaced atomically.
//!
//! The only module of `vault` that touches the file system for writing; a path is part of every error.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::error::VaultError;
pub(super) use super::stamp::Stamp;
use crate::domain::ids::random_hex;
use crate::hooks;

/// Who else may touch a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Privacy {
    /// Others may read it, if the owner lets them, but not write: it is encrypted or public.
    OwnerWrites,
    /// Nobody else may even read it.
    OwnerOnly,
}

/// Opens a regular file for reading.
///
/// Refuses a symbolic link, a folder or a device with [`VaultError::UnsafeFile`], and never waits on a FIFO.
pub(super) fn open(path: &Path, privacy: Privacy) -> Result<File, VaultError> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(in_place())
        .open(path)
        .map_err(|error| refuse_link(path, "open", error))?;
    let metadata = file.metadata().map_err(VaultError::io("examine", path))?;
    refuse_unsafe(path, &metadata, privacy)?;
    Ok(file)
}

/// Opens, or creates with mode 0600, a file that is rewritten in place: a lock.
pub(super) fn open_or_create(path: &Path) -> Result<File, VaultError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(in_place())
        .open(path)
        .map_err(|error| refuse_link(path, "open", error))?;
    let metadata = file.metadata().map_err(VaultError::io("examine", path))?;
    refuse_unsafe(path, &metadata, Privacy::OwnerOnly)?;
    Ok(file)
}

/// Opens a regular file to read it and to write at its end; refuses what [`open`] refuses.
pub(super) fn open_to_append(path: &Path, privacy: Privacy) -> Result<File, VaultError> {
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .custom_flags(in_place())
        .open(path)
        .map_err(|error| refuse_link(path, "open", error))?;
    let metadata = file.metadata().map_err(VaultError::io("examine", path))?;
    refuse_unsafe(path, &metadata, privacy)?;
    Ok(file)
}

/// Creates a file with mode 0600; fails if anything is at `path`.
pub(super) fn create(path: &Path) -> Result<File, VaultError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(if hooks::mutant("mode-for-all") { 0o666 } else { 0o600 })
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
        .map_err(VaultError::io("create", path))
}

/// How a file is opened that may be there already.
fn in_place() -> i32 {
    // O_NONBLOCK: opening a FIFO that nobody writes would wait for ever; it changes nothing for a regular file.
    let flags =
        if hooks::mutant("links-followed") { OFlags::NONBLOCK } else { OFlags::NOFOLLOW | OFlags::NONBLOCK };
    flags.bits().cast_signed()
}

fn refuse_link(path: &Path, action: &'static str, source: io::Error) -> VaultError {
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    if is_link {
        not_regular(path, "is a symbolic link")
    } else if path.is_dir() {
        not_regular(path, "is a folder")
    } else {
        VaultError::Io { action, path: path.to_owned(), source }
    }
}

fn not_regular(path: &Path, problem: &str) -> VaultError {
    VaultError::UnsafeFile {
        path: path.to_owned(),
        problem: format!("{problem}, not a regular file"),
        fix: format!("ls -l {}", path.display()),
    }
}

/// Refuses what is not a regular file and what `privacy` forbids.
pub(super) fn refuse_unsafe(path: &Path, metadata: &Metadata, privacy: Privacy) -> Result<(), VaultError> {
    if metadata.is_dir() {
        return Err(not_regular(path, "is a folder"));
    }
    if !metadata.is_file() {
        return Err(not_regular(path, "is a special file"));
    }
    let mode = metadata.mode() & 0o7777;
    let (forbidden, what, fix) = match privacy {
        Privacy::OwnerWrites => (0o022, "can be written by others", "go-w"),
        Privacy::OwnerOnly => (0o077, "can be read or written by others", "go-rwx"),
    };
    if mode & forbidden == 0 {
        return Ok(());
    }
    Err(VaultError::UnsafeFile {
        path: path.to_owned(),
        problem: format!("{what} (mode {mode:04o})"),
        fix: format!("chmod {fix} {}", path.display()),
    })
}

/// Refuses a file of another account: replacing it would take it away from its owner.
pub(super) fn require_owner(path: &Path) -> Result<(), VaultError> {
    let metadata = path.symlink_metadata().map_err(VaultError::io("examine", path))?;
    if metadata.uid() == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    Err(VaultError::UnsafeFile {
        path: path.to_owned(),
        problem: format!("belongs to account {}, the only one that may change it", metadata.uid()),
        fix: format!("ls -l {}", path.display()),
    })
}

/// Reads a whole regular file of at most `limit` bytes.
pub(super) fn read(
    path: &Path,
    privacy: Privacy,
    limit: u64,
) -> Result<zeroize::Zeroizing<Vec<u8>>, VaultError> {
    let file = open(path, privacy)?;
    let size = file.metadata().map_err(VaultError::io("examine", path))?.len();
    if size > limit {
        let source = io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {limit} bytes"));
        return Err(VaultError::Io { action: "read", path: path.to_owned(), source });
    }
    // One allocation that is never outgrown: a reallocation would leave a copy of a secret behind.
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1));
    file.take(size).read_to_end(&mut bytes).map_err(VaultError::io("read", path))?;
    Ok(bytes)
}

/// Creates a folder, and those above it, with mode 0700 unless it is there; refuses a symbolic link and a mode that lets others in.
pub(super) fn ensure_folder(path: &Path) -> Result<(), VaultError> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new()
                .mode(0o700)
                .recursive(true)
                .create(path)
                .map_err(VaultError::io("create", path))?;
            // What will be synced inside must not be lost with the folder's own name.
            path.parent().map_or(Ok(()), sync_folder)?;
        }
        _ => {}
    }
    let metadata = path.symlink_metadata().map_err(VaultError::io("examine", path))?;
    let mode = metadata.mode() & 0o7777;
    if !metadata.is_dir() {
        return Err(VaultError::UnsafeFile {
            path: path.to_owned(),
            problem: "is not a folder".to_owned(),
            fix: format!("ls -ld {}", path.display()),
        });
    }
    if mode & 0o022 != 0 {
        return Err(VaultError::UnsafeFile {
            path: path.to_owned(),
            problem: format!("can be written by others (mode {mode:04o})"),
            fix: format!("chmod go-w {}", path.display()),
        });
    }
    Ok(())
}

/// Makes the content of `file` durable. A failure is final: the kernel may have dropped the dirty pages, so a
/// second attempt could succeed without anything being on disk.
pub(super) fn sync(file: &File, path: &Path) -> Result<(), VaultError> {
    if hooks::mutant("no-fsync") {
        return Ok(());
    }
    match file.sync_all() {
        Err(_) if hooks::mutant("failed-sync-ignored") => Ok(()),
        synced => synced.map_err(VaultError::io("sync", path)),
    }
}

/// Gives back the memory in which the kernel holds a file that nobody is going to read; whether it does is its affair.
///
/// Source: posix_fadvise(2), POSIX_FADV_DONTNEED.
pub(super) fn forget(path: &Path) {
    if let Ok(file) = open(path, Privacy::OwnerWrites) {
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), VaultError> {
    sync_open_folder(&open_folder(path)?, path)
}

/// Opens a folder for [`sync_open_folder`], before a change that must not fail to be synced for want of a
/// descriptor.
pub(super) fn open_folder(path: &Path) -> Result<File, VaultError> {
    File::open(path).map_err(VaultError::io("open", path))
}

/// Makes the names in an open folder durable.
pub(super) fn sync_open_folder(folder: &File, path: &Path) -> Result<(), VaultError> {
    if hooks::mutant("no-folder-fsync") {
        return Ok(());
    }
    folder.sync_all().map_err(VaultError::io("sync", path))
}

/// Puts `from` in the place of `to`, atomically.
#[expect(clippy::disallowed_methods, reason = "this is where files are replaced")]
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), VaultError> {
    let renamed = std::fs::rename(from, to);
    assert!(renamed.is_ok() || !hooks::mutant("panic-on-refusal"), "a seeded bug");
    renamed.map_err(VaultError::io("replace", to))
}

/// Gives the file at `from` a second name.
pub(super) fn link(from: &Path, to: &Path) -> Result<(), VaultError> {
    std::fs::hard_link(from, to).map_err(VaultError::io("link", to))
}

/// Keeps the file at `from` under the name `to` as well, as a copy where there are no links; what is at `to` stays.
pub(super) fn keep_as(from: &Path, to: &Path) -> Result<(), VaultError> {
    match link(from, to) {
        Err(VaultError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(VaultError::Io { source, .. }) if has_no_links(&source) => {
            let bytes = read(from, Privacy::OwnerWrites, u64::MAX)?;
            create_once(to, &bytes)
        }
        linked => linked,
    }
}

/// Removes a file; one that is not there counts as removed.
#[expect(clippy::disallowed_methods, reason = "this is where files are removed")]
pub(super) fn remove(path: &Path) -> Result<(), VaultError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(VaultError::Io { action: "remove", path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// A new file that disappears again unless it is renamed into its place.
pub(super) struct Draft {
    file: File,
    path: PathBuf,
    placed: bool,
}

impl Draft {
    /// Creates the file at `path`, mode 0600.
    pub(super) fn create(path: PathBuf) -> Result<Self, VaultError> {
        Ok(Self { file: create(&path)?, path, placed: false })
    }

    /// The open file.
    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Where it is until it is placed.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes its content durable.
    pub(super) fn sync(&self) -> Result<(), VaultError> {
        sync(&self.file, &self.path)
    }

    /// Renames it to `target`. The new name is durable once [`sync_folder`] has returned.
    pub(super) fn place(mut self, target: &Path) -> Result<(), VaultError> {
        rename(&self.path, target)?;
        self.placed = true;
        Ok(())
    }

    /// Gives it the name `target` unless something is there. The name is durable once [`sync_folder`] has returned.
    pub(super) fn place_new(self, target: &Path) -> Result<(), VaultError> {
        match link(&self.path, target) {
            Err(VaultError::Io { source, .. }) if has_no_links(&source) => {
                if target.symlink_metadata().is_ok() {
                    return Err(VaultError::io("create", target)(io::ErrorKind::AlreadyExists.into()));
                }
                self.place(target)
            }
            // The draft's own name goes when it is dropped.
            linked => linked,
        }
    }
}

/// Whether a file system knows no second names, or not for this file.
pub(super) fn has_no_links(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied)
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.placed {
            // What stays behind after a failure here is swept at the next write.
            let _ = remove(&self.path);
        }
    }
}

/// Replaces a small file durably: temporary file in the same folder, sync, rename, sync the folder.
pub(super) fn replace(target: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let (draft, folder) = draft_beside(target, bytes)?;
    draft.place(target)?;
    sync_folder(&folder)
}

/// Creates a small file with all of its content at once, unless one is there already.
pub(super) fn create_once(target: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let (draft, folder) = draft_beside(target, bytes)?;
    match link(draft.path(), target) {
        Err(VaultError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked.and_then(|()| sync_folder(&folder)),
    }
}

fn draft_beside(target: &Path, bytes: &[u8]) -> Result<(Draft, PathBuf), VaultError> {
    let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else {
        let source = io::Error::from(io::ErrorKind::InvalidInput);
        return Err(VaultError::Io { action: "replace", path: target.to_owned(), source });
    };
    let mut temporary = temporary_prefix(name);
    temporary.push(random_hex::<8>());
    let mut draft = Draft::create(folder.join(temporary))?;
    let path = draft.path().to_owned();
    draft.file().write_all(bytes).map_err(VaultError::io("write", path))?;
    draft.sync()?;
    Ok((draft, folder.to_owned()))
}

/// What the names of the temporary files for `name` begin with.
pub(super) fn temporary_prefix(name: &OsStr) -> std::ffi::OsString {
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(name);
    prefix.push(".tmp-");
    prefix
}

/// Removes what interrupted replacements of `target` left behind; none may be under way.
pub(super) fn sweep_for(target: &Path) -> Result<(), VaultError> {
    match (target.parent(), target.file_name()) {
        (Some(folder), Some(name)) => sweep(folder, &temporary_prefix(name)),
        _ => Ok(()),
    }
}

/// Removes regular files in `folder` whose names begin with `prefix`: what an interrupted write left behind.
pub(super) fn sweep(folder: &Path, prefix: &OsStr) -> Result<(), VaultError> {
    if hooks::mutant("drafts-left-behind") {
        return Ok(());
    }
    for entry in folder.read_dir().map_err(VaultError::io("list", folder))? {
        let entry = entry.map_err(VaultError::io("list", folder))?;
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && entry.file_name().as_bytes().starts_with(prefix.as_bytes()) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}
