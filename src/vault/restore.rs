//! `vault restore`: what a backup holds becomes the vault, at this place and with this as its home.
//!
//! The backup is trusted by the same pins as any vault and opened completely first. It becomes a *new* generation: its
//! content is old, but its number is one above everything that this machine knows of (the mark, the vault in place, the
//! backup), and its parent is the newest of these. So whoever saw the newest follows without a word, and a machine that
//! saw a newer one than this machine knows of says that the vault was rolled back, until the restore is repeated with
//! the number that it names ([`RestoreRequest::seen`]). The mark never needs to be lowered for that; one that cannot be
//! read is begun anew.
//!
//! What is in place ([`InPlace`]) becomes the previous generation if it is sound and signed by the key of the backup;
//! otherwise it is kept as `vault.age.replaced-…`, and what is at `vault.age.prev` stays. Another vault is not replaced,
//! nor one that the identity does not open.
//!
//! The journal beside it may hold what is newer than the backup, be it newer than the vault in place or not: a refresh
//! token that was answered after the last commit above all. Its entries count by their sequence, whether the keys of the
//! backup or those of the vault in place open them; what opens to neither is kept apart in `vault.age.unread`.
//!
//! Then every grant that rotates is uncertain (`architecture.md` section 2.6): its token may have been spent since. The
//! audit log goes on if it is there (`relog`). A backup from before a rekey is signed by a key that somebody who was
//! removed may hold, so it is trusted only if its pin is given, and rekeyed as soon as it is in place.

use std::cell::Cell;
use std::path::PathBuf;

use jiff::Timestamp;

use super::backup::open_completely;
use super::error::VaultError;
use super::file::{self, Privacy};
use super::generation::Generation;
use super::highwater::{HighWater, Mark};
use super::identity::Credentials;
use super::in_place::InPlace;
use super::location::Location;
use super::pin::{Pin, id_from_bytes};
use super::recipient::Role;
use super::rekey::Rekeyed;
use super::relog::{store_log_before, with_log_before};
use super::replace::Previous;
use super::store::{Place, State, Vault, actor, state_warning};
use super::trailer::{Root, sha256};
use super::transact::{Making, store_anchor, store_home};
use super::trust;
use crate::clock::Clock;
use crate::domain::audit::{Action, AuditEvent, AuditHead, AuditKind};
use crate::domain::ids::{VaultId, hex};

/// A backup to be restored.
#[derive(Debug)]
pub struct RestoreRequest {
    /// Where the vault is, or is to be; the folder must exist.
    pub place: Place,
    /// The backup.
    pub backup: PathBuf,
    /// The newest generation that any machine has seen, if that is known: what is restored is then newer for all.
    pub seen: Option<u64>,
}

/// A backup that was opened completely, and what it would replace.
pub struct Restore {
    /// Around the backup's generation.
    vault: Vault,
    seen: Option<u64>,
    backup: u64,
    committed_at: Timestamp,
    in_place: InPlace,
    /// The pins that count at this place without one that was given.
    known: Vec<Pin>,
}

/// What restoring means.
#[derive(Debug, Clone)]
pub struct RestorePlan {
    /// Where the vault is, or will be.
    pub vault: PathBuf,
    /// The generation that the backup holds.
    pub backup: u64,
    /// When that was committed.
    pub committed_at: Timestamp,
    /// The generation that it becomes.
    pub generation: u64,
    /// The generation in place, if it opens.
    pub replaces: Option<u64>,
    /// What is wrong with what is in place, if it does not.
    pub broken: Option<String>,
    /// Where the vault in place is written, if that is elsewhere.
    pub other_home: Option<String>,
    /// Grants that rotate and become uncertain.
    pub grants: usize,
    /// Invitations that can be used again, be it that they were used up or revoked since.
    pub open_invitations: u32,
    /// Whether the backup is from before a rekey: the vault is rekeyed once more.
    pub rekeys: bool,
}

/// What restoring did.
#[derive(Debug)]
pub struct Restored {
    /// What was planned, as it was when it was done.
    pub plan: RestorePlan,
    /// Entries of the journal that were newer than the backup and are in the vault now.
    pub newer_entries: u64,
    /// Entries of the journal that opened to nobody, and the folder in which they are kept.
    pub unread: Option<(u64, PathBuf)>,
    /// Where what was in place is kept, if that is not the previous generation.
    pub kept: Option<PathBuf>,
    /// Where the log ended that the backup was anchored in, if it is not here.
    pub log_before: Option<AuditHead>,
    /// What the rekey did, if the backup was from before one.
    pub rekeyed: Option<Rekeyed>,
    /// What went wrong without stopping anything.
    pub warnings: Vec<String>,
}

