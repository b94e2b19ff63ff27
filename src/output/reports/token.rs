//! `token get --format json`: the one report that holds a token.

use jiff::Timestamp;
use serde::Serialize;

/// The data of the envelope; written through the secret output only, never kept as a JSON value.
#[derive(Serialize)]
pub struct TokenData<'a> {
    /// The connection's name.
    pub connection: &'a str,
    /// Its id.
    pub connection_id: &'a str,
    /// The bearer token.
    pub access_token: &'a str,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// When the vendor issued it, by this machine's clock.
    pub obtained_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Whole seconds left.
    pub expires_in: i64,
    /// Why the vendor was asked; `null` if the cached token was good.
    pub refreshed: Option<&'static str>,
}
