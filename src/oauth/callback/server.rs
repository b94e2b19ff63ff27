//! Accepts and answers until the login is concluded.

use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::timeout;

use super::connection;
use super::pages::{Outcome, Page};
use super::respond::{Site, Verdict};
use super::transaction::{Redirect, Transaction};
use crate::hooks::mutant;

/// Connections that are open at once; the oldest one that has not said what it wants makes room for a new one.
const CONNECTIONS: usize = 128;
/// How long the page waits for the result before it says that it waits.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the result waits for the page.
const DELIVERY: Duration = Duration::from_secs(5);
/// How long answers under way may take to end when the listener closes.
const FAREWELL: Duration = Duration::from_secs(1);
/// Before accepting is tried again when the system refuses.
const BREATH: Duration = Duration::from_millis(20);

/// A listener at work; dropping it ends it and every connection to it.
pub struct Callback {
    redirect: Option<oneshot::Receiver<Redirect>>,
    closing: watch::Sender<bool>,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

/// What the connections have in common.
pub(super) struct Shared {
    site: Site,
    transaction: Transaction,
    redirect: Mutex<Option<oneshot::Sender<Redirect>>>,
    /// The browser brought the genuine answer and may be looking at our page.
    arrived: AtomicBool,
    outcome: watch::Sender<Option<Outcome>>,
    delivered: watch::Sender<bool>,
}

pub(super) fn start(sockets: Vec<TcpListener>, site: Site, transaction: Transaction) -> Callback {
    let (found, redirect) = oneshot::channel();
    let shared = Arc::new(Shared {
        site,
        transaction,
        redirect: Mutex::new(Some(found)),
        arrived: AtomicBool::new(false),
        outcome: watch::Sender::new(None),
        delivered: watch::Sender::new(false),
    });
    let closing = watch::Sender::new(false);
    let listening = tokio::spawn(listen(sockets, Arc::clone(&shared), closing.subscribe()));
    Callback { redirect: Some(redirect), closing, shared, listening }
}

impl Callback {
    /// Returns the genuine answer once the browser brings it; never returns again after that.
    ///
    /// May be dropped and called anew without losing anything.
    pub async fn next(&mut self) -> Redirect {
        if let Some(redirect) = &mut self.redirect
            && let Ok(redirect) = redirect.await
        {
            self.redirect = None;
            return redirect;
        }
        pending().await
    }

