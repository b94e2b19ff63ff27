//! Who can open the vault: recipients come, change roles and go; whoever loses the role operator costs a rekey.

use std::path::PathBuf;

use rusqlite::Connection as Database;

use super::create::operators;
use super::error::VaultError;
use super::keyring::Keyring;
use super::pin::Pin;
use super::recipient::{Recipient, RecipientKey, Role};
use super::rows::Rows;
use super::seal::Sealer;
use super::store::{State, Vault};
use crate::domain::audit::{Action, AuditEvent, SubjectKind};

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
}

/// A column of sealed values: table, id column, sealed column, and what goes around the id in the context.
struct SealedColumn {
    table: &'static str,
    id: &'static str,
    sealed: &'static str,
    context: (&'static str, &'static str),
}

impl SealedColumn {
    fn context(&self, id: &str) -> String {
        format!("{}{id}{}", self.context.0, self.context.1)
    }
}

/// Every column of sealed values; a test compares it with the schema.
const SEALED: &[SealedColumn] = &[
    SealedColumn { table: "apps", id: "id", sealed: "sealed_previous_secret", context: ("app/", "/secret") },
    SealedColumn { table: "apps", id: "id", sealed: "sealed_secret", context: ("app/", "/secret") },
    SealedColumn {
        table: "grants",
        id: "connection_id",
        sealed: "sealed_predecessor",
        context: ("grant/", "/refresh"),
    },
    SealedColumn {
        table: "grants",
        id: "connection_id",
        sealed: "sealed_refresh_token",
        context: ("grant/", "/refresh"),
    },
    SealedColumn {
        table: "invitation_issuer",
        id: "id",
        sealed: "sealed_search_key",
        context: ("invitation-", "/search-key"),
    },
    SealedColumn {
        table: "invitation_keys",
        id: "kid",
        sealed: "sealed_private_key",
        context: ("invitation-key/", "/private"),
    },
    SealedColumn {
        table: "invitations",
        id: "id",
        sealed: "sealed_address",
        context: ("invitation/", "/address"),
    },
    SealedColumn {
        table: "invitations",
        id: "id",
        sealed: "sealed_email",
        context: ("invitation/", "/email"),
    },
    SealedColumn { table: "keys", id: "id", sealed: "sealed_private_key", context: ("key/", "/private") },
    SealedColumn {
        table: "quarantine",
        id: "id",
        sealed: "sealed_refresh_token",
        context: ("quarantine/", "/refresh"),
    },
    SealedColumn {
        table: "tokens",
        id: "connection_id",
        sealed: "sealed_token",
        context: ("token/", "/access"),
    },
];

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

    /// Replaces the secrets identity and the signing key and seals every secret anew.
    pub fn rekey(&self) -> Result<Rekeyed, VaultError> {
        self.rekey_with(&AuditEvent::new(Action::VaultRekey), |_| Ok(()))
    }

    fn rekey_with(
        &self,
        event: &AuditEvent,
        change: impl FnOnce(&Rows<'_>) -> Result<(), VaultError>,
    ) -> Result<Rekeyed, VaultError> {
        self.require_writable()?;
        // Entries that are sealed and signed by the old keys must not appear after their last fold.
        let _keyring = self.locks.keyring()?;
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
            seal_anew(rows.database, rows.sealer, keyring.sealer())?;
            keyring.store(rows.database, &operators, self.clock.now())?;
            let pin = Pin { vault: self.id.clone(), verify_key: *keyring.verify_key() };
            switch.keyring = Some(keyring);
            Ok((pin, rows.counts()?.exposed_keys))
        })?;
        let updated = self.settle_identities(&mut self.state(), &pin);
        Ok(Rekeyed { pin, exposed_keys, updated })
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

fn seal_anew(database: &Database, old: &Sealer, new: &Sealer) -> Result<(), VaultError> {
    for column in SEALED {
        let SealedColumn { table, id, sealed, .. } = column;
        let mut update = database.prepare(&format!("UPDATE {table} SET {sealed} = ?2 WHERE {id} = ?1"))?;
        for key in ids(database, column)? {
            let value = old.open(&column.context(&key), &value(database, column, &key)?)?;
            update.execute((&key, new.seal(&column.context(&key), value.expose())?))?;
        }
    }
    Ok(())
}

/// Opens every sealed value and returns how many there are.
pub(super) fn open_all(rows: &Rows<'_>) -> Result<u64, VaultError> {
    let mut opened = 0;
    for column in SEALED {
        for key in ids(rows.database, column)? {
            rows.sealer.open(&column.context(&key), &value(rows.database, column, &key)?)?;
            opened += 1;
        }
    }
    Ok(opened)
}

fn ids(database: &Database, column: &SealedColumn) -> Result<Vec<String>, VaultError> {
    let SealedColumn { table, id, sealed, .. } = column;
    // Some values are destroyed before their row is.
    let sql = format!("SELECT {id} FROM {table} WHERE {sealed} IS NOT NULL ORDER BY {id}");
    let mut statement = database.prepare(&sql)?;
    let ids = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(ids)
}

fn value(database: &Database, column: &SealedColumn, key: &str) -> Result<Vec<u8>, VaultError> {
    let SealedColumn { table, id, sealed, .. } = column;
    let sql = format!("SELECT {sealed} FROM {table} WHERE {id} = ?1");
    Ok(database.prepare_cached(&sql)?.query_row([key], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::generation::in_memory;
    use crate::vault::schema;

    #[test]
    fn no_sealed_column_is_forgotten() {
        let database = in_memory().unwrap();
        schema::migrate(&database).unwrap();
        let mut statement = database
            .prepare(
                "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
                 WHERE t.type = 'table' AND c.name LIKE 'sealed%' ORDER BY 1",
            )
            .unwrap();
        let in_schema = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let in_schema = in_schema.collect::<Result<Vec<_>, _>>().unwrap();
        let known = SEALED.iter().map(|column| format!("{}.{}", column.table, column.sealed));
        assert_eq!(in_schema, known.collect::<Vec<_>>());
    }
}
