//! Where a connection stands, in words that fit every provider.

use serde::Serialize;

use super::grant::{Grant, GrantState};
use super::key::Key;
use super::verification::{Outcome, Verification};

/// What a connection is good for now; reports call it `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
    /// A person must consent again.
    Reconnect,
    /// Its grant was given back.
    Revoked,
    /// The answer to its last refresh was lost: it may work, or not.
    Uncertain,
    /// Somebody switched it off.
    Disabled,
}

impl Standing {
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
            Self::Reconnect => "reconnect",
            Self::Revoked => "revoked",
            Self::Uncertain => "uncertain",
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
}

/// What the standing of a connection follows from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Whether it is switched on.
    pub enabled: bool,
    /// What brings it its tokens.
    pub holds: Holds<'a>,
    /// Whole days until the vendor stops accepting that; negative once it is over.
    pub days_left: Option<i64>,
    /// The last verification.
    pub last: Option<&'a Verification>,
    /// Days left below which it is expiring.
    pub warn_days: i64,
}

/// What brings a connection its tokens.
#[derive(Debug, Clone, Copy)]
pub enum Holds<'a> {
    /// It is not there yet: no active key, no client secret, nobody has consented.
    Nothing,
    /// The key that signs for it.
    Key(&'a Key),
    /// Its app's client, by the client secret or by its name alone.
    Client,
    /// What a person consented to.
    Grant(&'a Grant),
}

/// Returns where a connection stands: the first that holds of disabled, pending, a grant that is over or uncertain,
/// expired, what the last verification found wrong, expiring, never verified, active.
pub fn standing(facts: Facts<'_>) -> Standing {
    if !facts.enabled {
        return Standing::Disabled;
    }
    let key = match facts.holds {
        Holds::Nothing => return Standing::Pending,
        Holds::Key(key) => Some(&key.id),
        Holds::Client => None,
        Holds::Grant(grant) => match grant.state {
            GrantState::Reconnect { .. } => return Standing::Reconnect,
            GrantState::Revoked { .. } => return Standing::Revoked,
            GrantState::Uncertain { .. } | GrantState::Sending { .. } => return Standing::Uncertain,
            GrantState::Active { .. } => None,
        },
    };
    if facts.days_left.is_some_and(|days| days < 0) {
        return Standing::Expired;
    }
    // What was found about another key says nothing about this one, which was proven when it took over.
    let outcome = facts.last.map(|last| match &last.key {
        Some(tried) if key.is_some_and(|key| tried != key) => Outcome::Proven,
        _ => last.outcome,
    });
    let expiring = facts.days_left.is_some_and(|days| days < facts.warn_days);
    match outcome {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::certificate::{CertificateRequest, self_signed};
    use crate::domain::ids::{ConnectionId, KeyId};
    use crate::domain::key::{KeyAlgorithm, KeyState};
    use crate::domain::keypair::KeyPair;
    use crate::domain::verification::Stage;

    fn key() -> Key {
        let pair = KeyPair::generate(KeyAlgorithm::EcP256).unwrap();
        let now = "2027-03-01T12:00:00Z".parse().unwrap();
        let request = CertificateRequest { common_name: "x", days: 9, max_days: 9, now };
        Key {
            id: KeyId::new(),
            connection: ConnectionId::new(),
            state: KeyState::Active,
            algorithm: KeyAlgorithm::EcP256,
            certificate: self_signed(&pair, &request).unwrap(),
            certificate_id: None,
            created_at: now,
            activated_at: None,
            exposed_at: None,
        }
    }

    fn found(key: &Key, outcome: Outcome) -> Verification {
        Verification {
            connection: key.connection.clone(),
            key: Some(key.id.clone()),
            checked_at: key.created_at,
            outcome,
            stage: Stage::Exchange,
            http_status: None,
            vendor_error: None,
            message: None,
            latency_ms: None,
        }
    }

    #[test]
    fn the_worst_that_holds() {
        let key = key();
        let of = |days: i64, outcome: Option<Outcome>| {
            let last = outcome.map(|outcome| found(&key, outcome));
            let facts = Facts {
                enabled: true,
                holds: Holds::Key(&key),
                days_left: Some(days),
                last: last.as_ref(),
                warn_days: 30,
            };
            assert_eq!(standing(Facts { enabled: false, ..facts }), Standing::Disabled);
            assert_eq!(
                standing(Facts { holds: Holds::Nothing, days_left: None, ..facts }),
                Standing::Pending
            );
            standing(facts)
        };
        assert_eq!(of(700, Some(Outcome::Proven)), Standing::Active);
        assert_eq!(of(30, Some(Outcome::Proven)), Standing::Active);
        assert_eq!(of(29, Some(Outcome::Proven)), Standing::Expiring);
        assert_eq!(of(29, None), Standing::Expiring);
        assert_eq!(of(0, Some(Outcome::Rejected)), Standing::Rejected);
        assert_eq!(of(-1, Some(Outcome::Rejected)), Standing::Expired);
        assert_eq!(of(700, Some(Outcome::Expired)), Standing::Expired);
        assert_eq!(of(700, Some(Outcome::Unreachable)), Standing::Unreachable);
        assert_eq!(of(700, Some(Outcome::Conflict)), Standing::Failed);
        assert_eq!(of(700, Some(Outcome::Missing)), Standing::NeverVerified);
        assert_eq!(of(700, None), Standing::NeverVerified);
    }

    #[test]
    fn a_grant_s_own_state_comes_before_what_was_found() {
        let now: jiff::Timestamp = "2027-03-01T12:00:00Z".parse().unwrap();
        let last = found(&key(), Outcome::Proven);
        let renewal =
            crate::domain::grant::Renewal { hash: String::new(), expires_at: None, hard_expires_at: None };
        let active = Grant::new(renewal, now);
        let reason = crate::domain::grant::ReconnectReason::Refused;
        for (state, expected) in [
            (GrantState::Active { refused_at: None }, Standing::Active),
            (GrantState::Active { refused_at: Some(now) }, Standing::Active),
            (GrantState::Uncertain { since: now, sent_at: now, sendings: 1 }, Standing::Uncertain),
            (GrantState::Reconnect { at: now, reason }, Standing::Reconnect),
            (GrantState::Revoked { at: now }, Standing::Revoked),
        ] {
            let grant = Grant { state, ..active.clone() };
            let facts = Facts {
                enabled: true,
                holds: Holds::Grant(&grant),
                days_left: Some(700),
                last: Some(&last),
                warn_days: 30,
            };
            assert_eq!(standing(facts), expected);
            assert_eq!(standing(Facts { enabled: false, ..facts }), Standing::Disabled);
            if expected == Standing::Active {
                assert_eq!(standing(Facts { days_left: Some(-1), ..facts }), Standing::Expired);
                assert_eq!(standing(Facts { days_left: Some(29), ..facts }), Standing::Expiring);
                assert_eq!(standing(Facts { last: None, ..facts }), Standing::NeverVerified);
            }
        }
    }

    #[test]
    fn a_client_needs_nothing_else() {
        let facts = Facts { enabled: true, holds: Holds::Client, days_left: None, last: None, warn_days: 30 };
        assert_eq!(standing(facts), Standing::NeverVerified);
        let last = found(&key(), Outcome::Rejected);
        assert_eq!(standing(Facts { last: Some(&last), ..facts }), Standing::Rejected);
    }

    #[test]
    fn what_was_found_about_another_key_is_not_about_this_one() {
        let (key, other) = (key(), key());
        let last = found(&other, Outcome::Rejected);
        let facts = Facts {
            enabled: true,
            holds: Holds::Key(&key),
            days_left: Some(700),
            last: Some(&last),
            warn_days: 30,
        };
        assert_eq!(standing(facts), Standing::Active);
    }

    #[test]
    fn what_programs_may_count_on() {
        for usable in [
            Standing::Active,
            Standing::Expiring,
            Standing::NeverVerified,
            Standing::Unreachable,
            Standing::Uncertain,
        ] {
            assert!(usable.is_usable(), "{usable:?}");
        }
        for not in [
            Standing::Pending,
            Standing::Expired,
            Standing::Rejected,
            Standing::Failed,
            Standing::Reconnect,
            Standing::Revoked,
            Standing::Disabled,
        ] {
            assert!(!not.is_usable(), "{not:?}");
        }
    }
}
