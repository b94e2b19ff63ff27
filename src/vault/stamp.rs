//! Which version of a file it is, as far as its metadata tell.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::error::VaultError;

/// Which version of a file it is: two equal stamps mean that the file was not replaced in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    /// The stamp of an open file.
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }

    /// The stamp of whatever is at `path` now.
    pub(super) fn at(path: &Path) -> Result<Self, VaultError> {
        path.symlink_metadata().map(|metadata| Self::of(&metadata)).map_err(VaultError::io("find", path))
    }
}