impl Restore {
    /// Opens and checks the backup, and looks at what is in place; changes nothing.
    pub fn open(request: RestoreRequest, credentials: Credentials, clock: Clock) -> Result<Self, VaultError> {
        let RestoreRequest { place, backup, seen } = request;
        let location = Location::planned(&place.vault)?;
        let mut known = Vec::new();
        let generation = open_completely(&backup, &credentials, |footer| {
            let id = id_from_bytes(&footer.commit.vault)?;
            let remembered = trust::remembered(readable_mark(&place, &id).as_ref(), &location.vault());
            known = credentials.files.iter().flat_map(|file| file.pins.iter().cloned()).collect();
            known.retain(|pin| pin.vault == id);
            known.extend(remembered.pins.iter().cloned());
            trust::pin_of(footer, &credentials, || Ok(remembered)).map(drop)
        })?;
        if generation.role != Role::Operator {
            return Err(VaultError::NotOperator);
        }
        let (number, committed_at) = (generation.commit.generation, generation.anchored_at()?);
        let mut trusted = known.clone();
        trusted.push(generation.pin.clone());
        let in_place = InPlace::look(&location, &credentials, &trusted)?;
        let vault = Vault::around(generation, (place, location), credentials, clock)?;
        Ok(Self { vault, seen, backup: number, committed_at, in_place, known })
    }

    /// What restoring would do.
    pub fn plan(&self) -> Result<RestorePlan, VaultError> {
        let state = self.vault.state();
        self.plan_over(&self.in_place, state.generation.as_ref().ok_or_else(lost)?).map(|(plan, _)| plan)
    }

    /// What restoring `backup` over what is in place would do, and the parent of the generation that it becomes.
    fn plan_over(&self, in_place: &InPlace, backup: &Generation) -> Result<(RestorePlan, Root), VaultError> {
        let (generation, parent) = self.successor_of(in_place, backup)?;
        let grants = backup.rows().all_grant_facts()?;
        let replaced = in_place.sound();
        let home = replaced.map(Generation::home).transpose()?;
        let other_home = home.filter(|home| *home != self.vault.here && !home.is_released());
        let plan = RestorePlan {
            vault: self.vault.location.vault(),
            backup: self.backup,
            committed_at: self.committed_at,
            generation,
            replaces: replaced.map(|generation| generation.commit.generation),
            broken: in_place.broken(),
            other_home: other_home.map(|home| home.path),
            grants: grants.values().filter(|grant| grant.may_be_alive()).count(),
            open_invitations: backup.rows().counts()?.open_invitations,
            rekeys: !self.known.is_empty() && !self.known.contains(&backup.pin),
        };
        Ok((plan, parent))
    }

    /// The number of the generation that the backup becomes, and its parent.
    fn successor_of(&self, in_place: &InPlace, backup: &Generation) -> Result<(u64, Root), VaultError> {
        let mark = readable_mark(&self.vault.place, self.vault.id());
        // A root that cannot be read is none that anybody follows.
        let seen_here = mark.map(|mark| mark.newest()).map(|(at, root)| (at, root.unwrap_or(backup.root)));
        let in_place = in_place.sound().map(|sound| (sound.commit.generation, sound.root));
        let mut newest = (backup.commit.generation, backup.root);
        for known in in_place.into_iter().chain(seen_here) {
            if known.0 > newest.0 {
                newest = known;
            }
        }
        let successor = match self.seen {
            // Not the next one: whoever saw that generation would ask for its child.
            Some(seen) if seen > newest.0 => (seen.checked_add(2), backup.root),
            _ => (newest.0.checked_add(1), newest.1),
        };
        let number = successor.0.ok_or_else(|| VaultError::damaged("the generations have run out"))?;
        Ok((number, successor.1))
    }

    /// Puts the backup in place; durable when this returns.
    pub fn run(self) -> Result<Restored, VaultError> {
        let mut restored = self.put_in_place()?;
        if restored.plan.rekeys {
            match self.vault.rekey(&|_| ()) {
                Ok(rekeyed) => restored.rekeyed = Some(rekeyed),
                Err(error) => {
                    self.vault.warn(format!("it has the keys that it had before it was rekeyed: {error}"));
                }
            }
        }
        restored.warnings = self.vault.warnings();
        Ok(restored)
    }

