//! New keys for the vault: another secrets identity, another signing key, every secret sealed anew, in one commit.
//!
//! Until that commit is in its place nothing has changed: what an interrupted rekey announced (a pin in the identity
//! files and in the high-water mark) is trusted beside the one that counts, and nobody has its key. From then on
//! everything is rekeyed, and what a kill may leave undone is small: old pins in the identity files, the previous
//! generation, the outcome in the audit log. The commit names its operation in table `meta`, so [`Vault::rekey`] finds
//! that the log holds no outcome of it, and finishes that rekey instead of beginning another: whoever repeats the
//! command got what they asked for, and everybody else needs one new pin and not two.

use std::path::PathBuf;

use jiff::Timestamp;

use super::audit_log::Operation;
use super::create::operators;
use super::error::VaultError;
use super::generation::meta;
use super::keyring::Keyring;
use super::pin::Pin;
use super::resealing::{self, Done, seal_anew};
use super::rows::Rows;
use super::store::{State, Vault};
use crate::domain::audit::{Action, AuditEvent, Kind};

/// What a rekey means for everybody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rekeyed {
    /// The new pin: every other holder of an identity needs it, from somebody they trust.
    ///
    /// The old key cannot vouch for it: whoever was removed held that one.
    pub pin: Pin,
    /// How many keys somebody who was removed may hold copies of.
    pub exposed_keys: u32,
    /// The identity files on this machine that were brought up to date.
    pub updated: Vec<PathBuf>,
    /// When the rekey began that was interrupted after its commit and came to its end now.
    pub finished: Option<Timestamp>,
}

impl Vault {
    /// Replaces the secrets identity and the signing key and seals every secret anew, or finishes a rekey that was
    /// interrupted after its commit.
    pub fn rekey(&self, done: Done<'_>) -> Result<Rekeyed, VaultError> {
        self.require_writable()?;
        // Entries that are sealed and signed by the old keys must not appear after their last fold.
        let _keyring = self.locks.keyring()?;
        match self.unfinished_rekey()? {
            Some((operation, begun_at)) => self.finish_rekey(&operation, begun_at),
            None => self.rekey_locked(&AuditEvent::new(Action::VaultRekey), done, |_| Ok(())),
        }
    }

    /// When a rekey began that was interrupted after its commit and waits to be finished; `None` if there is none.
    pub fn interrupted_rekey(&self) -> Result<Option<Timestamp>, VaultError> {
        Ok(self.unfinished_rekey()?.map(|(_, begun_at)| begun_at))
    }

    /// How many values a rekey seals anew.
    pub fn sealed_values(&self) -> Result<u64, VaultError> {
        self.with(|generation| resealing::count(&generation.database))
    }

    /// Rekeys as part of another change.
    pub(super) fn rekey_with(
        &self,
        event: &AuditEvent,
        change: impl FnOnce(&Rows<'_>) -> Result<(), VaultError>,
    ) -> Result<Rekeyed, VaultError> {
        self.require_writable()?;
        let _keyring = self.locks.keyring()?;
        self.rekey_locked(event, &|_| (), change)
    }

    fn rekey_locked(
        &self,
        event: &AuditEvent,
        done: Done<'_>,
        change: impl FnOnce(&Rows<'_>) -> Result<(), VaultError>,
    ) -> Result<Rekeyed, VaultError> {
        let (pin, exposed_keys) = self.commit(event, Self::check_writable, |rows, switch| {
            change(rows)?;
            let operators = operators(&rows.recipients()?);
            if operators.is_empty() {
                return Err(VaultError::LastOperator(
                    "this is the last operator: without one nobody could open a secret or change anything"
                        .to_owned(),
                ));
            }
            let keyring = Keyring::generate()?;
            seal_anew(rows.database, (rows.sealer, keyring.sealer()), done)?;
            keyring.store(rows.database, &operators, self.clock.now())?;
            rows.set_meta(meta::REKEY_OPERATION, switch.operation.as_str())?;
            let pin = Pin { vault: self.id.clone(), verify_key: *keyring.verify_key() };
            switch.keyring = Some(keyring);
            Ok((pin, rows.counts()?.exposed_keys))
        })?;
        let updated = self.settle_identities(&mut self.state(), &pin);
        Ok(Rekeyed { pin, exposed_keys, updated, finished: None })
    }

    /// Returns the `vault rekey` that the vault's keys are from, if the log holds its request and no outcome.
    ///
    /// A log that cannot be read to its end says nothing: then there is nothing to finish.
    fn unfinished_rekey(&self) -> Result<Option<(Operation, Timestamp)>, VaultError> {
        let Some(id) = self.with(|generation| generation.rows().meta(meta::REKEY_OPERATION))? else {
            return Ok(None);
        };
        let Ok(records) = self.audit.records() else { return Ok(None) };
        let mut begun = None;
        for record in records {
            let Ok(record) = record else { return Ok(None) };
            if record.operation.as_str() != id || record.action != Action::VaultRekey.as_str() {
                continue;
            }
            match record.kind {
                Kind::Request => begun = Some(record),
                Kind::Outcome => begun = None,
                _ => {}
            }
        }
        Ok(begun.map(|record| (Operation::resumed(&record, Action::VaultRekey), record.at)))
    }

    fn finish_rekey(&self, interrupted: &Operation, begun_at: Timestamp) -> Result<Rekeyed, VaultError> {
        let pin = self.pin()?;
        let updated = self.settle_identities(&mut self.state(), &pin);
        let event = AuditEvent::new(Action::VaultRekey).with("finishes", interrupted.id());
        // A commit of a rekey replaces the previous generation, too, whatever it changes.
        let exposed_keys = self.commit::<_, VaultError>(&event, Self::check_writable, |rows, _| {
            Ok(rows.counts()?.exposed_keys)
        })?;
        // Last: until then a rerun must find that it is not finished.
        if let Err(error) = self.audit.outcome(interrupted, Ok(())) {
            self.warn(format!("the audit log holds no outcome of the interrupted rekey: {error}"));
        }
        Ok(Rekeyed { pin, exposed_keys, updated, finished: Some(begun_at) })
    }

    /// Drops pins that `current` has replaced from the identity files; what fails is tried again by the next commit.
    pub(super) fn settle_identities(&self, state: &mut State, current: &Pin) -> Vec<PathBuf> {
        let mut updated = Vec::new();
        for file in &mut state.credentials.files {
            match file.settle(current) {
                Ok(path) => updated.extend(path),
                Err(error) => self.warn(format!("an old pin may still be in an identity file: {error}")),
            }
        }
        updated
    }
}
