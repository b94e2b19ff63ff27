//! The token exchange with client credentials: an assertion goes out, an access token comes back.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use super::answer::{self, Reading};
use super::assertion::{AssertionRequest, client_assertion};
use super::client::{Answer, Client, Conversation, Failure};
use super::error::{Evidence, ExchangeError, Malformed, Unreachable};
use super::retry::{Limits, with_retries};
use super::signing::SigningKey;
use super::transport::Problem;
use crate::clock::{self, Clock};
use crate::domain::granted::Granted;
use crate::domain::ids::{CertificateId, KeyId, hex};
use crate::domain::token::{AccessToken, TokenFacts};
use crate::hooks::mutant;
use crate::providers::{Descriptor, Plan};
use crate::secret::SecretString;

/// What an exchange needs.
pub struct ExchangeRequest<'a> {
    /// Who asks whom for what.
    pub plan: &'a Plan,
    /// Signs.
    pub key: &'a SigningKey,
    /// Which key that is (`TokenFacts::key`).
    pub key_id: &'a KeyId,
    /// The name that the vendor gave the key's certificate.
    pub certificate_id: &'a CertificateId,
    /// How long it may take.
    pub limits: Limits,
}

/// What an exchange brought.
pub struct Exchanged {
    /// The token; its lifetime counts from before the request was sent.
    pub token: AccessToken,
    /// What the token says of itself; `None` if it is unreadable.
    pub granted: Option<Granted>,
    /// What the answer showed.
    pub evidence: Evidence,
}

/// Returns an access token, proof that the vendor accepts key, certificate id and settings together.
///
/// Repeats as [`Limits`] say, with a fresh assertion each time; ends within the deadline.
pub async fn exchange(
    client: &Client,
    clock: &Clock,
    request: &ExchangeRequest<'_>,
) -> Result<Exchanged, ExchangeError> {
    with_retries(&request.limits, clock, |number| attempt(client, clock, request, number)).await
}

async fn attempt(
    client: &Client,
    clock: &Clock,
    request: &ExchangeRequest<'_>,
    number: u32,
) -> Result<Exchanged, ExchangeError> {
    let vendor = request.plan.vendor;
    let started = clock.now();
    let assertion = client_assertion(
        &AssertionRequest {
            plan: request.plan,
            key: request.key,
            certificate_id: request.certificate_id,
        },
        started,
    )?;
    if mutant("log-secrets") {
        tracing::debug!(assertion = assertion.expose().as_str(), "a seeded bug");
    }
    let limit = request.limits.budget(clock);
    let conversation = Conversation { clock, request_id_headers: vendor.request_id_headers };
    let outcome = client.post_form(request.plan.endpoints.token(), form(&assertion), limit, conversation).await?;
    let evidence = match &outcome {
        Ok(answer) => &answer.evidence,
        Err(failure) => &failure.evidence,
    };
    tracing::debug!(
        attempt = number,
        status = evidence.http_status,
        latency_ms = evidence.latency.as_millis(),
        request_id = evidence.request_id,
        "the token endpoint was asked"
    );
    let answer = outcome.map_err(|failure| failed(vendor, failure))?;
    let mut exchanged = judge(vendor, answer, request, started)?;
    exchanged.evidence.attempts = number;
    Ok(exchanged)
}

/// The body of RFC 7523 section 2.2, with nothing else in it (`vendors.md` 1.3: no `client_id`, no `scope`).
fn form(assertion: &SecretString) -> Zeroizing<Vec<u8>> {
    // One allocation that is never outgrown: base64url and `.` stand for themselves in a form.
    let target = String::with_capacity(assertion.expose().len() + 256);
    let text = Serializer::new(target)
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        .append_pair("client_assertion", assertion.expose())
        .finish();
    Zeroizing::new(text.into_bytes())
}

fn failed(vendor: &'static Descriptor, failure: Failure) -> ExchangeError {
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

fn judge(
    vendor: &'static Descriptor,
    answer: Answer,
    request: &ExchangeRequest<'_>,
    started: Timestamp,
) -> Result<Exchanged, ExchangeError> {
    let Answer { status, body, retry_after, evidence } = answer;
    let (code, description, unusable) = match answer::read(status, body.expose()) {
        Reading::Token { value, lifetime } if (200..300).contains(&status) => {
            let expires_at = clock::add(started, lifetime.unwrap_or(vendor.default_token_lifetime));
            let facts = TokenFacts {
                hash: if mutant("token-for-its-hash") {
                    value.expose().clone()
                } else {
                    hex(digest(&SHA256, value.expose().as_bytes()).as_ref())
                },
                obtained_at: started,
                expires_at,
                key: Some(request.key_id.clone()),
                settings: request.plan.hash.clone(),
            };
            let granted = vendor.granted(value.expose());
            return Ok(Exchanged { token: AccessToken { value, facts }, granted, evidence });
        }
        Reading::Token { .. } => (None, None, Malformed::NotJson(status)),
        Reading::Error { code, description } => (code, description, Malformed::Member("access_token")),
        Reading::Unusable(reason) => (None, None, reason),
    };
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
    // RFC 6749 section 5.2: the error code first, the status second. A refusal with a status of 200 is one.
    Err(match (verdict(code.as_deref()), status) {
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
    })
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
