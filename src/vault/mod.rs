//! What tokenctl remembers: the age-encrypted, signed SQLite file, its journal, locks and audit log.
//!
//! May import `domain`, `secret` and `clock`.

pub mod audit_log;
pub mod error;
mod file;
mod highwater;
mod home;
pub mod identity;
mod image;
mod location;
pub mod lock;
pub mod pin;
pub mod recipient;
pub mod rows;
pub mod schema;
pub mod seal;
mod signing;
mod trailer;

pub use error::VaultError;
pub use rows::Rows;
