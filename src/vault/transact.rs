//! The only way to change the vault (`architecture.md` section 2.4).

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::MAIN_DB;

use super::assemble;
use super::backup_note;
use super::error::VaultError;
use super::generation::{Generation, meta};
use super::highwater::Mark;
use super::home::Home;
use super::journal::EntryName;
use super::keyring::Keyring;
use super::pin::Pin;
use super::reader::Extent;
use super::replace::{Amiss, Previous, Replaced};
use super::rows::Rows;
use super::store::{State, Vault, actor, state_warning};
use super::trailer::Commit;
use crate::domain::audit::{Action, AuditEvent, AuditHead, AuditKind, AuditRecord, SubjectKind};
use crate::domain::ids::{ConnectionId, OperationId};
use crate::hooks;

/// When tokens were last handed out.
type Uses = BTreeMap<ConnectionId, Timestamp>;

/// What a change knows and replaces besides rows.
pub(super) struct Switch<'a> {
    /// What it is recorded as.
    pub operation: &'a OperationId,
    /// The keys of the vault as they are.
    pub current: &'a Keyring,
    /// New keys of the vault: the commit is signed by them.
    pub keyring: Option<Keyring>,
}

/// Puts what the journal holds into the rows, and returns the entries that are of no more use then.
type Fold<'a> = dyn Fn(&Rows<'_>, &Keyring) -> Result<Vec<EntryName>, VaultError> + 'a;

/// How a generation is put together and put in its place.
pub(super) struct Making<'a> {
    /// What it is recorded as.
    pub operation: &'a OperationId,
    /// What becomes of the generation before it.
    pub previous: Previous,
    /// What becomes of the journal.
    pub fold: &'a Fold<'a>,
}

