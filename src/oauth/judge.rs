//! What an answer means that is not what was asked for, and what no answer means.

use std::time::Duration;

use super::conversation::Failure;
use super::error::{Evidence, ExchangeError, Malformed, Unreachable};
use super::transport::Problem;
use crate::providers::Descriptor;

/// Returns what a request that got no answer means.
pub(super) fn failed(vendor: &'static Descriptor, failure: Failure) -> ExchangeError {
    let Failure { problem, evidence } = failure;
    let evidence = Box::new(evidence);
    match problem {
        Problem::Malformed(reason) => ExchangeError::Malformed { vendor, reason, evidence },
        Problem::Unreachable(reason) => ExchangeError::Unreachable {
            vendor,
            reason,
            code: None,
            meaning: None,
            retry_after: None,
            evidence,
        },
    }
}

/// What an error code says of the credentials, whatever status it comes with.
#[derive(PartialEq, Eq)]
enum Verdict {
    /// RFC 6749 sections 4.1.2.1 and 5.2: the request or its sender is at fault.
    Refusal,
    /// The vendor has a problem of its own.
    Trouble,
    /// Not known; the status decides.
    Open,
}

fn verdict(code: Option<&str>) -> Verdict {
    match code {
        Some(
            "invalid_request"
            | "invalid_client"
            | "invalid_grant"
            | "invalid_scope"
            | "unauthorized_client"
            | "unsupported_grant_type"
            | "access_denied",
        ) => Verdict::Refusal,
        Some("server_error" | "temporarily_unavailable") => Verdict::Trouble,
        _ => Verdict::Open,
    }
}

/// What an answer says beside its status.
pub(super) struct Said {
    /// Its error code.
    pub(super) code: Option<String>,
    /// Its description in one line.
    pub(super) description: Option<String>,
    /// What is wrong with it, if it is no refusal.
    pub(super) unusable: Malformed,
}

/// Returns what an answer means that does not hold what was asked for.
///
/// RFC 6749 section 5.2: the error code first, the status second. A refusal with a status of 200 is one.
pub(super) fn refusal(
    vendor: &'static Descriptor,
    (status, retry_after, evidence): (u16, Option<Duration>, Evidence),
    said: Said,
) -> ExchangeError {
    let Said { code, description, unusable } = said;
    let meaning = code.as_deref().and_then(|code| vendor.meaning(status, code, description.as_deref()));
    let evidence = Box::new(evidence);
    let unreachable = |reason, code, evidence| ExchangeError::Unreachable {
        vendor,
        reason,
        code,
        meaning,
        retry_after,
        evidence,
    };
    match (verdict(code.as_deref()), status) {
        (_, 429) => unreachable(Unreachable::RateLimited, code, evidence),
        (Verdict::Refusal, _) | (Verdict::Open, 400..=407 | 409..=499) => {
            ExchangeError::Rejected { vendor, status, code, description, meaning, evidence }
        }
        (Verdict::Trouble, _) | (Verdict::Open, 408 | 500..) => {
            unreachable(Unreachable::ServerError(status), code, evidence)
        }
        (Verdict::Open, 300..=399) => {
            ExchangeError::Malformed { vendor, reason: Malformed::Redirect(status), evidence }
        }
        (Verdict::Open, _) => ExchangeError::Malformed { vendor, reason: unusable, evidence },
    }
}
