//! The other way into the simulator: faults, counts and the vendors' administrators.
//!
//! In process it is [`Control`]; from outside JSON over HTTP below `http://127.0.0.1:PORT/control`:
//!
//! | request | what it does | answer |
//! | --- | --- | --- |
//! | `GET /faults` | lists the armed faults with their hits, spent ones too | `[{"id","passed","hits","rule"}]` |
//! | `POST /faults` with a rule (see [`super::faults`]) | arms it | `{"id"}` |
//! | `DELETE /faults`, `DELETE /faults/<id>` | disarms all, or one | 204 |
//! | `GET /calls` | counts by vendor, account and endpoint | `[{"vendor","account","endpoint","calls","succeeded","faulted"}]` |
//! | `DELETE /calls` | starts counting afresh | 204 |
//! | `POST /reset` | forgets everything: faults, counts, accounts | 204 |
//!
//! A NetSuite account's administrator is below `/control/netsuite/<account>`:
//!
//! | request | what it does | answer |
//! | --- | --- | --- |
//! | `GET /integrations` | lists the integration records | `[{"client_id","application_id","blocked","scopes"}]` |
//! | `POST /integrations` with `{"client_id"?,"scopes"?}` | creates one (and the account) | as one of the list |
//! | `PUT /integrations/<client id>/blocked` with `true` or `false` | blocks it or lets it in | 204 |
//! | `GET /integrations/<client id>/certificates` | lists its certificates | `[{"certificate_id","client_id","entity","role","algorithm","uploaded","valid_until","revoked"}]` |
//! | `POST /integrations/<client id>/certificates` with `{"certificate","entity","role"}` | uploads a PEM certificate | `{"certificate_id"}` |
//! | `POST /certificates/<certificate id>/revoke` | revokes it for ever | 204 |
//! | `POST /next-certificate-id-with-dash` | lets the next certificate id begin with `-` | 204 |
//! | `PUT /roles/<role>` with `{"enabled"?,"manages_certificates"?}` | sets a role (both true by default) | 204 |
//! | `PUT /entities/<entity>/enabled` with `true` or `false` | lets an entity log in or not | 204 |
//! | `POST /sandbox-refresh` | clears every certificate mapping | `{"cleared"}` |
//! | `GET /settings`, `PUT /settings` | shows or replaces the switches ([`super::netsuite::Settings`]) | the switches, 204 |
//! | `GET /login-audit` | the login audit trail, oldest first, with the reason of each refusal | `[{"time","success","detail",…}]` |
//!
//! Errors are `{"error": "<what happened>"}`: 400 for a body that cannot be read or a value that is refused, 404
//! for something unknown, 409 for something that exists already.

mod netsuite;
mod routes;

use std::sync::Arc;

pub(super) use routes::router;

use super::error::SimError;
use super::faults::{ArmedFault, FaultRule};
use super::netsuite::Admin;
use super::state::{CallCount, World};
use super::target::Endpoint;

/// The simulator's controls, in process; clones control the same simulator.
#[derive(Clone)]
pub struct Control {
    world: Arc<World>,
}

impl Control {
    pub(super) fn new(world: Arc<World>) -> Self {
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
}
