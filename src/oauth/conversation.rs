//! One request and what came of it: an answer read to its end, or what came instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use tokio::runtime::{Handle, RuntimeFlavor};
use zeroize::Zeroizing;

use super::client::Line;
use super::error::{Evidence, Malformed, Unreachable};
use super::skew::ClockSkew;
use super::transport::{self, Problem};
use crate::clock::Clock;
use crate::hooks::mutant;
use crate::secret::{Secret, SecretBytes};

/// The longest answer read: 1 MiB.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// An answer, read to its end.
pub(super) struct Answer {
    /// HTTP status.
    pub(super) status: u16,
    /// At most 1 MiB; may hold tokens.
    pub(super) body: SecretBytes,
    /// `Retry-After`, counted from the answer.
    pub(super) retry_after: Option<Duration>,
    /// What else it showed.
    pub(super) evidence: Evidence,
}

/// What came instead of an answer.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) problem: Problem,
    pub(super) evidence: Evidence,
}

/// What is needed to read an answer's headers.
#[derive(Clone, Copy)]
pub(super) struct Conversation<'a> {
    /// For latency and the vendor's clock.
    pub(super) clock: &'a Clock,
    /// See `Descriptor::request_id_headers`.
    pub(super) request_id_headers: &'static [&'static str],
}

tokio::task_local! {
    /// Whether the connection of the request that this task makes stands; see [`noting_connection`].
    static CONNECTED: Arc<AtomicBool>;
}

/// Notes that a connection was made, TLS included, for the request that asked for it.
///
/// Contract: without a pool the connection is made in the task of its request, before a byte of the request is
/// written.
pub(super) async fn noting_connection<Connection, Error>(
    connecting: impl Future<Output = Result<Connection, Error>>,
) -> Result<Connection, Error> {
    let made = connecting.await;
    if made.is_ok() {
        // Without a request there is nobody to tell.
        let _ = CONNECTED.try_with(|connected| connected.store(true, Ordering::SeqCst));
    }
    made
}

/// How late a limit may be noticed.
const BEAT: Duration = Duration::from_millis(100);

/// Keeps the runtime's timers going as long as it is there.
///
/// Why: the thread that is woken for a vendor's bytes is the one that waited for timers as well. It goes through all that
/// came, which takes seconds where nothing ends (a thousand interim answers), and tokio wakes no other one to wait in its
/// place until there is something to do.
struct Pulse {
    _stop: mpsc::Sender<()>,
}

impl Pulse {
    /// Returns nothing where the runtime has one thread: there is no other one to wait.
    fn start() -> Option<Self> {
        let runtime = Handle::current();
        if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
            return None;
        }
        let (stop, stopped) = mpsc::channel();
        runtime.clone().spawn_blocking(move || {
            while stopped.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                drop(runtime.spawn(async {}));
            }
        });
        Some(Self { _stop: stop })
    }
}

impl Conversation<'_> {
    pub(super) async fn run(
        self,
        request: reqwest::RequestBuilder,
        limit: Duration,
        line: Line,
    ) -> Result<Answer, Failure> {
        let started = self.clock.instant();
        let sent = self.clock.now();
        let mut evidence = Evidence { attempts: 1, ..Evidence::default() };
        let (mut retry_after, mut unsent) = (None, false);
        let connected = Arc::new(AtomicBool::new(false));
        let reading = CONNECTED.scope(Arc::clone(&connected), async {
            let mut response = request.send().await.map_err(|error| {
                unsent = error.is_connect() || error.is_builder();
                transport::classify(&error)
            })?;
            let received = self.clock.now();
            evidence.http_status = Some(response.status().as_u16());
            evidence.request_id = self.request_id(response.headers());
            let date = text(response.headers(), DATE.as_str());
            evidence.clock_skew = date.and_then(|date| ClockSkew::from_date_header(date, sent, received));
            retry_after = text(response.headers(), RETRY_AFTER.as_str())
                .and_then(|value| transport::retry_after(value, date, received));
            read_body(&mut response).await
        });
        let limit = if mutant("no-timeout") { Duration::from_hours(1) } else { limit };
        let _pulse = Pulse::start();
        let outcome = tokio::time::timeout(limit, reading).await.unwrap_or_else(|_| {
            unsent = line == Line::Single && !connected.load(Ordering::SeqCst);
            Err(Problem::Unreachable(Unreachable::Timeout))
        });
        evidence.unsent = unsent && evidence.http_status.is_none();
        evidence.latency = self.clock.instant().duration_since(started);
        match (outcome, evidence.http_status) {
            (Ok(body), Some(status)) => Ok(Answer { status, body, retry_after, evidence }),
            // The status of a refusal counts although its body broke off or never ended.
            (Err(_), Some(status)) if status >= 400 => {
                Ok(Answer { status, body: Secret::new(Vec::new()), retry_after, evidence })
            }
            (Err(problem), _) => Err(Failure { problem, evidence }),
            (Ok(_), None) => Err(Failure { problem: Problem::Unreachable(Unreachable::Reset), evidence }),
        }
    }

    fn request_id(self, headers: &HeaderMap) -> Option<String> {
        let id = self.request_id_headers.iter().find_map(|name| text(headers, name))?;
        // It is shown and logged: visible, and no longer than an id needs to be.
        let id: String = id.chars().filter(char::is_ascii_graphic).take(128).collect();
        Some(id).filter(|id| !id.is_empty())
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Reads an answer to its end into memory that is wiped.
async fn read_body(response: &mut reqwest::Response) -> Result<SecretBytes, Problem> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    let longest = if mutant("no-answer-cap") { 96 * LONGEST_ANSWER } else { LONGEST_ANSWER };
    if announced.is_some_and(|length| length > longest) {
        return Err(Problem::Malformed(Malformed::TooLong));
    }
    let mut body = Zeroizing::new(Vec::with_capacity(announced.unwrap_or(8 * 1024)));
    while let Some(chunk) = response.chunk().await.map_err(|error| transport::classify(&error))? {
        let length = body.len() + chunk.len();
        if length > longest {
            return Err(Problem::Malformed(Malformed::TooLong));
        }
        if length > body.capacity() {
            // A vector that grows by itself leaves its old contents behind.
            let mut larger = Zeroizing::new(Vec::with_capacity(length.next_power_of_two()));
            larger.extend_from_slice(&body);
            body = larger;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Secret::new(std::mem::take(&mut *body)))
}