    fn put_in_place(&self) -> Result<Restored, VaultError> {
        let vault = &self.vault;
        // Entries of the journal must not appear after they were looked at.
        let _keyring = vault.locks.keyring()?;
        let _lock = vault.locks.vault()?;
        let mut state = vault.state();
        let State { credentials, generation } = &mut *state;
        let backup = generation.as_mut().ok_or_else(lost)?;
        // What was looked at before the locks is thrown away.
        let trusted: Vec<_> = self.known.iter().chain([&backup.pin]).cloned().collect();
        let in_place = InPlace::look(&vault.location, credentials, &trusted)?;
        let (plan, parent) = self.plan_over(&in_place, backup)?;

        let log_before = vault.take_log_up(&in_place.sound().unwrap_or(backup).anchor()?)?;
        let event = AuditEvent::new(Action::VaultRestore)
            .with("backup", self.backup)
            .with("root", hex(&backup.root))
            .with("generation", plan.generation);
        let event = with_log_before(event, log_before.as_ref());
        let operation = vault.audit.request(&event, &actor(backup))?;

        let (newer, unread) = (Cell::new(0), Cell::new(0));
        let now = vault.clock.now();
        let pin = backup.pin.clone();
        (backup.commit.generation, backup.root) = (plan.generation - 1, parent);
        let outcome = self.prepare(&plan, &in_place, &pin).and_then(|(kept, previous)| {
            let making = Making {
                operation: operation.id(),
                previous,
                fold: &|rows, keyring| {
                    let other = in_place.sound().map(|sound| &sound.keyring);
                    let keyrings: Vec<_> = [keyring].into_iter().chain(other).collect();
                    let aside = vault.location.unread();
                    let restored = vault.journal.fold_restored(rows, &keyrings, &aside)?;
                    newer.set(restored.newer);
                    unread.set(restored.unread);
                    Ok(restored.folded)
                },
            };
            vault.attempt(&mut state, &making, |rows, _| {
                rows.restore_grants(now)?;
                store_home(rows, &vault.here)?;
                store_log_before(rows, log_before.as_ref(), now)?;
                store_anchor(rows, operation.head(), now)?;
                Ok::<_, VaultError>(kept)
            })
        });
        let recorded = outcome.as_ref().map(drop).map_err(AuditKind::audit_kind);
        if let Err(error) = vault.audit.outcome(&operation, recorded) {
            vault.warn(format!("the audit log holds no outcome of the restore: {error}"));
        }
        Ok(Restored {
            plan,
            newer_entries: newer.get(),
            unread: (unread.get() > 0).then(|| (unread.get(), vault.location.unread())),
            kept: outcome?,
            log_before,
            rekeyed: None,
            warnings: Vec::new(),
        })
    }

    /// Keeps what is in place, if it is to be kept apart, and lets this machine trust what comes.
    fn prepare(
        &self,
        plan: &RestorePlan,
        in_place: &InPlace,
        pin: &Pin,
    ) -> Result<(Option<PathBuf>, Previous), VaultError> {
        let Vault { location, clock, .. } = &self.vault;
        let water = self.vault.high_water();
        let announced = if plan.rekeys { water.announce(pin, clock) } else { Ok(()) };
        if let Err(error) = water.mend(clock).and(announced) {
            self.vault.warn(state_warning(&error));
        }
        if in_place.may_precede(pin) {
            return Ok((None, Previous::Kept));
        }
        let path = location.vault();
        // Named after its content: a second attempt finds it kept already.
        let content = file::read(&path, Privacy::OwnerWrites, u64::MAX)?;
        let kept = location.replaced(&hex(&sha256(&content)[..8]));
        file::keep_as(&path, &kept)?;
        file::sync_folder(location.folder())?;
        Ok((Some(kept), Previous::Left))
    }
}

fn lost() -> VaultError {
    VaultError::damaged("the backup could not be read again")
}

/// The mark of a vault; one that cannot be read is none to whoever restores it.
fn readable_mark(place: &Place, vault: &VaultId) -> Option<Mark> {
    HighWater::new(&place.state_dir, vault).read().ok().flatten()
}
