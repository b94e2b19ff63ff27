//! The token exchange: a proof of the client and, where there is one, a grant go out, tokens come back.

use std::fmt;

use jiff::Timestamp;

use super::answer::{self, Reading, Refresh, Tokens, Wanted};
use super::client::{Client, Line, Outgoing};
use super::conversation::{Answer, Conversation};
use super::error::{Evidence, ExchangeError, Malformed};
use super::judge::{Said, failed, refusal};
use super::request::{Ask, ClientProof, token_request};
use super::retry::{Limits, Repeat, with_retries};
use crate::clock::{self, Clock};
use crate::domain::grant::Renewal;
use crate::domain::granted::Granted;
use crate::domain::token::{AccessToken, TokenFacts, token_hash};
use crate::hooks::mutant;
use crate::providers::Plan;
use crate::secret::SecretString;

/// What an exchange needs.
#[derive(Clone, Copy)]
pub struct ExchangeRequest<'a> {
    /// Who asks whom for what.
    pub plan: &'a Plan,
    /// What proves who the client is.
    pub client: ClientProof<'a>,
    /// What is handed in.
    pub ask: Ask<'a>,
    /// How long it may take.
    pub limits: Limits,
}

/// What an exchange brought.
pub struct Exchanged {
    /// The token; its lifetime counts from before the request was sent.
    pub token: AccessToken,
    /// The refresh token that counts from now on; `None` if the answer has none, or for client credentials. After a
    /// refresh, `None` means that the one that was sent still counts (RFC 6749 section 6).
    pub refresh: Option<RefreshAnswer>,
    /// What the token says of itself; `None` if it is unreadable.
    pub granted: Option<Granted>,
    /// The scopes of the plan that the answer leaves out; empty if it does not state any (RFC 6749 section 3.3).
    pub withheld: Vec<String>,
    /// What the answer showed.
    pub evidence: Evidence,
}

/// A refresh token as it was answered.
pub struct RefreshAnswer {
    /// The token, to be kept and never shown.
    pub token: SecretString,
    /// What is known of it; its expiries count from before the request was sent.
    pub renewal: Renewal,
}

/// Shows nothing: it holds a secret.
impl fmt::Debug for RefreshAnswer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RefreshAnswer")
    }
}

/// Returns an access token, proof that the vendor accepts the client, what was handed in and the settings together.
///
/// Client credentials are asked for again as [`Limits`] say, with a fresh proof each time. A refresh token or a code
/// is sent again only where the vendor has certainly not seen it, and a device code never; after a failure
/// [`ExchangeError::ending`] says what became of it. Ends within the deadline.
pub async fn exchange(
    client: &Client,
    clock: &Clock,
    request: &ExchangeRequest<'_>,
) -> Result<Exchanged, ExchangeError> {
    let which = match request.ask {
        Ask::ClientCredentials => Repeat::AtWill,
        Ask::Refresh(_) | Ask::Code { .. } => Repeat::IfUnseen,
        // A poll: whoever asks keeps the interval that the server set.
        Ask::Device { .. } => Repeat::Never,
    };
    with_retries(&request.limits, clock, which, |number| attempt(client, clock, request, number)).await
}

async fn attempt(
    client: &Client,
    clock: &Clock,
    request: &ExchangeRequest<'_>,
    number: u32,
) -> Result<Exchanged, ExchangeError> {
    let ExchangeRequest { plan, client: proof, ask, ref limits } = *request;
    let vendor = plan.vendor;
    let started = clock.now();
    let written = token_request(plan, proof, ask, started)?;
    let outgoing = Outgoing {
        url: plan.endpoints.token(),
        body: Some((written.notation, written.body)),
        authorization: written.authorization,
        headers: vendor.token_headers,
        line: if ask.is_repeatable() { Line::Lasting } else { Line::Single },
    };
    let conversation = Conversation { clock, request_id_headers: vendor.request_id_headers };
    let outcome = client.send(outgoing, limits.budget(clock), conversation).await?;
    let evidence = match &outcome {
        Ok(answer) => &answer.evidence,
        Err(failure) => &failure.evidence,
    };
    tracing::debug!(
        attempt = number,
        grant_type = ask.grant_type(),
        status = evidence.http_status,
        latency_ms = evidence.latency.as_millis(),
        request_id = evidence.request_id,
        "the token endpoint was asked"
    );
    let answer = outcome.map_err(|failure| failed(vendor, failure))?;
    let mut exchanged = judge(answer, request, started)?;
    exchanged.evidence.attempts = number;
    Ok(exchanged)
}

/// What a good answer brought.
fn exchanged(
    tokens: Tokens,
    evidence: Evidence,
    request: &ExchangeRequest<'_>,
    started: Timestamp,
) -> Exchanged {
    let Tokens { value, lifetime, refresh, scopes } = tokens;
    let plan = request.plan;
    let until = |lifetime| clock::add(started, lifetime);
    let facts = TokenFacts {
        hash: if mutant("token-for-its-hash") { value.expose().clone() } else { token_hash(&value) },
        obtained_at: started,
        expires_at: until(lifetime.unwrap_or(plan.vendor.default_token_lifetime)),
        key: request.client.key_id().cloned(),
        settings: plan.hash.clone(),
    };
    let refresh = refresh.map(|refresh| renewed(refresh, started));
    let withheld = scopes.map_or_else(Vec::new, |stated: Vec<String>| {
        plan.scopes.iter().filter(|asked| !stated.contains(asked)).cloned().collect()
    });
    let granted = plan.vendor.granted(value.expose());
    Exchanged { token: AccessToken { value, facts }, refresh, granted, withheld, evidence }
}

fn renewed(refresh: Refresh, started: Timestamp) -> RefreshAnswer {
    let until = |lifetime| clock::add(started, lifetime);
    RefreshAnswer {
        renewal: Renewal {
            hash: token_hash(&refresh.value),
            expires_at: refresh.lifetime.map(until),
            hard_expires_at: refresh.hard_lifetime.map(until),
        },
        token: refresh.value,
    }
}

fn judge(
    answer: Answer,
    request: &ExchangeRequest<'_>,
    started: Timestamp,
) -> Result<Exchanged, ExchangeError> {
    let vendor = request.plan.vendor;
    let Answer { status, body, retry_after, evidence } = answer;
    let wanted = if request.ask.is_repeatable() { Wanted::AccessToken } else { Wanted::Grant };
    let (code, description, unusable) = match answer::read(status, body.expose(), wanted) {
        Reading::Token(tokens) if (200..300).contains(&status) => {
            return Ok(exchanged(tokens, evidence, request, started));
        }
        // The vendor has said nothing else of the grant, and may have spent the token that was sent.
        Reading::Half { refresh, reason } if (200..300).contains(&status) => {
            let refresh = Some(Box::new(renewed(refresh, started)));
            let evidence = Box::new(evidence);
            return Err(ExchangeError::HalfAnswered { vendor, reason, refresh, evidence });
        }
        Reading::Token(_) | Reading::Half { .. } => (None, None, Malformed::NotJson(status)),
        Reading::Error { code, description } => (code, description, Malformed::Member("access_token")),
        Reading::Unusable(reason) => (None, None, reason),
    };
    let said = Said { code, description, unusable };
    Err(refusal(vendor, (status, retry_after, evidence), said))
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
