//! The conversation on stderr: hints, warnings, questions, progress.
//!
//! May import `ops::interact`, `output` and `secret`.

pub mod browser;
pub mod console;
pub mod progress;
pub mod prompt;
pub mod surroundings;

pub use console::{Console, Manner};
pub use surroundings::Surroundings;
