//! The demo's browser: goes where it is sent, on loopback, and shows nothing.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::{Position, Url};

/// Vendor, listener, and its clean page; one more for whatever may come.
const STEPS: usize = 4;
/// How long a page may take: the last one waits for the exchange.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest page that is read.
const LONGEST: u64 = 256 * 1024;

/// Follows redirects from `address` to the page at the end; fails with what stood in the way.
pub(super) async fn follow(address: &str) -> Result<(), String> {
    let mut next = Url::parse(address).map_err(|error| error.to_string())?;
    for _ in 0..STEPS {
        let answer =
            timeout(PATIENCE, get(&next)).await.map_err(|_| "a page did not come in time".to_owned())?;
        match location(&answer.map_err(|error| error.to_string())?) {
            Some(place) => next = next.join(&place).map_err(|error| error.to_string())?,
            None => return Ok(()),
        }
    }
    Err("the browser was sent around in circles".to_owned())
}

/// Plain HTTP to this machine: simulator and listener are both here.
async fn get(url: &Url) -> std::io::Result<String> {
    let port = url.port_or_known_default().unwrap_or_default();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let (host, target) =
        (url.host_str().unwrap_or_default(), &url[Position::BeforePath..Position::AfterQuery]);
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn location(answer: &str) -> Option<String> {
    let headers = answer.lines().take_while(|line| !line.is_empty());
    let values = headers.filter_map(|line| line.split_once(':'));
    let mut places = values.filter(|(name, _)| name.eq_ignore_ascii_case("location"));
    places.next().map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_header_leads_on() {
        let answer = |lines: &str| lines.replace('\n', "\r\n");
        assert_eq!(location(&answer("HTTP/1.1 303 See Other\nLocation: /a?b\n\n")).as_deref(), Some("/a?b"));
        assert_eq!(location(&answer("HTTP/1.1 200 OK\n\nlocation: /a")), None);
    }
}
