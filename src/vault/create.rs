//! The first generation of a vault.

use std::path::PathBuf;

use jiff::Timestamp;
use rusqlite::MAIN_DB;

use super::assemble;
use super::audit_log::AuditLog;
use super::error::VaultError;
use super::generation::{in_memory, meta, settle};
use super::highwater::{HighWater, Mark};
use super::home::{self, Home};
use super::keyring::Keyring;
use super::location::Location;
use super::lock::Locks;
use super::pin::{Pin, id_bytes};
use super::recipient::{Recipient, RecipientKey, Role};
use super::replace::Previous;
use super::rows::Rows;
use super::schema;
use super::store::{Place, Vault, state_warning};
use super::trailer::{Commit, HASH};
use super::transact::{store_anchor, store_home};
use crate::clock::Clock;
use crate::domain::audit::{Action, Actor, AuditEvent, AuditHead, AuditKind};
use crate::domain::ids::VaultId;

/// A vault that is about to be created: its keys exist, so that its pin can be stored with an identity first.
pub struct NewVault {
    id: VaultId,
    keyring: Keyring,
    recipients: Vec<(RecipientKey, Role, Option<String>)>,
}

/// A vault that was created.
#[derive(Debug)]
pub struct Created {
    /// The vault file.
    pub path: PathBuf,
    /// The vault's id.
    pub id: VaultId,
    /// What everybody who is to trust it needs.
    pub pin: Pin,
    /// What went wrong without stopping anything.
    pub warnings: Vec<String>,
}

impl NewVault {
    /// Makes the keys of a vault for `recipients` (key, role, label), of whom one at least is an operator.
    pub fn new(recipients: Vec<(RecipientKey, Role, Option<String>)>) -> Result<Self, VaultError> {
        if !recipients.iter().any(|(_, role, _)| *role == Role::Operator) {
            return Err(VaultError::LastOperator("a vault needs an operator".to_owned()));
        }
        Ok(Self { id: VaultId::new(), keyring: Keyring::generate()?, recipients })
    }

    /// The pin that the vault will have.
    pub fn pin(&self) -> Pin {
        Pin { vault: self.id.clone(), verify_key: *self.keyring.verify_key() }
    }
}

impl Vault {
    /// Fails with [`VaultError::Exists`] if anything of a vault is at `place`, be it only its previous generation.
    pub fn require_absent(place: &Place) -> Result<(), VaultError> {
        let location = match Location::resolve(&place.vault) {
            // No folder, no vault in it.
            Err(VaultError::Absent(_)) if place.vault.file_name().is_some() => return Ok(()),
            resolved => resolved?,
        };
        let journal = location.journal();
        let has_journal = journal.read_dir().is_ok_and(|mut entries| entries.next().is_some());
        let taken = [location.vault(), location.previous()]
            .into_iter()
            .find(|path| path.symlink_metadata().is_ok())
            .or(has_journal.then_some(journal));
        taken.map_or(Ok(()), |path| Err(VaultError::Exists(path)))
    }

    /// Creates the vault at `place`, whose folder must exist; this becomes its home.
    pub fn create(place: &Place, new: NewVault, clock: &Clock) -> Result<Created, VaultError> {
        let location = Location::resolve(&place.vault)?;
        Self::require_absent(place)?;
        let locks = Locks::new(location.locks(), place.command.clone(), place.lock_timeout, clock.clone())
            .stopped_by(place.stop.clone());
        let _lock = locks.vault()?;
        Self::require_absent(place)?;
        let home = Home::here(&location, place.home_id.as_deref(), &place.state_dir)?;
        let audit = AuditLog::new(location.audit(), locks.clone(), clock.clone());
        let event = AuditEvent::new(Action::VaultCreate).with("vault", &new.id);
        let operation = audit.request(&event, &creator(&new))?;
        let outcome = write_first(&location, &new, &home, operation.head(), clock.now());
        let recorded = audit.outcome(&operation, outcome.as_ref().map(drop).map_err(AuditKind::audit_kind));
        let mark = outcome?;
        let mut warnings = Vec::new();
        if let Err(error) = recorded {
            warnings.push(format!("the audit log holds no outcome of the creation: {error}"));
        }
        if let Err(error) = HighWater::new(&place.state_dir, &new.id).raise(&mark, clock) {
            warnings.push(state_warning(&error));
        }
        Ok(Created { path: location.vault(), pin: new.pin(), id: new.id, warnings })
    }
}

fn creator(new: &NewVault) -> Actor {
    let operator = new.recipients.iter().find(|(_, role, _)| *role == Role::Operator);
    Actor {
        recipient: operator.map(|(key, ..)| key.fingerprint()).unwrap_or_default(),
        user: home::account(),
    }
}

fn write_first(
    location: &Location,
    new: &NewVault,
    home: &Home,
    head: &AuditHead,
    now: Timestamp,
) -> Result<Mark, VaultError> {
    let mut database = in_memory()?;
    settle(&database)?;
    schema::migrate(&database)?;
    let rows = Rows { database: &database, sealer: new.keyring.sealer() };
    for (key, role, label) in &new.recipients {
        rows.insert_recipient(&Recipient {
            key: key.clone(),
            role: *role,
            label: label.clone(),
            added_at: now,
        })?;
    }
    let recipients = rows.recipients()?;
    new.keyring.store(&database, &operators(&recipients), now)?;
    store_home(&rows, home)?;
    rows.set_meta(meta::CREATED_AT, &now.to_string())?;
    store_anchor(&rows, head, now)?;
    let commit = Commit { vault: id_bytes(&new.id), generation: 1, parent: [0; HASH] };
    let image = database.serialize(MAIN_DB)?;
    let signed = (&*image, commit, new.keyring.signing()?);
    let (_, root) = assemble::put(location, Previous::Kept, signed, &recipients)?;
    Ok(Mark::of(&commit, &root, &new.pin(), &location.vault()))
}

/// The keys of those who are operators.
pub(super) fn operators(recipients: &[Recipient]) -> Vec<RecipientKey> {
    recipients
        .iter()
        .filter(|recipient| recipient.role == Role::Operator)
        .map(|recipient| recipient.key.clone())
        .collect()
}
