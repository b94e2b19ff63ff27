//! What tokenctl remembers: the age-encrypted, signed SQLite file, its journal, locks and audit log.
//!
//! May import `domain`, `secret` and `clock`.
//!
//! From the outside in: [`Vault`] (`store`, `create`, `transact`, `membership`, `rekey`, `backup`, `restore`, `moving`,
//! `info`, `check`) works on one `generation`, which a `reader` opens from an `image` verified against its `trailer` and a
//! `pin` (`load`); `assemble` makes the file of the next one, and `replace` puts it in its place; `journal` holds what is
//! newer; `file` and `lock` are the only ways to the file system.

mod accesses;
mod assemble;
pub mod audit_log;
mod backup;
mod backup_note;
mod check;
mod cores;
mod create;
pub mod error;
mod file;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod generation;
mod glance;
mod highwater;
mod home;
pub mod identity;
mod image;
mod in_place;
mod info;
mod journal;
mod keyring;
mod load;
mod location;
pub mod lock;
mod membership;
mod moving;
pub mod pin;
mod reader;
pub mod recipient;
mod rekey;
mod relog;
mod replace;
mod resealing;
mod restore;
pub mod rows;
pub mod schema;
pub mod seal;
mod signing;
mod stamp;
mod stop;
mod store;
#[cfg(test)]
mod tests;
mod trailer;
mod transact;
mod trust;
mod unfolded;

pub use audit_log::Operation as AuditOperation;
pub use backup::{Backed, BackupTarget};
pub use backup_note::Backup;
pub use check::{CheckItem, CheckReport};
pub use create::{Created, NewVault};
pub use error::VaultError;
pub use glance::glance;
pub use home::Home;
pub use info::VaultInfo;
pub use location::Location;
pub use lock::{ConnectionLock, Failure};
pub use moving::Move;
pub use recipient::Role;
pub use rekey::Rekeyed;
pub use relog::LogBefore;
pub use resealing::Done;
pub use restore::{Restore, RestorePlan, RestoreRequest, Restored};
pub use rows::{InvitationFilter, Listed, Quarantined, Rows, SecretChange, StoredIssuer};
pub use stop::{Stop, UnderWay};
pub use store::{Answer, Place, Vault};
pub use unfolded::JournalledGrants;
