//! What can come of a token exchange instead of a token.
//!
//! `commands::error` adds hints; the exit codes stand with the variants.

use std::time::Duration;

use super::client::ClientError;
use super::signing::SigningError;
use super::skew::ClockSkew;
use super::token::RefreshAnswer;
use crate::domain::grant::Ending;
use crate::domain::settings::ClientAuthentication;
use crate::domain::verification::{Outcome, Stage};
use crate::providers::{Blame, Descriptor, Meaning};

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The vendor refused; a person must act (exit 4).
    ///
    /// Any answer with one of the refusing error codes of RFC 6749 section 5.2, whatever its status, and any other
    /// 4xx, but for 408 and 429.
    #[error("{} refused the exchange: {}", vendor.name, refusal(*status, code.as_deref()))]
    Rejected {
        /// The vendor.
        vendor: &'static Descriptor,
        /// The HTTP status.
        status: u16,
        /// The vendor's error code, if its answer had one: visible ASCII, foreign.
        code: Option<String>,
        /// The vendor's description: foreign text in one line.
        description: Option<String>,
        /// What is known of this error.
        meaning: Option<&'static Meaning>,
        /// What else the answer showed.
        evidence: Box<Evidence>,
    },
    /// No answer that says anything about the credentials, after the retries (exit 6).
    #[error("{} cannot be reached: {reason}", vendor.name)]
    Unreachable {
        /// The vendor.
        vendor: &'static Descriptor,
        /// What stood in the way.
        reason: Unreachable,
        /// The vendor's error code, if its answer had one: visible ASCII, foreign.
        code: Option<String>,
        /// What is known of this error.
        meaning: Option<&'static Meaning>,
        /// How long the vendor asked to be left alone.
        retry_after: Option<Duration>,
        /// What else the answer showed.
        evidence: Box<Evidence>,
    },
    /// An answer that is neither a token nor a refusal (exit 6: something in between may have written it, and it
    /// proves nothing about the credentials).
    #[error("{} gave an answer that cannot be used: {reason}", vendor.name)]
    Malformed {
        /// The vendor.
        vendor: &'static Descriptor,
        /// What is wrong with it.
        reason: Malformed,
        /// What else the answer showed.
        evidence: Box<Evidence>,
    },
    /// A refresh token came, and no access token that can be used (exit 6): what came is what counts from now on.
    #[error("{} gave a refresh token beside an answer that cannot be used: {reason}", vendor.name)]
    HalfAnswered {
        /// The vendor.
        vendor: &'static Descriptor,
        /// What is wrong with the rest.
        reason: Malformed,
        /// The refresh token, until it is taken.
        refresh: Option<Box<RefreshAnswer>>,
        /// What else the answer showed.
        evidence: Box<Evidence>,
    },
    /// The assertion could not be signed; nothing was sent (exit 9).
    #[error("cannot sign the client assertion")]
    Signing(#[from] SigningError),
    /// The client has nothing to prove itself with in the way that is set; nothing was sent (exit 9).
    #[error("there is nothing to prove the client with: {0} is set")]
    NoProof(ClientAuthentication),
    /// The access token cannot stand in a header; nothing was sent (exit 1: such a token is never stored).
    #[error("the access token cannot be sent")]
    UnusableToken,
    /// The HTTP client could not be set up; nothing was sent (exit 6).
    #[error("cannot set up the HTTP client")]
    Client(#[from] ClientError),
}

/// What an answer, or its absence, showed beside the error itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// How many requests were sent.
    pub attempts: u32,
    /// The HTTP status of the last answer.
    pub http_status: Option<u16>,
    /// The vendor's name for the last request, for its support; foreign text.
    pub request_id: Option<String>,
    /// From the last request to its answer or failure.
    pub latency: Duration,
    /// How far the vendor's clock is from ours, where a `Date` header was seen.
    pub clock_skew: Option<ClockSkew>,
    /// Whether it is certain that no byte of the last request left: there was no connection, or no TLS on it.
    pub unsent: bool,
}

impl Evidence {
    /// From the last request to its answer or failure, in milliseconds.
    pub fn latency_ms(&self) -> u64 {
        u64::try_from(self.latency.as_millis()).unwrap_or(u64::MAX)
    }
}

