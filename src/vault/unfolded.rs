//! The vault as it is now: what the last commit holds, and on top of it what the journal knows already.

use std::collections::BTreeMap;

use super::error::VaultError;
use super::file::Stamp;
use super::journal::Entry;
use super::rows::Rows;
use super::store::Vault;
use crate::domain::grant::Grant;
use crate::domain::ids::{ConnectionId, OwnerId};

/// Grants of which the journal knows something newer than the last commit.
pub type JournalledGrants = BTreeMap<ConnectionId, Grant>;

impl Vault {
    /// Runs `read` with the rows and with what the journal says of grants, which counts before them.
    ///
    /// A viewer cannot read the journal and sees what the last commit holds.
    pub fn read_now<T, E: From<VaultError>>(
        &self,
        read: impl Fn(&Rows<'_>, &JournalledGrants) -> Result<T, E>,
    ) -> Result<T, E> {
        self.now(None, read)
    }

    /// As [`Vault::read_now`], about one connection.
    pub fn read_one_now<T, E: From<VaultError>>(
        &self,
        connection: &ConnectionId,
        read: impl Fn(&Rows<'_>, &JournalledGrants) -> Result<T, E>,
    ) -> Result<T, E> {
        self.now(Some(connection), read)
    }

    fn now<T, E: From<VaultError>>(
        &self,
        only: Option<&ConnectionId>,
        read: impl Fn(&Rows<'_>, &JournalledGrants) -> Result<T, E>,
    ) -> Result<T, E> {
        loop {
            let (found, stamp) = self.with(|generation| {
                let mut grants = JournalledGrants::new();
                if generation.keyring.signing().is_ok() {
                    // Sorted by owner and sequence: the last one of an owner counts.
                    for name in self.journal.list(only.map(OwnerId::from).as_ref())? {
                        let entry = self.journal.unfolded(&generation.database, &name, &generation.keyring);
                        let entry = match entry {
                            // Whoever looks is not stopped by it; whoever needs the grant is.
                            Err(
                                error @ (VaultError::JournalDamaged { .. } | VaultError::NewerEntry { .. }),
                            ) => {
                                self.warn(format!("{error}: what it says is not shown"));
                                None
                            }
                            entry => entry?,
                        };
                        if let Some(stored) = entry.and_then(Entry::into_grant) {
                            grants.insert(ConnectionId::from(&name.owner), stored.grant);
                        }
                    }
                }
                Ok::<_, E>((read(&generation.rows(), &grants)?, generation.stamp))
            })?;
            // A commit may have folded and removed an entry between our look at the vault and at the journal.
            if Stamp::at(&self.location.vault())? == stamp {
                return Ok(found);
            }
        }
    }
}
