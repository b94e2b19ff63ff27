//! The armed rules, and which of them a request sets off.

use serde::Serialize;

use super::apply::{Disguise, Twist};
use super::{Fault, FaultRule};
use crate::sim::target::Target;

/// A rule with what has become of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmedFault {
    /// Names the rule for disarming it.
    pub id: u64,
    /// Matching requests that it let pass (see `after`).
    pub passed: u32,
    /// Requests that it hit.
    pub hits: u32,
    /// The rule.
    pub rule: FaultRule,
}

impl ArmedFault {
    fn spent(&self) -> bool {
        self.rule.times.is_some_and(|times| self.hits >= times)
    }
}

/// All rules in the order in which they were armed; spent ones stay listed until cleared.
#[derive(Debug, Default)]
pub(in crate::sim) struct Arsenal {
    last_id: u64,
    armed: Vec<ArmedFault>,
}

/// What one request sets off.
#[derive(Debug, Default)]
pub(super) struct Strike {
    pub(super) skew_seconds: i64,
    pub(super) disguise: Option<Disguise>,
    pub(super) twist: Twist,
    pub(super) answer: Option<Fault>,
    pub(super) any: bool,
}

impl Arsenal {
    pub(in crate::sim) fn arm(&mut self, rule: FaultRule) -> u64 {
        self.last_id += 1;
        self.armed.push(ArmedFault { id: self.last_id, passed: 0, hits: 0, rule });
        self.last_id
    }

    /// Returns whether there was such a rule.
    pub(in crate::sim) fn disarm(&mut self, id: u64) -> bool {
        let before = self.armed.len();
        self.armed.retain(|fault| fault.id != id);
        self.armed.len() < before
    }

    pub(in crate::sim) fn clear(&mut self) {
        self.armed.clear();
    }

    pub(in crate::sim) fn list(&self) -> Vec<ArmedFault> {
        self.armed.clone()
    }

    /// Returns what a request for `target` sets off, and counts it.
    pub(super) fn strike(&mut self, target: &Target) -> Strike {
        let mut strike = Strike::default();
        for fault in self.armed.iter_mut().filter(|fault| !fault.spent() && fault.rule.aims_at(target)) {
            if fault.passed < fault.rule.after {
                fault.passed += 1;
                continue;
            }
            match &fault.rule.fault {
                Fault::ClockSkew { seconds } => {
                    strike.skew_seconds = strike.skew_seconds.saturating_add(*seconds);
                }
                Fault::ForeignSubject { role, entity } => {
                    strike.disguise = Some(Disguise { role: role.clone(), entity: entity.clone() });
                }
                Fault::RotationSkipped {} => strike.twist.keeps_refresh_token = true,
                Fault::ForeignRealm { realm } => strike.twist.realm = Some(realm.clone()),
                // Why: one answer has room for one such fault; the next waits for its own request.
                _ if strike.answer.is_some() => continue,
                other => strike.answer = Some(other.clone()),
            }
            fault.hits += 1;
            strike.any = true;
        }
        strike
    }
}
