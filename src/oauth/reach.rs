//! Whether a vendor's endpoint can be reached at all.

use url::Url;

use super::ask::Way;
use super::client::{Line, Outgoing};
use super::error::{Evidence, ExchangeError};
use crate::providers::Descriptor;

/// Returns what any answer from `url` showed: it resolves, TLS is agreed on, somebody speaks HTTP, and what time it is there.
///
/// Asks by GET, without credentials: an endpoint that takes POST alone answers with a refusal, which is an answer.
pub async fn reach(way: &Way<'_>, vendor: &'static Descriptor, url: &Url) -> Result<Evidence, ExchangeError> {
    let get = || Ok(Outgoing { url, body: None, authorization: None, headers: &[], line: Line::Lasting });
    way.ask(vendor, get, |answer| Ok(answer.evidence)).await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Clock;
    use crate::domain::connection::Provider;
    use crate::oauth::testing::{Script, Server};
    use crate::oauth::{Backoff, Client, ClientOptions, Limits};
    use crate::providers::descriptor;

    #[tokio::test]
    async fn a_refusal_is_an_answer_and_silence_is_none() {
        let clock = Clock::system();
        let client = Client::new(ClientOptions::default()).unwrap();
        let ask = async |script| {
            let server = Server::start(vec![script]).await;
            let mut limits = Limits::new(&clock, Duration::from_secs(5), None);
            limits.backoff = Backoff { attempts: 1, ..Backoff::default() };
            let way = Way { client: &client, clock: &clock, limits };
            reach(&way, descriptor(Provider::Netsuite), &server.url().parse().unwrap()).await
        };
        let refusal = b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 2\r\n\r\nno".to_vec();
        assert_eq!(ask(Script::Send(refusal)).await.unwrap().http_status, Some(405));
        assert!(matches!(ask(Script::Reset).await, Err(ExchangeError::Unreachable { .. })));
    }
}
