//! An open vault, the way to the vendors, and the person or script on whose behalf things happen.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::domain::app::App;
use crate::domain::connection::Connection;
use crate::domain::ids::{AppName, ConnectionName};
use crate::domain::rotation::{KeySet, Step};
use crate::oauth::{self, Client, ClientOptions, ExchangeError};
use crate::providers::{self, EndpointRequest, Plan, PlanError};
use crate::secret::{SecretBytes, SecretString};
use crate::vault::identity::{Credentials, IdentityFile};
use crate::vault::pin::Pin;
use crate::vault::{ConnectionLock, Place, Vault, VaultError};

use super::{AppError, Interact, OpsError, keys};

/// What operations work with.
pub struct Session {
    /// The open vault.
    pub(super) vault: Arc<Vault>,
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

impl Limits {
    /// When work should stop so that what it found can still be stored: up to a second before the deadline.
    pub(super) fn before_deadline(&self, now: Instant) -> Instant {
        let left = self.deadline.saturating_duration_since(now);
        self.deadline.checked_sub(Duration::from_secs(1).min(left / 4)).unwrap_or(self.deadline)
    }
}

/// Reads what opens a vault; asks for a passphrase if the identity has one.
pub(super) fn credentials(
    identity: IdentityText,
    pin: Option<&str>,
    interact: &dyn Interact,
) -> Result<Credentials, OpsError> {
    let unanswered = RefCell::new(None);
    let ask = |name: &str| -> Option<SecretString> {
        let answer = interact.passphrase(&format!("passphrase for {name}"));
        answer.unwrap_or_else(|why| {
            *unanswered.borrow_mut() = Some(why);
            None
        })
    };
    let read = IdentityFile::from_bytes(&identity.origin, &identity.text, &ask);
    // That nobody could be asked says more than that the identity is protected.
    let mut file = match unanswered.take() {
        Some(why) => return Err(why.into()),
        None => read?,
    };
    if let Some(path) = identity.path {
        file = file.kept_at(path);
    }
    Ok(Credentials { files: vec![file], pin: pin.map(str::parse::<Pin>).transpose()? })
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
        let credentials = credentials(request.identity, request.pin.as_deref(), &*interact)?;
        let vault = Vault::open(request.place, credentials, clock.clone())?;
        let client =
            Client::new(ClientOptions::default()).map_err(|error| Box::new(ExchangeError::Client(error)))?;
        let session = Self {
            vault: Arc::new(vault),
            client: Arc::new(client),
            clock,
            interact,
            limits: request.limits,
        };
        session.pass_on_warnings();
        Ok(session)
    }

    /// The same open vault for one piece of work among several, which ends at `deadline`.
    pub fn until(&self, deadline: Instant) -> Self {
        Self {
            vault: Arc::clone(&self.vault),
            client: Arc::clone(&self.client),
            clock: self.clock.clone(),
            interact: Arc::clone(&self.interact),
            limits: Limits { deadline, ..self.limits },
        }
    }

    /// Tells people what the vault noticed without stopping.
    pub fn pass_on_warnings(&self) {
        for warning in self.vault.warnings() {
            self.interact.warn(&warning);
        }
    }

    /// Tells of something that deserves attention.
    pub fn warn(&self, text: &str) {
        self.interact.warn(text);
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

    /// Returns the app, or says which name is nearest.
    pub(super) fn app(&self, name: &AppName) -> Result<App, OpsError> {
        self.vault.read(|rows| {
            if let Some(app) = rows.app(name)? {
                return Ok(app);
            }
            let nearest = rows.nearest_app(name.as_str())?;
            Err(AppError::NotFound { name: name.clone(), nearest }.into())
        })
    }

    /// How long an exchange that starts now may take.
    pub(super) fn exchange_limits(&self) -> oauth::Limits {
        oauth::Limits::new(&self.clock, self.limits.exchange, Some(self.limits.deadline))
    }

    /// Returns the app that a connection belongs to, if it belongs to one.
    pub(super) fn app_of(&self, connection: &Connection) -> Result<Option<App>, OpsError> {
        let Some(id) = &connection.app else { return Ok(None) };
        let app = self.vault.read(|rows| rows.app_by_id(id))?;
        app.ok_or_else(|| VaultError::damaged("a connection belongs to an app that is not there").into())
            .map(Some)
    }

    /// Works out how a connection comes to its tokens.
    pub(super) fn plan(&self, connection: &Connection) -> Result<Plan, OpsError> {
        self.planned(connection, providers::plan)
    }

    /// As [`Session::plan`], for settings that are to be stored.
    pub(super) fn check(&self, connection: &Connection) -> Result<Plan, OpsError> {
        self.planned(connection, providers::check)
    }

    fn planned(
        &self,
        connection: &Connection,
        plan: impl FnOnce(EndpointRequest<'_>) -> Result<Plan, PlanError>,
    ) -> Result<Plan, OpsError> {
        let app = self.app_of(connection)?;
        Ok(plan(EndpointRequest {
            provider: connection.provider,
            environment: connection.environment,
            settings: &connection.settings,
            registration: app.as_ref().map(|app| &app.registration),
        })?)
    }

    /// Takes the connection's lock, reads what counts from now on, and checks that `step` is allowed.
    pub(super) fn begin(
        &self,
        name: &ConnectionName,
        step: Step,
    ) -> Result<(Connection, KeySet, ConnectionLock), OpsError> {
        let (connection, lock) = self.lock(name)?;
        let keys = self.vault.read(|rows| rows.keys_of(&connection.id))?;
        keys::allowed(&connection, &keys, step)?;
        Ok((connection, keys, lock))
    }

    /// Takes the connection's lock, waiting until the deadline, and returns the connection as it is from then on.
    ///
    /// Fails before that for those who could not use it: a viewer is told so, not that a lock file is not theirs.
    pub(super) fn lock(&self, name: &ConnectionName) -> Result<(Connection, ConnectionLock), OpsError> {
        self.vault.require_writable()?;
        loop {
            let wanted = self.connection(name)?;
            let wait = self.limits.deadline.saturating_duration_since(self.clock.instant());
            let lock = self.vault.lock_connection(&wanted.id, wait).map_err(|error| match error {
                VaultError::Locked { holder, .. } => OpsError::InUse { name: wanted.name.clone(), holder },
                other => other.into(),
            })?;
            // What was known before the lock is thrown away; the name may be another connection's by now.
            let connection = self.connection(name)?;
            if connection.id == wanted.id {
                return Ok((connection, lock));
            }
        }
    }
}
