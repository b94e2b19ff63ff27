//! What tokenctl remembers: the age-encrypted, signed SQLite file, its journal, locks and audit log.
//!
//! May import `domain`, `secret` and `clock`.

pub mod error;
pub mod rows;
pub mod schema;
pub mod seal;

pub use error::VaultError;
pub use rows::Rows;
