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
    let hyper = find::<hyper::Error>(error);
    if hyper.is_some_and(hyper::Error::is_parse) {
        return Problem::Malformed(Malformed::NotHttp);
    }
    let cut_off = hyper
        .is_some_and(|hyper| hyper.is_incomplete_message() || hyper.is_closed() || hyper.is_canceled())
        || error.is_body()
        || error.is_decode();
    Problem::Unreachable(match find::<io::Error>(error).map(io::Error::kind) {
        _ if error.is_dns() => Unreachable::Dns,
        _ if error.is_timeout() => Unreachable::Timeout,
        Some(io::ErrorKind::ConnectionRefused) => Unreachable::Refused,
        Some(
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof,
        ) => Unreachable::Reset,
        // tokio-rustls wraps every complaint of the TLS library in this kind; once there is a connection, the one
        // that complains is hyper, of chunks that are none.
        Some(io::ErrorKind::InvalidData) if error.is_connect() => Unreachable::Tls(innermost(error)),
        Some(io::ErrorKind::InvalidData) => return Problem::Malformed(Malformed::NotHttp),
        _ if cut_off => Unreachable::Reset,
        _ => Unreachable::Connect(innermost(error)),
    })
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
pub(super) fn chain(error: &reqwest::Error) -> String {
    // reqwest's own layer, the first, is the only one that names the URL; a wrapper may repeat what it wraps.
    let mut causes: Vec<String> = causes(error).skip(1).map(ToString::to_string).collect();
    causes.dedup();
    causes.join(": ")
}

fn innermost(error: &reqwest::Error) -> String {
    causes(error).skip(1).last().map_or_else(|| "the request failed".to_owned(), ToString::to_string)
}

/// Returns the innermost cause of a type: the outer ones are wrappers that say less.
fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    causes(error).filter_map(|cause| cause.downcast_ref::<E>()).last()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        // `io::Error::source` skips the error that it wraps.
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct NoSuchName;

    impl reqwest::dns::Resolve for NoSuchName {
        fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
            Box::pin(async { Err(io::Error::other("no such name").into()) })
        }
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the name service of the one client cannot be replaced")]
    async fn a_name_that_does_not_resolve_is_told_apart() {
        let client = reqwest::Client::builder()
            .tls_certs_only([])
            .no_proxy()
            .dns_resolver(std::sync::Arc::new(NoSuchName))
            .build()
            .unwrap();
        let error = client.get("http://vendor.invalid/?secret=hunter2").send().await.unwrap_err();
        assert_eq!(classify(&error), Problem::Unreachable(Unreachable::Dns));
        assert!(!chain(&error).contains("hunter2") && !innermost(&error).contains("hunter2"));
    }

    proptest::proptest! {
        #[test]
        fn no_header_can_cause_a_panic(value in "\\PC{0,40}", date in "([A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} )?[0-9 :]{0,14}(GMT)?") {
            let received = Timestamp::UNIX_EPOCH;
            let _ = (retry_after(&value, Some(&date), received), retry_after(&date, Some(&value), received));
        }
    }

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
