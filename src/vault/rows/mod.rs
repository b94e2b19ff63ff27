//! The vault's rows: all SQL is here.

use rusqlite::Connection as Database;

use super::seal::Sealer;

/// The rows of an open vault, inside a read or a transaction.
pub struct Rows<'vault> {
    pub(in crate::vault) database: &'vault Database,
    pub(in crate::vault) sealer: &'vault Sealer,
}
