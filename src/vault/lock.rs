//! Locks: kernel locks on files that are never unlinked, so that a dead holder needs no clean-up.
//!
//! Order: connection, then keyring, then vault, then audit; one connection lock per task. What a lock file says is
//! for people and for those who wait; the lock itself is the kernel's.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::error::VaultError;
use super::file;
use super::stop::Stop;
use crate::clock::Clock;
use crate::domain::ids::ConnectionId;
use crate::domain::verification::Outcome;
use crate::hooks;

/// How old a failure may be for those who waited to share it instead of repeating the attempt.
const SHARED_FAILURE: SignedDuration = SignedDuration::from_secs(5);

/// How often those who wait look whether they are to stop.
const LOOK: Duration = Duration::from_millis(20);

/// What a lock file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    pid: u32,
    command: String,
    since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

/// How the last holder failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// When.
    pub failed_at: Timestamp,
    /// What went wrong, in one line; never a secret.
    pub error: String,
    /// What kind of failure it was.
    pub outcome: Outcome,
}

/// What to lock and how long to wait for it.
#[derive(Debug)]
pub struct Request<'a> {
    /// The lock file; created with mode 0600 if it is not there.
    pub path: &'a Path,
    /// "the vault", "the audit log", …
    pub what: &'a str,
    /// The command that wants it, for those who wait.
    pub command: &'a str,
    /// How long to wait.
    pub timeout: Duration,
    /// What breaks the wait off.
    pub stop: Option<&'a Stop>,
}

impl Request<'_> {
    fn check_stop(&self) -> Result<(), VaultError> {
        let stopped = self.stop.is_some_and(Stop::is_raised);
        if stopped { Err(VaultError::Interrupted { what: self.what.to_owned() }) } else { Ok(()) }
    }
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    note: Option<Note>,
    /// How the holder before failed.
    inherited: Option<Failure>,
    waited: bool,
}

impl Lock {
    /// Waits for the lock; [`VaultError::Locked`] names the holder if it is not free in time.
    pub fn exclusive(request: &Request<'_>, clock: &Clock) -> Result<Self, VaultError> {
        let (mut file, waited) = acquire(request, clock, (File::try_lock, File::lock))?;
        let inherited = read_note(&mut file).and_then(|note| note.failure);
        let note = Note {
            pid: std::process::id(),
            command: request.command.to_owned(),
            since: clock.now(),
            // Whoever does something else meanwhile may have removed the reason.
            failure: None,
        };
        let mut lock = Self { file, note: Some(note), inherited, waited };
        lock.write_note();
        Ok(lock)
    }

    /// Waits for the lock together with others who only share it.
    pub fn shared(request: &Request<'_>, clock: &Clock) -> Result<Self, VaultError> {
        let (file, waited) = acquire(request, clock, (File::try_lock_shared, File::lock_shared))?;
        Ok(Self { file, note: None, inherited: None, waited })
    }

    fn write_note(&mut self) {
        let Some(note) = &self.note else { return };
        let text = serde_json::to_vec(note).unwrap_or_default();
        // A note that cannot be written (a full disk) takes nothing from the lock.
        let _ = self
            .file
            .rewind()
            .and_then(|()| self.file.write_all(&text))
            .and_then(|()| self.file.set_len(text.len() as u64));
    }
}

/// How long to wait, and what breaks the wait off.
type Wait<'a> = (Duration, Option<&'a Stop>);
type TryLock = fn(&File) -> Result<(), TryLockError>;
type WaitLock = fn(&File) -> std::io::Result<()>;

/// Returns the locked file, and whether it had to be waited for.
fn acquire(
    request: &Request<'_>,
    clock: &Clock,
    (try_lock, lock): (TryLock, WaitLock),
) -> Result<(File, bool), VaultError> {
    request.check_stop()?;
    let until = clock.instant() + request.timeout;
    let file = file::open_or_create(request.path)?;
    match try_lock(&file) {
        Ok(()) => return Ok((file, false)),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(source)) => return Err(lock_failed(request.path, source)),
    }
    // Why a thread: flock(2) has no timeout. One that comes too late finds nobody to send to, drops the file and
    // thereby the lock.
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("lock".to_owned())
        .spawn(move || {
            let locked = lock(&file);
            let _ = sender.send(locked.map(|()| file));
        })
        .map_err(|source| lock_failed(request.path, source))?;
    loop {
        let left = until.saturating_duration_since(clock.instant());
        match receiver.recv_timeout(if request.stop.is_some() { left.min(LOOK) } else { left }) {
            Ok(Ok(file)) => return Ok((file, true)),
            Ok(Err(source)) => return Err(lock_failed(request.path, source)),
            Err(mpsc::RecvTimeoutError::Timeout) if left > LOOK => request.check_stop()?,
            Err(_) => {
                let what = request.what.to_owned();
                return Err(VaultError::Locked { what, holder: holder(request.path) });
            }
        }
    }
}

