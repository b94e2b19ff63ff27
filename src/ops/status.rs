//! What needs somebody, and what expires next.

use jiff::Timestamp;

use crate::domain::grant::GrantState;
use crate::domain::ids::{ConnectionId, ConnectionName};
use crate::domain::rotation::Phase;
use crate::domain::selection::Selection;
use crate::domain::settings::{ClientAuthentication, GrantKind};
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
    /// The active certificate, or the grant, is over.
    Expired,
    /// A person must consent again, for this reason; with the app to log in with.
    Reconnect(String, String),
    /// The last verification failed, and nobody proved the contrary since.
    Failed(String),
    /// The answer to the last refresh of its grant was lost.
    Uncertain,
    /// The active certificate, or the grant, ends in so many days.
    Expiring(i64),
    /// A removed operator may hold a copy of the active key.
    Exposed,
    /// A rotation waits for its confirmation.
    RotationPending,
    /// The first key waits for its activation.
    ActivationPending,
    /// It has no key.
    NoKey,
    /// Nobody has consented yet; with the app to log in with.
    NoGrant(String),
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
    /// Whether it has a grant instead of keys.
    pub by_grant: bool,
}

/// The state of everything at one look.
#[derive(Debug)]
pub struct Status {
    /// What needs somebody, most urgent first.
    pub attention: Vec<Attention>,
    /// When the active certificates and the grants end, the next first.
    pub expiries: Vec<(ConnectionName, ConnectionId, Timestamp)>,
    /// How many connections there are.
    pub connections: usize,
    /// How many of them are usable: enabled, with credentials that are neither over nor refused.
    pub ready: usize,
}

/// Looks at every enabled connection.
pub fn status(session: &Session) -> Result<Status, OpsError> {
    let now = session.clock.now();
    let all = connections::list(session, &Selection::all())?;
    let mut status = Status { attention: Vec::new(), expiries: Vec::new(), connections: all.len(), ready: 0 };
    for overview in all.iter().filter(|overview| overview.connection.enabled) {
        let (name, id) = (&overview.connection.name, &overview.connection.id);
        let expiry = overview.expires_at();
        status.ready += usize::from(is_usable(overview, expiry, now));
        if let Some(expiry) = expiry {
            status.expiries.push((name.clone(), id.clone(), expiry));
        }
        if let Some(need) = need(overview, now) {
            let phase = overview.keys.phase();
            let by_grant = overview.connection.settings.grant() == GrantKind::RefreshToken;
            status.attention.push(Attention { name: name.clone(), id: id.clone(), need, phase, by_grant });
        }
    }
    status.attention.sort_by(|left, right| (&left.need, &left.name).cmp(&(&right.need, &right.name)));
    status.expiries.sort_by_key(|(_, _, expiry)| *expiry);
    Ok(status)
}

fn is_usable(overview: &Overview, expiry: Option<Timestamp>, now: Timestamp) -> bool {
    let facts = Facts {
        enabled: overview.connection.enabled,
        holds: overview.holds(),
        days_left: expiry.map(|expiry| providers::days_left(expiry, now)),
        last: overview.verification.as_ref(),
        warn_days: WARN_DAYS,
    };
    standing(facts).is_usable()
}

fn need(overview: &Overview, now: Timestamp) -> Option<Need> {
    if let Some(need) = of_grant(overview) {
        return Some(need);
    }
    let days_left = overview.expires_at().map(|expiry| providers::days_left(expiry, now));
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
        Phase::Empty if overview.authentication() != ClientAuthentication::PrivateKeyJwt => None,
        Phase::Empty => Some(Need::NoKey),
        Phase::FirstPending => Some(Need::ActivationPending),
        Phase::Rotating => Some(Need::RotationPending),
        Phase::Overlap => Some(Need::PreviousKept),
        Phase::Settled => None,
    }
}

/// What the grant itself needs, if the connection is of the kind that has one.
fn of_grant(overview: &Overview) -> Option<Need> {
    if overview.connection.settings.grant() != GrantKind::RefreshToken {
        return None;
    }
    let app = || overview.app.as_ref().map_or_else(String::new, |app| app.name.to_string());
    let Some(grant) = &overview.grant else { return Some(Need::NoGrant(app())) };
    match &grant.state {
        GrantState::Reconnect { reason, .. } => Some(Need::Reconnect(reason.to_string(), app())),
        GrantState::Uncertain { .. } | GrantState::Sending { .. } => Some(Need::Uncertain),
        // Somebody wanted it so.
        GrantState::Revoked { .. } | GrantState::Active { .. } => None,
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
