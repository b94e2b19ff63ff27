//! Recipients. A change here has no effect until the file is encrypted anew: `vault` does both together.

use rusqlite::named_params;

use super::Rows;
use super::columns::{self, taken, time};
use crate::domain::recipient::{Recipient, Role};
use crate::vault::error::VaultError;

impl Rows<'_> {
    /// Returns every recipient, the oldest first.
    pub fn recipients(&self) -> Result<Vec<Recipient>, VaultError> {
        self.all(
            "SELECT public_key, role, label, added_at FROM recipients ORDER BY added_at, public_key",
            [],
            |columns| {
                Ok(Recipient {
                    public_key: columns.value()?,
                    role: columns.word()?,
                    label: columns.value()?,
                    added_at: columns.parsed()?,
                })
            },
        )
    }

    /// Returns the role of the recipient with this public key.
    pub fn recipient_role(&self, public_key: &str) -> Result<Option<Role>, VaultError> {
        self.first("SELECT role FROM recipients WHERE public_key = ?1", [public_key], columns::word_of)
    }

    /// Adds a recipient; fails with [`VaultError::RecipientExists`] if the public key is one already.
    pub(in crate::vault) fn insert_recipient(&self, recipient: &Recipient) -> Result<(), VaultError> {
        self.change(
            "INSERT INTO recipients (public_key, role, label, added_at) \
             VALUES (:public_key, :role, :label, :added_at)",
            named_params! {
                ":public_key": recipient.public_key,
                ":role": recipient.role.as_str(),
                ":label": recipient.label,
                ":added_at": time(recipient.added_at),
            },
        )
        .map_err(|error| match taken(error, || recipient.public_key.clone()) {
            VaultError::Taken(public_key) => VaultError::RecipientExists(public_key),
            other => other,
        })?;
        Ok(())
    }

    /// Changes a role; fails with [`VaultError::NoRecipient`] if there is no such recipient.
    pub(in crate::vault) fn set_recipient_role(
        &self,
        public_key: &str,
        role: Role,
    ) -> Result<(), VaultError> {
        let sql = "UPDATE recipients SET role = ?2 WHERE public_key = ?1";
        found(public_key, self.change(sql, [public_key, role.as_str()])?)
    }

    /// Removes a recipient; fails with [`VaultError::NoRecipient`] if there is no such recipient.
    pub(in crate::vault) fn delete_recipient(&self, public_key: &str) -> Result<(), VaultError> {
        found(public_key, self.change("DELETE FROM recipients WHERE public_key = ?1", [public_key])?)
    }
}

fn found(public_key: &str, changed: usize) -> Result<(), VaultError> {
    if changed == 0 { Err(VaultError::NoRecipient(public_key.to_owned())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, instant};
    use super::*;

    #[test]
    fn come_and_go_with_their_roles() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let ann = Recipient {
            public_key: "age1ann".to_owned(),
            role: Role::Viewer,
            label: Some("Ann".to_owned()),
            added_at: instant(1),
        };
        rows.insert_recipient(&ann).unwrap();
        assert!(matches!(rows.insert_recipient(&ann), Err(VaultError::RecipientExists(_))));
        rows.set_recipient_role("age1ann", Role::Operator).unwrap();
        assert_eq!(rows.recipient_role("age1ann").unwrap(), Some(Role::Operator));
        assert_eq!(rows.recipients().unwrap(), [Recipient { role: Role::Operator, ..ann }]);

        rows.delete_recipient("age1ann").unwrap();
        assert!(matches!(rows.delete_recipient("age1ann"), Err(VaultError::NoRecipient(_))));
        assert!(matches!(rows.set_recipient_role("age1bob", Role::Viewer), Err(VaultError::NoRecipient(_))));
    }
}
