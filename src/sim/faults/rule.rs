//! Which requests a fault hits, and the file in which such rules stand.

use serde::{Deserialize, Serialize};

use super::Fault;
use crate::sim::error::SimError;
use crate::sim::target::{Endpoint, Target, Vendor};

/// Which requests a fault hits, how often, and the fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// The vendor; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<Vendor>,
    /// The customer account as calls are counted by (NetSuite: in either spelling); all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The endpoint; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// How many matching requests pass unharmed first.
    #[serde(default)]
    pub after: u32,
    /// How many requests it hits before it is spent; for ever without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// What happens.
    pub fault: Fault,
}

impl FaultRule {
    /// A fault for every request of every vendor, for ever.
    pub fn always(fault: Fault) -> Self {
        Self { vendor: None, account: None, endpoint: None, after: 0, times: None, fault }
    }

    /// The same rule for one endpoint only.
    pub fn at(self, endpoint: Endpoint) -> Self {
        Self { endpoint: Some(endpoint), ..self }
    }

    /// The same rule for one customer account only.
    pub fn of(self, vendor: Vendor, account: &str) -> Self {
        Self { vendor: Some(vendor), account: Some(account.to_owned()), ..self }
    }

    /// The same rule, spent after `times` requests.
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    pub(super) fn aims_at(&self, target: &Target) -> bool {
        self.vendor.is_none_or(|vendor| vendor == target.vendor)
            && self
                .account
                .as_deref()
                .is_none_or(|account| target.vendor.canonical(account) == target.account)
            && self.endpoint.is_none_or(|endpoint| endpoint == target.endpoint)
    }
}

/// Reads the list of rules in a file for `--faults`: JSON or TOML, told apart by how it begins.
pub fn parse(text: &str) -> Result<Vec<FaultRule>, SimError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct TomlFile {
        rules: Vec<FaultRule>,
    }

    // Proof: a JSON array of rules begins with `[{` or is `[]`; TOML never has either after its first `[`.
    let json =
        text.trim_start().strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with(['{', ']']));
    if json {
        serde_json::from_str(text).map_err(|error| SimError::Faults(error.to_string()))
    } else {
        toml::from_str::<TomlFile>(text)
            .map(|file| file.rules)
            .map_err(|error| SimError::Faults(error.message().to_owned()))
    }
}
