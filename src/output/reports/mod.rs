//! The JSON structures of the commands, versioned apart from the domain, and how people see them.
//!
//! A structure here is an interface: members are added, never renamed or removed (`help output`).

pub mod app;
pub mod audit;
pub mod certificate;
pub mod company;
pub mod connection;
mod connection_row;
pub mod demo;
pub mod disconnect;
pub mod doctor;
pub mod export;
pub mod grant;
pub mod help;
pub mod import;
pub mod invite;
pub mod invite_alerts;
pub mod invite_check;
pub mod invite_issuer;
pub mod invite_mint;
pub mod keys;
pub mod login;
pub mod man;
pub mod sim;
pub mod status;
pub mod token;
pub mod vault;
pub mod vault_care;
pub mod verify;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::view::{Cell, Tone};
use crate::domain::key::Key;
use crate::domain::standing::WARN_DAYS;
use crate::domain::verification::ProofKind;

/// One key of a connection, without secrets.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct KeyRow {
    /// pending, active or previous.
    state: &'static str,
    /// Its algorithm and size, such as rsa-4096.
    algorithm: &'static str,
    /// SHA-256 of the certificate's DER encoding.
    fingerprint: String,
    /// What the vendor calls the certificate; `null` until it is known.
    certificate_id: Option<String>,
    /// From when the certificate is valid.
    not_before: Timestamp,
    /// Until when it is valid.
    not_after: Timestamp,
    /// When the vendor stops accepting it.
    expires_at: Timestamp,
    /// Whole days until then; negative once it is over.
    days_left: i64,
    /// When the key was made.
    created_at: Timestamp,
    /// Since when it is the active one.
    activated_at: Option<Timestamp>,
    /// Since when a removed or demoted operator may hold a copy.
    exposed_at: Option<Timestamp>,
}

/// What proves that credentials work.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Proof {
    /// How: `exchange`, a token obtained from the vendor just now; `company-info` or `userinfo`, a call without
    /// consequences with a valid token; `refresh`, where there is no such call; `client`, the client's keys alone.
    kind: &'static str,
    /// The vendor's answer time, in milliseconds.
    latency_ms: Option<u64>,
    /// The vendor's HTTP status, where it was kept.
    http_status: Option<u16>,
}

impl Proof {
    /// A live token exchange past every cache.
    pub fn exchange(latency_ms: Option<u64>, http_status: Option<u16>) -> Self {
        Self { kind: ProofKind::Exchange.as_str(), latency_ms, http_status }
    }

    /// The same, proven otherwise.
    #[must_use]
    pub fn by(self, kind: ProofKind) -> Self {
        Self { kind: kind.as_str(), ..self }
    }

    /// Whether a token was exchanged.
    pub fn is_exchange(&self) -> bool {
        self.kind == ProofKind::Exchange.as_str()
    }
}

impl KeyRow {
    /// Describes `key`, whose certificate the vendor accepts until `expires_at`.
    pub fn new(key: &Key, expires_at: Timestamp, now: Timestamp) -> Self {
        Self {
            state: key.state.as_str(),
            algorithm: key.algorithm.as_str(),
            fingerprint: key.certificate.fingerprint.clone(),
            certificate_id: key.certificate_id.as_ref().map(ToString::to_string),
            not_before: key.certificate.not_before,
            not_after: key.certificate.not_after,
            expires_at,
            days_left: days_between(now, expires_at),
            created_at: key.created_at,
            activated_at: key.activated_at,
            exposed_at: key.exposed_at,
        }
    }

    fn expiry(&self) -> Cell {
        expiry(self.expires_at, self.days_left)
    }
}

/// Whole days from `now` to `then`, rounded down; negative if `then` is over.
pub fn days_between(now: Timestamp, then: Timestamp) -> i64 {
    then.duration_since(now).as_secs().div_euclid(24 * 60 * 60)
}

/// An expiry for people: the day, and what is left if that is little.
fn expiry(at: Timestamp, days_left: i64) -> Cell {
    let date = at.strftime("%Y-%m-%d");
    if days_left < 0 {
        Cell::toned(format!("{date} (expired)"), Tone::Bad)
    } else if days_left < WARN_DAYS {
        Cell::toned(format!("{date} ({days_left} d)"), Tone::Warning)
    } else {
        Cell::from(date.to_string())
    }
}

/// A point in time for people, to the minute, in UTC.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The first digits of a fingerprint: enough to tell keys of one connection apart.
fn short(fingerprint: &str) -> &str {
    fingerprint.get(..16).unwrap_or(fingerprint)
}
