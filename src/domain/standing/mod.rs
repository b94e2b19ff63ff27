//! Where a connection stands, in words that fit every provider, and until when.

mod end;

use jiff::Timestamp;
use serde::Serialize;

pub use end::{End, EndKind};

use super::grant::{Grant, GrantState, SPACING};
use super::ids::KeyId;
use super::verification::{Outcome, Verification};

/// Days left below which people are warned unless they say otherwise.
pub const WARN_DAYS: i64 = 30;

/// What a connection is good for now; reports call it `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It works: proven the last time, and not about to expire.
    Active,
    /// Its credentials are not complete yet.
    Pending,
    /// It works, but not for long.
    Expiring,
    /// Its credentials are over.
    Expired,
    /// It was never verified.
    NeverVerified,
    /// The vendor refused it the last time.
    Rejected,
    /// The vendor could not be reached the last time.
    Unreachable,
    /// It failed the last time for a reason of its own: another mapping than expected, a host that is not trusted.
    Failed,
    /// The answer to its last refresh was lost: nobody knows whether its grant is still good.
    Uncertain,
    /// Its grant is over: the customer must consent again.
    Reconnect,
    /// We gave its grant back.
    Revoked,
    /// Somebody switched it off.
    Disabled,
}

impl Standing {
    /// Every standing, the worst first: what a company with several connections is shown as.
    ///
    /// What nobody can use any more comes before what is in doubt, and that before what is only due. One that was
    /// given back or switched off on purpose says least about the others.
    pub const BY_URGENCY: [Self; 12] = [
        Self::Reconnect,
        Self::Expired,
        Self::Rejected,
        Self::Failed,
        Self::Uncertain,
        Self::Unreachable,
        Self::Expiring,
        Self::Pending,
        Self::NeverVerified,
        Self::Active,
        Self::Revoked,
        Self::Disabled,
    ];

    /// The word that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::NeverVerified => "never-verified",
            Self::Rejected => "rejected",
            Self::Unreachable => "unreachable",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
            Self::Reconnect => "reconnect",
            Self::Revoked => "revoked",
            Self::Disabled => "disabled",
        }
    }

    /// Whether programs may count on a token: switched on, complete, not over, not refused.
    ///
    /// A vendor that could not be reached, or whose answer was lost, says nothing about the credentials.
    pub const fn is_usable(self) -> bool {
        matches!(
            self,
            Self::Active | Self::Expiring | Self::NeverVerified | Self::Unreachable | Self::Uncertain
        )
    }

    /// Whether somebody should do something about it.
    pub const fn needs_attention(self) -> bool {
        !matches!(self, Self::Active | Self::NeverVerified | Self::Revoked | Self::Disabled)
    }

    /// Returns the worst of several; `None` of none.
    pub fn worst(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        all.into_iter().min_by_key(|standing| standing.urgency())
    }

    /// Its place in [`Standing::BY_URGENCY`].
    pub fn urgency(self) -> usize {
        Self::BY_URGENCY.iter().position(|other| *other == self).unwrap_or(Self::BY_URGENCY.len())
    }
}

/// Something that a connection may need before it can bring a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held<T> {
    /// It needs none.
    Unneeded,
    /// It needs one and has none.
    Missing,
    /// It has one.
    There(T),
}

impl<T> Held<T> {
    /// What there is of something that is needed, or is not.
    pub fn of(found: Option<T>, needed: bool) -> Self {
        match found {
            Some(held) if needed => Self::There(held),
            _ if needed => Self::Missing,
            _ => Self::Unneeded,
        }
    }

    fn there(&self) -> Option<&T> {
        if let Self::There(held) = self { Some(held) } else { None }
    }
}

/// What a verification found, as far as a standing follows from it.
#[derive(Debug, Clone, Copy)]
pub struct Finding<'a> {
    /// The key that was tried.
    pub key: Option<&'a KeyId>,
    /// When.
    pub checked_at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
}

impl<'a> From<&'a Verification> for Finding<'a> {
    fn from(last: &'a Verification) -> Self {
        Self { key: last.key.as_ref(), checked_at: last.checked_at, outcome: last.outcome }
    }
}

