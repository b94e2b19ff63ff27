//! The way back from the browser: a one-shot listener on loopback, and the pasted address beside it.
//!
//! [`Listener::bind`] takes the port before anything is opened; [`Listener::expect`] starts answering;
//! [`Callback::next`] returns the one genuine redirect, however many others come before it;
//! [`Callback::conclude`] tells the waiting page how it ended and closes. The same [`Transaction`] reads what
//! somebody pastes, so that whichever comes first uses up the state.
//!
//! Contract: `architecture.md` section 7; RFC 6749 section 4.1.2, RFC 8252 sections 7 and 8, RFC 9207, RFC 9700
//! sections 2.1 and 4.

mod bind;
mod connection;
#[cfg(feature = "fuzzing")]
pub(in crate::oauth) mod fuzzing;
mod pages;
mod paste;
mod query;
mod respond;
mod server;
mod transaction;

pub use bind::{BindError, BindRequest, Listener};
pub use pages::Outcome;
pub use paste::PasteError;
pub use server::Callback;
pub use transaction::{
    Contradiction, Denied, Expectation, ExpectedIssuer, ExpectedRealm, Redirect, Redirected, Stray,
    Transaction,
};
