use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::*;

struct Counted {
    flights: Flights<&'static str, u32>,
    calls: AtomicU32,
    finish: Notify,
}

impl Counted {
    fn new() -> Arc<Self> {
        Arc::new(Self { flights: Flights::default(), calls: AtomicU32::new(0), finish: Notify::new() })
    }

    async fn ask(&self, key: &'static str) -> u32 {
        self.flights
            .join(key, || async {
                let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
                self.finish.notified().await;
                call
            })
            .await
    }

    fn spawn(self: &Arc<Self>, tasks: &mut JoinSet<u32>, key: &'static str) {
        let this = Arc::clone(self);
        tasks.spawn(async move { this.ask(key).await });
    }

    /// Returns once `count` callers wait for `key`.
    async fn seated(&self, key: &'static str, count: usize) {
        let all_are_there = async {
            // One holder more: the map.
            while self.flights.lock().get(key).map_or(0, Arc::strong_count) != count + 1 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), all_are_there).await.expect("callers share a flight");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_callers_make_one_call() {
    let counted = Counted::new();
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        counted.spawn(&mut tasks, "acme");
    }
    counted.seated("acme", 50).await;
    counted.finish.notify_one();
    assert_eq!(tasks.join_all().await, [1; 50]);
    assert_eq!(counted.calls.load(Ordering::SeqCst), 1);
    assert!(counted.flights.lock().is_empty(), "nothing stays behind");
}

#[tokio::test]
async fn who_comes_later_starts_anew() {
    let counted = Counted::new();
    counted.finish.notify_one();
    assert_eq!(counted.ask("acme").await, 1);
    counted.finish.notify_one();
    assert_eq!(counted.ask("acme").await, 2);
}

#[tokio::test]
async fn keys_do_not_wait_for_each_other() {
    let counted = Counted::new();
    let mut tasks = JoinSet::new();
    counted.spawn(&mut tasks, "acme");
    counted.spawn(&mut tasks, "zeta");
    while counted.calls.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    counted.finish.notify_waiters();
    assert_eq!(tasks.join_all().await.len(), 2);
}

#[tokio::test]
async fn a_cancelled_caller_hands_over() {
    let counted = Counted::new();
    let (mut first, mut others) = (JoinSet::new(), JoinSet::new());
    counted.spawn(&mut first, "acme");
    counted.seated("acme", 1).await;
    for _ in 0..3 {
        counted.spawn(&mut others, "acme");
    }
    counted.seated("acme", 4).await;
    first.shutdown().await;
    counted.finish.notify_one();
    assert_eq!(others.join_all().await, [2; 3]);
    assert_eq!(counted.calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_cancelled_caller_who_was_alone_leaves_nothing() {
    let counted = Counted::new();
    let mut tasks = JoinSet::new();
    counted.spawn(&mut tasks, "acme");
    counted.seated("acme", 1).await;
    tasks.shutdown().await;
    assert!(counted.flights.lock().is_empty());
}
