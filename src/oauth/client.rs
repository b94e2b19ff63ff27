//! The one HTTP client: what every request to a vendor has in common.
//!
//! TLS 1.2 or newer by aws-lc-rs, no redirects, no cookies, answers capped in size and in time, and nothing
//! secret in its errors. It makes one attempt; whether another one makes sense is `retry`'s to say.

use std::sync::OnceLock;
use std::time::Duration;

use hyper::body::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use tower::util::MapFutureLayer;
use url::Url;
use zeroize::Zeroizing;

use super::conversation::{Answer, Conversation, Failure, noting_connection};
use super::transport;
use crate::hooks::mutant;
use crate::providers::is_loopback;

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
    lasting: Lines,
    single: Lines,
}

/// What answers requests by where they go.
///
/// Built when first needed: reading the system's authorities takes milliseconds, fails where there are none, and a
/// rehearsal on loopback needs neither.
#[derive(Default)]
struct Lines {
    vendors: OnceLock<Result<reqwest::Client, ClientError>>,
    loopback: OnceLock<Result<reqwest::Client, ClientError>>,
}

/// Whether a request may go over a connection that has served others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// It may.
    Lasting,
    /// It gets a connection of its own.
    ///
    /// Why: a server closes an idle connection at any time, perhaps just as the request goes out, and then nobody
    /// knows whether the request arrived. A request that cannot be repeated does not run that risk, and a connection
    /// of its own is also the proof that nothing left before it was made ([`Evidence::unsent`]).
    ///
    /// [`Evidence::unsent`]: super::Evidence::unsent
    Single,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    Form,
    Json,
}

impl Notation {
    fn content_type(self) -> &'static str {
        match self {
            Self::Form => "application/x-www-form-urlencoded",
            Self::Json => "application/json",
        }
    }
}

/// A request to a vendor.
pub(super) struct Outgoing<'a> {
    /// Where it goes; has passed the host rule.
    pub(super) url: &'a Url,
    /// What is posted; wiped once it is sent. `None` asks by GET.
    pub(super) body: Option<(Notation, Zeroizing<Vec<u8>>)>,
    /// The value of `Authorization`.
    pub(super) authorization: Option<HeaderValue>,
    /// Further headers.
    pub(super) headers: &'static [(&'static str, &'static str)],
    /// Over which connection.
    pub(super) line: Line,
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
        Ok(Self { options, authorities, lasting: Lines::default(), single: Lines::default() })
    }

    /// Returns what answers requests to `url`.
    fn to(&self, url: &Url, line: Line) -> Result<&reqwest::Client, ClientError> {
        let lines = match line {
            Line::Lasting => &self.lasting,
            Line::Single => &self.single,
        };
        let client = if is_loopback(url) {
            // No proxy: it would look for the simulator on its own loopback. No system authorities: none of them
            // signs for it.
            lines.loopback.get_or_init(|| {
                build(self.base(line).no_proxy().tls_certs_only(self.authorities.iter().cloned()))
            })
        } else {
            lines.vendors.get_or_init(|| {
                let base = self.base(line).https_only(true).tls_certs_merge(self.authorities.iter().cloned());
                build(if self.options.system_proxy { base } else { base.no_proxy() })
            })
        };
        client.as_ref().map_err(ClientError::clone)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one client")]
    fn base(&self, line: Line) -> reqwest::ClientBuilder {
        let base = reqwest::Client::builder()
            .user_agent(concat!("tokenctl/", env!("CARGO_PKG_VERSION")))
            .redirect(if mutant("redirects-followed") {
                reqwest::redirect::Policy::default()
            } else {
                reqwest::redirect::Policy::none()
            })
            .referer(false)
            .retry(reqwest::retry::never())
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .connect_timeout(self.options.connect_timeout);
        match line {
            Line::Lasting => base,
            Line::Single => {
                base.pool_max_idle_per_host(0).connector_layer(MapFutureLayer::new(noting_connection))
            }
        }
    }

    /// Sends a request and returns the answer, whatever its status, or what came instead, within `limit`.
    ///
    /// The body is wiped once it is sent; what the connection's own buffers hold is beyond our reach.
    pub(super) async fn send(
        &self,
        outgoing: Outgoing<'_>,
        limit: Duration,
        conversation: Conversation<'_>,
    ) -> Result<Result<Answer, Failure>, ClientError> {
        let Outgoing { url, body, authorization, headers, line } = outgoing;
        let client = self.to(url, line)?;
        let mut request = match body {
            None => client.get(url.clone()),
            Some((notation, body)) => client
                .post(url.clone())
                .header(CONTENT_TYPE, notation.content_type())
                .body(Bytes::from_owner(body)),
        };
        request = request.header(ACCEPT, "application/json");
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        for &(name, value) in headers {
            request = request.header(name, value);
        }
        Ok(conversation.run(request, limit, line).await)
    }
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, ClientError> {
    builder.build().map_err(|error| ClientError::Tls(transport::chain(&error)))
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
