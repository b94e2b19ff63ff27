//! What tokenctl decides: pure rules about connections, keys, tokens and records; time is a parameter.
//!
//! May import `secret` and serialisation and public-key crates; never tokio, reqwest, rusqlite, age or clap.

pub mod app;
pub mod audit;
pub mod certificate;
pub mod connection;
pub mod counted;
pub mod diagnosis;
pub mod grant;
pub mod granted;
pub mod health;
pub mod ids;
pub mod invitation;
pub mod jwk;
pub mod jws;
pub mod key;
pub mod keypair;
pub mod registration;
pub mod role;
pub mod rotation;
pub mod selection;
pub mod settings;
pub mod signer;
pub mod standing;
pub mod token;
pub mod verification;
