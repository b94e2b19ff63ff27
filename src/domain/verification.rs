//! What a live proof of a connection found.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{ConnectionId, KeyId};

/// How far a verification came; a failure names the stage that it stopped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Reading the connection, its key and its certificate.
    Load,
    /// Signing the assertion.
    Sign,
    /// Asking the vendor.
    Exchange,
}

/// What came of it, in the order of the exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The vendor gave a token.
    Proven,
    /// Something unclassified.
    Failed,
    /// There is nothing to try: no such key, or no certificate id.
    Missing,
    /// The vendor refused.
    Rejected,
    /// The token shows another mapping than the settings say.
    Conflict,
    /// No answer that counts: DNS, TLS, timeout, 5xx, 429.
    Unreachable,
    /// Local policy refused: untrusted host, algorithm.
    Refused,
    /// The certificate is not valid now.
    Expired,
}

impl Outcome {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Failed => "failed",
            Self::Missing => "missing",
            Self::Rejected => "rejected",
            Self::Conflict => "conflict",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }
}

/// What proved a connection's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofKind {
    /// A token that was obtained just now, past every cache.
    Exchange,
    /// The company's own record, opened with a valid token.
    CompanyInfo,
    /// What the server says of the token's owner, opened with a valid token.
    Userinfo,
    /// A refresh, where the vendor has no call without consequences.
    Refresh,
    /// The client's keys alone, where its tokens come from a grant that the keys on trial must not use up.
    Client,
}

impl ProofKind {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::CompanyInfo => "company-info",
            Self::Userinfo => "userinfo",
            Self::Refresh => "refresh",
            Self::Client => "client",
        }
    }
}

/// The result of verifying one connection once; stored as the connection's last verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Whose.
    pub connection: ConnectionId,
    /// The key that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// When.
    pub checked_at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// How far it came.
    pub stage: Stage,
    /// The vendor's HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The vendor's error code (RFC 6749 section 5.2); foreign text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_error: Option<String>,
    /// What went wrong, in one line; may hold foreign text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Milliseconds from the request to the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
}
