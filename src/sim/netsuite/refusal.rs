//! Why no token is issued, and how little of that the client is told (`vendors.md` 1.3).

use axum::http::StatusCode;

/// Why no token is issued; the name is what the login audit trail says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    InvalidRequest,
    SeveralAuthentications,
    UnsupportedGrantType,
    MalformedAssertion,
    UnsupportedAlgorithm,
    RetiredAlgorithm,
    ApplicationIdAsIssuer,
    UnknownIntegration,
    IntegrationBlocked,
    UnknownCertificate,
    CertificateRevoked,
    CertificateExpired,
    CertificateNotYetValid,
    InvalidSignature,
    InvalidAudience,
    IssuedInTheFuture,
    AssertionExpired,
    AssertionLivesTooLong,
    SubjectNotAccepted,
    ScopeMismatched,
    EntityOrRoleDisabled,
    AssertionReplayed,
}

impl Refusal {
    /// The status and the value of `error`: all that the client learns.
    ///
    /// With `generic` whatever is wrong with an assertion is one answer; a request that is none stays what it is.
    pub(super) fn answer(self, generic: bool) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidRequest | Self::SeveralAuthentications | Self::UnsupportedGrantType => {
                self.specific_answer()
            }
            _ if generic => (StatusCode::BAD_REQUEST, "invalid_grant"),
            _ => self.specific_answer(),
        }
    }

    fn specific_answer(self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidRequest | Self::SeveralAuthentications | Self::MalformedAssertion => {
                (StatusCode::BAD_REQUEST, "invalid_request")
            }
            Self::UnsupportedGrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            Self::UnsupportedAlgorithm | Self::UnknownIntegration | Self::IntegrationBlocked => {
                (StatusCode::UNAUTHORIZED, "invalid_client")
            }
            // Source: users' reports of 500 for RS256 and for the Application ID (`vendors.md` 1.3).
            Self::RetiredAlgorithm | Self::ApplicationIdAsIssuer => {
                (StatusCode::INTERNAL_SERVER_ERROR, "server_error")
            }
            _ => (StatusCode::BAD_REQUEST, "invalid_grant"),
        }
    }
}
