//! A Unix socket that answers one user's processes with tokens: `GET /token/NAME`.
//!
//! The protocol, HTTP/1.1 so that `curl --unix-socket` speaks it:
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /token/NAME` | 200 and the JSON of `token get NAME --format json` |
//! | `GET /token/NAME?format=raw` | 200 and the token alone, ended by a line feed |
//! | what goes wrong | 404 (not served here), 409 (disabled), 502 (the vendor refused), 503 (worth a retry), 500; a JSON error envelope |
//! | anything else | 400, 404 or 405 without a body |

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use zeroize::Zeroizing;

use crate::secret::SecretBytes;

/// Connections that are served at once; more wait.
const CONNECTIONS: usize = 64;
/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long answers may take to reach their clients when the socket closes.
const FAREWELL: Duration = Duration::from_millis(500);
/// Before accepting is tried again when the system refuses.
const BREATH: Duration = Duration::from_millis(20);
/// What the folders of sockets are called, before a process id.
const PREFIX: &str = "exec-";
/// What the socket is called. The whole path has room for 107 bytes (unix(7)).
const NAME: &str = "socket";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The connection, as it was spelt.
    pub connection: String,
    /// Whether the token alone is wanted.
    pub raw: bool,
}

/// What is answered.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Whether the body is JSON, or plain text.
    pub json: bool,
    /// The body.
    pub body: SecretBytes,
}

/// Whoever knows the answers.
pub trait Answers: Send + Sync + 'static {
    /// Answers a well-formed request.
    fn answer(&self, asked: Asked) -> impl Future<Output = Answer> + Send;
}

/// A socket that clients can connect to; dropping it removes its folder.
pub struct Listening {
    listener: UnixListener,
    path: PathBuf,
    folder: TempDir,
}

/// A socket at work; dropping it ends it.
pub struct Serving {
    closing: watch::Sender<bool>,
    work: JoinHandle<()>,
    _folder: TempDir,
}

/// Whether a folder belongs to this user and nobody else can put anything there.
pub fn is_ours(folder: &Path) -> bool {
    let us = rustix::process::geteuid().as_raw();
    folder
        .symlink_metadata()
        .is_ok_and(|found| found.is_dir() && found.uid() == us && found.mode() & 0o022 == 0)
}

impl Listening {
    /// Listens in a fresh folder (0700) below `base`, at a socket (0600) of its own; needs a runtime.
    ///
    /// What processes that are gone left there is swept away.
    pub fn below(base: &Path) -> io::Result<Self> {
        if !is_ours(base) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "others can write to the folder"));
        }
        sweep(base);
        let folder = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{}-", std::process::id()))
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir_in(base)?;
        let path = folder.path().join(NAME);
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path, folder })
    }

    /// Where clients connect to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins to answer.
    pub fn serve(self, answers: impl Answers) -> Serving {
        let closing = watch::Sender::new(false);
        let work = tokio::spawn(accept(self.listener, Arc::new(answers), closing.subscribe()));
        Serving { closing, work, _folder: self.folder }
    }
}

impl Serving {
    /// Stops accepting and returns when the answers under way have ended.
    pub async fn end(mut self) {
        self.closing.send_replace(true);
        // A panic in it has been told already.
        let _ = (&mut self.work).await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.work.abort();
    }
}

/// Removes the folders of processes that were killed: their number is nobody's, and nobody answers.
fn sweep(base: &Path) {
    for entry in std::fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        let Some(number) = number else { continue };
        let is_gone = !Path::new(&format!("/proc/{number}")).exists();
        let answers = std::os::unix::net::UnixStream::connect(entry.path().join(NAME)).is_ok();
        if is_gone && !answers {
            // Another one may be sweeping as well.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

async fn accept<A: Answers>(listener: UnixListener, answers: Arc<A>, mut closing: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = closed(&mut closing) => break,
            Some(_) = connections.join_next() => continue,
            accepted = next(&listener, &places) => accepted,
        };
        let Ok((stream, place)) = accepted else {
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let (answers, closing) = (Arc::clone(&answers), closing.clone());
        connections.spawn(async move {
            if is_same_user(&stream) {
                converse(stream, answers, closing).await;
            }
            drop(place);
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn next(
    listener: &UnixListener,
    places: &Arc<Semaphore>,
) -> io::Result<(UnixStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

/// The folder keeps others out; should its mode be changed, this does.
fn is_same_user(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == rustix::process::geteuid().as_raw())
}

async fn converse<A: Answers>(stream: UnixStream, answers: Arc<A>, mut closing: watch::Receiver<bool>) {
    let busy = Arc::new(AtomicBool::new(false));
    let service = service_fn(|request: Request<_>| {
        let (answers, busy) = (Arc::clone(&answers), Arc::clone(&busy));
        async move {
            busy.store(true, Ordering::SeqCst);
            let response = respond(&request, &*answers).await;
            busy.store(false, Ordering::SeqCst);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // An error is a client that went away: nobody is left to tell.
    tokio::select! {
        _ = &mut connection => {}
        () = closed(&mut closing) => {
            connection.as_mut().graceful_shutdown();
            // An answer that is being looked for is waited for; one that is being written has a moment.
            let _ = tokio::time::timeout(FAREWELL, &mut connection).await;
            if busy.load(Ordering::SeqCst) {
                let _ = connection.await;
            }
        }
    }
}

async fn closed(closing: &mut watch::Receiver<bool>) {
    // An error is a sender that is gone: that closes as well.
    drop(closing.wait_for(|done| *done).await);
}

async fn respond<B, A: Answers>(request: &Request<B>, answers: &A) -> Response<Full<Bytes>> {
    let Some(connection) = request.uri().path().strip_prefix("/token/") else {
        return empty(StatusCode::NOT_FOUND);
    };
    if request.method() != Method::GET {
        let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    let raw = match request.uri().query() {
        None | Some("" | "format=json") => false,
        Some("format=raw") => true,
        Some(_) => return empty(StatusCode::BAD_REQUEST),
    };
    let answer = answers.answer(Asked { connection: connection.to_owned(), raw }).await;
    let kind = if answer.json { "application/json" } else { "text/plain; charset=us-ascii" };
    // What is sent is wiped here; the copy in the connection's buffer is not in our hands.
    let body = Bytes::from_owner(Zeroizing::new(answer.body.expose().clone()));
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests;
