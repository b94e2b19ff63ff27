//! Asks the vendors: the one HTTP client, token exchanges, and the browser login.
//!
//! May import `providers`, `domain`, `secret` and `clock`; never `vault`, `ui` or `output`. What differs between
//! vendors is data in `providers`.

mod addresses;
mod answer;
mod ask;
pub mod assertion;
pub mod authorize;
pub mod callback;
mod certificates;
pub mod client;
mod conversation;
pub mod device;
pub mod discovery;
pub mod document;
pub mod error;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
pub mod harmless;
mod judge;
pub mod pkce;
mod prove;
mod reach;
mod request;
pub mod retry;
pub mod revoke;
pub mod signing;
pub mod skew;
pub mod token;
mod transport;

#[cfg(test)]
mod mutant_tests;
#[cfg(test)]
pub(crate) mod testing;

pub use addresses::account_address;
pub use ask::Way;
pub use certificates::{CertificateEntry, certificates};
pub use client::{Client, ClientError, ClientOptions};
pub use discovery::discover;
pub use error::{Evidence, ExchangeError, Malformed, Unreachable};
pub use harmless::{CompanyNames, Harmless, harmless};
pub use prove::prove_client;
pub use reach::reach;
pub use request::{Ask, ClientProof};
pub use retry::{Backoff, Limits};
pub use revoke::{Revoked, revoke};
pub use signing::{SigningError, SigningKey};
pub use skew::ClockSkew;
pub use token::{ExchangeRequest, Exchanged, RefreshAnswer, exchange};
