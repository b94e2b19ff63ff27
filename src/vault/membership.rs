//! Who can open the vault: recipients come, change roles and go; whoever loses the role operator costs a rekey (`rekey`).

use super::create::operators;
use super::error::VaultError;
use super::keyring::Keyring;
use super::recipient::{Recipient, RecipientKey, Role};
use super::rekey::Rekeyed;
use super::rows::Rows;
use super::store::Vault;
use crate::domain::audit::{Action, AuditEvent, SubjectKind};

impl Vault {
    /// Returns everybody who can open the vault, the oldest first.
    pub fn recipients(&self) -> Result<Vec<Recipient>, VaultError> {
        self.with(|generation| generation.rows().recipients())
    }

    /// Lets somebody open the vault from the next generation on, which this commits; returns their row.
    pub fn add_recipient(
        &self,
        key: &RecipientKey,
        role: Role,
        label: Option<String>,
    ) -> Result<Recipient, VaultError> {
        let event = AuditEvent::new(Action::RecipientAdd)
            .about(SubjectKind::Recipient, key.fingerprint())
            .with("role", role.as_str());
        let recipient = Recipient { key: key.clone(), role, label, added_at: self.clock.now() };
        self.with_keyring(&event, |rows, keyring| {
            rows.insert_recipient(&recipient)?;
            if role == Role::Operator { self.wrap(rows, keyring) } else { Ok(()) }
        })?;
        Ok(recipient)
    }

    /// Changes a role. Taking away the role operator rekeys the vault; the last operator keeps it.
    pub fn set_role(&self, key: &RecipientKey, role: Role) -> Result<Option<Rekeyed>, VaultError> {
        let event = AuditEvent::new(Action::RecipientSetRole)
            .about(SubjectKind::Recipient, key.fingerprint())
            .with("role", role.as_str());
        match self.read(|rows| rows.recipient_role(key))? {
            None => Err(VaultError::NoRecipient(key.to_string())),
            Some(current) if current == role => Err(VaultError::Taken(format!("{key} is {role} already"))),
            Some(Role::Viewer) => {
                self.with_keyring(&event, |rows, keyring| {
                    rows.set_recipient_role(key, role)?;
                    self.wrap(rows, keyring)
                })?;
                Ok(None)
            }
            Some(Role::Operator) => self
                .rekey_with(&event, |rows| {
                    rows.set_recipient_role(key, role)?;
                    rows.mark_all_keys_exposed(self.clock.now()).map(drop)
                })
                .map(Some),
        }
    }

    /// Removes a recipient. Removing an operator rekeys the vault; the last operator stays.
    pub fn remove_recipient(&self, key: &RecipientKey) -> Result<Option<Rekeyed>, VaultError> {
        let event = AuditEvent::new(Action::RecipientRemove).about(SubjectKind::Recipient, key.fingerprint());
        match self.read(|rows| rows.recipient_role(key))? {
            None => Err(VaultError::NoRecipient(key.to_string())),
            Some(Role::Viewer) => {
                self.transact(&event, |rows| {
                    require_role(rows, key, Role::Viewer)?;
                    rows.delete_recipient(key, self.clock.now())
                })?;
                Ok(None)
            }
            Some(Role::Operator) => self
                .rekey_with(&event, |rows| {
                    rows.delete_recipient(key, self.clock.now())?;
                    rows.mark_all_keys_exposed(self.clock.now()).map(drop)
                })
                .map(Some),
        }
    }

    fn with_keyring(
        &self,
        event: &AuditEvent,
        change: impl FnOnce(&Rows<'_>, &Keyring) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        self.commit(event, Self::check_writable, |rows, switch| change(rows, switch.current))
    }

    fn wrap(&self, rows: &Rows<'_>, keyring: &Keyring) -> Result<(), VaultError> {
        keyring.store(rows.database, &operators(&rows.recipients()?), self.clock.now())
    }
}

fn require_role(rows: &Rows<'_>, key: &RecipientKey, role: Role) -> Result<(), VaultError> {
    match rows.recipient_role(key)? {
        Some(found) if found == role => Ok(()),
        Some(found) => Err(VaultError::Taken(format!("{key} became {found} meanwhile"))),
        None => Err(VaultError::NoRecipient(key.to_string())),
    }
}