/// What stood between us and an answer that counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreachable {
    /// The host's name has no address.
    #[error("its host name does not resolve")]
    Dns,
    /// Nobody listens there.
    #[error("the connection was refused")]
    Refused,
    /// No connection for another reason.
    #[error("no connection: {0}")]
    Connect(String),
    /// TLS could not be agreed on or the server's certificate is not trusted.
    #[error("no trusted TLS connection: {0}")]
    Tls(String),
    /// No complete answer in time; `Evidence::latency` says how long it was waited for.
    #[error("no complete answer in time")]
    Timeout,
    /// The connection ended before the answer was complete.
    #[error("the connection was closed before the answer was complete")]
    Reset,
    /// HTTP 429.
    #[error("too many requests (HTTP 429)")]
    RateLimited,
    /// HTTP 408, any 5xx, or a `temporarily_unavailable` or `server_error` of any status.
    #[error("a server error (HTTP {0})")]
    ServerError(u16),
}

impl Unreachable {
    /// Whether an exchange that may be repeated at all is worth repeating (`architecture.md` section 6).
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Dns
            | Self::Refused
            | Self::Connect(_)
            | Self::Timeout
            | Self::Reset
            | Self::RateLimited => true,
            Self::ServerError(status) => matches!(status, 500 | 502 | 503 | 504),
            Self::Tls(_) => false,
        }
    }
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// A redirect, which a token endpoint has no reason to send; it is not followed.
    #[error("a redirect (HTTP {0})")]
    Redirect(u16),
    /// Not HTTP.
    #[error("not HTTP")]
    NotHttp,
    /// More than 1 MiB.
    #[error("longer than 1 MiB")]
    TooLong,
    /// A page for people.
    #[error("an HTML page (HTTP {0})")]
    Html(u16),
    /// Not the JSON object that it should be.
    #[error("not a JSON object (HTTP {0})")]
    NotJson(u16),
    /// A member that is missing or is not what it should be.
    #[error("`{0}` is missing or not usable")]
    Member(&'static str),
    /// Metadata that names another issuer than the one whose address it was read from (RFC 8414 section 3.3).
    #[error("the metadata of another issuer than its address names")]
    Issuer,
    /// A token of a kind that we do not know how to use (RFC 6749 section 7.1).
    #[error("a token of unknown type")]
    TokenType,
}

impl ExchangeError {
    /// What the answers showed; `None` if nothing was sent.
    pub fn evidence(&self) -> Option<&Evidence> {
        match self {
            Self::Rejected { evidence, .. }
            | Self::Unreachable { evidence, .. }
            | Self::HalfAnswered { evidence, .. }
            | Self::Malformed { evidence, .. } => Some(evidence),
            Self::Signing(_) | Self::NoProof(_) | Self::UnusableToken | Self::Client(_) => None,
        }
    }

    pub(super) fn evidence_mut(&mut self) -> Option<&mut Evidence> {
        match self {
            Self::Rejected { evidence, .. }
            | Self::Unreachable { evidence, .. }
            | Self::HalfAnswered { evidence, .. }
            | Self::Malformed { evidence, .. } => Some(evidence),
            Self::Signing(_) | Self::NoProof(_) | Self::UnusableToken | Self::Client(_) => None,
        }
    }