    /// Shows the waiting page how the login ended and closes the port.
    ///
    /// Takes a moment where a browser is waiting, and five seconds at most; none where the answer was pasted.
    pub async fn conclude(mut self, outcome: Outcome) {
        self.shared.outcome.send_replace(Some(outcome));
        if self.shared.arrived.load(Ordering::SeqCst) {
            let mut delivered = self.shared.delivered.subscribe();
            // Nobody needs to look: a closed window must not hold the terminal.
            let _ = timeout(DELIVERY, delivered.wait_for(|done| *done)).await;
        }
        self.closing.send_replace(true);
        // It ends by itself within `FAREWELL`; a panic in it has been printed already.
        let _ = (&mut self.listening).await;
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Shared {
    /// Answers a request; `shown` is raised when the answer is the result.
    pub(super) async fn respond<B>(&self, request: &Request<B>, shown: &AtomicBool) -> Response<Full<Bytes>> {
        let mut response = self.answer(request, shown).await;
        if mutant("callback-echo") {
            *response.body_mut() = Full::new(Bytes::from(request.uri().to_string()));
        }
        response
    }

    async fn answer<B>(&self, request: &Request<B>, shown: &AtomicBool) -> Response<Full<Bytes>> {
        match self.site.judge(request, &self.transaction) {
            Verdict::Genuine(redirect) => {
                self.arrived.store(true, Ordering::SeqCst);
                if let Some(found) = self.redirect.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    // Fails if the login was given up in this moment: then nobody waits for it.
                    let _ = found.send(redirect);
                }
                if mutant("callback-code-stays") { self.site.show(Page::Pending) } else { self.site.onward() }
            }
            Verdict::Result => {
                let mut outcome = self.outcome.subscribe();
                let known = timeout(PATIENCE, outcome.wait_for(Option::is_some)).await;
                let known = known.ok().and_then(Result::ok).and_then(|outcome| *outcome);
                shown.store(known.is_some(), Ordering::SeqCst);
                self.site.show(known.map_or(Page::Pending, Page::Result))
            }
            Verdict::Refused(refusal) => {
                tracing::debug!(?refusal, "a request to the callback was refused");
                self.site.refuse(refusal)
            }
        }
    }

    /// Notes that the result was shown to the browser that waited for it.
    pub(super) fn delivered(&self) {
        self.delivered.send_replace(true);
    }
}

/// Accepts until it is told to close, then gives answers under way a moment.
async fn listen(sockets: Vec<TcpListener>, shared: Arc<Shared>, mut closing: watch::Receiver<bool>) {
    let mut connections = Connections::default();
    let mut turn = 0;
    loop {
        tokio::select! {
            accepted = poll_fn(|context| accept(&sockets, &mut turn, context)) => match accepted {
                Ok(stream) => {
                    connections.serve(stream, &shared);
                    // Why: in a flood there is always another one to accept, and who was accepted must be heard
                    // before it can be taken for one that says nothing.
                    tokio::task::yield_now().await;
                }
                // Why: out of file descriptors, most likely; accepting at once again would spin.
                Err(_) => tokio::time::sleep(BREATH).await,
            },
            Some(_) = connections.tasks.join_next() => if mutant("callback-closes-on-first") { break },
            () = told(&mut closing) => break,
        }
    }
    drop(sockets);
    connections.finish().await;
}

/// Returns once the login is concluded, or given up.
async fn told(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

/// Accepts on whichever socket has somebody waiting, each in its turn, so that a flood on one leaves the other open.
fn accept(
    sockets: &[TcpListener],
    turn: &mut usize,
    context: &mut Context<'_>,
) -> Poll<io::Result<TcpStream>> {
    for _ in sockets {
        *turn = (*turn + 1) % sockets.len();
        if let Poll::Ready(accepted) = sockets[*turn].poll_accept(context) {
            return Poll::Ready(accepted.map(|(stream, _)| stream));
        }
    }
    Poll::Pending
}

/// The open connections, oldest first.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    open: VecDeque<(AbortHandle, Arc<AtomicBool>)>,
}

impl Connections {
    fn serve(&mut self, stream: TcpStream, shared: &Arc<Shared>) {
        self.open.retain(|(task, _)| !task.is_finished());
        if self.open.len() >= CONNECTIONS {
            if mutant("callback-no-eviction") {
                return;
            }
            self.make_room();
        }
        // Latency only: a socket that refuses this still works.
        let _ = stream.set_nodelay(true);
        let engaged = Arc::new(AtomicBool::new(false));
        let task = self.tasks.spawn(connection::serve(stream, Arc::clone(shared), Arc::clone(&engaged)));
        self.open.push_back((task, engaged));
    }

    /// Ends the oldest connection that is not being answered: those that send slowly, or nothing, must not keep out
    /// the genuine one.
    fn make_room(&mut self) {
        let idle = self.open.iter().position(|(_, engaged)| !engaged.load(Ordering::SeqCst));
        // Only the holder of the result page's address can stay engaged; many of those are one browser.
        if let Some((task, _)) = self.open.remove(idle.unwrap_or(0)) {
            task.abort();
        }
    }

    async fn finish(mut self) {
        for (task, _) in self.open.iter().filter(|(_, engaged)| !engaged.load(Ordering::SeqCst)) {
            task.abort();
        }
        // What is not over by then is cut off with the set.
        let _ = timeout(FAREWELL, async { while self.tasks.join_next().await.is_some() {} }).await;
    }
}
