//! The journal: token state that is durable at once and folded into the vault by the next commit.
//!
//! `vault.age.journal/<owner id>.<sequence>` is an age file for the secrets identity. Its plaintext is the line
//! `journal/<file name>`, a JSON document, and 64 bytes of Ed25519 signature over `tokenctl journal entry v1\n`, the
//! vault id, a line feed, the file name, a line feed and the document: a viewer can seal, but not sign.
//!
//! The document says its version and what it is; what it is about follows from that. An older tokenctl refuses what
//! it does not know, since it can neither fold it in nor leave it out.
//!
//! The sequence rises per owner, which is a connection by its id. Entries up to the one in table `journal_folded` are in the vault already.

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
use crate::domain::ids::{ConnectionId, OwnerId, VaultId};
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

/// The version of the entries' documents.
const VERSION: u32 = 1;
const ACCESS_TOKEN: &str = "access-token";

/// Only what must be read of a document whatever its version.
#[derive(Deserialize)]
struct Envelope {
    v: u32,
    kind: String,
}

/// The stored form of an access token. The kind is no tag for serde, which would copy the token to look at it.
#[derive(Serialize, Deserialize)]
struct StoredToken<Text> {
    v: u32,
    kind: String,
    token: Text,
    facts: TokenFacts,
}

/// Which entry it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EntryName {
    /// Whose it is.
    pub(super) owner: OwnerId,
    /// Rises by one with each entry of its owner.
    pub(super) sequence: i64,
}

impl EntryName {
    fn file_name(&self) -> String {
        format!("{}.{}", self.owner, self.sequence)
    }

    fn parse(file_name: &str) -> Option<Self> {
        let (owner, sequence) = file_name.split_once('.')?;
        let name = Self { owner: owner.parse().ok()?, sequence: sequence.parse().ok()? };
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

    /// Returns the entries, sorted; those of one owner or all.
    pub(super) fn list(&self, owner: Option<&OwnerId>) -> Result<Vec<EntryName>, VaultError> {
        let entries = match self.folder.read_dir() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(VaultError::io("list", &self.folder))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(VaultError::io("list", &self.folder))?;
            let name = entry.file_name().to_str().and_then(EntryName::parse);
            names.extend(name.filter(|name| owner.is_none_or(|wanted| name.owner == *wanted)));
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
        let envelope: Envelope =
            serde_json::from_slice(body).map_err(|_| damaged("does not say what it is"))?;
        if envelope.v != VERSION || envelope.kind != ACCESS_TOKEN {
            return Err(VaultError::NewerEntry {
                path: self.path(name),
                kind: envelope.kind,
                version: envelope.v,
            });
        }
        let StoredToken::<String> { token, facts, .. } =
            serde_json::from_slice(body).map_err(|_| damaged("is not what it says"))?;
        Ok(Some(Entry::AccessToken(AccessToken { value: Secret::new(token), facts })))
    }

    /// Writes an entry under its owner's lock; it is durable when this returns.
    pub(super) fn write(
        &self,
        name: &EntryName,
        token: &AccessToken,
        keyring: &Keyring,
    ) -> Result<(), VaultError> {
        let stored = StoredToken {
            v: VERSION,
            kind: ACCESS_TOKEN.to_owned(),
            token: token.value.expose().as_str(),
            facts: token.facts.clone(),
        };
        // One allocation that is never outgrown: JSON escapes at most double visible ASCII.
        let mut body = Zeroizing::new(Vec::with_capacity(token.value.expose().len() * 2 + 4096));
        serde_json::to_writer(&mut *body, &stored).map_err(VaultError::seal)?;
        self.put(name, body, keyring)
    }

    /// Signs, seals and stores a document.
    pub(super) fn put(
        &self,
        name: &EntryName,
        mut body: Zeroizing<Vec<u8>>,
        keyring: &Keyring,
    ) -> Result<(), VaultError> {
        file::ensure_folder(&self.folder)?;
        // What an interrupted write of this owner left behind; its lock is held, so none is under way.
        file::sweep(&self.folder, format!(".{}.", name.owner).as_ref())?;
        let signature = keyring.signing()?.sign(&self.signed_text(name, &body))?;
        body.extend_from_slice(&signature);
        let sealed = keyring.sealer().seal(&format!("journal/{}", name.file_name()), &body)?;
        file::replace(&self.path(name), &sealed)
    }

    /// Returns the name of the next entry of an owner.
    pub(super) fn next(
        database: &Database,
        listed: &[EntryName],
        owner: &OwnerId,
    ) -> Result<EntryName, VaultError> {
        let highest = listed.iter().filter(|name| name.owner == *owner).map(|name| name.sequence).max();
        let next = highest.unwrap_or(0).max(folded(database, owner)?).checked_add(1);
        let sequence = next.ok_or_else(|| VaultError::damaged("a journal sequence has run out"))?;
        Ok(EntryName { owner: owner.clone(), sequence })
    }

    /// Returns the newest token among the entries of `listed` that are not in the vault yet.
    pub(super) fn newest_token(
        &self,
        database: &Database,
        listed: &[EntryName],
        keyring: &Keyring,
    ) -> Result<Option<AccessToken>, VaultError> {
        let mut newest = None;
        for name in listed {
            if name.sequence <= folded(database, &name.owner)? {
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
            if name.sequence <= folded(rows.database, &name.owner)? {
                continue;
            }
            if let Some(Entry::AccessToken(token)) = self.read(name, keyring)? {
                rows.put_token(&ConnectionId::from(&name.owner), &token)?;
                reached.insert(&name.owner, name.sequence);
            }
        }
        for (owner, sequence) in reached {
            rows.database.execute(
                "INSERT OR REPLACE INTO journal_folded (owner_id, sequence) VALUES (?1, ?2)",
                (owner.as_str(), sequence),
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

/// Returns up to where the journal of an owner is in the vault.
fn folded(database: &Database, owner: &OwnerId) -> Result<i64, VaultError> {
    let sequence = database
        .query_row("SELECT sequence FROM journal_folded WHERE owner_id = ?1", [owner.as_str()], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(sequence.unwrap_or(0))
}
