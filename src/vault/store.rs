//! An open vault: the newest generation, read again whenever the file was replaced.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::audit_log::AuditLog;
use super::error::VaultError;
use super::file::{self, Stamp};
use super::generation::Generation;
use super::highwater::HighWater;
use super::home::{self, Home};
use super::identity::Credentials;
use super::journal::{Entry, EntryName, Journal, Room};
use super::keyring::Keyring;
use super::load::Loading;
use super::location::Location;
use super::lock::{ConnectionLock, Locks};
use super::pin::{Pin, id_from_bytes};
use super::reader::Extent;
use super::recipient::Role;
use super::rows::Rows;
use super::stop::{Stop, UnderWay};
use crate::clock::Clock;
use crate::domain::audit::Actor;
use crate::domain::grant::{GrantState, StoredGrant};
use crate::domain::ids::{AppId, ConnectionId, OwnerId, VaultId};
use crate::domain::token::AccessToken;
use crate::hooks;

/// Where a vault is and how this process works on it.
#[derive(Debug, Clone)]
pub struct Place {
    /// The vault file.
    pub vault: PathBuf,
    /// The folder of what this machine remembers of vaults.
    pub state_dir: PathBuf,
    /// Stands for the machine's id (`TOKENCTL_HOME_ID`).
    pub home_id: Option<String>,
    /// How long to wait for the lock of the vault, its keyring or its audit log.
    pub lock_timeout: Duration,
    /// The command that runs, for those who wait for it.
    pub command: String,
    /// Breaks off its waits for locks.
    pub stop: Stop,
}

/// An open vault. Shared by the threads of a process; every access sees the newest generation.
pub struct Vault {
    pub(super) place: Place,
    pub(super) location: Location,
    pub(super) clock: Clock,
    pub(super) id: VaultId,
    pub(super) here: Home,
    pub(super) locks: Locks,
    pub(super) journal: Journal,
    pub(super) audit: AuditLog,
    state: Mutex<State>,
    warnings: Mutex<Vec<String>>,
}

/// Space on disk for a vendor's answer; given back unless it is used.
#[must_use]
pub struct Answer(Room);

/// What changes while a vault is open.
pub(super) struct State {
    pub(super) credentials: Credentials,
    /// `None` after a failure or a panic in the middle of a change: the next access reads the file again.
    pub(super) generation: Option<Generation>,
}

impl Vault {
    /// Opens the vault at `place`, verifies its signature and compares it with what this machine has seen.
    ///
    /// Of a large vault no more is read than what is asked for, and verified when it is (`vault::reader`).
    pub fn open(place: Place, credentials: Credentials, clock: Clock) -> Result<Self, VaultError> {
        let location = Location::resolve(&place.vault)?;
        let mut warnings = Vec::new();
        let loading =
            Loading { place: &place, location: &location, credentials: &credentials, clock: &clock };
        let generation = loading.newest(Extent::Rows, &mut warnings)?;
        let vault = Self::around(generation, (place, location), credentials, clock)?;
        for warning in warnings {
            vault.warn(warning);
        }
        Ok(vault)
    }

    /// A vault that is at, or about to be put in, its place.
    pub(super) fn around(
        generation: Generation,
        (place, location): (Place, Location),
        credentials: Credentials,
        clock: Clock,
    ) -> Result<Self, VaultError> {
        let id = id_from_bytes(&generation.commit.vault)?;
        let here = Home::here(&location, place.home_id.as_deref(), &place.state_dir)?;
        let locks = Locks::new(location.locks(), place.command.clone(), place.lock_timeout, clock.clone())
            .stopped_by(place.stop.clone());
        let audit = AuditLog::new(location.audit(), locks.clone(), clock.clone());
        Ok(Self {
            journal: Journal::new(location.journal(), id.clone()),
            locks,
            audit,
            here,
            id,
            clock,
            location,
            place,
            state: Mutex::new(State { credentials, generation: Some(generation) }),
            warnings: Mutex::default(),
        })
    }

    /// The vault's id.
    pub fn id(&self) -> &VaultId {
        &self.id
    }

    /// Where the vault and everything beside it lives.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The audit log beside the vault.
    pub fn audit(&self) -> &AuditLog {
        &self.audit
    }

    /// What the opening identity may do.
    pub fn role(&self) -> Result<Role, VaultError> {
        self.with(|generation| Ok(generation.role))
    }

    /// The number of the newest generation.
    pub fn generation(&self) -> Result<u64, VaultError> {
        self.with(|generation| Ok(generation.commit.generation))
    }

