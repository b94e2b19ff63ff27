//! Work that is shared out to the cores.

use std::panic::resume_unwind;
use std::thread::{self, JoinHandle, ScopedJoinHandle};

use crate::hooks;

/// How many chunks are worth the start of a thread.
const WORTH_A_THREAD: usize = 64;

/// Returns how many threads are worth having.
pub(super) fn count() -> usize {
    if hooks::mutant("one-thread") { 1 } else { thread::available_parallelism().map_or(1, usize::from) }
}

/// Returns how many of `chunks` chunks each core reads: all of them, unless there are enough to be worth a thread.
pub(super) fn share_of(chunks: usize) -> usize {
    chunks.div_ceil(count().min(chunks / WORTH_A_THREAD).max(1)).max(1)
}

/// Returns what a thread came to; its panic goes on here.
pub(super) fn ended<T>(thread: JoinHandle<T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// As [`ended`], for a thread of a scope.
pub(super) fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}
