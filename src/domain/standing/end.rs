//! What comes to an end, and when somebody should do something about it.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::grant::Grant;

/// What comes to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndKind {
    /// The certificate of the key that signs.
    Certificate,
    /// A refresh token that is not used in time.
    Rolling,
    /// A grant, however often it is used.
    Hard,
}

impl EndKind {
    /// The word that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Rolling => "rolling",
            Self::Hard => "hard",
        }
    }
}

/// When something comes to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// What.
    pub kind: EndKind,
    /// When.
    pub at: Timestamp,
    /// Since when it lasts, where that tells how early a warning makes sense.
    since: Option<Timestamp>,
}

impl End {
    /// The end of a certificate.
    pub fn of_certificate(at: Timestamp) -> Self {
        Self { kind: EndKind::Certificate, at, since: None }
    }

    /// The ends of a grant, as far as the vendor says.
    pub fn of_grant(grant: &Grant) -> impl Iterator<Item = Self> {
        let end = |kind, at: Option<Timestamp>, since| at.map(|at| Self { kind, at, since: Some(since) });
        let rolling = end(EndKind::Rolling, grant.expires_at, grant.refreshed_at);
        rolling.into_iter().chain(end(EndKind::Hard, grant.hard_expires_at, grant.authorized_at))
    }

    /// Whole days until then, rounded down; negative once it is over.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        self.at.duration_since(now).as_secs().div_euclid(24 * 60 * 60)
    }

    /// Whether fewer than `warn_days` days are left and less than a third of the time that it lasts: a token that rolls
    /// on every other day is not always about to expire.
    pub fn is_near(&self, now: Timestamp, warn_days: i64) -> bool {
        let left = self.at.duration_since(now).as_secs();
        let early = self.since.is_some_and(|since| left > self.at.duration_since(since).as_secs() / 3);
        self.days_left(now) < warn_days && !early
    }
}
