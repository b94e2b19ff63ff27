//! Asks a vendor's other endpoints: requests that do no harm when they are repeated.

use super::client::{Client, Outgoing};
use super::conversation::{Answer, Conversation};
use super::error::ExchangeError;
use super::judge::failed;
use super::retry::{Limits, Repeat, with_retries};
use crate::clock::Clock;
use crate::providers::Descriptor;

/// The way to a vendor.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    /// Sends.
    pub client: &'a Client,
    /// Tells the time.
    pub clock: &'a Clock,
    /// How long it may take.
    pub limits: Limits,
}

impl Way<'_> {
    /// Sends what `write` writes, anew each time, and returns what `judge` makes of the answer.
    ///
    /// What may pass is tried again as the limits say.
    pub(super) async fn ask<'o, T>(
        &self,
        vendor: &'static Descriptor,
        write: impl Fn() -> Result<Outgoing<'o>, ExchangeError>,
        judge: impl Fn(Answer) -> Result<T, ExchangeError>,
    ) -> Result<T, ExchangeError> {
        let Self { client, clock, limits } = *self;
        let conversation = Conversation { clock, request_id_headers: vendor.request_id_headers };
        let attempt = |number| {
            let outgoing = write();
            let judge = &judge;
            async move {
                let outgoing = outgoing?;
                let path = outgoing.url.path().to_owned();
                let outcome = client.send(outgoing, limits.budget(clock), conversation).await?;
                let evidence = match &outcome {
                    Ok(answer) => &answer.evidence,
                    Err(failure) => &failure.evidence,
                };
                tracing::debug!(
                    attempt = number,
                    path,
                    status = evidence.http_status,
                    latency_ms = evidence.latency.as_millis(),
                    request_id = evidence.request_id,
                    "the vendor was asked"
                );
                let mut answer = outcome.map_err(|failure| failed(vendor, failure))?;
                answer.evidence.attempts = number;
                judge(answer)
            }
        };
        with_retries(&limits, clock, Repeat::AtWill, attempt).await
    }
}
