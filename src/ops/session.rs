//! An open vault, the way to the vendors, and the person or script on whose behalf things happen.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::domain::connection::Connection;
use crate::domain::ids::ConnectionName;
use crate::domain::rotation::{KeySet, Step};
use crate::oauth::{Client, ClientOptions, ExchangeError};
use crate::secret::{SecretBytes, SecretString};
use crate::vault::identity::{Credentials, IdentityFile};
use crate::vault::pin::Pin;
use crate::vault::{ConnectionLock, Place, Vault, VaultError};

use super::{Interact, OpsError, keys};

/// What operations work with.
pub struct Session {
    /// The open vault.
    pub(super) vault: Vault,
    /// The one HTTP client.
    pub(super) client: Arc<Client>,
    /// The time.
    pub(super) clock: Clock,
    /// The person, if there is one.
    pub(super) interact: Arc<dyn Interact>,
    /// How long things may take.
    pub(super) limits: Limits,
}

/// How long an operation may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// One exchange with a vendor.
    pub exchange: Duration,
    /// The whole command.
    pub deadline: Instant,
}

/// The text of an identity file, and where it was found.
pub struct IdentityText {
    /// For messages: a path, a variable, "standard input".
    pub origin: String,
    /// The text.
    pub text: SecretBytes,
    /// The file, if it is one: its pin is kept up to date.
    pub path: Option<PathBuf>,
}

/// What opens a vault.
pub struct OpenRequest {
    /// Where it is and how this process works on it.
    pub place: Place,
    /// Who opens it.
    pub identity: IdentityText,
    /// The pin that counts instead of those in the identity file.
    pub pin: Option<String>,
    /// How long operations may take.
    pub limits: Limits,
}

/// Why here: whatever an operation did to the vault, its warnings reach people before the result does.
impl Drop for Session {
    fn drop(&mut self) {
        self.pass_on_warnings();
    }
}

impl Session {
    /// Opens the vault; asks for a passphrase if the identity has one.
    pub fn open(request: OpenRequest, clock: Clock, interact: Arc<dyn Interact>) -> Result<Self, OpsError> {
        let ask =
            |name: &str| -> Option<SecretString> { interact.passphrase(&format!("passphrase for {name}")) };
        let mut file = IdentityFile::from_bytes(&request.identity.origin, &request.identity.text, &ask)?;
        if let Some(path) = request.identity.path {
            file = file.kept_at(path);
        }
        let pin = request.pin.as_deref().map(str::parse::<Pin>).transpose()?;
        let vault = Vault::open(request.place, Credentials { files: vec![file], pin }, clock.clone())?;
        let client =
            Client::new(ClientOptions::default()).map_err(|error| Box::new(ExchangeError::Client(error)))?;
        let session = Self { vault, client: Arc::new(client), clock, interact, limits: request.limits };
        session.pass_on_warnings();
        Ok(session)
    }

    /// Tells people what the vault noticed without stopping.
    pub fn pass_on_warnings(&self) {
        for warning in self.vault.warnings() {
            self.interact.warn(&warning);
        }
    }

    /// Asks; `--yes` has answered already.
    pub fn confirm(&self, question: &str) -> Result<bool, super::interact::NoAnswer> {
        self.interact.confirm(question)
    }

    /// Returns the connection, or says which name is nearest.
    pub(super) fn connection(&self, name: &ConnectionName) -> Result<Connection, OpsError> {
        self.vault.read(|rows| {
            if let Some(connection) = rows.connection(name)? {
                return Ok(connection);
            }
            let nearest = rows.nearest_names(name.as_str())?.into_iter().next().map(Into::into);
            Err(OpsError::NoConnection { name: name.to_string(), nearest })
        })
    }

    /// Takes the connection's lock, reads what counts from now on, and checks that `step` is allowed.
    pub(super) fn begin(
        &self,
        name: &ConnectionName,
        step: Step,
    ) -> Result<(Connection, KeySet, ConnectionLock), OpsError> {
        let lock = self.lock(&self.connection(name)?)?;
        // What was known before the lock is thrown away.
        let connection = self.connection(name)?;
        let keys = self.vault.read(|rows| rows.keys_of(&connection.id))?;
        keys::allowed(&connection, &keys, step)?;
        Ok((connection, keys, lock))
    }

    /// Takes the connection's lock, waiting until the deadline.
    ///
    /// Fails before that for those who could not use it: a viewer is told so, not that a lock file is not theirs.
    pub(super) fn lock(&self, connection: &Connection) -> Result<ConnectionLock, VaultError> {
        self.vault.require_writable()?;
        let wait = self.limits.deadline.saturating_duration_since(self.clock.instant());
        self.vault.lock_connection(&connection.id, wait)
    }
}
