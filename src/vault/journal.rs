//! The journal: token state that is durable at once and folded into the vault by the next commit.
//!
//! `vault.age.journal/<connection id>.<sequence>` is an age file for the secrets identity. Its plaintext is the line
//! `journal/<file name>`, a JSON document, and 64 bytes of Ed25519 signature over `tokenctl journal entry v1\n`, the
//! vault id, a line feed, the file name, a line feed and the document: a viewer can seal, but not sign.
//!
//! The sequence rises per connection. Entries up to the one in table `journal_folded` are in the vault already.

use std::collections::BTreeMap;
use std::path::PathBuf;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use rusqlite::{Connection as Database, OptionalExtension as _};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::VaultError;
use super::file::{self, Privacy};
use super::keyring::Keyring;
use super::rows::Rows;
use crate::domain::ids::{ConnectionId, VaultId};
use crate::domain::token::{AccessToken, TokenFacts};
use crate::hooks;
use crate::secret::Secret;

/// The largest entry that is read: a token of 64 KiB, escaped, and what surrounds it.
const LIMIT: u64 = 1024 * 1024;
const CONTEXT: &str = "tokenctl journal entry v1\n";

/// What one entry says.
pub(super) enum Entry {
    /// The connection has this access token.
    AccessToken(AccessToken),
}

/// The stored form; externally tagged, since that is read without copies of the token in between.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Stored<Text> {
    AccessToken { token: Text, facts: TokenFacts },
}

/// Which entry it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EntryName {
    /// Whose it is.
    pub(super) connection: ConnectionId,
    /// Rises by one with each entry of a connection.
    pub(super) sequence: i64,
}

impl EntryName {
    fn file_name(&self) -> String {
        format!("{}.{}", self.connection, self.sequence)
    }

    fn parse(file_name: &str) -> Option<Self> {
        let (connection, sequence) = file_name.split_once('.')?;
        let name = Self { connection: connection.parse().ok()?, sequence: sequence.parse().ok()? };
        // `+1`, `01` and `-1` parse, too.
        (name.sequence > 0 && name.file_name() == file_name).then_some(name)
    }
}

/// The journal of one vault.
pub(super) struct Journal {
    folder: PathBuf,
    vault: VaultId,
}

impl Journal {
    /// The journal of `vault` in `folder`, which need not exist.
    pub(super) fn new(folder: PathBuf, vault: VaultId) -> Self {
        Self { folder, vault }
    }