fn lock_failed(path: &Path, source: std::io::Error) -> VaultError {
    VaultError::Io { action: "lock", path: path.to_owned(), source }
}

fn holder(path: &Path) -> String {
    let note = file::open_or_create(path).ok().and_then(|mut file| read_note(&mut file));
    note.map_or_else(
        || "another process".to_owned(),
        |note| format!("process {} (`{}`) since {}", note.pid, note.command, note.since),
    )
}

fn read_note(file: &mut File) -> Option<Note> {
    let mut text = Vec::new();
    file.rewind().ok()?;
    file.take(64 * 1024).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// The lock of one connection: whoever holds it may exchange tokens and move keys of that connection.
#[derive(Debug)]
pub struct ConnectionLock {
    lock: Lock,
    connection: ConnectionId,
}

impl ConnectionLock {
    /// Whose lock it is.
    pub fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// Returns the failure of the holder before, if this one waited for it and it is less than 5 seconds old.
    ///
    /// Whoever shares it records it again, for those who still wait.
    pub fn shared_failure(&self, now: Timestamp) -> Option<&Failure> {
        let failure = self.lock.inherited.as_ref()?;
        let age = now.duration_since(failure.failed_at);
        (self.lock.waited && !age.is_negative() && age < SHARED_FAILURE).then_some(failure)
    }

    /// Tells those who wait how it ended: a failure to share, or `None` for success.
    pub fn record(&mut self, failure: Option<Failure>) {
        if let Some(note) = &mut self.lock.note {
            note.failure = failure;
        }
        self.lock.write_note();
    }
}

/// The locks of one vault, in the folder beside it.
#[derive(Debug, Clone)]
pub struct Locks {
    folder: PathBuf,
    command: String,
    timeout: Duration,
    clock: Clock,
    stop: Stop,
}

impl Locks {
    /// The locks in `folder`; `timeout` is for the vault, the keyring and the audit log.
    pub fn new(folder: PathBuf, command: String, timeout: Duration, clock: Clock) -> Self {
        Self { folder, command, timeout, clock, stop: Stop::default() }
    }

    /// The same locks; `stop` breaks off the waits for a connection and for the vault.
    ///
    /// Not those for the keyring and the audit log: what a vendor has answered is still to be written down.
    pub fn stopped_by(self, stop: Stop) -> Self {
        Self { stop, ..self }
    }

    /// The lock of a commit.
    pub fn vault(&self) -> Result<Lock, VaultError> {
        if hooks::mutant("lock-outlives-holder") {
            file::create(&self.folder.join("vault.held"))?;
        }
        self.exclusive("vault", "the vault", (self.timeout, Some(&self.stop)))
    }

    /// Held by whoever replaces the vault's keys.
    pub fn keyring(&self) -> Result<Lock, VaultError> {
        self.exclusive("keyring", "the vault's keyring", (self.timeout, None))
    }

    /// Held by whoever writes a journal entry with the vault's keys.
    pub fn keyring_shared(&self) -> Result<Lock, VaultError> {
        file::ensure_folder(&self.folder)?;
        let path = self.folder.join("keyring");
        Lock::shared(&self.request(&path, "the vault's keyring", (self.timeout, None)), &self.clock)
    }

    /// The lock of whoever appends to the audit log.
    pub fn audit(&self) -> Result<Lock, VaultError> {
        self.exclusive("audit", "the audit log", (self.timeout, None))
    }

    /// The lock of one connection.
    pub fn connection(&self, id: &ConnectionId, wait: Duration) -> Result<ConnectionLock, VaultError> {
        // A seeded bug: a lock that nobody else takes.
        let seeded = hooks::mutant("no-connection-lock").then(ConnectionId::new);
        let lock = self.exclusive(
            seeded.as_ref().unwrap_or(id).as_str(),
            "the connection",
            (wait, Some(&self.stop)),
        )?;
        Ok(ConnectionLock { lock, connection: id.clone() })
    }

    /// The lock of one connection if nobody has it, for whoever tidies up: what it says of its last holder stays.
    pub fn connection_if_free(&self, id: &ConnectionId) -> Option<Lock> {
        let file = file::open_or_create(&self.folder.join(id.as_str())).ok()?;
        file.try_lock().ok()?;
        Some(Lock { file, note: None, inherited: None, waited: false })
    }

    fn exclusive(&self, name: &str, what: &str, wait: Wait<'_>) -> Result<Lock, VaultError> {
        file::ensure_folder(&self.folder)?;
        let path = self.folder.join(name);
        Lock::exclusive(&self.request(&path, what, wait), &self.clock)
    }

    fn request<'a>(&'a self, path: &'a Path, what: &'a str, (timeout, stop): Wait<'a>) -> Request<'a> {
        Request { path, what, command: &self.command, timeout, stop }
    }
}

#[cfg(test)]
#[path = "lock_tests.rs"]
mod tests;
