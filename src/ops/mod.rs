//! What people and programs want done: one function per intention, combining rules, vault and vendor.
//!
//! May import everything below it (`domain`, `vault`, `oauth`, `providers`, `secret`, `clock`). Talks to people
//! only through [`Interact`]; prints nothing. Every function that changes something takes the locks in the order
//! connection → vault → audit and asks no vendor while it holds the last two.

pub mod apps;
pub mod backups;
pub mod care;
pub mod certificates;
pub mod companies;
mod connection_settings;
pub mod connections;
pub mod disconnect;
pub mod doctor;
pub mod error;
mod grants;
pub mod history;
pub mod import;
pub mod interact;
pub mod invites;
pub mod keys;
pub mod login;
pub mod members;
mod missing_keys;
pub mod names;
mod overview;
mod proof;
pub mod rotate;
pub mod session;
pub mod status;
pub mod takeover;
pub mod tokens;
pub mod vaults;
pub mod verify;

pub use error::{AppError, CompanyError, GrantError, KeptApart, LoginError, OpsError};
pub use interact::Interact;
pub use invites::InviteError;
pub use session::{IdentityText, Limits, OpenRequest, Session};

pub use crate::vault::{BackupTarget, Place, Stop};
