//! Connections that send slowly, or nothing.

use std::time::Instant;

use tokenctl::oauth::callback::Outcome;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};

use crate::world::{SOON, V4, World, send};

/// What the genuine answer may take while others dawdle.
const PROMPT: Duration = Duration::from_secs(3);

async fn dawdlers(world: &World, count: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let mut all = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect((V4, world.port)).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        all.push(stream);
    }
    all
}

#[tokio::test]
async fn three_hundred_slow_connections_do_not_hold_up_the_genuine_one() {
    for beginning in ["", "GET /callback/quickbooks?state=", "GET / HTTP/1.1\r\nHost: localhost\r\nX: "] {
        let mut world = World::start().await;
        let slow = dawdlers(&world, 300, beginning.as_bytes()).await;
        timeout(PROMPT, world.succeed(V4)).await.expect("it is prompt");
        drop(slow);
    }
}

#[tokio::test]
async fn a_slow_connection_is_closed_after_five_seconds() {
    let world = World::start().await;
    let mut slow = dawdlers(&world, 1, b"GET /callback/quickbooks").await.remove(0);
    let started = Instant::now();
    let mut rest = Vec::new();
    timeout(SOON, slow.read_to_end(&mut rest)).await.expect("it is closed").unwrap();
    assert!(started.elapsed() > Duration::from_secs(4), "people on slow machines get their time");
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"), "{rest:?}");
}

#[tokio::test]
async fn dripping_does_not_extend_the_time() {
    let world = World::start().await;
    let mut slow = dawdlers(&world, 1, b"GET /callback/quickbooks?x=").await.remove(0);
    let dripping = async {
        loop {
            // A byte in every tenth of a second for as long as somebody listens.
            if slow.write_all(b"a").await.is_err() {
                return;
            }
            let mut byte = [0];
            if let Ok(read) = timeout(Duration::from_millis(100), slow.read(&mut byte)).await {
                assert_eq!(read.unwrap_or(0), 0, "it is told nothing");
                return;
            }
        }
    };
    timeout(SOON, dripping).await.expect("it is closed");
}

#[tokio::test]
async fn slow_connections_do_not_hold_up_the_end() {
    let mut world = World::start().await;
    let slow = dawdlers(&world, 50, b"GET /").await;
    let onward = world.succeed(V4).await;
    let request = world.get(&onward);
    let (page, concluded) = tokio::join!(
        send(V4, world.port, &request),
        timeout(PROMPT, world.callback.conclude(Outcome::Connected))
    );
    concluded.expect("it is prompt");
    assert_eq!(page.unwrap().status, 200);
    drop(slow);
}
