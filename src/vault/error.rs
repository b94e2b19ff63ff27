//! What can go wrong with the vault; `commands::error` adds kinds, hints and exit codes.

use std::io;
use std::path::PathBuf;

use crate::domain::audit::AuditKind;

/// A failure of the vault, its audit log, its journal or its locks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// No vault at the path (exit 8).
    #[error("there is no vault at {}", .0.display())]
    Absent(PathBuf),
    /// `init` where a vault is (exit 9).
    #[error("there is a vault at {} already", .0.display())]
    Exists(PathBuf),
    /// Something is in the way of a backup, or in the place of a vault that is to be restored (exit 9).
    #[error("{} is not replaced: {why}", path.display())]
    Occupied {
        /// What is in the way.
        path: PathBuf,
        /// "it is there already", …
        why: String,
    },
    /// A file of the vault could not be read or written (exit 8).
    #[error("cannot {action} {}", path.display())]
    Io {
        /// "read", "write", "sync", …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The new generation is in its place, but may not survive a power cut (exit 8).
    #[error(
        "the change may or may not survive a power cut: the vault was replaced, and its folder cannot be synced"
    )]
    Unsettled(#[source] Box<VaultError>),
    /// No identity at hand opens the vault (exit 8).
    #[error("none of the {tried} identities opens the vault")]
    WrongIdentity {
        /// How many were tried.
        tried: usize,
    },
    /// The identity cannot be used: malformed, ssh-rsa, wrong passphrase (exit 8).
    #[error("{0}")]
    Identity(String),
    /// A recipient that cannot be used (exit 2).
    #[error("{0}")]
    Recipient(String),
    /// The file is not what an operator wrote (exit 8).
    #[error("the vault is damaged: {0}")]
    Damaged(String),
    /// An entry of the journal is not what an operator wrote (exit 8).
    #[error("the journal entry {} {why}", path.display())]
    JournalDamaged {
        /// The entry.
        path: PathBuf,
        /// "does not open", …
        why: &'static str,
    },
    /// The signature is not by the pinned key (exit 8).
    #[error("the vault is not signed by the key that you trust: {0}")]
    Untrusted(String),
    /// Nothing says which signing key to trust (exit 8).
    #[error("nothing says which key must have signed the vault")]
    NoPin,
    /// An older generation than this machine has seen (exit 8).
    #[error("the vault was rolled back: it is generation {found}, but generation {seen} was seen here")]
    RolledBack {
        /// The generation of the file.
        found: u64,
        /// The highest generation seen on this machine.
        seen: u64,
    },
    /// Two different files claim one generation (exit 8).
    #[error("the vault was forked: generation {0} is not the one that was seen here")]
    Forked(u64),
    /// Written by a newer tokenctl (exit 8).
    #[error("the vault has schema {found}, this tokenctl knows {known}")]
    NewerSchema {
        /// The vault's schema.
        found: u32,
        /// The newest schema known here.
        known: u32,
    },
    /// The file's layout is from a newer tokenctl (exit 8).
    #[error("the vault has format {found}, this tokenctl knows {known}")]
    NewerFormat {
        /// The file's format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// A journal entry from a newer tokenctl: it can neither be folded in nor left out (exit 8).
    #[error("{} was written by a newer tokenctl: it holds `{kind}`, version {version}", path.display())]
    NewerEntry {
        /// The entry.
        path: PathBuf,
        /// What it says it is.
        kind: String,
        /// The version that it says it has.
        version: u32,
    },
    /// Text that is not a pin (exit 2).
    #[error("this is not a vault pin: {0}")]
    InvalidPin(String),
    /// A secret or a write with a viewer's identity (exit 9).
    #[error("your role is viewer: secrets and changes need the role operator")]
    NotOperator,
    /// A write away from the vault's home (exit 9).
    #[error("this is not the vault's home: {0}")]
    ForeignHome(String),
    /// `vault move-home` where its home is (exit 5).
    #[error("this is the vault's home already: {0}")]
    AtHome(String),
    /// A file whose mode lets others write or read it (exit 9).
    #[error("{} {problem}", path.display())]
    UnsafeFile {
        /// The file.
        path: PathBuf,
        /// "can be written by others (mode 0666)", …
        problem: String,
        /// The command that mends it.
        fix: String,
    },
    /// A lock was not free in time (exit 7).
    #[error("{what} is locked by {holder}")]
    Locked {
        /// "the vault", "connection `acme`", …
        what: String,
        /// Process id, command and since when.
        holder: String,
    },
    /// The wait for a lock was broken off by a signal (exit 130).
    #[error("interrupted while waiting for {what}")]
    Interrupted {
        /// "the vault", "the connection", …
        what: String,
    },
    /// The audit log cannot take the record, so nothing is done (exit 9).
    #[error("the audit log cannot be written, so nothing was done")]
    Audit(#[source] Box<VaultError>),
    /// The audit log does not hold together (exit 8).
    #[error("the audit log is damaged: {0}")]
    AuditDamaged(String),
    /// A recipient change that would lock everybody out (exit 9).
    #[error("{0}")]
    LastOperator(String),
    /// No such recipient (exit 3).
    #[error("there is no recipient {0}")]
    NoRecipient(String),
    /// The recipient is there already (exit 5).
    #[error("{0} is a recipient already")]
    RecipientExists(String),
    /// A unique value is taken (exit 5).
    #[error("{0}")]
    Taken(String),
    /// A row that the caller holds an id of was removed meanwhile (exit 3).
    #[error("the {0} does not exist any more")]
    Gone(&'static str),
    /// SQLite failed in a way that no input explains (exit 8).
    #[error("the vault's database failed")]
    Database(#[from] rusqlite::Error),
    /// A value could not be sealed (exit 8).
    #[error("cannot seal a value: {0}")]
    Seal(String),
}

impl VaultError {
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }

    pub(crate) fn seal(error: impl std::fmt::Display) -> Self {
        Self::Seal(error.to_string())
    }

    /// Whether it says that a file is not there.
    pub(crate) fn is_missing_file(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// Returns a closure that adds what was being done, and to which file, to an I/O error.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

impl AuditKind for VaultError {
    fn audit_kind(&self) -> &'static str {
        match self {
            Self::Recipient(_) | Self::InvalidPin(_) => "usage",
            Self::NoRecipient(_) | Self::Gone(_) => "not-found",
            Self::RecipientExists(_) | Self::Taken(_) | Self::AtHome(_) => "conflict",
            Self::Locked { .. } => "locked",
            Self::Interrupted { .. } => "interrupted",
            Self::Exists(_)
            | Self::Occupied { .. }
            | Self::NotOperator
            | Self::ForeignHome(_)
            | Self::UnsafeFile { .. }
            | Self::Audit(_)
            | Self::LastOperator(_) => "refused",
            _ => "vault",
        }
    }
}
