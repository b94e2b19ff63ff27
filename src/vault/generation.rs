//! One generation of the vault, opened: its database and what the role may do with it.

use jiff::Timestamp;
use rusqlite::Connection as Database;

use super::error::VaultError;
use super::file::Stamp;
use super::home::Home;
use super::identity::{Credentials, Identity};
use super::image::{self, Image};
use super::keyring::Keyring;
use super::location::Location;
use super::pin::Pin;
use super::reader::{Extent, Faults, Reading, reader_for};
use super::recipient::{RecipientKey, Role};
use super::rows::Rows;
use super::trailer::{Commit, Root};
use crate::domain::audit::AuditHead;

/// Names of facts in table `meta`.
pub(super) mod meta {
    /// The machine that is the vault's home.
    pub(in crate::vault) const HOME_ID: &str = "home.id";
    /// The path that is the vault's home.
    pub(in crate::vault) const HOME_PATH: &str = "home.path";
    /// When the vault was created.
    pub(in crate::vault) const CREATED_AT: &str = "created-at";
    /// Where the audit log ended, as far as the vault knew, that the present one goes on from without holding it.
    pub(in crate::vault) const LOG_BEFORE_SEQUENCE: &str = "audit.before-sequence";
    /// The hash of that record.
    pub(in crate::vault) const LOG_BEFORE_HASH: &str = "audit.before-hash";
    /// When the present log began.
    pub(in crate::vault) const LOG_BEGAN_AT: &str = "audit.began-at";
    /// The operation that made the vault's keys, if that was a rekey.
    pub(in crate::vault) const REKEY_OPERATION: &str = "rekey.operation";
    /// How many pages the image had when its rows were last put in order.
    pub(in crate::vault) const TIDY_PAGES: &str = "layout.tidy-pages";
    /// The sequence number of the anchored audit record.
    pub(in crate::vault) const AUDIT_SEQUENCE: &str = "audit.sequence";
    /// When it was anchored.
    pub(in crate::vault) const AUDIT_AT: &str = "audit.at";
    /// The hash of the anchored audit record.
    pub(in crate::vault) const AUDIT_HASH: &str = "audit.hash";
}

/// An opened generation.
pub(super) struct Generation {
    /// The database: in memory, or read page by page.
    pub(super) database: Database,
    /// Why a page could not be read; `None` where all of it was read already.
    faults: Option<Faults>,
    /// The vault's keys as far as the role reaches.
    pub(super) keyring: Keyring,
    /// What the opening recipient may do.
    pub(super) role: Role,
    /// The recipient whose identity opened it.
    pub(super) opener: RecipientKey,
    /// The pin that it was trusted by.
    pub(super) pin: Pin,
    /// What the commit says about itself.
    pub(super) commit: Commit,
    /// What identifies it.
    pub(super) root: Root,
    /// Which version of the file it is.
    pub(super) stamp: Stamp,
    /// The length of the encrypted file in bytes.
    pub(super) file_length: u64,
    /// The length of the database in bytes.
    pub(super) image_length: u64,
}

impl Generation {
    /// Opens a verified image as far as `extent` asks for.
    pub(super) fn load(
        image: Image,
        (location, extent): (&Location, Extent),
        pin: Pin,
        credentials: &Credentials,
    ) -> Result<Self, VaultError> {
        let Image { footer, root, stamp, file_length, .. } = &image;
        let (commit, image_length) = (footer.commit, footer.image_length);
        let (root, stamp, file_length) = (*root, *stamp, *file_length);
        let path = location.vault();
        let Reading { database, faults } = reader_for(&image, extent).open(image, &path, credentials)?;
        let keys = open_keyring(&database, &pin, credentials);
        if let Some(failure) = faults.as_ref().and_then(Faults::take) {
            return Err(image::broken(&path, failure));
        }
        let (keyring, opener, role) = keys?;
        Ok(Self {
            database,
            faults,
            keyring,
            role,
            opener,
            pin,
            commit,
            root,
            stamp,
            file_length,
            image_length,
        })
    }

