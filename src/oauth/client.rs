//! The one HTTP client: what every request to a vendor has in common.
//!
//! TLS 1.2 or newer by aws-lc-rs, no redirects, no cookies, answers capped in size and in time, and nothing
//! secret in its errors. It makes one attempt; whether another one makes sense is `retry`'s to say.

use std::sync::OnceLock;
use std::time::Duration;

use hyper::body::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use url::Url;
use zeroize::Zeroizing;

use super::error::{Evidence, Malformed, Unreachable};
use super::skew::ClockSkew;
use super::transport::{self, Problem};
use crate::clock::Clock;
use crate::hooks::mutant;
use crate::providers::is_loopback;
use crate::secret::{Secret, SecretBytes};

/// The longest answer read: 1 MiB.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// What the client is set up with.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// How long a connection may take to be made, TLS included; an attempt's own limit may be shorter.
    pub connect_timeout: Duration,
    /// Certificates of further authorities to trust beside the system's, as PEM.
    pub extra_authorities: Option<Vec<u8>>,
    /// Whether the system's proxy settings count; never for loopback.
    pub system_proxy: bool,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(10), extra_authorities: None, system_proxy: true }
    }
}

/// Why there is no HTTP client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The extra authorities are not PEM certificates (exit 2).
    #[error("the file of extra authorities holds no readable PEM certificate")]
    Authorities,
    /// The TLS library has nothing to trust or cannot start (exit 6).
    #[error("{0}")]
    Tls(String),
}

/// Sends requests to vendors; one for the whole process, shared by reference.
pub struct Client {
    options: ClientOptions,
    authorities: Vec<reqwest::Certificate>,
    // Built when first needed: reading the system's authorities takes milliseconds, fails where there are none,
    // and a rehearsal on loopback needs neither.
    vendors: OnceLock<Result<reqwest::Client, ClientError>>,
    loopback: OnceLock<Result<reqwest::Client, ClientError>>,
}

impl Client {
    /// Returns a client; touches neither network nor trust store yet.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        let authorities = match &options.extra_authorities {
            None => Vec::new(),
            Some(pem) => reqwest::Certificate::from_pem_bundle(pem)
                .ok()
                .filter(|found| !found.is_empty())
                .ok_or(ClientError::Authorities)?,
        };
        Ok(Self { options, authorities, vendors: OnceLock::new(), loopback: OnceLock::new() })
    }

    /// Returns what answers requests to `url`.
    fn to(&self, url: &Url) -> Result<&reqwest::Client, ClientError> {
        let client = if is_loopback(url) {
            // No proxy: it would look for the simulator on its own loopback. No system authorities: none of them
            // signs for it.
            self.loopback.get_or_init(|| {
                build(self.base().no_proxy().tls_certs_only(self.authorities.iter().cloned()))
            })
        } else {
            self.vendors.get_or_init(|| {
                let base = self.base().https_only(true).tls_certs_merge(self.authorities.iter().cloned());
                build(if self.options.system_proxy { base } else { base.no_proxy() })
            })
        };
        client.as_ref().map_err(ClientError::clone)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one client")]
    fn base(&self) -> reqwest::ClientBuilder {
        reqwest::Client::builder()
            .user_agent(concat!("tokenctl/", env!("CARGO_PKG_VERSION")))
            .redirect(if mutant("redirects-followed") {
                reqwest::redirect::Policy::default()
            } else {
                reqwest::redirect::Policy::none()
            })
            .referer(false)
            .retry(reqwest::retry::never())
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .connect_timeout(self.options.connect_timeout)
    }

    /// Sends `body` as a form to `url` and returns the answer, whatever its status, or what came instead, within
    /// `limit`.
    ///
    /// The body is wiped once it is sent; what the connection's own buffers hold is beyond our reach.
    pub(super) async fn post_form(
        &self,
        url: &Url,
        body: Zeroizing<Vec<u8>>,
        limit: Duration,
        exchange: Conversation<'_>,
    ) -> Result<Result<Answer, Failure>, ClientError> {
        let request = self
            .to(url)?
            .post(url.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from_owner(body));
        Ok(exchange.run(request, limit).await)
    }
}

