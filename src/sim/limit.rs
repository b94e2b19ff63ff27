//! Rate limits: at most so many calls in any window of time.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use jiff::{SignedDuration, Timestamp};

use crate::clock;

/// Recent calls by whatever they are limited by.
#[derive(Debug)]
pub(super) struct Limiter<K> {
    most: usize,
    window: SignedDuration,
    recent: HashMap<K, VecDeque<Timestamp>>,
}

impl<K: Eq + Hash> Limiter<K> {
    pub(super) fn new(most: usize, window: SignedDuration) -> Self {
        Self { most, window, recent: HashMap::new() }
    }

    /// Counts a call at `now`; `false`, and not counted, if it is one too many.
    pub(super) fn admit(&mut self, key: K, now: Timestamp) -> bool {
        let recent = self.recent.entry(key).or_default();
        let begin = clock::add(now, -self.window);
        while recent.front().is_some_and(|call| *call <= begin) {
            recent.pop_front();
        }
        let admitted = recent.len() < self.most;
        if admitted {
            recent.push_back(now);
        }
        admitted
    }
}
