//! Single flight in the process: however many callers want the same thing at the same time, it is done once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use crate::hooks;

/// The work under way, by key. Across processes the connection's lock does the same.
pub struct Flights<K, V> {
    under_way: Mutex<HashMap<K, Arc<OnceCell<V>>>>,
}

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self { under_way: Mutex::default() }
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Flights<K, V> {
    /// Returns what the work under way for `key` brings, or starts `work` if there is none.
    ///
    /// Everybody who came while it was under way gets a clone of the one result, a failure included; whoever
    /// comes later starts anew. When the caller whose work it is goes away, one of those who wait does its own.
    pub async fn join<Work>(&self, key: K, work: impl FnOnce() -> Work) -> V
    where
        Work: Future<Output = V>,
    {
        if hooks::mutant("no-single-flight") {
            return work().await;
        }
        let cell = Arc::clone(self.lock().entry(key.clone()).or_default());
        let seat = Seat { flights: self, key, cell };
        seat.cell.get_or_init(work).await.clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<OnceCell<V>>>> {
        // The map is changed by single calls that do not panic half-way.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller's place; leaving it clears up, also when the caller is cancelled.
struct Seat<'a, K: Eq + Hash + Clone, V: Clone> {
    flights: &'a Flights<K, V>,
    key: K,
    cell: Arc<OnceCell<V>>,
}

impl<K: Eq + Hash + Clone, V: Clone> Drop for Seat<'_, K, V> {
    fn drop(&mut self) {
        let mut under_way = self.flights.lock();
        let mine = under_way.get(&self.key).is_some_and(|cell| Arc::ptr_eq(cell, &self.cell));
        // Two holders are the map and this seat: nobody else waits. New ones come only under the lock.
        if mine && (self.cell.initialized() || Arc::strong_count(&self.cell) == 2) {
            under_way.remove(&self.key);
        }
    }
}

#[cfg(test)]
#[path = "flight_tests.rs"]
mod tests;
