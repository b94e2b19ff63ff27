//! Gives a grant back (RFC 7009, and Intuit's JSON).

use super::answer::{self, Reading, Wanted};
use super::ask::Way;
use super::conversation::Answer;
use super::error::{ExchangeError, Malformed};
use super::judge::{Said, refusal};
use super::request::{ClientProof, Parameters, client_request};
use crate::hooks::mutant;
use crate::providers::{Descriptor, Plan, Revocation};
use crate::secret::SecretString;

/// What a vendor made of a grant that was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// It took it, whether it was alive or not (RFC 7009 section 2.2).
    Taken,
    /// It says that there was nothing to take: the grant was dead already (Intuit, `vendors.md` 2.2).
    DeadAlready,
    /// It has no place to give a grant back to; the grant lives until it expires.
    NoPlace,
}

/// Gives back the grant of `token`, a refresh token.
///
/// Repeats as the limits say: what is dead cannot be revoked again. While the vendor says 503 the grant is alive (RFC
/// 7009 section 2.2.1): that is [`ExchangeError::Unreachable`].
pub async fn revoke(
    way: &Way<'_>,
    plan: &Plan,
    client: ClientProof<'_>,
    token: &SecretString,
) -> Result<Revoked, ExchangeError> {
    let Some(url) = plan.endpoints.revoke() else { return Ok(Revoked::NoPlace) };
    let write = || {
        let token = ("token", token.expose().as_str());
        let parameters = match plan.vendor.revocation {
            Revocation::Json => Parameters::json([token]),
            Revocation::Form | Revocation::None => {
                Parameters::form([token, ("token_type_hint", "refresh_token")])
            }
        };
        Ok(client_request(plan, client, parameters, way.clock.now())?.to(url))
    };
    way.ask(plan.vendor, write, |answer| judge(plan.vendor, answer)).await
}

fn judge(vendor: &'static Descriptor, answer: Answer) -> Result<Revoked, ExchangeError> {
    let Answer { status, body, retry_after, evidence } = answer;
    if (200..300).contains(&status) || mutant("revoked-anyway") {
        return Ok(Revoked::Taken);
    }
    let (code, description) = match answer::read(status, body.expose(), Wanted::AccessToken) {
        Reading::Error { code, description } => (code, description),
        Reading::Token(_) | Reading::Half { .. } | Reading::Unusable(_) => (None, None),
    };
    // Of a client that it does not know, Intuit says so; any other 400 is about a token that it does not know.
    let about_the_client = matches!(code.as_deref(), Some("invalid_client" | "unauthorized_client"));
    if vendor.revocation == Revocation::Json && status == 400 && !about_the_client {
        return Ok(Revoked::DeadAlready);
    }
    let said = Said { code, description, unusable: Malformed::NotJson(status) };
    Err(refusal(vendor, (status, retry_after, evidence), said))
}

#[cfg(test)]
#[path = "revoke_tests.rs"]
mod tests;
