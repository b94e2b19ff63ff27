//! Proves a client's keys without touching anybody's grant.

use super::ask::Way;
use super::error::{Evidence, ExchangeError};
use super::request::{Ask, ClientProof};
use super::token::{ExchangeRequest, exchange};
use crate::domain::ids::random_hex;
use crate::domain::settings::GrantKind;
use crate::providers::Plan;
use crate::secret::Secret;

/// Returns what the answer showed by which the vendor accepts the client; fails with what it said otherwise.
///
/// Where the vendor knows refresh tokens, one that was made up is handed in: a server that looks at it has accepted
/// the client (RFC 6749 section 5.2 tells `invalid_client` from `invalid_grant`). Where it does not, or leaves that open,
/// client credentials are exchanged, and their token is forgotten.
pub async fn prove_client(
    way: &Way<'_>,
    plan: &Plan,
    client: ClientProof<'_>,
) -> Result<Evidence, ExchangeError> {
    let mut doubt = None;
    if plan.vendor.grants.contains(&GrantKind::RefreshToken) {
        let made_up = Secret::new(random_hex::<24>());
        match ask(way, plan, client, Ask::Refresh(&made_up)).await {
            Err(error) if is_open(&error) => doubt = Some(error),
            outcome => return outcome,
        }
    }
    if !plan.vendor.grants.contains(&GrantKind::ClientCredentials) {
        return doubt.map_or_else(|| Ok(Evidence::default()), Err);
    }
    ask(way, plan, client, Ask::ClientCredentials).await
}

async fn ask(
    way: &Way<'_>,
    plan: &Plan,
    client: ClientProof<'_>,
    ask: Ask<'_>,
) -> Result<Evidence, ExchangeError> {
    let request = ExchangeRequest { plan, client, ask, limits: way.limits };
    match exchange(way.client, way.clock, &request).await {
        Ok(exchanged) => Ok(exchanged.evidence),
        // Whoever reads these words has been recognised, whatever else is wrong.
        Err(ExchangeError::Rejected { code: Some(code), evidence, .. })
            if matches!(code.as_str(), "invalid_grant" | "unauthorized_client") =>
        {
            Ok(*evidence)
        }
        Err(error) => Err(error),
    }
}

/// Whether a refusal says nothing about the client: the server may not have come to that.
fn is_open(error: &ExchangeError) -> bool {
    matches!(error.vendor_code(), Some("unsupported_grant_type" | "invalid_request"))
}

#[cfg(test)]
#[path = "prove_tests.rs"]
mod tests;
