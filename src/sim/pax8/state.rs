//! What Pax8 remembers: clients, tokens and switches.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::sim::ledger::{Ledger, Policy};
use crate::sim::limit::Limiter;

/// Audiences that a token can be for (`vendors.md` 3.2).
pub(super) const AUDIENCES: [&str; 4] =
    ["https://api.pax8.com", "api://p8p.client", "api://provisioning", "api://usage"];

/// Switches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Seconds that a token lives.
    pub token_lifetime_seconds: u32,
    /// Whether the 1000 calls a minute are counted.
    pub rate_limited: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { token_lifetime_seconds: 86_400, rate_limited: true }
    }
}

impl Settings {
    pub(super) fn policy(&self) -> Policy {
        Policy {
            access_lifetime: SignedDuration::from_secs(i64::from(self.token_lifetime_seconds)),
            rolling_lifetime: None,
            hard_lifetime: None,
            rotate_after: None,
            grace: SignedDuration::ZERO,
            reuse_ends_family: false,
            one_family_per_account: false,
        }
    }
}

/// A named credential of the Integrations Hub. Its secret is test data and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientEntry {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
    /// The audiences that its tokens may be for.
    pub audiences: Vec<String>,
}

/// Pax8.
#[derive(Debug)]
pub(in crate::sim) struct Pax8 {
    pub(in crate::sim) ledger: Ledger,
    pub(super) settings: Settings,
    /// By client id.
    pub(super) clients: BTreeMap<String, ClientEntry>,
    calls: Limiter<String>,
}

impl Default for Pax8 {
    fn default() -> Self {
        Self {
            ledger: Ledger::default(),
            settings: Settings::default(),
            clients: BTreeMap::new(),
            // Source: `vendors.md` 3.3.
            calls: Limiter::new(1000, SignedDuration::from_secs(60)),
        }
    }
}

impl Pax8 {
    /// Counts a call; `false` if it is one too many.
    pub(super) fn admit(&mut self, client_id: &str, now: jiff::Timestamp) -> bool {
        !self.settings.rate_limited || self.calls.admit(client_id.to_owned(), now)
    }
}
