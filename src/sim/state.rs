//! What all vendors share: the time, the armed faults and the counted calls; and each vendor's own state.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use super::faults::{Arsenal, FaultRule};
use super::netsuite::NetSuite;
use super::oauth2::OAuth2;
use super::pax8::Pax8;
use super::quickbooks::QuickBooks;
use super::target::{Endpoint, Target, Vendor};
use crate::clock::Clock;

/// How often one endpoint was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallCount {
    /// The vendor.
    pub vendor: Vendor,
    /// The customer account: at NetSuite in upper case with `_`; at QuickBooks the realm, or the client id where
    /// a request names no realm; at Pax8 the client id; elsewhere the tenant.
    pub account: String,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Requests that arrived.
    pub calls: u64,
    /// Requests that the vendor granted, whether or not the answer reached the client.
    pub succeeded: u64,
    /// Requests that a fault interfered with.
    pub faulted: u64,
}

#[derive(Debug, Default)]
struct Tally {
    calls: u64,
    succeeded: u64,
    faulted: u64,
}

/// The simulated world: one per simulator, shared by its connections.
pub(super) struct World {
    pub(super) clock: Clock,
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub(super) base_url: String,
    pub(super) vendors: Vec<Vendor>,
    arsenal: Mutex<Arsenal>,
    tallies: Mutex<BTreeMap<Target, Tally>>,
    netsuite: Mutex<NetSuite>,
    quickbooks: Mutex<QuickBooks>,
    pax8: Mutex<Pax8>,
    oauth2: Mutex<OAuth2>,
}

/// The simulator's time for one request: its clock, plus whatever skew a fault adds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(pub(super) Timestamp);

impl World {
    pub(super) fn new(clock: Clock, base_url: String, vendors: Vec<Vendor>, faults: Vec<FaultRule>) -> Self {
        let mut arsenal = Arsenal::default();
        for rule in faults {
            arsenal.arm(rule);
        }
        Self {
            clock,
            base_url,
            vendors,
            arsenal: Mutex::new(arsenal),
            tallies: Mutex::default(),
            netsuite: Mutex::default(),
            quickbooks: Mutex::default(),
            pax8: Mutex::default(),
            oauth2: Mutex::default(),
        }
    }

    pub(super) fn arsenal(&self) -> MutexGuard<'_, Arsenal> {
        lock(&self.arsenal)
    }

    pub(super) fn netsuite(&self) -> MutexGuard<'_, NetSuite> {
        lock(&self.netsuite)
    }

    pub(super) fn quickbooks(&self) -> MutexGuard<'_, QuickBooks> {
        lock(&self.quickbooks)
    }

    pub(super) fn pax8(&self) -> MutexGuard<'_, Pax8> {
        lock(&self.pax8)
    }

    pub(super) fn oauth2(&self) -> MutexGuard<'_, OAuth2> {
        lock(&self.oauth2)
    }

    /// Counts a request as it arrives.
    pub(super) fn arrived(&self, target: &Target, faulted: bool) {
        let mut tallies = lock(&self.tallies);
        let tally = tallies.entry(target.clone()).or_default();
        tally.calls += 1;
        tally.faulted += u64::from(faulted);
    }

    /// Counts a request that the vendor granted.
    pub(super) fn succeeded(&self, target: &Target) {
        lock(&self.tallies).entry(target.clone()).or_default().succeeded += 1;
    }

    pub(super) fn calls(&self) -> Vec<CallCount> {
        lock(&self.tallies)
            .iter()
            .map(|(target, tally)| CallCount {
                vendor: target.vendor,
                account: target.account.clone(),
                endpoint: target.endpoint,
                calls: tally.calls,
                succeeded: tally.succeeded,
                faulted: tally.faulted,
            })
            .collect()
    }

    pub(super) fn forget_calls(&self) {
        lock(&self.tallies).clear();
    }

    /// Puts everything back to how it was at the start: no faults, no counts, no accounts.
    pub(super) fn reset(&self) {
        *self.arsenal() = Arsenal::default();
        self.forget_calls();
        *self.netsuite() = NetSuite::default();
        *self.quickbooks() = QuickBooks::default();
        *self.pax8() = Pax8::default();
        *self.oauth2() = OAuth2::default();
    }
}

/// Locks even after a panic elsewhere: every critical section here leaves its map whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
