//! What needs somebody, and what expires next.

use jiff::Timestamp;

use crate::domain::grant::{Grant, GrantState, ReconnectReason};
use crate::domain::ids::{AppName, ConnectionId, ConnectionName};
use crate::domain::rotation::Phase;
use crate::domain::selection::Selection;
use crate::domain::standing::{End, EndKind, Held, Standing, WARN_DAYS, standing};
use crate::domain::verification::{Outcome, Verification};

use super::connections::{self, Overview};
use super::{OpsError, Session};

/// Why a connection needs somebody, the most urgent first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The active certificate is over.
    Expired,
    /// The customer must consent again: why, as far as it is known.
    Reconnect(String),
    /// The last verification failed, and nobody proved the contrary since.
    Failed(String),
    /// The answer to a refresh was lost at this time: nobody knows whether the grant is good.
    Uncertain(Timestamp),
    /// The active certificate ends in so many days.
    Expiring(i64),
    /// The grant ends in so many days, used or unused.
    GrantExpiring(i64, Lapse),
    /// A removed operator may hold a copy of the active key.
    Exposed,
    /// A rotation waits for its confirmation.
    RotationPending,
    /// The first key waits for its activation.
    ActivationPending,
    /// It has no key.
    NoKey,
    /// Nobody has consented yet.
    NoGrant,
    /// The previous key is still kept.
    PreviousKept,
}

/// How a grant comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lapse {
    /// However often it is used.
    Hard,
    /// Unless it is used before.
    Rolling,
}

/// One connection that needs somebody.
#[derive(Debug)]
pub struct Attention {
    /// Which.
    pub name: ConnectionName,
    /// Its id.
    pub id: ConnectionId,
    /// The app that it belongs to.
    pub app: Option<AppName>,
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
    /// What makes somebody act, the next first.
    pub expiries: Vec<(ConnectionName, ConnectionId, End)>,
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
        let facts = overview.facts(now);
        status.ready += usize::from(standing(facts).is_usable());
        if let Some(end) = facts.end() {
            status.expiries.push((name.clone(), id.clone(), end));
        }
        if let Some(need) = need(overview, now) {
            let phase = overview.keys.phase();
            let app = overview.app.as_ref().map(|app| app.name.clone());
            status.attention.push(Attention { name: name.clone(), id: id.clone(), app, need, phase });
        }
    }
    status.attention.sort_by(|left, right| (&left.need, &left.name).cmp(&(&right.need, &right.name)));
    status.expiries.sort_by_key(|(_, _, end)| end.at);
    Ok(status)
}

fn need(overview: &Overview, now: Timestamp) -> Option<Need> {
    let facts = overview.facts(now);
    let standing = standing(facts);
    let by_grant = overview.grant.as_ref().and_then(|grant| need_of_grant(grant, standing));
    if facts.certificate_end.is_some_and(|end| end < now) {
        return Some(Need::Expired);
    }
    if standing == Standing::Revoked {
        return None;
    }
    if let Some(need) = by_grant {
        return Some(need);
    }
    // A renewal after it has proven the contrary.
    let stands = !matches!(standing, Standing::Active | Standing::Expiring | Standing::NeverVerified);
    if stands && let Some(need) = overview.verification.as_ref().and_then(failed) {
        return Some(need);
    }
    if let Some(end) = facts.end().filter(|end| end.is_near(now, WARN_DAYS)) {
        let days = end.days_left(now);
        return Some(match end.kind {
            EndKind::Certificate => Need::Expiring(days),
            EndKind::Hard => Need::GrantExpiring(days, Lapse::Hard),
            EndKind::Rolling => Need::GrantExpiring(days, Lapse::Rolling),
        });
    }
    if overview.keys.active.as_ref().is_some_and(|key| key.exposed_at.is_some()) {
        return Some(Need::Exposed);
    }
    if matches!(facts.grant, Held::Missing) {
        return Some(Need::NoGrant);
    }
    match overview.keys.phase() {
        Phase::Empty => (facts.key == Held::Missing).then_some(Need::NoKey),
        Phase::FirstPending => Some(Need::ActivationPending),
        Phase::Rotating => Some(Need::RotationPending),
        Phase::Overlap => Some(Need::PreviousKept),
        Phase::Settled => None,
    }
}

fn need_of_grant(grant: &Grant, standing: Standing) -> Option<Need> {
    match (standing, &grant.state) {
        (Standing::Reconnect, GrantState::Reconnect { reason, .. }) => {
            Some(Need::Reconnect(reason.to_string()))
        }
        (Standing::Reconnect, _) => {
            let at = grant.nearest_expiry()?;
            Some(Need::Reconnect(ReconnectReason::Expired { at }.to_string()))
        }
        (Standing::Uncertain, _) => grant.uncertain_since().map(Need::Uncertain),
        (Standing::Rejected, GrantState::Active { refused_at: Some(at) }) => {
            Some(Need::Failed(format!("the vendor refused the refresh token at {at:.0}")))
        }
        _ => None,
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
