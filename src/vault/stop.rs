//! The end of all waiting, for a process that is asked to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::error::VaultError;

/// Breaks off the waits for locks under which nothing has been asked of a vendor yet; clones are one.
///
/// What must not be broken off, because a vendor was asked what it answers only once, says so with [`Stop::begin`].
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Stopping>);

#[derive(Debug, Default)]
struct Stopping {
    raised: AtomicBool,
    under_way: AtomicUsize,
}

/// Something that must come to its end; it has when this is dropped.
#[derive(Debug)]
pub struct UnderWay(Arc<Stopping>);

impl Stop {
    /// Ends the waits that are under way and those to come: they fail with [`VaultError::Interrupted`].
    pub fn raise(&self) {
        self.0.raised.store(true, Ordering::SeqCst);
    }

    /// Begins something that must come to its end; fails with [`VaultError::Interrupted`] if the end of everything was
    /// announced already. `what` is what is not begun then.
    pub fn begin(&self, what: &str) -> Result<UnderWay, VaultError> {
        // Counted before the look: whoever raises it sees either this or that nothing begins.
        self.0.under_way.fetch_add(1, Ordering::SeqCst);
        let under_way = UnderWay(Arc::clone(&self.0));
        if self.is_raised() {
            return Err(VaultError::Interrupted { what: what.to_owned() });
        }
        Ok(under_way)
    }

    /// Whether something is under way that must come to its end.
    pub fn is_awaited(&self) -> bool {
        self.0.under_way.load(Ordering::SeqCst) > 0
    }

    /// Whether waits are to end.
    pub(super) fn is_raised(&self) -> bool {
        self.0.raised.load(Ordering::SeqCst)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}