    /// The pin to hand to those who are to trust this vault.
    pub fn pin(&self) -> Result<Pin, VaultError> {
        self.with(|generation| Ok(generation.pin.clone()))
    }

    /// Who acts, for the audit log: the opening recipient and the account.
    pub fn actor(&self) -> Result<Actor, VaultError> {
        self.with(|generation| Ok(actor(generation)))
    }

    /// What went wrong without stopping anything, each told once.
    pub fn warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs `read` on the rows of the newest generation; it cannot change them.
    ///
    /// Of a large vault the pages are read that it asks for, one by one.
    pub fn read<T, E: From<VaultError>>(&self, read: impl FnOnce(&Rows<'_>) -> Result<T, E>) -> Result<T, E> {
        self.with(|generation| read(&generation.rows()))
    }

    /// Fails unless changes are allowed here: [`VaultError::NotOperator`], [`VaultError::ForeignHome`] or
    /// [`VaultError::UnsafeFile`] for another account's file.
    pub fn require_writable(&self) -> Result<(), VaultError> {
        self.with(|generation| self.check_writable(generation))
    }

    /// Takes the lock of a connection, under which tokens are exchanged and keys are moved.
    pub fn lock_connection(&self, id: &ConnectionId, wait: Duration) -> Result<ConnectionLock, VaultError> {
        self.locks.connection(id, wait)
    }

    /// Returns a connection's newest access token: the journal's or, without one, the vault's.
    pub fn token(&self, connection: &ConnectionId) -> Result<Option<AccessToken>, VaultError> {
        self.newest(connection, Entry::into_access_token, |rows| rows.token(connection))
    }

    /// Returns a connection's grant with its refresh tokens: the journal's or, without one there, the vault's.
    pub fn grant(&self, connection: &ConnectionId) -> Result<Option<StoredGrant>, VaultError> {
        self.newest(connection, Entry::into_grant, |rows| rows.grant(connection))
    }

    fn newest<T>(
        &self,
        connection: &ConnectionId,
        pick: impl Fn(Entry) -> Option<T>,
        stored: impl Fn(&Rows<'_>) -> Result<Option<T>, VaultError>,
    ) -> Result<Option<T>, VaultError> {
        loop {
            let (found, stamp) = self.with(|generation| {
                generation.keyring.signing()?;
                let listed = self.journal.list(Some(&connection.into()))?;
                let newest =
                    self.journal.newest(&generation.database, &listed, &generation.keyring, &pick)?;
                let found = match newest {
                    Some(found) => Some(found),
                    None => stored(&generation.rows())?,
                };
                Ok::<_, VaultError>((found, generation.stamp))
            })?;
            // A commit may have folded and removed an entry between our look at the vault and at the journal.
            if Stamp::at(&self.location.vault())? == stamp {
                return Ok(found);
            }
        }
    }

    /// Keeps a connection's newest access token; it is durable when this returns.
    pub fn journal_token(&self, lock: &ConnectionLock, token: &AccessToken) -> Result<(), VaultError> {
        self.append(lock, |name, keyring| self.journal.write_token(name, token, keyring))
    }

    /// Keeps a grant whose refresh token is about to be sent, and allocates the space for the answer; both are durable
    /// when this returns.
    pub fn journal_intent(&self, lock: &ConnectionLock, intent: &StoredGrant) -> Result<Answer, VaultError> {
        self.append(lock, |name, keyring| self.journal.write_intent(name, intent, keyring).map(Answer))
    }

    /// Keeps what became of a grant, and the access token that came with it, in the space that `answer` holds; both are
    /// durable when this returns.
    pub fn journal_answer(
        &self,
        lock: &ConnectionLock,
        answer: Answer,
        (grant, access): (&StoredGrant, Option<&AccessToken>),
    ) -> Result<(), VaultError> {
        self.append(lock, |name, keyring| self.journal.write_grant(name, (grant, access), answer.0, keyring))
    }

    /// Returns grants of an app that the vendor refused at `since` or later, at least up to `enough` of them.
    pub fn refused_grants(
        &self,
        app: &AppId,
        (since, enough): (Timestamp, usize),
    ) -> Result<Vec<ConnectionId>, VaultError> {
        self.with(|generation| {
            generation.keyring.signing()?;
            let rows = generation.rows();
            let mut refused = rows.refused_grants(app, since)?;
            // What is not in the vault yet is read until enough are found: in an incident that is soon.
            for name in self.journal.list(None)? {
                if refused.len() >= enough {
                    break;
                }
                let entry = self.journal.unfolded(&generation.database, &name, &generation.keyring)?;
                let Some(stored) = entry.and_then(Entry::into_grant) else { continue };
                let connection = ConnectionId::from(&name.owner);
                let is_late =
                    matches!(stored.grant.state, GrantState::Active { refused_at: Some(at) } if at >= since);
                if is_late
                    && !refused.contains(&connection)
                    && rows.app_of(&connection)?.as_ref() == Some(app)
                {
                    refused.push(connection);
                }
            }
            Ok(refused)
        })
    }

    /// Begins something that a first signal must not break off; fails if one has come already.
    pub fn begin_unbroken(&self, what: &str) -> Result<UnderWay, VaultError> {
        self.place.stop.begin(what)
    }

    /// Runs `write` with the name of the next entry of the connection whose lock is held.
    pub(super) fn append<T>(
        &self,
        lock: &ConnectionLock,
        write: impl FnOnce(&EntryName, &Keyring) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        self.require_writable()?;
        // Nobody replaces the keys between our reading them and the entry being there.
        let _keyring = self.locks.keyring_shared()?;
        // Listed before the vault is read: what is folded and removed in between is then counted as folded.
        let owner = OwnerId::from(lock.connection());
        let listed = self.journal.list(Some(&owner))?;
        self.with(|generation| {
            // Again: whoever gave the home up meanwhile has folded the journal for the last time.
            self.check_writable(generation)?;
            let name = Journal::next(&generation.database, &listed, &owner)?;
            write(&name, &generation.keyring)
        })
    }

    pub(super) fn check_writable(&self, generation: &Generation) -> Result<(), VaultError> {
        self.check_operator(generation)?;
        let home = generation.home()?;
        if home == self.here {
            return Ok(());
        }
        if home.is_released() {
            let why = format!("it was given up at {} and has none now", home.path);
            return Err(VaultError::ForeignHome(why));
        }
        Err(VaultError::ForeignHome(format!(
            "it is written at {} on machine {}, this is {} on machine {}",
            home.path, home.id, self.here.path, self.here.id
        )))
    }

    pub(super) fn check_operator(&self, generation: &Generation) -> Result<(), VaultError> {
        if generation.role != Role::Operator && !hooks::mutant("viewer-passes") {
            return Err(VaultError::NotOperator);
        }
        file::require_owner(&self.location.vault())
    }

    /// Runs `act` on the newest generation, of which it needs some rows.
    pub(super) fn with<T, E: From<VaultError>>(
        &self,
        act: impl FnOnce(&Generation) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut state = self.state();
        let generation = self.refresh(&mut state, Extent::Rows)?;
        let result = act(generation);
        match generation.failure(&self.location) {
            // Whatever `act` made of it: a page was missing.
            Some(failure) => {
                state.generation = None;
                Err(failure.into())
            }
            None => result,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| {
            // A panic in the middle of a change: what is in memory may be half of it.
            let mut state = poisoned.into_inner();
            state.generation = None;
            self.state.clear_poison();
            state
        })
    }

    /// Reads the file again if it was replaced since, or if less of it is open than `extent`.
    pub(super) fn refresh<'a>(
        &self,
        state: &'a mut State,
        extent: Extent,
    ) -> Result<&'a Generation, VaultError> {
        let current = match &state.generation {
            Some(generation) if generation.is_whole() || extent == Extent::Rows => {
                Stamp::at(&self.location.vault())? == generation.stamp
            }
            _ => false,
        };
        if !current {
            let mut warnings = Vec::new();
            state.generation = None;
            let loading = Loading {
                place: &self.place,
                location: &self.location,
                credentials: &state.credentials,
                clock: &self.clock,
            };
            let fresh = loading.newest(extent, &mut warnings)?;
            for warning in warnings {
                self.warn(warning);
            }
            if id_from_bytes(&fresh.commit.vault)? != self.id {
                return Err(VaultError::Untrusted("another vault was put in its place".to_owned()));
            }
            state.generation = Some(fresh);
        }
        state.generation.as_ref().ok_or_else(|| VaultError::damaged("it could not be read again"))
    }

    pub(super) fn warn(&self, warning: String) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        // A rekey writes the state folder twice, and both fail alike.
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    pub(super) fn high_water(&self) -> HighWater {
        HighWater::new(&self.place.state_dir, &self.id)
    }
}

/// Who acts with an opened generation.
pub(super) fn actor(generation: &Generation) -> Actor {
    Actor { recipient: generation.opener.fingerprint(), user: home::account() }
}

/// What to say when the state folder cannot be used.
pub(super) fn state_warning(error: &VaultError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("roll-backs of the vault are not noticed: {error}{cause}")
}