/// What the standing of a connection follows from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Whether it is switched on.
    pub enabled: bool,
    /// The key that signs for it.
    pub key: Held<&'a KeyId>,
    /// The client secret of its app.
    pub secret: Held<()>,
    /// When the vendor stops accepting that key's certificate, if it looks at certificates.
    pub certificate_end: Option<Timestamp>,
    /// What the vendor gave us for it.
    pub grant: Held<&'a Grant>,
    /// When its cached token was obtained, if there is one.
    pub token_at: Option<Timestamp>,
    /// The last verification.
    pub last: Option<Finding<'a>>,
    /// Days left below which it is expiring.
    pub warn_days: i64,
    /// The time.
    pub now: Timestamp,
}

/// Returns where a connection stands: the first that holds of disabled, pending, expired, revoked, reconnect, uncertain,
/// what the last verification found wrong, expiring, never verified, active.
pub fn standing(facts: Facts<'_>) -> Standing {
    if !facts.enabled {
        return Standing::Disabled;
    }
    if facts.key == Held::Missing || facts.secret == Held::Missing || facts.grant == Held::Missing {
        return Standing::Pending;
    }
    if facts.certificate_end.is_some_and(|end| end < facts.now) {
        return Standing::Expired;
    }
    if let Some(standing) = facts.grant.there().and_then(|grant| of_grant(grant, facts.now)) {
        return standing;
    }
    let expiring = facts.ends().any(|end| end.is_near(facts.now, facts.warn_days));
    match facts.found() {
        Some(Outcome::Rejected) => Standing::Rejected,
        Some(Outcome::Unreachable) => Standing::Unreachable,
        Some(Outcome::Expired) => Standing::Expired,
        Some(Outcome::Conflict | Outcome::Refused | Outcome::Failed) => Standing::Failed,
        _ if expiring => Standing::Expiring,
        Some(Outcome::Proven) => Standing::Active,
        // A verification without a key to try is about the time before this one.
        Some(Outcome::Missing) | None => Standing::NeverVerified,
    }
}

/// What a grant says of its connection by itself; `None` if nothing is wrong with it.
fn of_grant(grant: &Grant, now: Timestamp) -> Option<Standing> {
    match grant.state {
        GrantState::Revoked { .. } => Some(Standing::Revoked),
        GrantState::Reconnect { .. } => Some(Standing::Reconnect),
        // Its refresh token is on its way right now: that is no news.
        GrantState::Sending { sent_at, .. } if now.duration_since(sent_at) < SPACING => None,
        GrantState::Sending { .. } | GrantState::Uncertain { .. } => Some(Standing::Uncertain),
        GrantState::Active { .. } if grant.nearest_expiry().is_some_and(|end| end <= now) => {
            Some(Standing::Reconnect)
        }
        GrantState::Active { refused_at: Some(_) } => Some(Standing::Rejected),
        GrantState::Active { refused_at: None } => None,
    }
}

impl Facts<'_> {
    /// What makes somebody act first. A refresh token that rolls on does so only where that is overdue, and what was
    /// given back, switched off or is over already does not.
    pub fn end(&self) -> Option<End> {
        let acts = |end: &End| end.kind != EndKind::Rolling || end.is_near(self.now, self.warn_days);
        self.ends().filter(acts).min_by_key(|end| end.at).filter(|_| self.enabled)
    }

    fn ends(&self) -> impl Iterator<Item = End> {
        let certificate = self.certificate_end.filter(|_| self.key.there().is_some());
        let grant = self.grant.there().filter(|grant| grant.may_be_alive());
        let of_grant = grant.into_iter().flat_map(|grant| End::of_grant(grant));
        certificate.map(End::of_certificate).into_iter().chain(of_grant)
    }

    /// What is known from asking the vendor, as far as it is about the credentials that count now.
    fn found(&self) -> Option<Outcome> {
        match (self.key, self.grant) {
            // What was found before the grant was last renewed says nothing about it; the renewal does.
            (_, Held::There(grant)) => {
                let renewed = grant.refreshed_at > grant.authorized_at || self.token_at.is_some();
                let by_renewal = renewed.then_some(Outcome::Proven);
                let last = self.last.filter(|last| last.checked_at >= grant.refreshed_at);
                last.map(|last| last.outcome).or(by_renewal)
            }
            // What was found about another key says nothing about this one, which was proven when it took over.
            (Held::There(key), _) => self.last.map(|last| match last.key {
                Some(tried) if tried != key => Outcome::Proven,
                _ => last.outcome,
            }),
            _ => self.last.map(|last| last.outcome),
        }
    }
}

#[cfg(test)]
mod tests;
