//! A grant: what a vendor gave us for a connection, and whether its refresh token may be sent.
//!
//! A refresh token that rotates may be sent once. Whether it was, and what came back, is a state that is durable
//! before the request and after the answer (`architecture.md` section 6):
//!
//! ```text
//!             begin                 answered
//!  active ───────────► sending ───────────────► active
//!    ▲                  │ │ │  not sent, not its fault
//!    └──────────────────┘ │ └─ lost ──► uncertain ── begin, 30 s later ──► sending …
//!                         └─ refused ─► active, refused once ── begin, 30 s later ──► … refused ──► reconnect
//!                            refused after a lost answer ─────────────────────────────────────────► reconnect
//! ```
//!
//! The functions here are pure; who sends, holds the connection's lock and makes the states durable is `ops`.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::secret::SecretString;

/// How long after an answer that was lost or that refused the same token may be sent again: 30 seconds.
pub const SPACING: SignedDuration = SignedDuration::from_secs(30);

/// What may be shown, logged and compared of a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Where it stands.
    pub state: GrantState,
    /// SHA-256 of the refresh token, 64 lower-case hexadecimal digits: what the audit log names it by.
    pub hash: String,
    /// When a person consented, or when the grant was taken over from another system.
    pub authorized_at: Timestamp,
    /// When the vendor last gave an answer for it.
    pub refreshed_at: Timestamp,
    /// When the refresh token expires unless it is used before, by our clock; `None` if the vendor does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When the grant ends however often it is used, by our clock; `None` if the vendor does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hard_expires_at: Option<Timestamp>,
}

/// A grant with its secrets.
pub struct StoredGrant {
    /// What is known of it.
    pub grant: Grant,
    /// `None` once it was given back.
    pub tokens: Option<GrantTokens>,
}

/// The secrets of a grant.
pub struct GrantTokens {
    /// The refresh token that counts.
    pub current: SecretString,
    /// The one before it: kept, and sent only where a vendor declares a grace for it.
    pub predecessor: Option<SecretString>,
}

/// Where a grant stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum GrantState {
    /// Its refresh token may be sent.
    Active {
        /// When the vendor refused it, if the last answer was that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused_at: Option<Timestamp>,
    },
    /// Its refresh token is about to be sent, or was; nobody knows more unless an answer follows.
    Sending {
        /// When.
        sent_at: Timestamp,
        /// What it was before.
        before: Before,
    },
    /// Its refresh token was sent and the answer was lost: it may be good, or spent.
    Uncertain {
        /// When the first answer was lost.
        since: Timestamp,
        /// When it was last sent.
        sent_at: Timestamp,
        /// How often it was sent without an answer.
        sendings: u32,
    },
    /// A person must consent again.
    Reconnect {
        /// Since when that is known.
        at: Timestamp,
        /// Why.
        reason: ReconnectReason,
    },
    /// We gave it back.
    Revoked {
        /// When.
        at: Timestamp,
    },
}

impl GrantState {
    /// The word that reports use.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Active { .. } => "active",
            Self::Sending { .. } => "sending",
            Self::Uncertain { .. } => "uncertain",
            Self::Reconnect { .. } => "reconnect",
            Self::Revoked { .. } => "revoked",
        }
    }
}

/// What a grant was before its refresh token was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "before", rename_all = "kebab-case")]
pub enum Before {
    /// Good, as far as anybody knew.
    Active {
        /// When the vendor refused it, if the last answer was that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused_at: Option<Timestamp>,
    },
    /// Sent already, without an answer.
    Uncertain {
        /// When the first answer was lost.
        since: Timestamp,
        /// How often it was sent without an answer.
        sendings: u32,
    },
}

/// Why a person must consent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum ReconnectReason {
    /// The vendor spent the token and its answer never came, at this time.
    AnswerLost {
        /// When the first answer was lost.
        at: Timestamp,
    },
    /// The vendor refused the token twice, spaced apart.
    Refused,
    /// The vendor refused it, and by its own word it had expired.
    Expired {
        /// When it expired.
        at: Timestamp,
    },
}

