//! The conversation on stderr: hints, warnings, questions, progress.
//!
//! May import `ops::interact`, `output` and `secret`.

pub mod console;
pub mod progress;
pub mod prompt;

pub use console::{Console, Manner};
