//! One connection: one request within its limits, one answer, an orderly end.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::server::Shared;
use crate::hooks::mutant;

/// The longest request head, in bytes. A browser sends the cookies that anything else on localhost has set, too.
const LONGEST_HEAD: usize = 64 * 1024;
/// How long a request head may take to arrive.
const HEAD: Duration = Duration::from_secs(5);
/// How long a connection may last, the wait for the result included.
const WHOLE: Duration = Duration::from_secs(40);
/// How long the other side may take to close after its answer.
const LINGER: Duration = Duration::from_secs(1);
/// How much of what it still sends is thrown away meanwhile, in bytes.
const DISCARDED: u64 = 4 * 1024 * 1024;

/// Answers one request on `stream`; `engaged` is raised while it is being answered.
pub(super) async fn serve(mut stream: TcpStream, shared: Arc<Shared>, engaged: Arc<AtomicBool>) {
    let shown = AtomicBool::new(false);
    let (common, raised, answering) = (&shared, &shown, &engaged);
    let service = service_fn(move |request| async move {
        answering.store(true, Ordering::SeqCst);
        Ok::<_, Infallible>(common.respond(&request, raised).await)
    });
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .max_buf_size(if mutant("callback-no-head-cap") { usize::MAX >> 1 } else { LONGEST_HEAD })
        .header_read_timeout(if mutant("callback-no-head-timeout") { WHOLE } else { HEAD })
        .serve_connection(TokioIo::new(&mut stream), service);
    let complete = matches!(timeout(WHOLE, conversation).await, Ok(Ok(())));
    engaged.store(complete && shown.load(Ordering::SeqCst), Ordering::SeqCst);
    linger(&mut stream).await;
    if complete && shown.load(Ordering::SeqCst) {
        shared.delivered();
    }
}

/// Closes our half and waits for the other one.
///
/// Why: a socket that is closed with unread data resets the connection, and the reset can overtake the answer: a
/// request that was too long would be told nothing.
async fn linger(stream: &mut TcpStream) {
    let rest = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(DISCARDED), &mut tokio::io::sink()).await
    };
    // Whatever came of it, the connection ends now.
    let _ = timeout(LINGER, rest).await;
}