    /// Returns the entries, sorted; those of one connection or all.
    pub(super) fn list(&self, connection: Option<&ConnectionId>) -> Result<Vec<EntryName>, VaultError> {
        let entries = match self.folder.read_dir() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(VaultError::io("list", &self.folder))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(VaultError::io("list", &self.folder))?;
            let name = entry.file_name().to_str().and_then(EntryName::parse);
            names.extend(name.filter(|name| connection.is_none_or(|wanted| name.connection == *wanted)));
        }
        names.sort();
        Ok(names)
    }

    fn path(&self, name: &EntryName) -> PathBuf {
        self.folder.join(name.file_name())
    }

    fn signed_text(&self, name: &EntryName, body: &[u8]) -> Zeroizing<Vec<u8>> {
        let head = format!("{CONTEXT}{}\n{}\n", self.vault, name.file_name());
        Zeroizing::new([head.as_bytes(), body].concat())
    }

    /// Opens and verifies an entry; `None` if it was folded and removed meanwhile.
    pub(super) fn read(&self, name: &EntryName, keyring: &Keyring) -> Result<Option<Entry>, VaultError> {
        let sealed = match file::read(&self.path(name), Privacy::OwnerOnly, LIMIT) {
            Err(error) if error.is_missing_file() => return Ok(None),
            sealed => sealed?,
        };
        let damaged = |why| VaultError::JournalDamaged { path: self.path(name), why };
        let plain = match keyring.sealer().open(&format!("journal/{}", name.file_name()), &sealed) {
            Err(VaultError::Damaged(_)) if hooks::mutant("skip-damaged-journal") => return Ok(None),
            Err(VaultError::Damaged(_)) => return Err(damaged("does not open")),
            opened => opened?,
        };
        let (body, signature) =
            plain.expose().split_last_chunk::<64>().ok_or_else(|| damaged("is too short"))?;
        if !hooks::mutant("unsigned-journal") {
            UnparsedPublicKey::new(&ED25519, keyring.verify_key())
                .verify(&self.signed_text(name, body), signature)
                .map_err(|_| damaged("was not written by an operator"))?;
        }
        match serde_json::from_slice(body) {
            Ok(Stored::AccessToken::<String> { token, facts }) => {
                Ok(Some(Entry::AccessToken(AccessToken { value: Secret::new(token), facts })))
            }
            Err(_) => Err(damaged("holds something that is not known here")),
        }
    }

    /// Writes an entry under its connection's lock; it is durable when this returns.
    pub(super) fn write(
        &self,
        name: &EntryName,
        token: &AccessToken,
        keyring: &Keyring,
    ) -> Result<(), VaultError> {
        file::ensure_folder(&self.folder)?;
        // What an interrupted write of this connection left behind; its lock is held, so none is under way.
        file::sweep(&self.folder, format!(".{}.", name.connection).as_ref())?;
        let stored = Stored::AccessToken { token: token.value.expose().as_str(), facts: token.facts.clone() };
        // One allocation that is never outgrown: JSON escapes at most double visible ASCII.
        let mut body = Zeroizing::new(Vec::with_capacity(token.value.expose().len() * 2 + 4096));
        serde_json::to_writer(&mut *body, &stored).map_err(VaultError::seal)?;
        let signature = keyring.signing()?.sign(&self.signed_text(name, &body))?;
        body.extend_from_slice(&signature);
        let sealed = keyring.sealer().seal(&format!("journal/{}", name.file_name()), &body)?;
        file::replace(&self.path(name), &sealed)
    }

    /// Returns the sequence of the next entry of a connection.
    pub(super) fn next(
        database: &Database,
        listed: &[EntryName],
        id: &ConnectionId,
    ) -> Result<EntryName, VaultError> {
        let highest = listed.iter().filter(|name| name.connection == *id).map(|name| name.sequence).max();
        let next = highest.unwrap_or(0).max(folded(database, id)?).checked_add(1);
        let sequence = next.ok_or_else(|| VaultError::damaged("a journal sequence has run out"))?;
        Ok(EntryName { connection: id.clone(), sequence })
    }

    /// Returns the newest token of `id` among the entries that are not in the vault yet.
    pub(super) fn newest_token(
        &self,
        database: &Database,
        listed: &[EntryName],
        keyring: &Keyring,
    ) -> Result<Option<AccessToken>, VaultError> {
        let mut newest = None;
        for name in listed {
            if name.sequence <= folded(database, &name.connection)? {
                continue;
            }
            if let Some(Entry::AccessToken(token)) = self.read(name, keyring)? {
                newest = Some(token);
            }
        }
        Ok(newest)
    }

    /// Puts every entry into `rows` and returns them all, to be removed once that is committed.
    pub(super) fn fold(&self, rows: &Rows<'_>, keyring: &Keyring) -> Result<Vec<EntryName>, VaultError> {
        let names = self.list(None)?;
        let mut reached = BTreeMap::new();
        for name in &names {
            if name.sequence <= folded(rows.database, &name.connection)? {
                continue;
            }
            if let Some(Entry::AccessToken(token)) = self.read(name, keyring)? {
                rows.put_token(&name.connection, &token)?;
                reached.insert(&name.connection, name.sequence);
            }
        }
        for (connection, sequence) in reached {
            rows.database.execute(
                "INSERT OR REPLACE INTO journal_folded (connection_id, sequence) VALUES (?1, ?2)",
                (connection.as_str(), sequence),
            )?;
        }
        Ok(names)
    }

    /// Removes entries that are in the vault. One that stays is ignored and met again by the next fold.
    pub(super) fn remove(&self, names: &[EntryName]) {
        for name in names {
            let _ = file::remove(&self.path(name));
        }
    }
}

/// Returns up to where the journal of a connection is in the vault.
fn folded(database: &Database, connection: &ConnectionId) -> Result<i64, VaultError> {
    let sequence = database
        .query_row(
            "SELECT sequence FROM journal_folded WHERE connection_id = ?1",
            [connection.as_str()],
            |row| row.get(0),
        )
        .optional()?;
    Ok(sequence.unwrap_or(0))
}
