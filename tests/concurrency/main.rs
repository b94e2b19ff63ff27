//! Many processes at once, and processes that die: bars R4, R6, R7 and R8, and one exchange for all callers.
//!
//! The quick half runs with every `cargo test`. The long sweeps say which numbers they reached: `cargo prove R4 R6 R7 R8 R9`;
//! `SWEEP` in the environment scales them.
//! Each harness returns what it found wrong, so that it can be shown to find the seeded bugs of `tokenctl::hooks`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test stops where its world is not as expected; a sweep prints how far it came"
)]

mod books;
#[path = "../cli/common/mod.rs"]
#[allow(dead_code, reason = "shared with the tests of the commands, which use other parts of it")]
mod common;
mod world;

mod flight;
mod killed;
mod mixed;
mod refresh;
mod steps;
mod waiting;
