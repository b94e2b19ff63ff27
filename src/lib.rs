//! tokenctl creates, guards, proves, rotates and hands out the credentials of an integration team.
//!
//! The way through the code, each layer knowing only those to its right:
//!
//! ```text
//! argv ─► cli ─► commands ─► ops ─┬─► domain              decide   (pure)
//! (types)     (request, report)   ├─► vault               remember (age + SQLite)
//!                                 └─► oauth ─► providers   ask      (HTTP; vendors as data)
//! result ◄────────────────────────┘
//! commands ─► output ─► stdout            ui (status, hints, prompts, progress) ─► stderr
//! ```
//!
//! `secret` and `clock` are leaves that everybody may use; [`app`] assembles what a command needs, once.
//! `tests/architecture.rs` holds the imports against this picture.

#[cfg(all(feature = "test-hooks", not(debug_assertions)))]
compile_error!(
    "`test-hooks` seeds bugs and sets the clock: it is for tests and never part of a release build"
);

#[cfg(all(feature = "fuzzing", not(debug_assertions)))]
compile_error!(
    "`fuzzing` opens doors that only tests and fuzz targets need; they are built with debug assertions"
);

pub mod app;
pub mod broker;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod domain;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod hooks;
pub mod oauth;
pub mod ops;
pub mod output;
pub mod providers;
pub mod secret;
pub mod sim;
pub mod ui;
pub mod vault;
