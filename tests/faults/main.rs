//! Faults from outside: what a vendor, a network, a customer's text or a terminal can do to the program.
//!
//! The quick half runs on every change; `cargo prove R16 R17 R18 R19` runs the long half, too, and prints the numbers that
//! it reached.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops where its world is not as expected"
)]

#[path = "../cli/common/mod.rs"]
#[allow(dead_code, reason = "this harness needs a part of it")]
mod common;
mod office;
mod parsers;
mod server;

mod batch;
mod hostile;
mod limits;
mod screen;
mod seeds;
mod terminal;
mod verify;