impl Client {
    /// Asks for `url` and returns the answer, whatever its status, or what came instead, within `limit`.
    pub(super) async fn get(
        &self,
        url: &Url,
        limit: Duration,
        exchange: Conversation<'_>,
    ) -> Result<Result<Answer, Failure>, ClientError> {
        let request = self.to(url)?.get(url.clone()).header(ACCEPT, "application/json");
        Ok(exchange.run(request, limit).await)
    }
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, ClientError> {
    builder.build().map_err(|error| ClientError::Tls(transport::chain(&error)))
}

/// An answer, read to its end.
pub(super) struct Answer {
    /// HTTP status.
    pub(super) status: u16,
    /// At most 1 MiB; may hold tokens.
    pub(super) body: SecretBytes,
    /// `Retry-After`, counted from the answer.
    pub(super) retry_after: Option<Duration>,
    /// What else it showed.
    pub(super) evidence: Evidence,
}

/// What came instead of an answer.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) problem: Problem,
    pub(super) evidence: Evidence,
}

/// What is needed to read an answer's headers.
#[derive(Clone, Copy)]
pub(super) struct Conversation<'a> {
    /// For latency and the vendor's clock.
    pub(super) clock: &'a Clock,
    /// See `Descriptor::request_id_headers`.
    pub(super) request_id_headers: &'static [&'static str],
}

impl Conversation<'_> {
    async fn run(self, request: reqwest::RequestBuilder, limit: Duration) -> Result<Answer, Failure> {
        let started = self.clock.instant();
        let sent = self.clock.now();
        let mut evidence = Evidence { attempts: 1, ..Evidence::default() };
        let mut retry_after = None;
        let reading = async {
            let mut response = request.send().await.map_err(|error| transport::classify(&error))?;
            let received = self.clock.now();
            evidence.http_status = Some(response.status().as_u16());
            evidence.request_id = self.request_id(response.headers());
            let date = text(response.headers(), DATE.as_str());
            evidence.clock_skew = date.and_then(|date| ClockSkew::from_date_header(date, sent, received));
            retry_after = text(response.headers(), RETRY_AFTER.as_str())
                .and_then(|value| transport::retry_after(value, date, received));
            read_body(&mut response).await
        };
        let limit = if mutant("no-timeout") { Duration::from_hours(1) } else { limit };
        let outcome = match tokio::time::timeout(limit, reading).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Problem::Unreachable(Unreachable::Timeout)),
        };
        evidence.latency = self.clock.instant().duration_since(started);
        match (outcome, evidence.http_status) {
            (Ok(body), Some(status)) => Ok(Answer { status, body, retry_after, evidence }),
            // The status of a refusal counts although its body broke off or never ended.
            (Err(_), Some(status)) if status >= 400 => {
                Ok(Answer { status, body: Secret::new(Vec::new()), retry_after, evidence })
            }
            (Err(problem), _) => Err(Failure { problem, evidence }),
            (Ok(_), None) => Err(Failure { problem: Problem::Unreachable(Unreachable::Reset), evidence }),
        }
    }

    fn request_id(self, headers: &HeaderMap) -> Option<String> {
        let id = self.request_id_headers.iter().find_map(|name| text(headers, name))?;
        // It is shown and logged: visible, and no longer than an id needs to be.
        let id: String = id.chars().filter(char::is_ascii_graphic).take(128).collect();
        Some(id).filter(|id| !id.is_empty())
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Reads an answer to its end into memory that is wiped.
async fn read_body(response: &mut reqwest::Response) -> Result<SecretBytes, Problem> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    let longest = if mutant("no-answer-cap") { 96 * LONGEST_ANSWER } else { LONGEST_ANSWER };
    if announced.is_some_and(|length| length > longest) {
        return Err(Problem::Malformed(Malformed::TooLong));
    }
    let mut body = Zeroizing::new(Vec::with_capacity(announced.unwrap_or(8 * 1024)));
    while let Some(chunk) = response.chunk().await.map_err(|error| transport::classify(&error))? {
        let length = body.len() + chunk.len();
        if length > longest {
            return Err(Problem::Malformed(Malformed::TooLong));
        }
        if length > body.capacity() {
            // A vector that grows by itself leaves its old contents behind.
            let mut larger = Zeroizing::new(Vec::with_capacity(length.next_power_of_two()));
            larger.extend_from_slice(&body);
            body = larger;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Secret::new(std::mem::take(&mut *body)))
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