    /// What is known of the vendor that answered, or did not.
    pub fn vendor(&self) -> Option<&'static Descriptor> {
        match self {
            Self::Rejected { vendor, .. }
            | Self::Unreachable { vendor, .. }
            | Self::HalfAnswered { vendor, .. }
            | Self::Malformed { vendor, .. } => Some(vendor),
            Self::Signing(_) | Self::NoProof(_) | Self::UnusableToken | Self::Client(_) => None,
        }
    }

    /// The vendor's error code; foreign text.
    pub fn vendor_code(&self) -> Option<&str> {
        match self {
            Self::Rejected { code, .. } | Self::Unreachable { code, .. } => code.as_deref(),
            Self::Malformed { .. }
            | Self::HalfAnswered { .. }
            | Self::Signing(_)
            | Self::NoProof(_)
            | Self::UnusableToken
            | Self::Client(_) => None,
        }
    }

    /// What is known of the vendor's error.
    pub fn meaning(&self) -> Option<&'static Meaning> {
        match self {
            Self::Rejected { meaning, .. } | Self::Unreachable { meaning, .. } => *meaning,
            Self::Malformed { .. }
            | Self::HalfAnswered { .. }
            | Self::Signing(_)
            | Self::NoProof(_)
            | Self::UnusableToken
            | Self::Client(_) => None,
        }
    }

    /// What the vendor's error means, as a sentence: "NetSuite does not know the client, or has blocked it".
    pub fn explanation(&self) -> Option<String> {
        match self {
            Self::Rejected { vendor, meaning, .. } | Self::Unreachable { vendor, meaning, .. } => {
                meaning.map(|meaning| format!("{} {}", vendor.name, meaning.summary))
            }
            Self::Malformed { .. }
            | Self::HalfAnswered { .. }
            | Self::Signing(_)
            | Self::NoProof(_)
            | Self::UnusableToken
            | Self::Client(_) => None,
        }
    }

    /// How far the vendor's clock is from ours, where that was seen.
    pub fn clock_skew(&self) -> Option<ClockSkew> {
        self.evidence().and_then(|evidence| evidence.clock_skew)
    }

    /// How long the vendor asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unreachable { retry_after, .. } => *retry_after,
            Self::Rejected { .. }
            | Self::Malformed { .. }
            | Self::HalfAnswered { .. }
            | Self::Signing(_)
            | Self::NoProof(_)
            | Self::UnusableToken
            | Self::Client(_) => None,
        }
    }

    /// How far the exchange came.
    pub fn stage(&self) -> Stage {
        match self {
            Self::Signing(_) | Self::NoProof(_) | Self::UnusableToken => Stage::Sign,
            Self::Rejected { .. }
            | Self::Unreachable { .. }
            | Self::Malformed { .. }
            | Self::HalfAnswered { .. }
            | Self::Client(_) => Stage::Exchange,
        }
    }

    /// What a verification makes of it.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Rejected { .. } => Outcome::Rejected,
            Self::Unreachable { .. }
            | Self::Malformed { .. }
            | Self::HalfAnswered { .. }
            | Self::Client(_) => Outcome::Unreachable,
            Self::Signing(_) | Self::NoProof(_) => Outcome::Refused,
            Self::UnusableToken => Outcome::Failed,
        }
    }

    /// Takes the refresh token that came although nothing else can be used; leaves none.
    pub fn take_refresh(&mut self) -> Option<RefreshAnswer> {
        match self {
            Self::HalfAnswered { refresh, .. } => refresh.take().map(|refresh| *refresh),
            _ => None,
        }
    }

    /// What became of the refresh token, the code or the device code that was sent.
    ///
    /// [`Ending::Answered`] only by [`ExchangeError::HalfAnswered`]. Whatever is not certain is [`Ending::Lost`]: only a connection that was never made,
    /// and 429, prove that the vendor has looked at nothing.
    pub fn ending(&self) -> Ending {
        match self {
            Self::Signing(_)
            | Self::NoProof(_)
            | Self::UnusableToken
            | Self::Client(_)
            | Self::Unreachable { reason: Unreachable::RateLimited, .. } => Ending::NotSent,
            Self::HalfAnswered { refresh, .. } => match refresh {
                Some(refresh) => Ending::Answered(refresh.renewal.clone()),
                None => Ending::Lost,
            },
            Self::Unreachable { evidence, .. } | Self::Malformed { evidence, .. } => {
                if evidence.unsent {
                    Ending::NotSent
                } else {
                    Ending::Lost
                }
            }
            Self::Rejected { code, meaning, .. } => match meaning.map(|meaning| meaning.blames) {
                Some(Blame::Grant) => Ending::Refused,
                Some(Blame::Vendor) => Ending::Lost,
                None if code.as_deref() == Some("invalid_grant") => Ending::Refused,
                Some(Blame::Client | Blame::Request) | None => Ending::Untouched,
            },
        }
    }

    /// Whether repeating an exchange that may be repeated could help.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { reason, .. } if reason.is_transient())
    }
}

fn refusal(status: u16, code: Option<&str>) -> String {
    match code {
        Some(code) => format!("{code} (HTTP {status})"),
        None => format!("HTTP {status}"),
    }
}
