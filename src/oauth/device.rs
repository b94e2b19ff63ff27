//! The device flow (RFC 8628): a person consents on another machine, and we ask until it is done.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use url::Url;

use super::answer::{self, Reading, Wanted};
use super::ask::Way;
use super::conversation::Answer;
use super::error::{ExchangeError, Malformed};
use super::judge::{Said, refusal};
use super::request::{Ask, ClientProof, Parameters, client_request};
use super::token::{ExchangeRequest, Exchanged, exchange};
use crate::clock;
use crate::hooks::mutant;
use crate::providers::{Descriptor, Plan, is_loopback};
use crate::secret::{Secret, SecretString};

/// How long to wait between two questions unless the server says (RFC 8628 section 3.2): 5 seconds; `slow_down` adds
/// as much (section 3.5).
const STEP: Duration = Duration::from_secs(5);

/// The longest that a server may keep us waiting between two questions.
const LONGEST_INTERVAL: Duration = Duration::from_mins(5);

/// A login that waits for a person.
pub struct DeviceLogin {
    /// What the person types; visible ASCII.
    pub user_code: String,
    /// Where the person types it.
    pub verification_url: Url,
    /// The same with the code in it, where the server offers that.
    pub complete_url: Option<Url>,
    /// When the server gives up waiting, by our clock.
    pub expires_at: Timestamp,
    device_code: SecretString,
    interval: Duration,
    step: Duration,
}

#[derive(Deserialize)]
struct Started {
    device_code: String,
    user_code: String,
    // Some servers still use the name of an early draft.
    #[serde(alias = "verification_url")]
    verification_uri: String,
    #[serde(alias = "verification_url_complete")]
    verification_uri_complete: Option<String>,
    expires_in: u32,
    interval: Option<u32>,
}

/// Begins a login; `None` if the server has no device flow.
pub async fn start(
    way: &Way<'_>,
    plan: &Plan,
    client: ClientProof<'_>,
) -> Result<Option<DeviceLogin>, ExchangeError> {
    let Some(url) = plan.endpoints.device() else { return Ok(None) };
    let scopes = plan.scopes.join(" ");
    let now = way.clock.now();
    let write = || {
        let mut parameters = Parameters::form([]);
        if !scopes.is_empty() {
            parameters.add("scope", &scopes);
        }
        if let Some(audience) = &plan.audience {
            parameters.add("audience", audience);
        }
        Ok(client_request(plan, client, parameters, way.clock.now())?.to(url))
    };
    way.ask(plan.vendor, write, |answer| judge(plan.vendor, now, answer)).await.map(Some)
}

fn judge(vendor: &'static Descriptor, now: Timestamp, answer: Answer) -> Result<DeviceLogin, ExchangeError> {
    let Answer { status, body, retry_after, evidence } = answer;
    let (code, description, unusable) = match answer::read(status, body.expose(), Wanted::AccessToken) {
        Reading::Error { code, description } => (code, description, Malformed::Member("device_code")),
        Reading::Unusable(Malformed::Html(status)) => (None, None, Malformed::Html(status)),
        Reading::Token(_) | Reading::Half { .. } | Reading::Unusable(_) if (200..300).contains(&status) => {
            match read(body.expose(), now) {
                Ok(login) => return Ok(login),
                Err(unusable) => (None, None, unusable),
            }
        }
        Reading::Token(_) | Reading::Half { .. } | Reading::Unusable(_) => {
            (None, None, Malformed::NotJson(status))
        }
    };
    Err(refusal(vendor, (status, retry_after, evidence), Said { code, description, unusable }))
}

pub(super) fn read(body: &[u8], now: Timestamp) -> Result<DeviceLogin, Malformed> {
    let started: Started = serde_json::from_slice(body).map_err(|_| Malformed::Member("device_code"))?;
    let device_code = Secret::new(started.device_code);
    let shown = (1..=64).contains(&started.user_code.len())
        && started.user_code.bytes().all(|byte| byte.is_ascii_graphic());
    if !shown {
        return Err(Malformed::Member("user_code"));
    }
    let complete_url = started.verification_uri_complete.map(|text| page(&text)).transpose()?;
    Ok(DeviceLogin {
        user_code: started.user_code,
        verification_url: page(&started.verification_uri)?,
        complete_url,
        expires_at: clock::add(now, SignedDuration::from_secs(started.expires_in.into())),
        device_code,
        interval: started
            .interval
            .map_or(STEP, |seconds| Duration::from_secs(seconds.into()))
            .clamp(Duration::from_secs(1), LONGEST_INTERVAL),
        step: STEP,
    })
}

/// A page that a person may be sent to: https, or this machine's own.
///
/// Not the host rule: nothing of ours goes there, and servers keep such pages under short names of their own.
fn page(text: &str) -> Result<Url, Malformed> {
    let url = Url::parse(text).map_err(|_| Malformed::Member("verification_uri"))?;
    let fits = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if fits && url.has_host() { Ok(url) } else { Err(Malformed::Member("verification_uri")) }
}

/// Asks until the person has consented; `None` if the time was over first.
///
/// Keeps the server's interval, longer with every `slow_down` and every answer that did not come (RFC 8628 section
/// 3.5). Fails with the server's word: `access_denied`, `expired_token`.
pub async fn wait(
    way: &Way<'_>,
    plan: &Plan,
    client: ClientProof<'_>,
    login: &DeviceLogin,
) -> Result<Option<Exchanged>, ExchangeError> {
    let ask = Ask::Device { code: &login.device_code };
    let request = ExchangeRequest { plan, client, ask, limits: way.limits };
    let mut interval = login.interval;
    loop {
        let left = way.limits.deadline.saturating_duration_since(way.clock.instant());
        if left <= interval || way.clock.now() >= login.expires_at {
            return Ok(None);
        }
        tokio::time::sleep(interval).await;
        match exchange(way.client, way.clock, &request).await {
            Ok(exchanged) => return Ok(Some(exchanged)),
            Err(error) => match error.vendor_code() {
                Some("authorization_pending") => {}
                Some("slow_down") if mutant("slow-down-unheard") => {}
                Some("slow_down") => interval += login.step,
                _ if error.is_transient() => interval = (2 * interval).min(LONGEST_INTERVAL),
                _ => return Err(error),
            },
        }
    }
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
