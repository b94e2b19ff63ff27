//! The conversation on stderr: hints, warnings, questions, progress.
//!
//! May import `ops::interact`, `output` and `secret`.

pub mod browser;
pub mod console;
mod paste;
pub mod progress;
pub mod prompt;
pub mod surroundings;
pub mod visit;

pub use console::{Console, Manner};
pub use surroundings::Surroundings;
pub use visit::Browsing;
