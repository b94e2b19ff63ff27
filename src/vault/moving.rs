//! `vault move-home`: the one place at which the vault is written becomes another one.
//!
//! In good order the old home gives it up first ([`Vault::release_home`]): a commit that folds the journal in and leaves
//! the vault nobody's, so that it is read-only everywhere until the new place takes it over ([`Vault::take_home`]). No
//! refresh may be under way then: its answer could be written nowhere. So the old home waits for those that are, under
//! their connections' locks, and lets no other begin.
//!
//! Where the old home is lost, the new place takes over what it has. Nobody can tell what the old home did since that
//! was copied: every grant that rotates becomes uncertain, and the old place must never write again. A vault that was
//! given up can be taken over by everybody who has a copy, but must be by one: a machine that has seen the one taken over
//! refuses the other, and no other machine can.
//!
//! The log of the old home may come along, beside the vault; without it another one begins (`relog`).

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::error::VaultError;
use super::generation::meta;
use super::home::Home;
use super::lock::{ConnectionLock, Lock};
use super::relog::{store_log_before, with_log_before};
use super::rows::Rows;
use super::store::Vault;
use super::transact::store_home;
use crate::domain::audit::{Action, AuditEvent};
use crate::domain::grant::GrantState;
use crate::domain::ids::ConnectionId;

/// Where the vault is written, and where it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The home that it has, or had when it was given up.
    pub from: Home,
    /// This place.
    pub to: Home,
    /// How many grants rotate and may be alive: what becomes uncertain unless the old home gave the vault up.
    pub grants: usize,
}

impl Move {
    /// Whether the old home gave the vault up.
    pub fn is_released(&self) -> bool {
        self.from.is_released()
    }

    /// Whether it was given up at this very place: somebody may have taken it over elsewhere since.
    pub fn is_back(&self) -> bool {
        self.from == self.to.released()
    }
}

impl Vault {
    /// What it means to take the vault over here; fails with [`VaultError::AtHome`] where its home is.
    pub fn plan_move(&self) -> Result<Move, VaultError> {
        self.with(|generation| self.check_operator(generation))?;
        self.with(|generation| {
            let from = generation.home()?;
            if from == self.here {
                return Err(VaultError::AtHome(from.path));
            }
            let grants = generation.rows().all_grant_facts()?;
            let grants = grants.values().filter(|grant| grant.may_be_alive()).count();
            Ok(Move { from, to: self.here.clone(), grants })
        })
    }

    /// Makes this the vault's home, as planned.
    pub fn take_home(&self, planned: &Move) -> Result<(), VaultError> {
        self.with(|generation| self.check_operator(generation))?;
        let _lock = self.locks.vault()?;
        let anchor = self.with(super::generation::Generation::anchor)?;
        let before = self.take_log_up(&anchor)?;
        let event = AuditEvent::new(Action::VaultMoveHome).with("home", &self.here.id);
        let event = with_log_before(event, before.as_ref());
        self.commit_after(&event, before.is_some(), Self::check_operator, |rows, _| {
            unchanged(rows, &planned.from)?;
            if !planned.is_released() {
                rows.restore_grants(self.clock.now())?;
            }
            store_log_before(rows, before.as_ref(), self.clock.now())?;
            store_home(rows, &self.here)
        })
    }

    /// Gives the vault up, so that another place can take it over; waits for refreshes that are under way.
    pub fn release_home(&self, wait: Duration) -> Result<Home, VaultError> {
        self.require_writable()?;
        let _quiet = self.quiet(wait)?;
        let released = self.here.released();
        let event = AuditEvent::new(Action::VaultMoveHome).with("released", &self.here.id);
        self.commit::<_, VaultError>(&event, Self::check_writable, |rows, _| store_home(rows, &released))?;
        Ok(released)
    }

    /// Waits until no refresh is under way and lets none begin.
    ///
    /// A grant whose connection's lock is free was left behind by a process that died: nobody waits for its answer.
    fn quiet(&self, wait: Duration) -> Result<(BTreeMap<ConnectionId, ConnectionLock>, Lock), VaultError> {
        let mut held = BTreeMap::new();
        loop {
            for connection in self.sending()? {
                if let Entry::Vacant(free) = held.entry(connection) {
                    let lock = self.locks.connection(free.key(), wait)?;
                    free.insert(lock);
                }
            }
            let keyring = self.locks.keyring()?;
            if self.sending()?.iter().all(|connection| held.contains_key(connection)) {
                return Ok((held, keyring));
            }
        }
    }

    /// The connections whose refresh token is being sent, as far as anybody wrote down.
    fn sending(&self) -> Result<BTreeSet<ConnectionId>, VaultError> {
        self.read_now(|rows, journalled| {
            let mut grants = rows.all_grant_facts()?;
            grants.extend(journalled.clone());
            grants.retain(|_, grant| matches!(grant.state, GrantState::Sending { .. }));
            Ok(grants.into_keys().collect())
        })
    }
}

fn unchanged(rows: &Rows<'_>, from: &Home) -> Result<(), VaultError> {
    let id = rows.meta(meta::HOME_ID)?;
    let path = rows.meta(meta::HOME_PATH)?;
    if id.as_ref() == Some(&from.id) && path.as_ref() == Some(&from.path) {
        return Ok(());
    }
    Err(VaultError::ForeignHome("it got another home meanwhile".to_owned()))
}
