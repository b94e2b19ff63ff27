//! What a failed request means, and what its headers say.

use std::error::Error;
use std::io;
use std::time::Duration;

use jiff::Timestamp;

use super::error::{Malformed, Unreachable};

/// What stands in the place of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// None came.
    Unreachable(Unreachable),
    /// One came that cannot be read.
    Malformed(Malformed),
}

/// Returns what a failed request means.
pub(super) fn classify(error: &reqwest::Error) -> Problem {
    let Some(io) = find::<io::Error>(error).map(io::Error::kind) else {
        return Problem::Unreachable(classify_without_io(error)).or_not_http(error);
    };
    Problem::Unreachable(match io {
        _ if error.is_dns() => Unreachable::Dns,
        io::ErrorKind::TimedOut => Unreachable::Timeout,
        io::ErrorKind::ConnectionRefused => Unreachable::Refused,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Unreachable::Reset,
        // tokio-rustls wraps every complaint of the TLS library in this kind.
        io::ErrorKind::InvalidData => Unreachable::Tls(innermost(error)),
        _ => classify_without_io(error),
    })
}

impl Problem {
    fn or_not_http(self, error: &reqwest::Error) -> Self {
        match find::<hyper::Error>(error) {
            Some(hyper) if hyper.is_parse() => Self::Malformed(Malformed::NotHttp),
            _ => self,
        }
    }
}

fn classify_without_io(error: &reqwest::Error) -> Unreachable {
    let unfinished = find::<hyper::Error>(error)
        .is_some_and(|hyper| hyper.is_incomplete_message() || hyper.is_closed() || hyper.is_canceled());
    if error.is_dns() {
        Unreachable::Dns
    } else if error.is_timeout() {
        Unreachable::Timeout
    } else if unfinished || error.is_body() || error.is_decode() {
        Unreachable::Reset
    } else {
        Unreachable::Connect(innermost(error))
    }
}

/// Returns how long a `Retry-After` value (RFC 9110 section 10.2.3) asks to wait, counted from `received`.
///
/// A date is compared with the answer's own `date`, where it has one: the vendor's clock wrote both.
pub(super) fn retry_after(value: &str, date: Option<&str>, received: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse::<u32>().unwrap_or(u32::MAX).into()));
    }
    let read = |text: &str| Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok();
    let until = read(value)?;
    let now = date.and_then(read).unwrap_or(received);
    Some(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// Returns an error and its causes in one line, without the URL.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in causes(error).skip(1) {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
    }
    if text.is_empty() { error.to_string() } else { text }
}

fn innermost(error: &reqwest::Error) -> String {
    // reqwest's own layer, the first, is the only one that names the URL.
    causes(error).skip(1).last().map_or_else(|| "the request failed".to_owned(), ToString::to_string)
}

fn find<'a, E: Error + 'static>(error: &'a reqwest::Error) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref::<E>())
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let received: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let date = "Sun, 22 Nov 2026 11:00:00 GMT";
        for (value, date, expected) in [
            ("7", None, Some(7)),
            (" 0 ", None, Some(0)),
            ("99999999999999999999", None, Some(u64::from(u32::MAX))),
            ("Sun, 22 Nov 2026 10:00:05 GMT", None, Some(5)),
            ("Sun, 22 Nov 2026 11:00:05 GMT", Some(date), Some(5)), // the vendor's clock is an hour ahead
            ("Sun, 22 Nov 2026 09:00:00 GMT", None, Some(0)),
            ("-1", None, None),
            ("1.5", None, None),
            ("", None, None),
            ("soon", None, None),
        ] {
            assert_eq!(retry_after(value, date, received), expected.map(Duration::from_secs), "{value:?}");
        }
    }
}
