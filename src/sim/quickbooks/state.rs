//! What Intuit remembers: apps, companies, grants and switches.

use std::collections::{BTreeMap, VecDeque};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::admin::Decision;
use super::app::AppEntry;
use crate::sim::ledger::{Ledger, Policy};
use crate::sim::limit::Limiter;

/// Switches: where `vendors.md` leaves something open, or a rehearsal needs the other case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Seconds that a refresh token keeps its value; 0 rotates at every refresh, Intuit has 86,400.
    pub rotate_after_seconds: u32,
    /// Seconds after a rotation in which the value before still gets the current one; Intuit has none.
    pub refresh_grace_seconds: u32,
    /// Seconds that an access token lives.
    pub access_token_lifetime_seconds: u32,
    /// Seconds that a refresh token lives unused.
    pub refresh_token_lifetime_seconds: u32,
    /// Seconds that a refresh token lives at all, from the first authorization.
    pub refresh_token_hard_lifetime_seconds: u32,
    /// Seconds that an authorization code lives.
    pub code_lifetime_seconds: u32,
    /// Whether the API counts its 500 requests a minute per realm and 10 a second per realm and app.
    pub rate_limited: bool,
    /// Whether every `invalid_grant` says why; Intuit often does not.
    pub descriptions: bool,
    /// Whether the API's faults are spelt `Fault` and `Error` instead of `fault` and `error`.
    pub capital_faults: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rotate_after_seconds: 0,
            refresh_grace_seconds: 0,
            access_token_lifetime_seconds: 3600,
            refresh_token_lifetime_seconds: 100 * 86_400,
            refresh_token_hard_lifetime_seconds: 5 * 365 * 86_400,
            code_lifetime_seconds: 600,
            rate_limited: true,
            descriptions: false,
            capital_faults: false,
        }
    }
}

impl Settings {
    pub(super) fn policy(&self) -> Policy {
        Policy {
            access_lifetime: seconds(self.access_token_lifetime_seconds),
            rolling_lifetime: Some(seconds(self.refresh_token_lifetime_seconds)),
            hard_lifetime: Some(seconds(self.refresh_token_hard_lifetime_seconds)),
            rotate_after: Some(seconds(self.rotate_after_seconds)),
            grace: seconds(self.refresh_grace_seconds),
            reuse_ends_family: true,
            one_family_per_account: true,
        }
    }

    pub(super) fn code_lifetime(&self) -> SignedDuration {
        seconds(self.code_lifetime_seconds)
    }
}

fn seconds(count: u32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(count))
}

/// A simulated company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompanyEntry {
    /// The realm, also called company id.
    pub realm: String,
    /// The name.
    pub name: String,
}

/// Intuit.
#[derive(Debug)]
pub(in crate::sim) struct QuickBooks {
    pub(in crate::sim) ledger: Ledger,
    pub(super) settings: Settings,
    /// By client id.
    pub(super) apps: BTreeMap<String, AppEntry>,
    /// Names by realm.
    pub(super) companies: BTreeMap<String, String>,
    pub(super) decisions: VecDeque<Decision>,
    pub(super) auto_approve: Option<String>,
    pub(super) by_realm: Limiter<String>,
    /// By realm and client id.
    pub(super) by_realm_and_app: Limiter<(String, String)>,
}

impl Default for QuickBooks {
    fn default() -> Self {
        Self {
            ledger: Ledger::default(),
            settings: Settings::default(),
            apps: BTreeMap::new(),
            companies: BTreeMap::new(),
            decisions: VecDeque::new(),
            auto_approve: None,
            // Source: `vendors.md` 2.6.
            by_realm: Limiter::new(500, SignedDuration::from_secs(60)),
            by_realm_and_app: Limiter::new(10, SignedDuration::from_secs(1)),
        }
    }
}
