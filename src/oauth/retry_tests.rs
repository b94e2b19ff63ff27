use std::sync::{Arc, Mutex};

use super::*;
use crate::domain::connection::Provider;
use crate::oauth::error::{Malformed, Unreachable};
use crate::providers::{Meaning, descriptor};

fn unreachable(
    reason: Unreachable,
    retry_after: Option<Duration>,
    meaning: Option<&'static Meaning>,
) -> ExchangeError {
    ExchangeError::Unreachable {
        vendor: descriptor(Provider::Netsuite),
        reason,
        code: None,
        meaning,
        retry_after,
        evidence: Box::default(),
    }
}

fn limits(clock: &Clock, seconds: u64) -> Limits {
    Limits::new(clock, Duration::from_secs(seconds), None)
}

/// Runs with errors made by `error` until it gives up, without really waiting; returns the waits between the
/// attempts and the last error.
async fn waits(
    limits: &Limits,
    clock: &Clock,
    error: impl Fn() -> ExchangeError,
) -> (Vec<Duration>, ExchangeError) {
    let (calls, waits) = (Mutex::new(Vec::new()), Arc::new(Mutex::new(Vec::new())));
    let record = Arc::clone(&waits);
    let sleep = move |wait| {
        record.lock().unwrap().push(wait);
        std::future::ready(())
    };
    let outcome: Result<(), _> = repeat(limits, clock, Repeat::AtWill, sleep, |number| {
        calls.lock().unwrap().push(number);
        std::future::ready(Err(error()))
    })
    .await;
    let (calls, error) = (calls.into_inner().unwrap(), outcome.unwrap_err());
    let waits = waits.lock().unwrap().clone();
    let count = u32::try_from(waits.len() + 1).unwrap();
    assert_eq!(calls, (1..=count).collect::<Vec<_>>());
    assert_eq!(error.evidence().unwrap().attempts, count);
    (waits, error)
}

async fn attempts(limits: &Limits, clock: &Clock, error: impl Fn() -> ExchangeError) -> usize {
    waits(limits, clock, error).await.0.len() + 1
}

#[tokio::test]
async fn what_may_pass_is_repeated_and_the_rest_is_not() {
    let clock = Clock::system();
    let limits = limits(&clock, 60);
    for (reason, expected) in [
        (Unreachable::Dns, 4),
        (Unreachable::Refused, 4),
        (Unreachable::Reset, 4),
        (Unreachable::Timeout, 4),
        (Unreachable::Connect(String::new()), 4),
        (Unreachable::RateLimited, 4),
        (Unreachable::ServerError(500), 4),
        (Unreachable::ServerError(502), 4),
        (Unreachable::ServerError(503), 4),
        (Unreachable::ServerError(504), 4),
        (Unreachable::ServerError(501), 1),
        (Unreachable::ServerError(408), 1),
        (Unreachable::ServerError(400), 1),
        (Unreachable::Tls(String::new()), 1),
    ] {
        let made = attempts(&limits, &clock, || unreachable(reason.clone(), None, None)).await;
        assert_eq!(made, expected, "{reason:?}");
    }
    let made = attempts(&limits, &clock, || ExchangeError::Malformed {
        vendor: descriptor(Provider::Netsuite),
        reason: Malformed::NotHttp,
        evidence: Box::default(),
    })
    .await;
    assert_eq!(made, 1);
    let made = attempts(&limits, &clock, || ExchangeError::Rejected {
        vendor: descriptor(Provider::Netsuite),
        status: 400,
        code: None,
        description: None,
        meaning: None,
        evidence: Box::default(),
    })
    .await;
    assert_eq!(made, 1);
}

#[tokio::test]
async fn a_suspicious_server_error_is_believed_after_two() {
    let clock = Clock::system();
    let meaning = descriptor(Provider::Netsuite).meaning(500, "server_error", None);
    let error = || unreachable(Unreachable::ServerError(500), None, meaning);
    assert_eq!(attempts(&limits(&clock, 60), &clock, error).await, 2);
}

#[tokio::test]
async fn retry_after_is_waited_for_if_the_deadline_allows() {
    let clock = Clock::system();
    let error =
        |seconds| move || unreachable(Unreachable::RateLimited, Some(Duration::from_secs(seconds)), None);
    let (slept, _) = waits(&limits(&clock, 60), &clock, error(7)).await;
    assert_eq!(slept, [Duration::from_secs(7); 3], "longer than any bound of ours");

    let (slept, last) = waits(&limits(&clock, 60), &clock, error(61)).await;
    assert!(slept.is_empty(), "no wait that would end past the deadline is begun: {slept:?}");
    assert_eq!(last.retry_after(), Some(Duration::from_secs(61)));
    assert_eq!(attempts(&limits(&clock, 60), &clock, error(u64::MAX)).await, 1);
}

#[tokio::test]
async fn waits_are_jittered_below_a_bound_that_doubles() {
    let clock = Clock::system();
    let mut all = Vec::new();
    for _ in 0..40 {
        let (slept, _) =
            waits(&limits(&clock, 600), &clock, || unreachable(Unreachable::Reset, None, None)).await;
        for (wait, bound) in slept.iter().zip([500, 1_000, 2_000]) {
            assert!(*wait <= Duration::from_millis(bound), "{slept:?}");
        }
        all.push(slept);
    }
    let largest = |index: usize| all.iter().map(|slept| slept[index]).max().unwrap();
    assert!(largest(2) > Duration::from_secs(1), "the bound doubles");
    let smallest = all.iter().map(|slept| slept[2]).min().unwrap();
    assert!(smallest < Duration::from_secs(1), "full jitter begins at nothing: {smallest:?}");
}

#[tokio::test]
async fn success_ends_it() {
    let clock = Clock::system();
    let mut quick = limits(&clock, 60);
    quick.backoff.first = Duration::from_millis(1);
    let third = with_retries(&quick, &clock, Repeat::AtWill, |number| {
        std::future::ready(if number < 3 {
            Err(unreachable(Unreachable::Reset, None, None))
        } else {
            Ok(number)
        })
    })
    .await;
    assert_eq!(third.unwrap(), 3);
}

#[test]
fn an_exchange_ends_with_the_command() {
    let clock = Clock::system();
    let soon = clock.instant() + Duration::from_secs(1);
    let limits = Limits::new(&clock, Duration::from_secs(30), Some(soon));
    assert_eq!(limits.deadline, soon);
    assert!(limits.budget(&clock) <= Duration::from_secs(1));
    assert_eq!(Limits { deadline: clock.instant(), ..limits }.budget(&clock), Duration::ZERO);
    Limits::new(&clock, Duration::MAX, None);
}
