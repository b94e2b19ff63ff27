//! What is left when tokenctl is stopped in the worst moment: killed, refused by the disk, cut off from power,
//! or led to somebody else's file (`reliability.md` R1, R2, R3, R5, R14).
//!
//! The quick half runs with every `cargo test`. The long sweeps say which numbers they reached: `cargo prove R1 R2 R3 R5 R14`;
//! with `CRASH_ONLY` only for commands whose name in [`story::SCENARIOS`] begins with it.
//!
//! What needs strace is skipped with a notice where strace cannot work (not installed, ptrace forbidden); with
//! `TOKENCTL_REQUIRE_TOOLS` set it fails instead.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test stops where its world is not as expected, and says how far it came"
)]

#[allow(dead_code, reason = "shared with the tests of the command line")]
#[path = "../cli/common/mod.rs"]
mod common;

#[allow(dead_code, reason = "shared with the tests of forgery")]
#[path = "../tamper/forge.rs"]
mod forge;
#[allow(dead_code, reason = "shared with the tests of forgery")]
#[path = "../tamper/snapshot.rs"]
mod snapshot;

mod accompany;
mod io_errors;
mod judge;
mod kill;
mod locks;
mod modes;
mod planted;
mod power_cut;
mod recovery;
mod refresh;
mod released;
mod small_disk;
mod story;
mod strace;
mod tree;
