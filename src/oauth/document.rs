//! Public documents that a person names by URL, such as a set of keys.

use std::time::Duration;

use url::Url;

use super::client::{Client, ClientError, ClientOptions, Line, Outgoing};
use super::conversation::Conversation;
use super::transport::Problem;
use crate::clock::Clock;
use crate::providers::is_loopback;

/// Why there is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Plain http, or no web address at all.
    #[error("it is fetched over https only")]
    PlainHttp,
    /// No answer.
    #[error("{0}")]
    Unreachable(String),
    /// An answer without the document; redirects are not followed.
    #[error("the answer has status {0}")]
    Status(u16),
}

impl From<ClientError> for FetchError {
    fn from(error: ClientError) -> Self {
        Self::Unreachable(error.to_string())
    }
}

/// Fetches `url` within `limit`: https, or http from loopback; no redirects, at most 1 MiB.
pub async fn fetch(url: &Url, limit: Duration, clock: &Clock) -> Result<Vec<u8>, FetchError> {
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(url)) {
        return Err(FetchError::PlainHttp);
    }
    let client = Client::new(ClientOptions::default())?;
    let conversation = Conversation { clock, request_id_headers: &[] };
    let outgoing = Outgoing { url, body: None, authorization: None, headers: &[], line: Line::Lasting };
    let answer = client.send(outgoing, limit, conversation).await?.map_err(|failure| {
        FetchError::Unreachable(match failure.problem {
            Problem::Unreachable(reason) => reason.to_string(),
            Problem::Malformed(reason) => reason.to_string(),
        })
    })?;
    match answer.status {
        200 => Ok(answer.body.expose().clone()),
        status => Err(FetchError::Status(status)),
    }
}
