//! R11: whatever is sent to the callback listener before the genuine answer, that answer arrives, and nothing of any
//! request comes back.
//!
//! The quick half runs on every change; `cargo prove R11` runs the long half, prints
//! the numbers that it reached, and leaves the pages under `target/tmp` to be looked at.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test stops where its world is not as expected, and says what it skips"
)]

mod world;

mod browser;
mod garbage;
mod hostile;
mod mutants;
mod pages;
mod ports;
#[path = "../cli/common/proof.rs"]
mod proof;
mod single_use;
mod slow;
