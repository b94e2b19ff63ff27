//! How often invitations were looked at within the last hour, and by whom.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::alert::Suspicion;
use crate::domain::ids::InvitationId;

/// How far back counts: one hour.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// How many accesses an address has within an hour, whatever the invitations.
pub const MAX_PER_ADDRESS: usize = 20;

/// Failed checks of one address within an hour that are worth telling: more than three.
const FAILURES: usize = 3;

/// Several addresses within this time are worth telling: 5 minutes.
const TOGETHER: SignedDuration = SignedDuration::from_mins(5);

/// The accesses that are remembered at most; failed ones are forgotten first.
const MOST: usize = 4096;

/// The keyed hash of an address: 32 hexadecimal digits that tell nobody without the vault which address it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AddressHash(pub String);

/// One access, or an attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// When.
    #[serde(rename = "t", with = "milliseconds")]
    pub at: Timestamp,
    /// Which invitation; none if the token was not believed.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationId>,
    /// From where, if the caller said so.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressHash>,
}

/// The accesses of the last hour, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessWindow {
    /// All of them.
    pub accesses: Vec<Access>,
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// The invitation's.
    #[error("this invitation was accessed {count} times within an hour; the next time is at {retry_at}")]
    Token {
        /// How often it was.
        count: usize,
        /// When the oldest of them is an hour ago.
        retry_at: Timestamp,
    },
    /// The address's.
    #[error("this address made {count} attempts within an hour; the next time is at {retry_at}")]
    Address {
        /// How often it was.
        count: usize,
        /// When the oldest of them is an hour ago.
        retry_at: Timestamp,
    },
}

impl Limit {
    /// When the next access is allowed.
    pub const fn retry_at(self) -> Timestamp {
        match self {
            Self::Token { retry_at, .. } | Self::Address { retry_at, .. } => retry_at,
        }
    }
}

impl AccessWindow {
    /// Forgets what is more than an hour old, and what claims to come from the future: a clock that was set back
    /// must not lock anybody out.
    pub fn prune(&mut self, now: Timestamp) {
        self.accesses.retain(|access| {
            let age = now.duration_since(access.at);
            age < HOUR && age > -HOUR
        });
    }

    /// Returns the limit that one more access would break at `now`, if there is one.
    pub fn limit(
        &self,
        invitation: Option<&InvitationId>,
        address: Option<&AddressHash>,
        max_per_token: u32,
        now: Timestamp,
    ) -> Option<Limit> {
        let count = |same: &dyn Fn(&&Access) -> bool| {
            let recent =
                self.accesses.iter().filter(|access| now.duration_since(access.at) < HOUR).filter(same);
            let times: Vec<Timestamp> = recent.map(|access| access.at).collect();
            (times.len(), times)
        };
        if let Some(address) = address {
            let (found, times) = count(&|access| access.address.as_ref() == Some(address));
            if found >= MAX_PER_ADDRESS {
                return Some(Limit::Address {
                    count: found,
                    retry_at: free_at(&times, MAX_PER_ADDRESS, now),
                });
            }
        }
        if let Some(invitation) = invitation {
            let max = usize::try_from(max_per_token).unwrap_or(usize::MAX);
            let (found, times) = count(&|access| access.invitation.as_ref() == Some(invitation));
            if found >= max {
                return Some(Limit::Token { count: found, retry_at: free_at(&times, max, now) });
            }
        }
        None
    }

    /// Counts an access, and returns what is suspicious about it in the light of the others.
    pub fn record(&mut self, access: Access) -> Vec<Suspicion> {
        let now = access.at;
        self.prune(now);
        let mut found = Vec::new();
        self.accesses.push(access);
        let Some(newest) = self.accesses.last() else { return found };
        if let (Some(invitation), Some(address)) = (&newest.invitation, &newest.address) {
            let from_elsewhere = self.accesses.iter().any(|other| {
                other.invitation.as_ref() == Some(invitation)
                    && other.address.as_ref().is_some_and(|there| there != address)
                    && now.duration_since(other.at) <= TOGETHER
            });
            if from_elsewhere {
                found.push(Suspicion::SeveralAddresses);
            }
        }
        if let (None, Some(address)) = (&newest.invitation, &newest.address) {
            let failed =
                |other: &&Access| other.invitation.is_none() && other.address.as_ref() == Some(address);
            if self.accesses.iter().filter(failed).count() > FAILURES {
                found.push(Suspicion::ManyFailures);
            }
        }
        self.shrink();
        found
    }

    /// Why failed ones first: they cost an attacker nothing, the others cost an invitation's own few accesses.
    fn shrink(&mut self) {
        while self.accesses.len() > MOST {
            let oldest = self.accesses.iter().position(|access| access.invitation.is_none()).unwrap_or(0);
            self.accesses.remove(oldest);
        }
    }
}

/// When so many of `times` are an hour ago that there is room again below `max`.
fn free_at(times: &[Timestamp], max: usize, now: Timestamp) -> Timestamp {
    let blocking = times.get(times.len().saturating_sub(max)).copied().unwrap_or(now);
    blocking.checked_add(HOUR).unwrap_or(Timestamp::MAX)
}

mod milliseconds {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.as_millisecond())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Timestamp::from_millisecond(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
