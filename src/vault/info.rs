//! What a vault says about itself.

use std::io;
use std::path::PathBuf;

use super::error::VaultError;
use super::generation::meta;
use super::home::Home;
use super::pin::Pin;
use super::recipient::{Recipient, Role};
use super::rows::Counts;
use super::schema;
use super::store::Vault;
use crate::domain::ids::VaultId;

/// Everything about a vault that is not in it.
#[derive(Debug, Clone)]
pub struct VaultInfo {
    /// The vault's id.
    pub id: VaultId,
    /// The vault file.
    pub path: PathBuf,
    /// Rises by one with each commit.
    pub generation: u64,
    /// The schema of its tables; an older one is upgraded by the next commit.
    pub schema: u32,
    /// The length of the encrypted file in bytes.
    pub file_length: u64,
    /// The length of the database in bytes.
    pub image_length: u64,
    /// When it was created, RFC 3339.
    pub created_at: Option<String>,
    /// Where it may be written.
    pub home: Home,
    /// Whether that is here.
    pub at_home: bool,
    /// What the opening identity may do.
    pub role: Role,
    /// Fingerprint of the recipient that opened it.
    pub opener: String,
    /// What everybody who is to trust it needs.
    pub pin: Pin,
    /// Everybody who can open it.
    pub recipients: Vec<Recipient>,
    /// How many of everything.
    pub counts: Counts,
    /// Entries of the journal that are not in the vault yet, or left from before; `None` if only the owner's account
    /// can see them.
    pub journal_entries: Option<usize>,
}

impl VaultInfo {
    /// Whether only one recipient could open secrets: a lost identity would lose them all.
    pub fn has_single_operator(&self) -> bool {
        self.recipients.iter().filter(|recipient| recipient.role == Role::Operator).count() == 1
    }
}

/// Turns "permission denied" into `None`: what is beside the vault is for its owner's account, and a viewer under
/// another one loses nothing (`architecture.md` section 2.6).
pub(super) fn owners_only<T>(found: Result<T, VaultError>) -> Result<Option<T>, VaultError> {
    match found {
        Err(VaultError::Io { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => Ok(None),
        found => found.map(Some),
    }
}

impl Vault {
    /// Returns what the vault says about itself.
    pub fn info(&self) -> Result<VaultInfo, VaultError> {
        self.with(|generation| {
            let rows = generation.rows();
            Ok(VaultInfo {
                id: self.id.clone(),
                path: self.location.vault(),
                generation: generation.commit.generation,
                schema: schema::version(&generation.database)?,
                file_length: generation.file_length,
                image_length: generation.image_length,
                created_at: rows.meta(meta::CREATED_AT)?,
                at_home: generation.home()? == self.here,
                home: generation.home()?,
                role: generation.role,
                opener: generation.opener.fingerprint(),
                pin: generation.pin.clone(),
                recipients: rows.recipients()?,
                counts: rows.counts()?,
                journal_entries: owners_only(self.journal.list(None))?.map(|entries| entries.len()),
            })
        })
    }
}
