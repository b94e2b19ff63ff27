//! A folder as it was: to be put back, and to be compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Every regular file below a folder.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Snapshot(pub(crate) BTreeMap<PathBuf, Vec<u8>>);

impl Snapshot {
    pub(crate) fn of(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        walk(folder, &mut |path| {
            files.insert(path.to_owned(), std::fs::read(path).unwrap());
        });
        Self(files)
    }

    /// Makes `folder` hold these files and no others.
    pub(crate) fn restore(&self, folder: &Path) {
        walk(folder, &mut |path| {
            if !self.0.contains_key(path) {
                std::fs::remove_file(path).unwrap();
            }
        });
        for (path, bytes) in &self.0 {
            if std::fs::read(path).ok().as_ref() != Some(bytes) {
                put(path, bytes);
            }
        }
    }

    /// The files that are not the same in both.
    pub(crate) fn differences(&self, other: &Self) -> Vec<PathBuf> {
        let all: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        all.into_iter().filter(|path| self.0.get(*path) != other.0.get(*path)).cloned().collect()
    }

    /// Without the files whose path contains one of `parts`.
    pub(crate) fn without(mut self, parts: &[&str]) -> Self {
        self.0.retain(|path, _| !parts.iter().any(|part| path.to_string_lossy().contains(part)));
        self
    }
}

/// Writes a file with mode 0600 in the place of whatever is there.
pub(crate) fn put(path: &Path, bytes: &[u8]) {
    let draft = path.with_extension("draft-of-a-test");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&draft, bytes).unwrap();
    std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(draft, path).unwrap();
}

/// Calls `each` with every regular file below `folder`.
pub(crate) fn walk(folder: &Path, each: &mut dyn FnMut(&Path)) {
    let Ok(entries) = folder.read_dir() else { return };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let kind = path.symlink_metadata().unwrap().file_type();
        if kind.is_dir() {
            walk(&path, each);
        } else if kind.is_file() {
            each(&path);
        }
    }
}
