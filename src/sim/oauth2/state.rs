//! What a tenant remembers: clients, grants, devices, assertions seen, switches.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::admin::Decision;
use super::client::Client;
use super::device::Device;
use crate::sim::ledger::{Ledger, Policy};

/// Switches of one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Seconds that an access token lives.
    pub access_token_lifetime_seconds: u32,
    /// Seconds that a refresh token lives unused; for ever without it.
    pub refresh_token_lifetime_seconds: Option<u32>,
    /// Seconds that a refresh token lives at all; for ever without it.
    pub refresh_token_hard_lifetime_seconds: Option<u32>,
    /// Seconds that a refresh token keeps its value; 0 rotates at every refresh, nothing never.
    pub rotate_after_seconds: Option<u32>,
    /// Seconds after a rotation in which the value before still gets the current one.
    pub refresh_grace_seconds: u32,
    /// Seconds that an authorization code lives.
    pub code_lifetime_seconds: u32,
    /// Whether confidential clients need PKCE, too.
    pub pkce_required: bool,
    /// Whether the callback says `iss`.
    pub issuer_in_callback: bool,
    /// Seconds that an assertion's `exp` may lie ahead.
    pub assertion_lifetime_seconds: u32,
    /// Seconds by which clocks may differ.
    pub clock_tolerance_seconds: u32,
    /// Seconds that a device code lives.
    pub device_code_lifetime_seconds: u32,
    /// Seconds between a device's questions.
    pub device_interval_seconds: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            access_token_lifetime_seconds: 3600,
            refresh_token_lifetime_seconds: Some(30 * 86_400),
            refresh_token_hard_lifetime_seconds: None,
            rotate_after_seconds: Some(0),
            refresh_grace_seconds: 0,
            code_lifetime_seconds: 600,
            pkce_required: false,
            issuer_in_callback: true,
            assertion_lifetime_seconds: 300,
            clock_tolerance_seconds: 5,
            device_code_lifetime_seconds: 600,
            device_interval_seconds: 5,
        }
    }
}

impl Settings {
    pub(super) fn policy(&self) -> Policy {
        Policy {
            access_lifetime: seconds(self.access_token_lifetime_seconds),
            rolling_lifetime: self.refresh_token_lifetime_seconds.map(seconds),
            hard_lifetime: self.refresh_token_hard_lifetime_seconds.map(seconds),
            rotate_after: self.rotate_after_seconds.map(seconds),
            grace: seconds(self.refresh_grace_seconds),
            reuse_ends_family: true,
            one_family_per_account: false,
        }
    }
}

pub(super) fn seconds(count: u32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(count))
}

/// One issuer.
#[derive(Debug, Default)]
pub(super) struct Tenant {
    pub(super) ledger: Ledger,
    pub(super) settings: Settings,
    /// By client id.
    pub(super) clients: BTreeMap<String, Client>,
    /// By device code.
    pub(super) devices: HashMap<String, Device>,
    pub(super) decisions: VecDeque<Decision>,
    pub(super) auto_approve: Option<String>,
    /// The end of each assertion seen, by client id and `jti`.
    pub(super) seen: HashMap<(String, String), Timestamp>,
}

impl Tenant {
    /// Returns what decides in place of a person, if anything does.
    pub(super) fn next_decision(&mut self) -> Option<Decision> {
        let next = self.decisions.pop_front();
        next.or_else(|| self.auto_approve.clone().map(Decision::Approve))
    }
}

/// All issuers.
#[derive(Debug, Default)]
pub(in crate::sim) struct OAuth2 {
    pub(super) tenants: BTreeMap<String, Tenant>,
}
