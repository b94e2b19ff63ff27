//! Copies of a folder, put back between the cases of a sweep.

use std::collections::BTreeSet;
use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// A folder as it was.
pub(crate) struct Saved {
    of: PathBuf,
    copy: tempfile::TempDir,
}

impl Saved {
    pub(crate) fn of(folder: &Path) -> Self {
        let copy = tempfile::tempdir().unwrap();
        copy_into(folder, copy.path());
        Self { of: folder.to_owned(), copy }
    }

    /// Makes the folder what it was, at the same path: a vault may only be written at its home.
    pub(crate) fn restore(&self) {
        clear(&self.of);
        copy_into(self.copy.path(), &self.of);
    }
}

pub(crate) fn clear(folder: &Path) {
    for entry in folder.read_dir().unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            std::fs::remove_dir_all(entry.path()).unwrap();
        } else {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
}

fn copy_into(from: &Path, to: &Path) {
    for entry in from.read_dir().unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            DirBuilder::new().mode(0o700).create(&target).unwrap();
            copy_into(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
        let mode = entry.metadata().unwrap().permissions().mode();
        std::fs::set_permissions(&target, Permissions::from_mode(mode)).unwrap();
    }
}

/// Everything below `folder`, relative to it; folders end with a slash.
pub(crate) fn walk(folder: &Path) -> Vec<PathBuf> {
    fn visit(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            found.push(path.strip_prefix(root).unwrap().to_owned());
            if path.symlink_metadata().unwrap().is_dir() {
                visit(root, &path, found);
            }
        }
    }
    let mut found = Vec::new();
    visit(folder, folder, &mut found);
    found.sort();
    found
}

/// The names below `folder` with everything random in them replaced.
pub(crate) fn names(folder: &Path) -> BTreeSet<String> {
    walk(folder).iter().map(|path| without_random(&path.display().to_string())).collect()
}

/// Replaces runs of 16 or more hexadecimal digits.
pub(crate) fn without_random(text: &str) -> String {
    let mut plain = String::new();
    let mut digits = String::new();
    for char in text.chars().chain(std::iter::once('\0')) {
        if char.is_ascii_hexdigit() {
            digits.push(char);
            continue;
        }
        plain.push_str(if digits.len() >= 16 { "#" } else { &digits });
        digits.clear();
        plain.push(char);
    }
    plain.trim_end_matches('\0').to_owned()
}
