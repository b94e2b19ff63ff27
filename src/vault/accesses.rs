//! Accesses to invitations: counted in the journal, since a commit for each would cost too much.

use std::time::Duration;

use super::error::VaultError;
use super::file::Stamp;
use super::journal::Entry;
use super::lock::ConnectionLock;
use super::store::Vault;
use crate::domain::ids::{ConnectionId, OwnerId};
use crate::domain::invitation::window::AccessWindow;

impl Vault {
    /// Takes the lock under which accesses are counted.
    pub fn lock_accesses(&self, issuer: &OwnerId, wait: Duration) -> Result<ConnectionLock, VaultError> {
        self.lock_connection(&ConnectionId::from(issuer), wait).map_err(|error| match error {
            VaultError::Locked { holder, .. } => {
                VaultError::Locked { what: "the count of accesses".to_owned(), holder }
            }
            other => other,
        })
    }

    /// Returns the accesses of the last hour: the journal's or, without an entry, the vault's.
    ///
    /// Fails with [`VaultError::NotOperator`] in a viewer's hands.
    pub fn accesses(&self, issuer: &OwnerId) -> Result<AccessWindow, VaultError> {
        loop {
            let listed = self.journal.list(Some(issuer))?;
            let (found, stamp) = self.with(|generation| {
                generation.keyring.signing()?;
                let (database, keyring) = (&generation.database, &generation.keyring);
                let newest = self.journal.newest(database, &listed, keyring, Entry::into_accesses)?;
                let found = match newest {
                    Some(found) => found,
                    None => generation.rows().access_window()?,
                };
                Ok::<_, VaultError>((found, generation.stamp))
            })?;
            // An entry may have been replaced by the next one, or folded and removed, while we looked.
            if self.journal.list(Some(issuer))? == listed && Stamp::at(&self.location.vault())? == stamp {
                return Ok(found);
            }
        }
    }

    /// Keeps the accesses of the last hour; durable when this returns.
    pub fn journal_accesses(&self, lock: &ConnectionLock, window: &AccessWindow) -> Result<(), VaultError> {
        self.append(lock, |name, keyring| self.journal.write_accesses(name, window, keyring))
    }
}
