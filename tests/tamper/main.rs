//! Those who may not, and what they change: damage, forgery, a meddled audit log, secrets that leak, roles.
//!
//! At the level of the real binary. Each harness returns the violations that it found, so that the same code that
//! must find none is seen to find the seeded bugs (`TOKENCTL_TEST_MUTANTS`). The long sweeps say which numbers they reached:
//! `cargo prove R10 R15 R15a`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops where its world is not as expected; it plants and damages files"
)]

#[allow(dead_code, reason = "the harness is shared with other test binaries, each uses a part of it")]
#[path = "../cli/common/mod.rs"]
mod common;

mod audit;
mod canary;
mod children;
mod damage;
mod forge;
mod forgery;
mod grants;
mod identities;
mod message;
mod newer;
mod pages;
mod parrot;
mod roles;
mod secrets;
mod snapshot;
mod world;
