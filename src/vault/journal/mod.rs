//! The journal: token state that is durable at once and folded into the vault by the next commit.
//!
//! `vault.age.journal/<owner id>.<sequence>` is an age file for the secrets identity. Its plaintext is the line
//! `journal/<file name>`, a JSON document, and 64 bytes of Ed25519 signature over `tokenctl journal entry v1\n`, the
//! vault id, a line feed, the file name, a line feed and the document: a viewer can seal, but not sign.
//!
//! The document says its version and what it is (`entry`); what it is about follows from that. An older tokenctl
//! refuses what it does not know, since it can neither fold it in nor leave it out.
//!
//! The sequence rises per owner, which is a connection by its id. Entries up to the one in table `journal_folded` are
//! in the vault already.
//!
//! An answer that a vendor gives only once must not be lost to a full disk: the space for its entry is a file
//! `.<owner id>.<sequence>.room-…`, allocated before the vendor is asked, which the entry then fills ([`Room`]).

mod entry;
#[cfg(feature = "fuzzing")]
pub(in crate::vault) mod fuzzing;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use rusqlite::{Connection as Database, OptionalExtension as _};
use zeroize::Zeroizing;

use self::entry::Unreadable;
use super::error::VaultError;
use super::file::{self, Draft, Privacy};
use super::keyring::Keyring;
use super::lock::Locks;
use super::rows::Rows;
use crate::domain::grant::StoredGrant;
use crate::domain::ids::{ConnectionId, OwnerId, VaultId, random_hex};
use crate::domain::invitation::window::AccessWindow;
use crate::domain::token::AccessToken;
use crate::hooks;

pub(super) use self::entry::Entry;

/// The largest entry that is read: a token of 64 KiB, escaped, and what surrounds it.
const LIMIT: u64 = 1024 * 1024;
const CONTEXT: &str = "tokenctl journal entry v1\n";

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

/// Space on disk for an entry that must not fail for want of it; given back unless it is filled.
pub(super) struct Room(Draft);

impl Room {
    /// Enough for a refresh token, its predecessor and an access token of the usual lengths, in bytes. Longer ones are
    /// written beyond it.
    const SIZE: usize = 64 * 1024;

    fn fill(mut self, sealed: &[u8]) -> Result<Draft, VaultError> {
        let path = self.0.path().to_owned();
        let file = self.0.file();
        file.rewind()
            .and_then(|()| file.write_all(sealed))
            .and_then(|()| file.set_len(sealed.len() as u64))
            .map_err(VaultError::io("write", path))?;
        self.0.sync()?;
        Ok(self.0)
    }
}

/// By how much the sequences of a restored vault are ahead of those of its backup.
const LEAP: i64 = 1 << 20;

