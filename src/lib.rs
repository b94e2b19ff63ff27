//! tokenctl creates, guards, proves, rotates and hands out the credentials of an integration team.

#[cfg(all(feature = "test-hooks", not(debug_assertions)))]
compile_error!(
    "`test-hooks` seeds bugs and sets the clock: it is for tests and never part of a release build"
);

pub mod clock;
pub mod domain;
pub mod hooks;
pub mod oauth;
pub mod providers;
pub mod secret;
pub mod sim;
pub mod vault;