impl fmt::Display for ReconnectReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnswerLost { at } => write!(out, "the answer to a refresh at {at:.0} was lost"),
            Self::Refused => out.write_str("the vendor refused the refresh token twice"),
            Self::Expired { at } => write!(out, "it expired at {at:.0}"),
        }
    }
}

/// Who wants the refresh token to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// A program or a timer: after a lost answer the token is sent once more.
    Automatic,
    /// A person who named the connection: it is sent once more each time.
    Person,
}

/// Why a refresh token may not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// Its last answer was lost or refused a moment ago.
    #[error("the same refresh token may be sent again at {until:.0}")]
    Wait {
        /// From when on it may.
        until: Timestamp,
        /// Since when the grant is uncertain; `None` if it was refused.
        uncertain_since: Option<Timestamp>,
    },
    /// It was sent again and the answer was lost again.
    #[error("two answers were lost, the first at {since:.0}")]
    Undecided {
        /// When the first answer was lost.
        since: Timestamp,
    },
    /// A person must consent again.
    #[error("{0}")]
    Reconnect(ReconnectReason),
    /// We gave it back.
    #[error("it was revoked at {at:.0}")]
    Revoked {
        /// When.
        at: Timestamp,
    },
}

/// What came of sending a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The vendor gave a token; the refresh token may be a new one.
    Answered(Renewal),
    /// No byte of the request left, or the vendor said that it looked at nothing (429).
    NotSent,
    /// Nobody knows what the vendor did: no answer, an unreadable one, or a server error.
    Lost,
    /// The vendor refused this refresh token.
    Refused,
    /// The vendor refused this refresh token, and those of many others of the app with it: that is remembered, and no
    /// grant is given up for it.
    RefusedAmongMany,
    /// The vendor refused for another reason, such as wrong client keys, and has not touched the grant.
    Untouched,
}

/// What an answer says of the refresh token that counts from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// SHA-256 of the refresh token.
    pub hash: String,
    /// When it expires unless it is used before; `None` if the answer does not say.
    pub expires_at: Option<Timestamp>,
    /// When the grant ends; `None` if the answer does not say.
    pub hard_expires_at: Option<Timestamp>,
}

impl Grant {
    /// A grant that was just given or taken over.
    pub fn new(renewal: Renewal, now: Timestamp) -> Self {
        Self {
            state: GrantState::Active { refused_at: None },
            hash: renewal.hash,
            authorized_at: now,
            refreshed_at: now,
            expires_at: renewal.expires_at,
            hard_expires_at: renewal.hard_expires_at,
        }
    }

    /// Returns the grant as it must be durable before its refresh token is sent at `now`, or why it may not be sent.
    ///
    /// Contract: the caller holds the connection's lock, so a grant found as `sending` is one whose sender died.
    pub fn begin(&self, sender: Sender, now: Timestamp) -> Result<Self, NotNow> {
        let before = match self.state {
            GrantState::Active { refused_at: Some(at) } => {
                wait(at, None, now)?;
                Before::Active { refused_at: Some(at) }
            }
            GrantState::Active { refused_at: None } => Before::Active { refused_at: None },
            GrantState::Sending { sent_at, before } => {
                let (since, sendings) = before.lost_again(sent_at);
                sendable(since, sent_at, sendings, sender, now)?
            }
            GrantState::Uncertain { since, sent_at, sendings } => {
                sendable(since, sent_at, sendings, sender, now)?
            }
            GrantState::Reconnect { reason, .. } => return Err(NotNow::Reconnect(reason)),
            GrantState::Revoked { at } => return Err(NotNow::Revoked { at }),
        };
        Ok(Self { state: GrantState::Sending { sent_at: now, before }, ..self.clone() })
    }