    /// Whether all of it was read and verified.
    pub(super) fn is_whole(&self) -> bool {
        self.faults.is_none()
    }

    /// Returns why a page could not be read since the last call: nothing that was found then counts.
    pub(super) fn failure(&self, location: &Location) -> Option<VaultError> {
        self.faults.as_ref()?.take().map(|failure| image::broken(&location.vault(), failure))
    }

    /// When it was committed, and with it the audit log's head anchored.
    pub(super) fn anchored_at(&self) -> Result<Timestamp, VaultError> {
        fact(&self.rows(), meta::AUDIT_AT)?
            .parse()
            .map_err(|_| VaultError::damaged("the time of its audit anchor is no time"))
    }

    /// Where it may be written.
    pub(super) fn home(&self) -> Result<Home, VaultError> {
        let rows = self.rows();
        Ok(Home { id: fact(&rows, meta::HOME_ID)?, path: fact(&rows, meta::HOME_PATH)? })
    }

    /// The point of the audit log that it anchors.
    pub(super) fn anchor(&self) -> Result<AuditHead, VaultError> {
        let rows = self.rows();
        let sequence = fact(&rows, meta::AUDIT_SEQUENCE)?
            .parse()
            .map_err(|_| VaultError::damaged("its audit anchor is not a number"))?;
        Ok(AuditHead { sequence, hash: fact(&rows, meta::AUDIT_HASH)? })
    }

    /// The rows, for reading or inside a transaction.
    pub(super) fn rows(&self) -> Rows<'_> {
        Rows { database: &self.database, sealer: self.keyring.sealer() }
    }
}

fn fact(rows: &Rows<'_>, key: &str) -> Result<String, VaultError> {
    rows.meta(key)?.ok_or_else(|| VaultError::damaged(format!("it does not say its {key}")))
}

/// Finds the recipient that an identity at hand belongs to, an operator before a viewer.
fn opener<'a>(rows: &Rows<'_>, credentials: &'a Credentials) -> Result<(&'a Identity, Role), VaultError> {
    let mut found = Vec::new();
    for identity in credentials.identities() {
        if let Some(role) = rows.recipient_role(identity.recipient())? {
            found.push((identity, role));
        }
    }
    // Somebody who could open the vault encrypted it anew for somebody whom no operator let in.
    found.into_iter().max_by_key(|(_, role)| *role).ok_or_else(|| {
        VaultError::Untrusted("it is encrypted to your key, but no operator made you a recipient".to_owned())
    })
}

/// Opens the vault's keys as far as the role of whoever brought `credentials` reaches.
fn open_keyring(
    database: &Database,
    pin: &Pin,
    credentials: &Credentials,
) -> Result<(Keyring, RecipientKey, Role), VaultError> {
    let sealer = Keyring::load(database, None)?;
    let rows = Rows { database, sealer: sealer.sealer() };
    let (opener, role) = opener(&rows, credentials)?;
    let keyring = match role {
        Role::Viewer => sealer,
        Role::Operator => Keyring::load(database, Some(opener))?,
    };
    if *keyring.verify_key() != pin.verify_key {
        return Err(VaultError::damaged("it is signed by another key than its keyring names"));
    }
    Ok((keyring, opener.recipient().clone(), role))
}

/// Returns an empty database in memory.
#[expect(clippy::disallowed_methods, reason = "this is where the vault's databases are opened")]
pub(super) fn in_memory() -> Result<Database, VaultError> {
    Ok(Database::open_in_memory()?)
}

/// Keeps everything in memory and wipes what is deleted.
///
/// The cache, up to 64 MiB as it is needed, holds what a listing comes back to: a page that was checked
/// (`cell_size_check`) is not checked again for each of ten thousand rows.
///
/// Source: sqlite.org/pragma.html; `trusted_schema` and `cell_size_check` as its security page advises.
pub(super) fn settle(database: &Database) -> Result<(), VaultError> {
    database.execute_batch(
        "PRAGMA temp_store = MEMORY; PRAGMA journal_mode = MEMORY; PRAGMA secure_delete = ON; \
         PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -65536;",
    )?;
    Ok(())
}