/// What became of the journal when a backup was restored.
pub(super) struct Restored {
    /// The entries that are of no more use.
    pub(super) folded: Vec<EntryName>,
    /// How many of them were newer than the backup.
    pub(super) newer: u64,
    /// How many opened to nobody and were kept apart.
    pub(super) unread: u64,
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
        Entry::read(body).map(Some).map_err(|unreadable| match unreadable {
            Unreadable::Damaged(why) => damaged(why),
            Unreadable::Newer { kind, version } => {
                VaultError::NewerEntry { path: self.path(name), kind, version }
            }
        })
    }

    /// Keeps an access token under its owner's lock; it is durable when this returns.
    pub(super) fn write_token(
        &self,
        name: &EntryName,
        token: &AccessToken,
        keyring: &Keyring,
    ) -> Result<(), VaultError> {
        self.put(name, entry::token_document(token)?, keyring)
    }

    /// Keeps a grant, and the access token that came with it, under its owner's lock; both are durable when this
    /// returns. They fill `room`.
    pub(super) fn write_grant(
        &self,
        name: &EntryName,
        (stored, access): (&StoredGrant, Option<&AccessToken>),
        room: Room,
        keyring: &Keyring,
    ) -> Result<(), VaultError> {
        let sealed = self.seal(name, entry::grant_document(stored, access)?, keyring)?;
        room.fill(&sealed)?.place(&self.path(name))?;
        file::sync_folder(&self.folder)
    }

    /// Keeps a grant whose refresh token is about to be sent, and allocates the space for the answer.
    pub(super) fn write_intent(
        &self,
        name: &EntryName,
        intent: &StoredGrant,
        keyring: &Keyring,
    ) -> Result<Room, VaultError> {
        self.tidy(&name.owner)?;
        // Before the entry: without the space nothing is sent, and nothing may say that it was.
        let room = self.make_room(&name.owner)?;
        let sealed = self.seal(name, entry::grant_document(intent, None)?, keyring)?;
        file::replace(&self.path(name), &sealed)?;
        Ok(room)
    }

    /// Keeps an issuer's accesses under its owner's lock; durable when this returns.
    ///
    /// Each entry holds all of them, so the ones before it are removed: accesses come more often than commits do.
    pub(super) fn write_accesses(
        &self,
        name: &EntryName,
        window: &AccessWindow,
        keyring: &Keyring,
    ) -> Result<(), VaultError> {
        self.put(name, entry::accesses_document(window)?, keyring)?;
        let before = self.list(Some(&name.owner))?.into_iter().filter(|other| other.sequence < name.sequence);
        self.remove(&before.collect::<Vec<_>>());
        Ok(())
    }

    fn make_room(&self, owner: &OwnerId) -> Result<Room, VaultError> {
        let path = self.folder.join(format!(".{owner}.room-{}", random_hex::<8>()));
        let mut draft = Draft::create(path)?;
        let path = draft.path().to_owned();
        // Zeros that are written and synced, not `fallocate`, which some file systems only promise.
        draft.file().write_all(&vec![0; Room::SIZE]).map_err(VaultError::io("write", path))?;
        draft.sync()?;
        Ok(Room(draft))
    }

    /// Signs, seals and stores a document.
    pub(super) fn put(
        &self,
        name: &EntryName,
        body: Zeroizing<Vec<u8>>,
        keyring: &Keyring,
    ) -> Result<(), VaultError> {
        self.tidy(&name.owner)?;
        file::replace(&self.path(name), &self.seal(name, body, keyring)?)
    }

    /// Removes what an interrupted write of an owner left behind; its lock is held, so none is under way.
    fn tidy(&self, owner: &OwnerId) -> Result<(), VaultError> {
        file::ensure_folder(&self.folder)?;
        file::sweep(&self.folder, format!(".{owner}.").as_ref())
    }

    /// Removes what interrupted writes left behind whose owner's lock `locks` has free.
    ///
    /// Whatever stops this stops nothing else: what is left harms nobody, and its owner's next write removes it, too.
    pub(super) fn sweep(&self, locks: &Locks) {
        let owner = |name: OsString| name.to_str()?.strip_prefix('.')?.split_once('.')?.0.parse().ok();
        let entries = self.folder.read_dir().into_iter().flatten().filter_map(Result::ok);
        let owners: BTreeSet<OwnerId> = entries.filter_map(|entry| owner(entry.file_name())).collect();
        for owner in owners {
            if let Some(_lock) = locks.connection_if_free(&ConnectionId::from(&owner)) {
                let _ = self.tidy(&owner);
            }
        }
    }

    fn seal(
        &self,
        name: &EntryName,
        mut body: Zeroizing<Vec<u8>>,
        keyring: &Keyring,
    ) -> Result<Vec<u8>, VaultError> {
        let signature = keyring.signing()?.sign(&self.signed_text(name, &body))?;
        body.extend_from_slice(&signature);
        keyring.sealer().seal(&format!("journal/{}", name.file_name()), &body)
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

    /// Returns the newest of what `pick` finds in the entries of `listed` that are not in the vault yet.
    pub(super) fn newest<T>(
        &self,
        database: &Database,
        listed: &[EntryName],
        keyring: &Keyring,
        pick: impl Fn(Entry) -> Option<T>,
    ) -> Result<Option<T>, VaultError> {
        let mut newest = None;
        for name in listed {
            newest = self.unfolded(database, name, keyring)?.and_then(&pick).or(newest);
        }
        Ok(newest)
    }

    /// Returns an entry unless it is in the vault already.
    pub(super) fn unfolded(
        &self,
        database: &Database,
        name: &EntryName,
        keyring: &Keyring,
    ) -> Result<Option<Entry>, VaultError> {
        if name.sequence <= folded(database, &name.owner)? {
            return Ok(None);
        }
        self.read(name, keyring)
    }

    /// Puts every entry into `rows` and returns them all, to be removed once that is committed.
    pub(super) fn fold(&self, rows: &Rows<'_>, keyring: &Keyring) -> Result<Vec<EntryName>, VaultError> {
        let names = self.list(None)?;
        let mut reached = BTreeMap::new();
        for name in &names {
            if let Some(entry) = self.unfolded(rows.database, name, keyring)? {
                entry.fold(&name.owner, rows)?;
                reached.insert(&name.owner, name.sequence);
            }
        }
        for (owner, sequence) in reached {
            set_folded(rows.database, owner, sequence)?;
        }
        Ok(names)
    }

    /// As [`Journal::fold`] for a vault that was restored: entries beyond what the backup holds are newer than it and
    /// count, whichever of `keyrings` opens them. What none of them opens is kept in `aside` and left out.
    pub(super) fn fold_restored(
        &self,
        rows: &Rows<'_>,
        keyrings: &[&Keyring],
        aside: &Path,
    ) -> Result<Restored, VaultError> {
        let names = self.list(None)?;
        let mut restored = Restored { folded: names, newer: 0, unread: 0 };
        for name in &restored.folded {
            if name.sequence <= folded(rows.database, &name.owner)? {
                continue;
            }
            let read = keyrings.iter().find_map(|keyring| match self.read(name, keyring) {
                Err(VaultError::JournalDamaged { .. }) => None,
                read => Some(read),
            });
            if let Some(entry) = read {
                if let Some(entry) = entry? {
                    entry.fold(&name.owner, rows)?;
                    restored.newer += 1;
                }
            } else {
                file::ensure_folder(aside)?;
                file::keep_as(&self.path(name), &aside.join(name.file_name()))?;
                restored.unread += 1;
            }
            set_folded(rows.database, &name.owner, name.sequence)?;
        }
        if restored.unread > 0 {
            file::sync_folder(aside)?;
        }
        // Why the leap: a backup from before this one may be restored over what follows, and the entries written until
        // then must count as newer than anything in it. A sequence rises by a few thousand in a year.
        rows.database.execute("UPDATE journal_folded SET sequence = sequence + ?1", [LEAP])?;
        rows.database.execute(
            "INSERT OR IGNORE INTO journal_folded (owner_id, sequence) SELECT id, ?1 FROM connections",
            [LEAP],
        )?;
        Ok(restored)
    }

    /// Removes entries that are in the vault. One that stays is ignored and met again by the next fold.
    pub(super) fn remove(&self, names: &[EntryName]) {
        for name in names {
            let _ = file::remove(&self.path(name));
        }
    }
}

fn set_folded(database: &Database, owner: &OwnerId, sequence: i64) -> Result<(), VaultError> {
    database.execute(
        "INSERT OR REPLACE INTO journal_folded (owner_id, sequence) VALUES (?1, ?2)",
        (owner.as_str(), sequence),
    )?;
    Ok(())
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
