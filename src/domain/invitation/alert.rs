//! What is worth telling somebody about.

use std::fmt;

/// Why something is suspicious; the words are stored in the audit log, so they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suspicion {
    /// A token was not believed.
    FailedCheck,
    /// More than three of them from one address within an hour.
    ManyFailures,
    /// An invitation whose time is over was used: perhaps a replay.
    UseAfterExpiry,
    /// An invitation that was revoked or used up was used.
    UseAfterEnd,
    /// Several addresses opened one invitation within five minutes.
    SeveralAddresses,
    /// A step was skipped.
    SkippedStep,
    /// A rate limit was reached.
    RateLimit,
}

impl Suspicion {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::FailedCheck,
        Self::ManyFailures,
        Self::UseAfterExpiry,
        Self::UseAfterEnd,
        Self::SeveralAddresses,
        Self::SkippedStep,
        Self::RateLimit,
    ];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FailedCheck => "failed-check",
            Self::ManyFailures => "many-failures",
            Self::UseAfterExpiry => "use-after-expiry",
            Self::UseAfterEnd => "use-after-end",
            Self::SeveralAddresses => "several-addresses",
            Self::SkippedStep => "skipped-step",
            Self::RateLimit => "rate-limit",
        }
    }

    /// What it means, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::FailedCheck => "a token was not believed",
            Self::ManyFailures => "more than three tokens from one address were not believed within an hour",
            Self::UseAfterExpiry => "an invitation was used after its time",
            Self::UseAfterEnd => "an invitation was used after it was revoked or used up",
            Self::SeveralAddresses => "several addresses opened it within five minutes",
            Self::SkippedStep => "a step was skipped",
            Self::RateLimit => "it was accessed too often",
        }
    }

    /// The suspicion of a stored word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suspicion| suspicion.as_str() == word)
    }
}

impl fmt::Display for Suspicion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}
