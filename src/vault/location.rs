//! Where a vault and everything beside it lives.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::error::VaultError;
use super::file;
use crate::domain::ids::random_hex;

/// What the name of the previous generation ends with.
pub(super) const PREVIOUS: &str = ".prev";

/// The paths of one vault; all of them are in the folder of the vault file.
#[derive(Debug, Clone)]
pub struct Location {
    folder: PathBuf,
    name: OsString,
}

impl Location {
    /// Resolves the folder of `vault`, which must exist; the file itself need not.
    ///
    /// The file name is not resolved: a symbolic link in its place is refused when it is opened.
    pub fn resolve(vault: &Path) -> Result<Self, VaultError> {
        let absent = || VaultError::Absent(vault.to_owned());
        let name = vault.file_name().ok_or_else(absent)?.to_owned();
        let folder = match vault.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let folder = folder.canonicalize().map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => absent(),
            _ => VaultError::Io { action: "find", path: folder.to_owned(), source },
        })?;
        Ok(Self { folder, name })
    }

    /// As [`Location::resolve`], for a vault whose folder need not exist yet: then its path is only made absolute.
    pub fn planned(vault: &Path) -> Result<Self, VaultError> {
        let resolved = Self::resolve(vault);
        if !matches!(resolved, Err(VaultError::Absent(_))) {
            return resolved;
        }
        let absolute = std::path::absolute(vault).map_err(VaultError::io("find", vault))?;
        match (absolute.parent(), absolute.file_name()) {
            (Some(folder), Some(name)) => Ok(Self { folder: folder.to_owned(), name: name.to_owned() }),
            _ => resolved,
        }
    }

    /// The folder that holds everything.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The vault file, such as `vault.age`.
    pub fn vault(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// The previous generation, `vault.age.prev`.
    pub fn previous(&self) -> PathBuf {
        self.beside(PREVIOUS)
    }

    /// The folder of the lock files, `vault.age.locks`.
    pub fn locks(&self) -> PathBuf {
        self.beside(".locks")
    }

    /// The folder of the journal, `vault.age.journal`.
    pub fn journal(&self) -> PathBuf {
        self.beside(".journal")
    }

    /// The folder of the audit log, `vault.age.audit`.
    pub fn audit(&self) -> PathBuf {
        self.beside(".audit")
    }

    /// A fresh name for a file that is about to become the vault or the previous generation.
    pub fn temporary(&self) -> PathBuf {
        let mut name = self.temporary_prefix();
        name.push(random_hex::<8>());
        self.folder.join(name)
    }

    /// What the names of temporary files begin with, `.vault.age.tmp-`.
    pub fn temporary_prefix(&self) -> OsString {
        file::temporary_prefix(&self.name)
    }

    /// Where a vault file is kept that was replaced and is no previous generation, `vault.age.replaced-…`.
    pub fn replaced(&self, distinction: &str) -> PathBuf {
        self.beside(&format!(".replaced-{distinction}"))
    }

    /// The folder of journal entries that opened to nobody when the vault was restored, `vault.age.unread`.
    pub fn unread(&self) -> PathBuf {
        self.beside(".unread")
    }

    /// A fresh name for an audit log that does not belong to the vault that was put in place, `vault.age.audit-…`.
    pub fn audit_aside(&self) -> PathBuf {
        self.beside(&format!(".audit-{}", random_hex::<8>()))
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.name.clone();
        name.push(suffix);
        self.folder.join(name)
    }
}
