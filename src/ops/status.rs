//! What needs somebody, and what expires next.

use jiff::Timestamp;

use crate::domain::connection::Connection;
use crate::domain::ids::{ConnectionId, ConnectionName};
use crate::domain::rotation::{KeySet, Phase};
use crate::domain::selection::Selection;
use crate::domain::standing::{Facts, standing};
use crate::domain::verification::{Outcome, Verification};
use crate::providers;

use super::connections::{self, Overview};
use super::{OpsError, Session};

/// Days left below which an active certificate needs somebody.
const WARN_DAYS: i64 = 30;

/// Why a connection needs somebody, the most urgent first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The active certificate is over.
    Expired,
    /// The last verification failed, and nobody proved the contrary since.
    Failed(String),
    /// The active certificate ends in so many days.
    Expiring(i64),
    /// A removed operator may hold a copy of the active key.
    Exposed,
    /// A rotation waits for its confirmation.
    RotationPending,
    /// The first key waits for its activation.
    ActivationPending,
    /// It has no key.
    NoKey,
    /// The previous key is still kept.
    PreviousKept,
}

/// One connection that needs somebody.
#[derive(Debug)]
pub struct Attention {
    /// Which.
    pub name: ConnectionName,
    /// Its id.
    pub id: ConnectionId,
    /// Why.
    pub need: Need,
    /// Where its keys stand: tells which step comes next.
    pub phase: Phase,
}

/// The state of everything at one look.
#[derive(Debug)]
pub struct Status {
    /// What needs somebody, most urgent first.
    pub attention: Vec<Attention>,
    /// When the active certificates end, the next first.
    pub expiries: Vec<(ConnectionName, ConnectionId, Timestamp)>,
    /// How many connections there are.
    pub connections: usize,
    /// How many of them are usable: enabled, with an active key that is neither over nor refused.
    pub ready: usize,
}

/// Looks at every enabled connection.
pub fn status(session: &Session) -> Result<Status, OpsError> {
    let now = session.clock.now();
    let all = connections::list(session, &Selection::all())?;
    let mut status = Status { attention: Vec::new(), expiries: Vec::new(), connections: all.len(), ready: 0 };
    for overview in all.iter().filter(|overview| overview.connection.enabled) {
        let (name, id) = (&overview.connection.name, &overview.connection.id);
        let expiry = active_expiry(&overview.connection, &overview.keys);
        status.ready += usize::from(is_usable(overview, expiry, now));
        if let Some(expiry) = expiry {
            status.expiries.push((name.clone(), id.clone(), expiry));
        }
        if let Some(need) = need(overview, now) {
            let phase = overview.keys.phase();
            status.attention.push(Attention { name: name.clone(), id: id.clone(), need, phase });
        }
    }
    status.attention.sort_by(|left, right| (&left.need, &left.name).cmp(&(&right.need, &right.name)));
    status.expiries.sort_by_key(|(_, _, expiry)| *expiry);
    Ok(status)
}

fn is_usable(overview: &Overview, expiry: Option<Timestamp>, now: Timestamp) -> bool {
    let facts = Facts {
        enabled: overview.connection.enabled,
        active: overview.keys.active.as_ref(),
        days_left: expiry.map(|expiry| providers::days_left(expiry, now)),
        last: overview.verification.as_ref(),
        warn_days: WARN_DAYS,
    };
    standing(facts).is_usable()
}

fn active_expiry(connection: &Connection, keys: &KeySet) -> Option<Timestamp> {
    keys.active.as_ref().map(|key| providers::vendor_expiry(connection.provider, &key.certificate))
}

fn need(overview: &Overview, now: Timestamp) -> Option<Need> {
    let days_left =
        active_expiry(&overview.connection, &overview.keys).map(|expiry| providers::days_left(expiry, now));
    if days_left.is_some_and(|days| days < 0) {
        return Some(Need::Expired);
    }
    if let Some(need) = overview.verification.as_ref().and_then(failed) {
        return Some(need);
    }
    if let Some(days) = days_left.filter(|days| *days < WARN_DAYS) {
        return Some(Need::Expiring(days));
    }
    if overview.keys.active.as_ref().is_some_and(|key| key.exposed_at.is_some()) {
        return Some(Need::Exposed);
    }
    match overview.keys.phase() {
        Phase::Empty => Some(Need::NoKey),
        Phase::FirstPending => Some(Need::ActivationPending),
        Phase::Rotating => Some(Need::RotationPending),
        Phase::Overlap => Some(Need::PreviousKept),
        Phase::Settled => None,
    }
}

fn failed(last: &Verification) -> Option<Need> {
    match last.outcome {
        Outcome::Proven | Outcome::Missing => None,
        Outcome::Expired => Some(Need::Expired),
        Outcome::Unreachable | Outcome::Rejected | Outcome::Conflict | Outcome::Refused | Outcome::Failed => {
            Some(Need::Failed(last.message.clone().unwrap_or_default()))
        }
    }
}
