//! What tokenctl remembers: the age-encrypted, signed SQLite file, its journal, locks and audit log.
//!
//! May import `domain`, `secret` and `clock`.
//!
//! From the outside in: [`Vault`] (`store`, `create`, `transact`, `membership`, `info`, `check`) works on one
//! `generation`, which a `reader` opens from an `image` verified against its `trailer` and a `pin` (`load`); `replace`
//! puts the next one in its place; `journal` holds what is newer; `file` and `lock` are the only ways to the file system.

mod accesses;
pub mod audit_log;
mod check;
mod create;
pub mod error;
mod file;
mod generation;
mod highwater;
mod home;
pub mod identity;
mod image;
mod info;
mod journal;
mod keyring;
mod load;
mod location;
pub mod lock;
mod membership;
pub mod pin;
mod reader;
pub mod recipient;
mod replace;
pub mod rows;
pub mod schema;
pub mod seal;
mod signing;
mod store;
#[cfg(test)]
mod tests;
mod trailer;
mod transact;
mod trust;
mod unfolded;

pub use audit_log::Operation as AuditOperation;
pub use check::{CheckItem, CheckReport};
pub use create::{Created, NewVault};
pub use error::VaultError;
pub use home::Home;
pub use info::VaultInfo;
pub use location::Location;
pub use lock::{ConnectionLock, Failure, Stop, UnderWay};
pub use membership::Rekeyed;
pub use recipient::Role;
pub use rows::{InvitationFilter, Quarantined, Rows, SecretChange, StoredIssuer, SupportRow};
pub use store::{Answer, Place, Vault};
pub use unfolded::JournalledGrants;
