//! Why a token is not believed; texts for people, words for programs.

use jiff::Timestamp;

use super::algorithm::JwsAlgorithm;
use super::json::JsonProblem;

/// Which part of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What it says about its signature.
    Header,
    /// What it claims.
    Payload,
    /// The signature.
    Signature,
}

impl std::fmt::Display for Part {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        })
    }
}

/// Why a token is refused. Texts in it are foreign; it never holds the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Longer than any token of ours.
    #[error("it is longer than a token can be")]
    TooLong,
    /// Not three parts between dots.
    #[error("it is not a signed token: it has {0} parts instead of 3")]
    NotThreeParts(usize),
    /// Padding, white space, the wrong alphabet, bits that mean nothing.
    #[error("its {0} is not base64url without padding")]
    NotBase64(Part),
    /// The header or payload has no or more than one meaning.
    #[error("its {0} {1}")]
    NotJson(Part, JsonProblem),
    /// JSON, but no object.
    #[error("its {0} is not a JSON object")]
    NotAnObject(Part),
    /// `none`, something symmetric, or whatever else the caller does not take (RFC 8725 section 3.1).
    #[error("it is signed with `{0}`, which is not accepted")]
    Algorithm(String),
    /// A header member is missing or not text.
    #[error("its header has no `{0}`")]
    HeaderMember(&'static str),
    /// The header brings a key, or says where one is (RFC 8725 section 3.10).
    #[error("its header brings a key of its own (`{0}`)")]
    ForeignKey(&'static str),
    /// The header asks for processing that is not done here (RFC 7515 section 4.1.11).
    #[error("its header demands processing that is not known here (`{0}`)")]
    Critical(&'static str),
    /// Another kind of token (RFC 8725 section 3.11).
    #[error("it is a token of type `{found}`, not `{expected}`")]
    Type {
        /// What it says.
        found: String,
        /// What it should say.
        expected: &'static str,
    },
    /// No key of this name.
    #[error("it is signed by a key that is not known: `{0}`")]
    UnknownKey(String),
    /// The key leaked.
    #[error("it is signed by a key that was revoked: `{0}`")]
    RevokedKey(String),
    /// The key is for another algorithm: confusion of algorithms (RFC 8725 section 2.1).
    #[error("its key signs with {key} only, not with {found}")]
    KeyAlgorithm {
        /// What the key is for.
        key: JwsAlgorithm,
        /// What the header says.
        found: JwsAlgorithm,
    },
    /// The signature is another text's or another key's.
    #[error("its signature does not fit")]
    Signature,
    /// A claim is missing or not of its type.
    #[error("its `{0}` is missing or not what it should be")]
    Claim(&'static str),
    /// A time that is not whole seconds in a sensible range.
    #[error("its `{0}` is not a sensible time in whole seconds")]
    Time(&'static str),
    /// It would be valid for longer than any token of ours, or for no time at all.
    #[error("its lifetime is not one that is given to invitations")]
    Lifetime,
    /// Somebody else's token.
    #[error("its issuer is `{0}`")]
    Issuer(String),
    /// A token for somebody else (RFC 7519 section 4.1.3).
    #[error("it is for somebody else: `{0}`")]
    Audience(String),
    /// Its time has not come.
    #[error("it is not valid before {0}")]
    NotYet(Timestamp),
    /// It was issued in the future.
    #[error("it was issued in the future: {0}")]
    IssuedInFuture(Timestamp),
    /// Its time is over. Everything else about it holds.
    #[error("it expired at {at}")]
    Expired {
        /// Its `jti`.
        id: String,
        /// When.
        at: Timestamp,
    },
}

impl Refusal {
    /// The word for it in reports and in the audit log: an interface, so it never changes.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::NotThreeParts(_) | Self::NotBase64(_) | Self::NotJson(..) | Self::NotAnObject(_) => {
                "malformed"
            }
            Self::Algorithm(_) | Self::KeyAlgorithm { .. } => "algorithm",
            Self::HeaderMember(_) => "header",
            Self::ForeignKey(_) => "foreign-key",
            Self::Critical(_) => "critical",
            Self::Type { .. } => "type",
            Self::UnknownKey(_) => "unknown-key",
            Self::RevokedKey(_) => "revoked-key",
            Self::Signature => "signature",
            Self::Claim(_) => "claim",
            Self::Time(_) | Self::Lifetime => "time",
            Self::Issuer(_) => "issuer",
            Self::Audience(_) => "audience",
            Self::NotYet(_) | Self::IssuedInFuture(_) => "not-yet-valid",
            Self::Expired { .. } => "expired",
        }
    }
}
