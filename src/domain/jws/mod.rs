//! Signed tokens (RFC 7515, RFC 7519, RFC 8725): a strict verifier as a pure function.
//!
//! Nothing here reads a file or asks anybody: a key is found in a map that the caller fills, and a header that
//! names one elsewhere is refused. `json` reads every document without the ambiguities that JSON allows, `key` turns
//! JSON Web Keys into keys with one algorithm each, `token` takes the text apart, `claims` decides.

mod algorithm;
mod claims;
mod json;
mod key;
mod refusal;
mod token;

#[cfg(test)]
mod tests;
#[cfg(test)]
#[path = "vectors_tests.rs"]
mod vectors;

pub use algorithm::JwsAlgorithm;
pub use claims::{Expectations, Verified, verify};
pub use json::{JsonProblem, parse as parse_json};
pub use key::{KeySet, KeySetError, VerifyingKey};
pub use refusal::{Part, Refusal};
pub use token::{LONGEST_TOKEN, id_of_unverified};
