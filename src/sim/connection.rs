//! One accepted connection, and the switch by which a fault resets or closes it under an answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tower::ServiceExt;

const RESET: u8 = 1;
const CLOSE: u8 = 2;

/// Ends a connection before the next byte is written; every request carries its connection's one.
#[derive(Debug, Clone, Default)]
pub(super) struct Cut(Arc<AtomicU8>);

impl Cut {
    /// Ends the connection with a TCP reset.
    pub(super) fn reset(&self) {
        self.0.store(RESET, Ordering::SeqCst);
    }

    /// Ends the connection in order, without an answer.
    pub(super) fn close(&self) {
        self.0.store(CLOSE, Ordering::SeqCst);
    }
}

/// Answers requests on `stream` until either side ends it.
pub(super) async fn serve(stream: TcpStream, router: Router) {
    let cut = Cut::default();
    let io = TokioIo::new(Severable { stream, cut: cut.clone() });
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(cut.clone());
        router.clone().oneshot(request.map(Body::new))
    });
    // An error here is a client that went away or a fault that did its work: nobody is left to tell.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(io, service).await;
}

/// A stream that refuses to write once its [`Cut`] is used; hyper then drops it.
struct Severable {
    stream: TcpStream,
    cut: Cut,
}

impl Severable {
    fn intact(&self) -> io::Result<()> {
        match self.cut.0.load(Ordering::SeqCst) {
            0 => Ok(()),
            how => {
                if how == RESET {
                    // Why: a socket closed with zero linger sends RST instead of FIN (socket(7), SO_LINGER).
                    self.stream.set_zero_linger()?;
                }
                Err(io::ErrorKind::ConnectionAborted.into())
            }
        }
    }
}

impl AsyncRead for Severable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Severable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.intact()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.intact()?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