impl Vault {
    /// Runs `change` in a transaction and commits it as a new generation, durable when this returns.
    ///
    /// Contract: `event` is recorded durably before anything happens, and its outcome after it. If `change` or the
    /// commit fails, the vault is what it was. `change` sees what the journal holds; its decisions win over it.
    /// What the event's action destroys is destroyed in the previous generation, too.
    pub fn transact<T, E: From<VaultError> + AuditKind>(
        &self,
        event: &AuditEvent,
        change: impl FnOnce(&Rows<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.commit(event, Self::check_writable, |rows, _| change(rows))
    }

    pub(super) fn commit<T, E: From<VaultError> + AuditKind>(
        &self,
        event: &AuditEvent,
        check: impl Fn(&Self, &Generation) -> Result<(), VaultError>,
        change: impl FnOnce(&Rows<'_>, &mut Switch<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        // Before the lock, too: a viewer is told so and not that the lock file belongs to somebody else.
        self.with(|generation| check(self, generation))?;
        let _lock = if hooks::mutant("no-vault-lock") { None } else { Some(self.locks.vault()?) };
        if hooks::mutant("hang-in-commit") {
            std::thread::park();
        }
        self.commit_locked(event, check, change)
    }

    /// As [`Vault::commit`] in the hands of somebody who holds the vault's lock, and does more under it.
    pub(super) fn commit_locked<T, E: From<VaultError> + AuditKind>(
        &self,
        event: &AuditEvent,
        check: impl Fn(&Self, &Generation) -> Result<(), VaultError>,
        change: impl FnOnce(&Rows<'_>, &mut Switch<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.commit_after(event, false, check, change)
    }

    /// As [`Vault::commit_locked`]; if `begins`, `event` is the first record of a log, and anchored whatever came before.
    pub(super) fn commit_after<T, E: From<VaultError> + AuditKind>(
        &self,
        event: &AuditEvent,
        begins: bool,
        check: impl Fn(&Self, &Generation) -> Result<(), VaultError>,
        change: impl FnOnce(&Rows<'_>, &mut Switch<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut state = self.state();
        let current = self.refresh(&mut state, Extent::Whole)?;
        check(self, current)?;
        let pin = current.pin.clone();
        let since_anchor = if begins { Some(Uses::new()) } else { self.since_anchor(current)? };
        let operation = self.audit.request(event, &actor(current))?;
        self.settle_identities(&mut state, &pin);
        let making = Making {
            operation: operation.id(),
            previous: if destroys(event.action) { Previous::Destroyed } else { Previous::Kept },
            fold: &|rows, keyring| self.journal.fold(rows, keyring),
        };
        let outcome = self.attempt(&mut state, &making, |rows, switch| {
            let value = change(rows, switch)?;
            if let Some(uses) = since_anchor {
                for (connection, used_at) in &uses {
                    rows.note_use(connection, *used_at)?;
                }
                store_anchor(rows, operation.head(), self.clock.now())?;
            }
            Ok(value)
        });
        let recorded =
            self.audit.outcome(&operation, outcome.as_ref().map(drop).map_err(AuditKind::audit_kind));
        if let Err(error) = recorded {
            // The change is durable, or was undone: to report something else now would be wrong.
            self.warn(format!("the audit log holds no outcome of the last operation: {error}"));
        }
        outcome
    }

    /// Returns when each token was last handed out since the last anchor, if the audit log leads from there to its end, so
    /// that a new anchor may take its place.
    ///
    /// Why: one that does not is evidence. The old anchor stays, and with it the verdict of `audit verify`, however
    /// long work goes on; to refuse all work instead would make a lost log folder the end of the vault.
    fn since_anchor(&self, current: &Generation) -> Result<Option<Uses>, VaultError> {
        let mut uses = Uses::new();
        let note = |record: &AuditRecord| {
            if record.action == Action::TokenRelease.as_str() {
                for subject in record.subjects.iter().filter(|subject| subject.is(SubjectKind::Connection)) {
                    let Ok(connection) = subject.id.parse() else { continue };
                    let used_at = uses.entry(connection).or_insert(record.at);
                    *used_at = record.at.max(*used_at);
                }
            }
        };
        match self.audit.verify_since(&current.anchor()?, note) {
            Ok(()) => Ok(Some(uses)),
            Err(damage @ VaultError::AuditDamaged(_)) => {
                self.warn(format!("{damage}: keep it as it is, and find out who changed it"));
                Ok(None)
            }
            // Where the log cannot be read, no record follows from it.
            Err(error) => Err(VaultError::Audit(Box::new(error))),
        }
    }

    pub(super) fn attempt<T, E: From<VaultError>>(
        &self,
        state: &mut State,
        making: &Making<'_>,
        change: impl FnOnce(&Rows<'_>, &mut Switch<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        // Until it is put back, the next access reads the file again.
        let mut generation =
            state.generation.take().ok_or_else(|| VaultError::damaged("it could not be read again"))?;
        let mut switch = Switch { operation: making.operation, current: &generation.keyring, keyring: None };
        let (value, folded) = apply(&generation, making.fold, |rows| change(rows, &mut switch))?;
        if hooks::mutant("acknowledge-before-commit") {
            return Ok(value);
        }
        let keyring = switch.keyring;
        let (next_pin, left_to_do) = self.announce(state, &generation, keyring.as_ref())?;
        if let Some(keyring) = keyring {
            generation.keyring = keyring;
        }
        // Whatever stops this stops no commit: what was left harms nobody.
        let _ = backup_note::sweep(&self.place.state_dir, &self.id);
        let replaced = self.write_generation(&mut generation, making.previous)?;
        self.journal.remove(&folded);
        self.journal.sweep(&self.locks);
        let previous = self.location.previous();
        match replaced.amiss {
            None => {}
            Some(Amiss::There(error)) => {
                self.warn(format!("{} still holds what was destroyed: {error}", previous.display()));
            }
            Some(Amiss::Gone(error)) => {
                self.warn(format!("{} is gone until the next change: {error}", previous.display()));
            }
        }
        for warning in left_to_do {
            self.warn(warning);
        }
        let rekeyed = next_pin.is_some();
        if let Some(pin) = next_pin {
            state.credentials.pin = state.credentials.pin.take().map(|_| pin.clone());
            generation.pin = pin;
        }
        let mark = Mark::of(&generation.commit, &generation.root, &generation.pin, &self.location.vault());
        if let Err(error) = self.high_water().raise(&mark, &self.clock) {
            self.warn(state_warning(&error));
        }
        // Whoever changed the keys may have taken away their own role: the next access finds out.
        state.generation = (!rekeyed).then_some(generation);
        Ok(value)
    }

    fn write_generation(
        &self,
        generation: &mut Generation,
        previous: Previous,
    ) -> Result<Replaced, VaultError> {
        let recipients = generation.rows().recipients()?;
        let number = generation.commit.generation.checked_add(1);
        let commit = Commit {
            generation: number.ok_or_else(|| VaultError::damaged("the generations have run out"))?,
            parent: generation.root,
            ..generation.commit
        };
        let image = generation.database.serialize(MAIN_DB)?;
        let signed = (&*image, commit, generation.keyring.signing()?);
        let (replaced, root) = assemble::put(&self.location, previous, signed, &recipients)?;
        generation.image_length = image.len() as u64;
        generation.file_length = replaced.length;
        generation.stamp = replaced.stamp;
        (generation.commit, generation.root) = (commit, root);
        Ok(replaced)
    }

    /// Lets this machine trust the coming keys before they sign anything: a crash must not lock it out.
    ///
    /// Returns the coming pin, and what is to be told once it counts: identity files that cannot be rewritten stop
    /// nothing, since the high-water mark knows what became of the old pin. Fails if neither can be written, unless the
    /// pin was given, so that whoever gave it gives the next one, too.
    fn announce(
        &self,
        state: &mut State,
        generation: &Generation,
        keyring: Option<&Keyring>,
    ) -> Result<(Option<Pin>, Vec<String>), VaultError> {
        let Some(keyring) = keyring else { return Ok((None, Vec::new())) };
        let next = Pin { vault: self.id.clone(), verify_key: *keyring.verify_key() };
        let mark = Mark::of(&generation.commit, &generation.root, &generation.pin, &self.location.vault());
        let water = self.high_water();
        let announced = water.raise(&mark, &self.clock).and_then(|()| water.announce(&next, &self.clock));
        let mut is_in_a_file = false;
        let mut left_to_do = Vec::new();
        for file in &mut state.credentials.files {
            match file.add_pin(&generation.pin, &next)? {
                Some(left) => left_to_do.push(left),
                None => is_in_a_file |= file.pins.contains(&next),
            }
        }
        match announced {
            Ok(()) => {}
            Err(error) if is_in_a_file || state.credentials.pin.is_some() => self.warn(state_warning(&error)),
            Err(error) => return Err(error),
        }
        Ok((Some(next), left_to_do))
    }
}

/// Folds the journal in and runs `change`, both in one transaction of the database.
fn apply<T, E: From<VaultError>>(
    generation: &Generation,
    fold: &Fold<'_>,
    change: impl FnOnce(&Rows<'_>) -> Result<T, E>,
) -> Result<(T, Vec<EntryName>), E> {
    let database = &generation.database;
    database.pragma_update(None, "query_only", false).map_err(VaultError::from)?;
    let transaction = database.unchecked_transaction().map_err(VaultError::from)?;
    let rows = generation.rows();
    let folded = fold(&rows, &generation.keyring)?;
    let value = change(&rows)?;
    transaction.commit().map_err(VaultError::from)?;
    rows.tidy()?;
    database.pragma_update(None, "query_only", true).map_err(VaultError::from)?;
    Ok((value, folded))
}

/// Whether something secret is gone for good after `action`, so that no older generation may keep it.
fn destroys(action: Action) -> bool {
    matches!(
        action,
        Action::RotationRetire
            | Action::RotationAbort
            | Action::ConnectionRemove
            | Action::RecipientRemove
            | Action::RecipientSetRole
            | Action::VaultRekey
            | Action::InvitationRotateKey
            | Action::InvitationRevokeKey
            | Action::InvitationCleanup
            | Action::AppRemove
            | Action::GrantRevoke
            | Action::GrantDrop
            | Action::CompanyDisconnect
    )
}

pub(super) fn store_home(rows: &Rows<'_>, home: &Home) -> Result<(), VaultError> {
    rows.set_meta(meta::HOME_ID, &home.id)?;
    rows.set_meta(meta::HOME_PATH, &home.path)
}

pub(super) fn store_anchor(rows: &Rows<'_>, head: &AuditHead, now: Timestamp) -> Result<(), VaultError> {
    rows.set_meta(meta::AUDIT_AT, &now.to_string())?;
    rows.set_meta(meta::AUDIT_SEQUENCE, &head.sequence.to_string())?;
    rows.set_meta(meta::AUDIT_HASH, &head.hash)
}
