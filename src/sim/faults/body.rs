//! A response body that dawdles, breaks off or never ends.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use hyper::body::Frame;
use tokio::time::{Sleep, sleep};

/// How a [`Shaped`] body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// In order.
    Orderly,
    /// With the connection.
    Torn,
    /// Not at all: the last piece comes again and again.
    Never,
}

/// A body that comes in pieces with a pause before each.
pub(super) struct Shaped {
    pieces: std::vec::IntoIter<Bytes>,
    last: Bytes,
    pause: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    end: End,
}

impl Shaped {
    pub(super) fn new(pieces: Vec<Bytes>, pause: Duration, end: End) -> Self {
        Self { pieces: pieces.into_iter(), last: Bytes::new(), pause, waiting: None, end }
    }
}

impl HttpBody for Shaped {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if !self.pause.is_zero() {
            let pause = self.pause;
            let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(pause)));
            if waiting.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.waiting = None;
        }
        Poll::Ready(match self.pieces.next() {
            Some(piece) => {
                self.last = piece.clone();
                Some(Ok(Frame::data(piece)))
            }
            None => match self.end {
                End::Orderly => None,
                End::Torn => Some(Err(io::ErrorKind::ConnectionAborted.into())),
                End::Never => Some(Ok(Frame::data(self.last.clone()))),
            },
        })
    }
}
