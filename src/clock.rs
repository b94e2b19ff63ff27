//! The only source of time.
//!
//! A leaf: imports nothing of ours. Everything that needs "now" is handed a [`Clock`] or, in `domain`, a
//! timestamp; `clippy.toml` bans the standard clocks elsewhere. Tests set the clock by hand
//! (`Clock::manual`, feature `test-hooks`).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// Tells the time; clones tell the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    /// What is added, in milliseconds.
    ahead: i64,
}

#[derive(Clone, Debug)]
enum Source {
    System,
    #[cfg_attr(not(feature = "test-hooks"), expect(dead_code, reason = "only the tests set the clock"))]
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::of(Source::System)
    }

    fn of(source: Source) -> Self {
        Self { source, ahead: 0 }
    }

    /// A clock that is so much ahead of this one, or behind it.
    #[must_use]
    pub fn shifted(&self, by: SignedDuration) -> Self {
        let by = i64::try_from(by.as_millis()).unwrap_or(0);
        Self { source: self.source.clone(), ahead: self.ahead.saturating_add(by) }
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    #[cfg(feature = "test-hooks")]
    pub fn manual(now: Timestamp) -> Self {
        Self::of(Source::Manual(Arc::new(AtomicI64::new(now.as_millisecond()))))
    }

    /// Moves a manual clock and all its clones; does nothing to the machine's clock.
    #[cfg(feature = "test-hooks")]
    pub fn advance(&self, by: SignedDuration) {
        if let Source::Manual(millis) = &self.source {
            millis.fetch_add(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::SeqCst);
        }
    }

    /// The wall-clock time, to the millisecond.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> Timestamp {
        let millis = match &self.source {
            Source::System => Timestamp::now().as_millisecond(),
            Source::Manual(millis) => millis.load(Ordering::SeqCst),
        };
        Timestamp::from_millisecond(millis.saturating_add(self.ahead)).unwrap_or(Timestamp::MAX)
    }

    /// The time since some fixed point, for measuring how long something took.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn instant(&self) -> Instant {
        Instant::now()
    }
}

/// Returns `from + by`, clamped to the representable range.
pub fn add(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}
