//! The audit log's rules (`architecture.md` section 8): what is recorded, how records hold together, what became
//! of an operation. Reading and writing the files is `vault::audit_log`'s work.

mod chain;
mod event;
mod failure;
mod history;
mod record;
mod subject;

pub use chain::{AuditCheck, AuditHead, Broken, Examination};
pub use event::{Action, AuditEvent};
pub use failure::AuditKind;
pub use history::{AuditFilter, Entry, Fate, PATIENCE, history};
pub use record::{Actor, AuditRecord, Kind, VERSION};
pub use subject::{Subject, SubjectKind};
