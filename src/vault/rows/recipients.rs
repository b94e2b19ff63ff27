//! Recipients. A change here has no effect until the file is encrypted anew: `vault` does both together.

use jiff::Timestamp;
use rusqlite::named_params;

use super::Rows;
use super::columns::{self, taken, time};
use crate::vault::error::VaultError;
use crate::vault::recipient::{Recipient, RecipientKey, Role};

impl Rows<'_> {
    /// Returns every recipient, the oldest first.
    pub fn recipients(&self) -> Result<Vec<Recipient>, VaultError> {
        self.all(
            "SELECT public_key, role, label, added_at FROM recipients ORDER BY added_at, public_key",
            [],
            |columns| {
                Ok(Recipient {
                    key: columns.parsed()?,
                    role: columns.parsed()?,
                    label: columns.value()?,
                    added_at: columns.parsed()?,
                })
            },
        )
    }

    /// Returns the role of the recipient with this key.
    pub fn recipient_role(&self, key: &RecipientKey) -> Result<Option<Role>, VaultError> {
        let sql = "SELECT role FROM recipients WHERE public_key = ?1";
        self.first(sql, [key.to_string()], columns::parsed)
    }

    /// Adds a recipient; fails with [`VaultError::RecipientExists`] if the key is one already.
    pub(in crate::vault) fn insert_recipient(&self, recipient: &Recipient) -> Result<(), VaultError> {
        let key = recipient.key.to_string();
        self.change(
            "INSERT INTO recipients (public_key, role, label, added_at) \
             VALUES (:public_key, :role, :label, :added_at)",
            named_params! {
                ":public_key": key,
                ":role": recipient.role.as_str(),
                ":label": recipient.label,
                ":added_at": time(recipient.added_at),
            },
        )
        .map_err(|error| match taken(error, String::new) {
            VaultError::Taken(_) => VaultError::RecipientExists(key),
            other => other,
        })?;
        Ok(())
    }

    /// Changes a role; fails with [`VaultError::NoRecipient`] if there is no such recipient.
    pub(in crate::vault) fn set_recipient_role(
        &self,
        key: &RecipientKey,
        role: Role,
    ) -> Result<(), VaultError> {
        let sql = "UPDATE recipients SET role = ?2 WHERE public_key = ?1";
        found(key, self.change(sql, [&key.to_string(), role.as_str()])?)
    }

    /// Removes a recipient, whose label stays as a tombstone; fails with [`VaultError::NoRecipient`] if there is no
    /// such recipient.
    pub(in crate::vault) fn delete_recipient(
        &self,
        key: &RecipientKey,
        removed_at: Timestamp,
    ) -> Result<(), VaultError> {
        let sql = "DELETE FROM recipients WHERE public_key = ?1 RETURNING label";
        let label: Option<Option<String>> = self.first(sql, [key.to_string()], columns::value)?;
        match label.ok_or_else(|| VaultError::NoRecipient(key.to_string()))? {
            Some(label) => self.bury("recipient", &key.fingerprint(), &label, removed_at),
            None => Ok(()),
        }
    }
}

fn found(key: &RecipientKey, changed: usize) -> Result<(), VaultError> {
    if changed == 0 { Err(VaultError::NoRecipient(key.to_string())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, instant};
    use super::*;

    #[test]
    fn come_and_go_with_their_roles() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let key = || RecipientKey::from(age::x25519::Identity::generate().to_public());
        let ann =
            Recipient { key: key(), role: Role::Viewer, label: Some("Ann".to_owned()), added_at: instant(1) };
        rows.insert_recipient(&ann).unwrap();
        assert!(matches!(rows.insert_recipient(&ann), Err(VaultError::RecipientExists(_))));
        rows.set_recipient_role(&ann.key, Role::Operator).unwrap();
        assert_eq!(rows.recipient_role(&ann.key).unwrap(), Some(Role::Operator));
        assert_eq!(rows.recipients().unwrap(), [Recipient { role: Role::Operator, ..ann.clone() }]);

        rows.delete_recipient(&ann.key, instant(3)).unwrap();
        assert_eq!(rows.recipient_role(&ann.key).unwrap(), None);
        assert_eq!(rows.display_name(&ann.key.fingerprint()).unwrap().as_deref(), Some("Ann"));
        assert!(matches!(rows.delete_recipient(&ann.key, instant(3)), Err(VaultError::NoRecipient(_))));
        rows.insert_recipient(&ann).unwrap();
        rows.delete_recipient(&ann.key, instant(4)).unwrap();
        assert!(matches!(rows.set_recipient_role(&key(), Role::Viewer), Err(VaultError::NoRecipient(_))));
    }
}
