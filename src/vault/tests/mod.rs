//! The vault as a whole, in temporary folders.
#![expect(clippy::disallowed_methods, reason = "the tests plant and damage files")]
#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "`Rows` has a lifetime that the path does not take"
)]

mod backup;
mod concurrency;
mod damage;
mod files;
mod grants;
mod lifecycle;
mod membership;
mod moving;
mod reading;
mod tokens;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::identity::{Credentials, Identity, IdentityFile};
use super::pin::Pin;
use super::recipient::Role;
use super::rows::fixture::{connection, instant};
use super::stop::Stop;
use super::{NewVault, Place, Vault, VaultError};
use crate::clock::Clock;
use crate::domain::audit::{Action, AuditEvent};
use crate::domain::connection::Connection;
use crate::domain::ids::{ConnectionId, KeyId};
use crate::domain::key::{CertificateFacts, Key, KeyAlgorithm, KeyState};
use crate::domain::token::{AccessToken, TokenFacts};
use crate::secret::Secret;

/// A folder with a vault, an operator's and a viewer's identity file.
struct World {
    folder: TempDir,
    place: Place,
    clock: Clock,
    pin: Pin,
}

impl World {
    fn new() -> Self {
        seed_mutants();
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        std::fs::create_dir(&home).unwrap();
        let place = Place {
            vault: home.join("vault.age"),
            state_dir: folder.path().join("state"),
            home_id: Some("this machine".to_owned()),
            lock_timeout: Duration::from_mins(1),
            command: "tokenctl test".to_owned(),
            stop: Stop::default(),
        };
        let clock = Clock::system();
        let (operator, viewer) = (Identity::generate(), Identity::generate());
        let new = NewVault::new(vec![
            (operator.recipient().clone(), Role::Operator, Some("Ann".to_owned())),
            (viewer.recipient().clone(), Role::Viewer, None),
        ])
        .unwrap();
        let pin = new.pin();
        let world = Self { folder, place, clock, pin };
        world.write_identity("operator", &operator);
        world.write_identity("viewer", &viewer);
        let created = Vault::create(&world.place, new, &world.clock).unwrap();
        assert_eq!((created.pin, created.warnings), (world.pin.clone(), Vec::new()));
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of the vault file.
    fn home(&self) -> PathBuf {
        self.path("home")
    }

    fn write_identity(&self, name: &str, identity: &Identity) {
        IdentityFile::create(&self.path(name), identity, &self.pin, self.clock.now()).unwrap();
    }

    fn credentials(&self, name: &str) -> Credentials {
        let file = IdentityFile::load(&self.path(name), &|_| None).unwrap();
        Credentials { files: vec![file], pin: None }
    }

    fn open_as(&self, name: &str) -> Result<Vault, VaultError> {
        Vault::open(self.place.clone(), self.credentials(name), self.clock.clone())
    }

    fn operator(&self) -> Vault {
        self.open_as("operator").unwrap()
    }

    fn viewer(&self) -> Vault {
        self.open_as("viewer").unwrap()
    }

    /// A machine that has not seen the vault: it trusts the pins in the identity files only.
    fn forget_everything(&self) {
        let _ = std::fs::remove_dir_all(&self.place.state_dir);
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.place.vault).unwrap()
    }

    fn put(&self, bytes: &[u8]) {
        std::fs::write(&self.place.vault, bytes).unwrap();
    }
}

/// `TOKENCTL_TEST_MUTANTS=no-vault-lock cargo test --lib vault` must fail.
pub(in crate::vault) fn seed_mutants() {
    if let Ok(names) = std::env::var("TOKENCTL_TEST_MUTANTS") {
        crate::hooks::seed(&names);
    }
}

fn event() -> AuditEvent {
    AuditEvent::new(Action::ConnectionAdd)
}

/// Commits a new connection.
fn add(vault: &Vault, name: &str) -> Connection {
    let added = connection(name);
    vault.transact(&event(), |rows| rows.insert_connection(&added)).unwrap();
    added
}

fn names(vault: &Vault) -> Vec<String> {
    let names = vault.read(|rows| rows.connection_names()).unwrap();
    names.iter().map(ToString::to_string).collect()
}

/// Stands for a certificate.
const PEM: &str = "pem";

fn key_of(connection: &ConnectionId) -> Key {
    Key {
        id: KeyId::new(),
        connection: connection.clone(),
        state: KeyState::Active,
        algorithm: KeyAlgorithm::EcP256,
        certificate: CertificateFacts {
            fingerprint: "ab".repeat(32),
            subject: "CN=test".to_owned(),
            serial: "01".to_owned(),
            not_before: instant(0),
            not_after: instant(1000),
        },
        certificate_id: None,
        created_at: instant(0),
        activated_at: None,
        exposed_at: None,
    }
}

fn token(value: &str) -> AccessToken {
    AccessToken {
        value: Secret::new(value.to_owned()),
        facts: TokenFacts {
            hash: "cd".repeat(32),
            obtained_at: instant(0),
            expires_at: instant(3600),
            key: None,
            settings: "settings".to_owned(),
        },
    }
}

fn journal_token(vault: &Vault, connection: &ConnectionId, value: &str) {
    let lock = vault.lock_connection(connection, Duration::from_mins(1)).unwrap();
    vault.journal_token(&lock, &token(value)).unwrap();
}

fn stored_token(vault: &Vault, connection: &ConnectionId) -> Option<String> {
    vault.token(connection).unwrap().map(|token| token.value.expose().clone())
}

fn files_in(folder: &Path) -> Vec<String> {
    let mut names = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect::<Vec<_>>();
    names.sort();
    names
}

/// Another machine: nothing there but a folder.
fn elsewhere(world: &World) -> Place {
    std::fs::create_dir_all(world.path("new-home")).unwrap();
    Place {
        vault: world.path("new-home/vault.age"),
        state_dir: world.path("new-state"),
        home_id: Some("another machine".to_owned()),
        ..world.place.clone()
    }
}

fn open_at(place: &Place, world: &World) -> Vault {
    Vault::open(place.clone(), world.credentials("operator"), world.clock.clone()).unwrap()
}
