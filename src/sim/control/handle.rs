//! The controls, in process.

use std::sync::Arc;

use crate::sim::error::SimError;
use crate::sim::faults::{ArmedFault, FaultRule};
use crate::sim::netsuite::Admin;
use crate::sim::state::{CallCount, World};
use crate::sim::target::{Endpoint, Vendor};
use crate::sim::{oauth2, pax8, quickbooks};

/// The simulator's controls, in process; clones control the same simulator.
#[derive(Clone)]
pub struct Control {
    world: Arc<World>,
}

impl Control {
    pub(in crate::sim) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// Arms a fault; returns the id that disarms it.
    pub fn arm(&self, rule: FaultRule) -> u64 {
        self.world.arsenal().arm(rule)
    }

    /// Disarms one fault.
    pub fn disarm(&self, id: u64) -> Result<(), SimError> {
        let known = self.world.arsenal().disarm(id);
        known.then_some(()).ok_or_else(|| SimError::Unknown { kind: "fault", id: id.to_string() })
    }

    /// Disarms all faults.
    pub fn disarm_all(&self) {
        self.world.arsenal().clear();
    }

    /// Lists the armed faults, spent ones too, in the order in which they were armed.
    pub fn faults(&self) -> Vec<ArmedFault> {
        self.world.arsenal().list()
    }

    /// Counts calls by vendor, account and endpoint.
    pub fn calls(&self) -> Vec<CallCount> {
        self.world.calls()
    }

    /// Returns how many requests arrived at an endpoint, over all vendors and accounts.
    pub fn calls_to(&self, endpoint: Endpoint) -> u64 {
        self.calls().iter().filter(|count| count.endpoint == endpoint).map(|count| count.calls).sum()
    }

    /// Returns how many requests arrived at an endpoint of one vendor for one account.
    pub fn calls_of(&self, vendor: Vendor, account: &str, endpoint: Endpoint) -> u64 {
        let calls = self.calls();
        let mut counts = calls.iter().filter(|count| count.vendor == vendor && count.endpoint == endpoint);
        counts.find(|count| count.account == vendor.canonical(account)).map_or(0, |count| count.calls)
    }

    /// Starts counting afresh.
    pub fn forget_calls(&self) {
        self.world.forget_calls();
    }

    /// Forgets everything: faults, counts, accounts.
    pub fn reset(&self) {
        self.world.reset();
    }

    /// The administrator of a NetSuite account, in either spelling of its id.
    pub fn netsuite(&self, account: &str) -> Admin {
        Admin::new(Arc::clone(&self.world), account)
    }

    /// Intuit's developer portal, and its customers.
    pub fn quickbooks(&self) -> quickbooks::Admin {
        quickbooks::Admin::new(Arc::clone(&self.world))
    }

    /// Pax8's Integrations Hub.
    pub fn pax8(&self) -> pax8::Admin {
        pax8::Admin::new(Arc::clone(&self.world))
    }

    /// The administrator of a tenant of the generic server.
    pub fn oauth2(&self, tenant: &str) -> oauth2::Admin {
        oauth2::Admin::new(Arc::clone(&self.world), tenant)
    }
}
