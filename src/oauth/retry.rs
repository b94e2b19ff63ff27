//! Repeating an exchange: client credentials at will, a refresh token or a code only where the vendor has seen none of
//! it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable as _, Sleeper};

use super::error::ExchangeError;
use crate::clock::Clock;
use crate::domain::grant::Ending;
use crate::hooks::mutant;

/// How long an exchange may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest that one attempt may take.
    pub attempt: Duration,
    /// When all of it must be over, waiting included.
    pub deadline: Instant,
    /// How it is repeated.
    pub backoff: Backoff,
}

/// How an exchange is repeated: waits of a random length up to a bound that doubles ("full jitter").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first bound.
    pub first: Duration,
    /// The last bound.
    pub longest: Duration,
    /// How often to ask in all, at least once.
    pub attempts: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(500), longest: Duration::from_secs(8), attempts: 4 }
    }
}

impl Limits {
    /// Returns the limits of one exchange that starts now: `timeout` for all of it, but not past `deadline`.
    pub fn new(clock: &Clock, timeout: Duration, deadline: Option<Instant>) -> Self {
        let now = clock.instant();
        // A year, if the machine's clock cannot count further; nobody waits that long.
        let own = now.checked_add(timeout).unwrap_or_else(|| now + Duration::from_hours(365 * 24));
        let deadline = deadline.map_or(own, |deadline| deadline.min(own));
        Self { attempt: timeout, deadline, backoff: Backoff::default() }
    }

    /// Returns how long an attempt that starts now may take.
    pub(super) fn budget(&self, clock: &Clock) -> Duration {
        self.attempt.min(self.deadline.saturating_duration_since(clock.instant()))
    }
}

/// Which failures may be followed by the same request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Whatever may pass: the vendor may have answered, and another answer does no harm.
    AtWill,
    /// Those that prove that the vendor has looked at nothing: what is sent may be sent once (`architecture.md`
    /// section 6).
    IfUnseen,
    /// None: the caller keeps its own time.
    Never,
}

impl Repeat {
    fn allows(self, error: &ExchangeError) -> bool {
        match self {
            Self::AtWill => error.is_transient(),
            Self::IfUnseen if mutant("retry-refresh") => error.is_transient(),
            Self::IfUnseen => error.is_transient() && error.ending() == Ending::NotSent,
            Self::Never => false,
        }
    }
}

/// The least that must be left after a wait for another attempt to make sense.
const WORTHWHILE: Duration = Duration::from_millis(50);

/// Calls `attempt` until it succeeds, fails for good, or the limits are reached; returns the last result.
///
/// `Retry-After` is a lower bound for the wait. A wait that would end past the deadline is not begun: the error
/// says how long the vendor asked for. `attempt` gets the number of the call, from 1, and must not reuse
/// anything of an earlier one.
pub(super) async fn with_retries<T, Attempt>(
    limits: &Limits,
    clock: &Clock,
    which: Repeat,
    attempt: impl Fn(u32) -> Attempt,
) -> Result<T, ExchangeError>
where
    Attempt: Future<Output = Result<T, ExchangeError>>,
{
    repeat(limits, clock, which, tokio::time::sleep, attempt).await
}

async fn repeat<T, Attempt>(
    limits: &Limits,
    clock: &Clock,
    which: Repeat,
    sleep: impl Sleeper,
    attempt: impl Fn(u32) -> Attempt,
) -> Result<T, ExchangeError>
where
    Attempt: Future<Output = Result<T, ExchangeError>>,
{
    let attempts = AtomicU32::new(0);
    let Backoff { first, longest, attempts: most } = limits.backoff;
    let bounds = ExponentialBuilder::new()
        .with_factor(2.0)
        .with_min_delay(first)
        .with_max_delay(longest)
        .with_max_times(usize::try_from(most.saturating_sub(1)).unwrap_or(usize::MAX));
    let outcome = (|| attempt(attempts.fetch_add(1, Ordering::Relaxed) + 1))
        .retry(bounds)
        .sleep(sleep)
        .when(|error| which.allows(error))
        .adjust(|error, bound| {
            let made = attempts.load(Ordering::Relaxed);
            if error.meaning().and_then(|meaning| meaning.attempts).is_some_and(|most| made >= most) {
                return None;
            }
            let wait = fraction_of(bound?).max(error.retry_after().unwrap_or(Duration::ZERO));
            let left = limits.deadline.saturating_duration_since(clock.instant());
            (wait.saturating_add(WORTHWHILE) < left).then_some(wait)
        })
        .notify(|error, wait| {
            tracing::debug!(
                attempt = attempts.load(Ordering::Relaxed),
                wait_ms = wait.as_millis(),
                %error,
                "the exchange will be repeated"
            );
        })
        .await;
    outcome.map_err(|mut error| {
        if let Some(evidence) = error.evidence_mut() {
            evidence.attempts = attempts.load(Ordering::Relaxed);
        }
        error
    })
}

/// Returns a random duration from 0 to `bound`.
fn fraction_of(bound: Duration) -> Duration {
    let mut random = [0_u8; 4];
    if aws_lc_rs::rand::fill(&mut random).is_err() {
        return bound;
    }
    bound.mul_f64(f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX))
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
