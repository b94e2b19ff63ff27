//! What the controls show of a family.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use serde::Serialize;

use super::Family;

/// Why a family ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Ending {
    /// It was revoked, by the client or an administrator.
    Revoked,
    /// A refresh token that was current once was presented again.
    TokenReused,
    /// Its authorization code was presented a second time.
    CodeReused,
    /// The same client was authorized for the same account again.
    Replaced,
}

/// A family of refresh tokens: everything that came of one authorization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FamilyEntry {
    /// The client that it was issued to.
    pub client_id: String,
    /// Whose resources it opens: a realm at QuickBooks, a user elsewhere.
    pub account: String,
    /// The scopes that were granted.
    pub scopes: Vec<String>,
    /// When a person authorized it.
    pub authorized: Timestamp,
    /// Whether its refresh token would be honoured now.
    pub live: bool,
    /// Why it was ended; an expired one was not.
    pub ended: Option<Ending>,
    /// Refreshes that succeeded, whether or not their answers arrived.
    pub refreshed: u64,
    /// How often the refresh token got a new value.
    pub rotated: u64,
    /// How often a value that was current once was presented.
    pub reuses: u64,
    /// The SHA-256 of the current refresh token, in lower-case hex.
    pub refresh_token_sha256: Option<String>,
    /// When the current refresh token runs out unless it is used.
    pub refresh_expires: Option<Timestamp>,
    /// When the family runs out, whatever happens.
    pub hard_expires: Option<Timestamp>,
}

/// A grant that the controls issued without a browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssuedGrant {
    /// The refresh token.
    pub refresh_token: String,
    /// A first access token.
    pub access_token: String,
}

impl Family {
    pub(in crate::sim) fn entry(&self, now: Timestamp) -> FamilyEntry {
        let current = self.current.as_ref();
        FamilyEntry {
            client_id: self.client_id.clone(),
            account: self.account.clone(),
            scopes: self.scopes.clone(),
            authorized: self.authorized,
            live: self.is_live(now),
            ended: self.ended,
            refreshed: self.refreshed,
            rotated: self.rotated,
            reuses: self.reuses,
            refresh_token_sha256: current.map(|current| sha256(&current.text)),
            refresh_expires: current.and_then(|current| current.until),
            hard_expires: self.hard_end,
        }
    }
}

fn sha256(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in digest(&SHA256, text.as_bytes()).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
