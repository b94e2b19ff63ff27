//! Access tokens and whether a stored one may still be handed out.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::grant::Sender;
use super::ids::KeyId;
use crate::secret::SecretString;

/// An access token as the vendor gave it.
pub struct AccessToken {
    /// The bearer token: visible ASCII, at most 64 KiB.
    pub value: SecretString,
    /// What is known of it without the secret.
    pub facts: TokenFacts,
}

/// Returns the SHA-256 of a token, 64 lower-case hexadecimal digits: what it is named by wherever it must not be seen.
pub fn token_hash(token: &SecretString) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.expose().as_bytes());
    super::ids::hex(digest.as_ref())
}

/// What may be shown, logged and compared of an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFacts {
    /// SHA-256 of the token, 64 lower-case hexadecimal digits: what the audit log names it by.
    pub hash: String,
    /// When the vendor issued it, by our clock before the exchange.
    pub obtained_at: Timestamp,
    /// When it expires, by our clock.
    pub expires_at: Timestamp,
    /// The key that signed the assertion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// Hash of the settings that it was obtained with; a token obtained otherwise is foreign.
    pub settings: String,
}

/// Why a stored token may not be handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Staleness {
    /// None is stored.
    Missing,
    /// The caller asked for a new one.
    Forced,
    /// Its lifetime is over.
    Expired,
    /// Less than the wanted remainder is left.
    Expiring,
    /// It was obtained with another key.
    KeySwitched,
    /// It was obtained with other settings.
    SettingsChanged,
    /// It claims to come from the future: the clock was set back.
    IssuedInFuture,
}

impl Staleness {
    /// The word that logs and reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Forced => "forced",
            Self::Expired => "expired",
            Self::Expiring => "expiring",
            Self::KeySwitched => "key-switched",
            Self::SettingsChanged => "settings-changed",
            Self::IssuedInFuture => "issued-in-future",
        }
    }
}

impl fmt::Display for Staleness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// What a caller wants of a token.
#[derive(Debug, Clone, Copy)]
pub struct Demand {
    /// The remaining lifetime wanted; `None` means [`DEFAULT_BUFFER`], but at most half of the lifetime.
    pub min_ttl: Option<SignedDuration>,
    /// Whether a cached token is not wanted at all.
    pub force: bool,
    /// On whose behalf a refresh token may be sent.
    pub sender: Sender,
}

/// The remainder below which a token counts as expiring: 5 minutes.
pub const DEFAULT_BUFFER: SignedDuration = SignedDuration::from_mins(5);

/// How far a token's start may lie in the future before the clock is suspected: 1 minute.
const FUTURE_TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

/// Returns why `token` may not be handed out at `now`, or `None` if it may.
///
/// `key` and `settings` are what an exchange would use now.
pub fn staleness(
    token: Option<&TokenFacts>,
    key: Option<&KeyId>,
    settings: &str,
    demand: Demand,
    now: Timestamp,
) -> Option<Staleness> {
    let Some(token) = token else { return Some(Staleness::Missing) };
    if demand.force {
        return Some(Staleness::Forced);
    }
    if token.key.as_ref() != key {
        return Some(Staleness::KeySwitched);
    }
    if token.settings != settings {
        return Some(Staleness::SettingsChanged);
    }
    if token.obtained_at.duration_since(now) > FUTURE_TOLERANCE {
        return Some(Staleness::IssuedInFuture);
    }
    let left = token.expires_at.duration_since(now);
    if left <= SignedDuration::ZERO {
        return Some(Staleness::Expired);
    }
    let lifetime = token.expires_at.duration_since(token.obtained_at);
    let wanted = demand.min_ttl.unwrap_or_else(|| DEFAULT_BUFFER.min(lifetime / 2));
    (left < wanted).then_some(Staleness::Expiring)
}
