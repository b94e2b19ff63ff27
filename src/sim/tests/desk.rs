//! A simulator whose clock stands still, and a client that follows no redirects.

use reqwest::RequestBuilder;

use crate::clock::Clock;
use crate::sim::{Simulator, SimulatorConfig, start};

pub(super) struct Desk {
    pub(super) clock: Clock,
    pub(super) simulator: Simulator,
    pub(super) http: reqwest::Client,
}

impl Desk {
    pub(super) async fn new() -> Self {
        let clock = Clock::manual("2026-11-22T12:00:00Z".parse().unwrap());
        let simulator = start(SimulatorConfig::new(clock.clone())).await.unwrap();
        Self { clock, simulator, http: client() }
    }
}

pub(super) fn client() -> reqwest::Client {
    #[expect(clippy::disallowed_methods, reason = "a client apart from the one that is built in `oauth`")]
    let builder = reqwest::Client::builder();
    builder
        .tls_certs_only(std::iter::empty())
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

/// Puts a form into a request.
pub(super) fn form(request: RequestBuilder, pairs: &[(&str, &str)]) -> RequestBuilder {
    let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    request.body(text).header("content-type", "application/x-www-form-urlencoded")
}
