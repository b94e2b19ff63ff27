//!
//! May import `providers`, `domain`, `secret` and `clock`; never `vault`, `ui` or `output`. What differs between
//! vendors is data in `providers`.

mod answer;
pub mod assertion;
pub mod client;
pub mod document;
pub mod error;
pub mod retry;
pub mod signing;
pub mod skew;
pub mod token;
mod transport;

#[cfg(test)]
pub(crate) mod testing;

pub use client::{Client, ClientError, ClientOptions};
pub use error::{Evidence, ExchangeError, Malformed, Unreachable};
pub use retry::{Backoff, Limits};
pub use signing::{SigningError, SigningKey};
pub use skew::ClockSkew;
pub use token::{ExchangeRequest, Exchanged, exchange};
