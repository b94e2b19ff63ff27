//! Pax8, as `vendors.md` section 3 has it: client credentials in JSON.
//!
//! | endpoint | below `http://127.0.0.1:PORT/pax8` | who it is for in counts and fault rules |
//! | --- | --- | --- |
//! | token | `POST /v1/token` `{"client_id","client_secret","audience","grant_type":"client_credentials"}` | the client id |
//! | a resource that a token opens | `GET /v1/companies` (Bearer) | the client id of the token |
//!
//! | [`Admin`] | over HTTP, below `/control/pax8` |
//! | --- | --- |
//! | `create_client`, `clients` | `POST /clients` `{"client_id"?,"client_secret"?,"audiences"?}`, `GET /clients` |
//! | `set_client_secret` | `PUT /clients/<client id>/client-secret` with a string |
//! | `delete_client` | `DELETE /clients/<client id>` |
//! | `expire_tokens` | `POST /clients/<client id>/expire-tokens` |
//! | `settings`, `set_settings` | `GET`, `PUT /settings` ([`Settings`]) |
//!
//! Not established by `vendors.md`, and decided here: a request that is not JSON, lacks a member or names no
//! audience of the four is 400 in the API's error envelope, everything else is the one 401 that is specified; the
//! 1000 calls a minute are counted per client in a sliding window, token requests with genuine keys among them.

mod admin;
mod api;
mod routes;
mod state;
mod token;

pub use admin::{Admin, NewClient};
pub(super) use routes::{classify, router};
pub(super) use state::Pax8;
pub use state::{ClientEntry, Settings};