    /// Returns the grant after its refresh token was sent: what must be durable before anybody hears of it.
    ///
    /// A grant that was not `sending` stays what it is.
    #[must_use]
    pub fn end(&self, ending: Ending, now: Timestamp) -> Self {
        let GrantState::Sending { sent_at, before } = self.state else { return self.clone() };
        let state = match ending {
            Ending::Answered(renewal) => {
                return Self {
                    state: GrantState::Active { refused_at: None },
                    hash: renewal.hash,
                    authorized_at: self.authorized_at,
                    refreshed_at: now,
                    expires_at: renewal.expires_at.or(self.expires_at),
                    hard_expires_at: renewal.hard_expires_at.or(self.hard_expires_at),
                };
            }
            Ending::NotSent | Ending::Untouched => before.restored(sent_at),
            Ending::RefusedAmongMany => match before {
                Before::Active { .. } => GrantState::Active { refused_at: Some(now) },
                Before::Uncertain { .. } => before.restored(sent_at),
            },
            Ending::Lost => {
                let (since, sendings) = before.lost_again(sent_at);
                GrantState::Uncertain { since, sent_at, sendings }
            }
            Ending::Refused => self.refused(before, now),
        };
        Self { state, ..self.clone() }
    }

    fn refused(&self, before: Before, now: Timestamp) -> GrantState {
        let reason = match before {
            Before::Uncertain { since, .. } => ReconnectReason::AnswerLost { at: since },
            Before::Active { refused_at } => match (self.nearest_expiry(), refused_at) {
                (Some(at), _) if at <= now => ReconnectReason::Expired { at },
                (_, Some(_)) => ReconnectReason::Refused,
                (_, None) => return GrantState::Active { refused_at: Some(now) },
            },
        };
        GrantState::Reconnect { at: now, reason }
    }

    /// When the grant ends if nothing is done, or however often it is used; the nearer one counts.
    pub fn nearest_expiry(&self) -> Option<Timestamp> {
        self.expires_at.into_iter().chain(self.hard_expires_at).min()
    }

    /// Whether the vendor may still honour it.
    pub fn may_be_alive(&self) -> bool {
        !matches!(self.state, GrantState::Reconnect { .. } | GrantState::Revoked { .. })
    }

    /// Since when its answer is missing, if it is: nobody knows whether the refresh token is still good.
    pub fn uncertain_since(&self) -> Option<Timestamp> {
        match self.state {
            GrantState::Uncertain { since, .. } => Some(since),
            GrantState::Sending { sent_at, before } => Some(before.lost_again(sent_at).0),
            _ => None,
        }
    }

    /// The grant as it is in a vault that was restored from a backup: its refresh token may have been spent since.
    #[must_use]
    pub fn restored(&self, now: Timestamp) -> Self {
        let state = match self.state {
            GrantState::Active { .. } | GrantState::Sending { .. } => {
                GrantState::Uncertain { since: now, sent_at: now, sendings: 1 }
            }
            ref kept => kept.clone(),
        };
        Self { state, ..self.clone() }
    }
}

impl Before {
    fn lost_again(self, sent_at: Timestamp) -> (Timestamp, u32) {
        match self {
            Self::Active { .. } => (sent_at, 1),
            Self::Uncertain { since, sendings } => (since, sendings.saturating_add(1)),
        }
    }

    fn restored(self, sent_at: Timestamp) -> GrantState {
        match self {
            Self::Active { refused_at } => GrantState::Active { refused_at },
            Self::Uncertain { since, sendings } => GrantState::Uncertain { since, sent_at, sendings },
        }
    }
}

/// After the first lost answer the token is sent once more; after that only when a person asks.
fn sendable(
    since: Timestamp,
    sent_at: Timestamp,
    sendings: u32,
    sender: Sender,
    now: Timestamp,
) -> Result<Before, NotNow> {
    if sendings > 1 && sender == Sender::Automatic {
        return Err(NotNow::Undecided { since });
    }
    wait(sent_at, Some(since), now)?;
    Ok(Before::Uncertain { since, sendings })
}

fn wait(last: Timestamp, uncertain_since: Option<Timestamp>, now: Timestamp) -> Result<(), NotNow> {
    let passed = now.duration_since(last);
    // A last time in the future is a clock that was set back: waiting for it would be waiting for ever.
    if passed >= SPACING || passed < -SPACING {
        return Ok(());
    }
    Err(NotNow::Wait { until: last.checked_add(SPACING).unwrap_or(last), uncertain_since })
}

#[cfg(test)]
mod tests;
