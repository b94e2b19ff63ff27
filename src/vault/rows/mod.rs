//! The vault's rows: all SQL is here, one file per table.
//!
//! Every method works inside the read or the transaction that its [`Rows`] belongs to; a row that cannot be
//! read is [`VaultError::Damaged`](super::VaultError::Damaged), never a panic and never skipped. Secrets open for
//! operators only: the methods that return one fail with [`VaultError::NotOperator`](super::VaultError::NotOperator)
//! in a viewer's hands, all others work for both.

mod apps;
mod columns;
mod companies;
mod connections;
mod counts;
mod grants;
mod invitation_issuer;
mod invitation_keys;
mod invitations;
mod keys;
mod layout;
mod listed;
mod meta;
mod names;
mod quarantine;
mod recipients;
mod tokens;
mod uses;
mod verifications;

#[cfg(test)]
pub(in crate::vault) mod fixture;

use rusqlite::Connection as Database;

pub use apps::SecretChange;
pub use counts::Counts;
pub use invitation_issuer::StoredIssuer;
pub use invitations::InvitationFilter;
pub use listed::Listed;
pub use quarantine::Quarantined;

use super::seal::Sealer;

/// The rows of an open vault, inside a read or a transaction.
pub struct Rows<'vault> {
    pub(in crate::vault) database: &'vault Database,
    pub(in crate::vault) sealer: &'vault Sealer,
}
