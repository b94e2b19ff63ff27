//! Keys: certificates in the open, private keys sealed.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use rusqlite::named_params;

use super::Rows;
use super::columns::{self, Columns, json, taken, time};
use crate::domain::ids::{CertificateId, ConnectionId, KeyId};
use crate::domain::key::{CertificateFacts, Key, KeyState};
use crate::domain::rotation::KeySet;
use crate::secret::SecretBytes;
use crate::vault::error::VaultError;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, connection_id, state, algorithm, fingerprint, subject, serial, not_before, ",
            "not_after, certificate_id, created_at, activated_at, exposed_at FROM keys ",
            $rest
        )
    };
}

fn read(columns: &mut Columns<'_>) -> Result<Key, VaultError> {
    Ok(Key {
        id: columns.parsed()?,
        connection: columns.parsed()?,
        state: columns.parsed()?,
        algorithm: columns.parsed()?,
        certificate: CertificateFacts {
            fingerprint: columns.value()?,
            subject: columns.value()?,
            serial: columns.value()?,
            not_before: columns.parsed()?,
            not_after: columns.parsed()?,
        },
        certificate_id: columns.optional_parsed()?,
        created_at: columns.parsed()?,
        activated_at: columns.optional_parsed()?,
        exposed_at: columns.optional_parsed()?,
    })
}

/// What a private key is sealed as.
fn context(id: &KeyId) -> String {
    format!("key/{id}/private")
}

impl Rows<'_> {
    /// Adds a key with its certificate (PEM) and its private half (PKCS#8, DER), which is sealed here.
    ///
    /// Fails with [`VaultError::Taken`] if the connection has a key in that state.
    pub fn insert_key(
        &self,
        key: &Key,
        certificate_pem: &str,
        private_pkcs8: &SecretBytes,
    ) -> Result<(), VaultError> {
        let sealed = self.sealer.seal(&context(&key.id), private_pkcs8.expose())?;
        let certificate = &key.certificate;
        self.change(
            "INSERT INTO keys (id, connection_id, state, algorithm, certificate_pem, fingerprint, subject, \
             serial, not_before, not_after, certificate_id, created_at, activated_at, exposed_at, \
             sealed_private_key) VALUES (:id, :connection, :state, :algorithm, :pem, :fingerprint, :subject, \
             :serial, :not_before, :not_after, :certificate_id, :created_at, :activated_at, :exposed_at, \
             :sealed)",
            named_params! {
                ":id": key.id.as_str(),
                ":connection": key.connection.as_str(),
                ":state": key.state.as_str(),
                ":algorithm": key.algorithm.as_str(),
                ":pem": certificate_pem,
                ":fingerprint": certificate.fingerprint,
                ":subject": certificate.subject,
                ":serial": certificate.serial,
                ":not_before": time(certificate.not_before),
                ":not_after": time(certificate.not_after),
                ":certificate_id": key.certificate_id.as_ref().map(CertificateId::as_str),
                ":created_at": time(key.created_at),
                ":activated_at": key.activated_at.map(time),
                ":exposed_at": key.exposed_at.map(time),
                ":sealed": sealed,
            },
        )
        .map_err(|error| {
            taken(error, || format!("the connection has a key that is {} already", key.state))
        })?;
        Ok(())
    }

    /// Returns a connection's keys.
    pub fn keys_of(&self, connection: &ConnectionId) -> Result<KeySet, VaultError> {
        let keys = self.all(
            select!("INDEXED BY keys_listed WHERE connection_id = ?1"),
            [connection.as_str()],
            read,
        )?;
        Ok(KeySet::from_keys(keys))
    }

    /// Returns the keys of every connection that has some.
    pub fn key_sets(&self) -> Result<HashMap<ConnectionId, Box<KeySet>>, VaultError> {
        // In boxes: three certificates' room each, which a map that grows would move again and again.
        let mut sets: HashMap<ConnectionId, Box<KeySet>> = HashMap::new();
        self.each(select!(""), [], |columns| {
            let key = read(columns)?;
            sets.entry(key.connection.clone()).or_default().insert(key);
            Ok(())
        })?;
        Ok(sets)
    }

    /// Returns the certificate of a key, one PEM block; fails with [`VaultError::Gone`] if there is no such key.
    pub fn certificate_pem(&self, id: &KeyId) -> Result<String, VaultError> {
        let sql = "SELECT certificate_pem FROM keys WHERE id = ?1";
        self.first(sql, [id.as_str()], columns::value)?.ok_or(VaultError::Gone("key"))
    }

    /// Returns the private half of a key (PKCS#8, DER).
    ///
    /// Fails with [`VaultError::NotOperator`] in a viewer's hands and with [`VaultError::Gone`] if there is no
    /// such key.
    pub fn private_key(&self, id: &KeyId) -> Result<SecretBytes, VaultError> {
        let sealed: Option<Vec<u8>> =
            self.first("SELECT sealed_private_key FROM keys WHERE id = ?1", [id.as_str()], columns::value)?;
        self.sealer.open(&context(id), &sealed.ok_or(VaultError::Gone("key"))?)
    }

    /// Returns the private halves (PKCS#8, DER) of those of `ids` that exist.
    ///
    /// Fails with [`VaultError::NotOperator`] in a viewer's hands, unless none exists.
    pub fn private_keys(&self, ids: &[KeyId]) -> Result<BTreeMap<KeyId, SecretBytes>, VaultError> {
        let sealed = self.all(
            "SELECT id, sealed_private_key FROM keys WHERE id IN (SELECT value FROM json_each(?1))",
            [json(&ids)?],
            |columns| Ok((columns.parsed::<KeyId>()?, columns.value::<Vec<u8>>()?)),
        )?;
        let open =
            |(id, sealed): (KeyId, Vec<u8>)| Ok((id.clone(), self.sealer.open(&context(&id), &sealed)?));
        sealed.into_iter().map(open).collect()
    }

    /// Moves a key to a state that no key of its connection is in; `activated_at` is kept if `None`.
    ///
    /// Fails with [`VaultError::Taken`] if one is (two keys change places with [`Rows::switch_key`]) and with
    /// [`VaultError::Gone`] if there is no such key.
    pub fn set_key_state(
        &self,
        id: &KeyId,
        state: KeyState,
        activated_at: Option<Timestamp>,
    ) -> Result<(), VaultError> {
        self.change_one(
            "key",
            "UPDATE keys SET state = ?2, activated_at = coalesce(?3, activated_at) WHERE id = ?1",
            (id.as_str(), state.as_str(), activated_at.map(time)),
        )
        .map_err(|error| taken(error, || format!("the connection has a key that is {state} already")))
    }

    /// Makes a key active, and the key that was active until now the previous one.
    ///
    /// This is the switch of a confirmation, of a rollback (the two change places; repeated, they change back) and
    /// of a first activation (nothing was active). Does nothing if the key is active already. Fails with
    /// [`VaultError::Taken`] if a third key is in the way and with [`VaultError::Gone`] if there is no such key.
    pub fn switch_key(&self, id: &KeyId, activated_at: Timestamp) -> Result<(), VaultError> {
        let key = self.first(select!("WHERE id = ?1"), [id.as_str()], read)?;
        let key = key.ok_or(VaultError::Gone("key"))?;
        if key.state == KeyState::Active {
            return Ok(());
        }
        let active = self.keys_of(&key.connection)?.active;
        self.change_one("key", "UPDATE keys SET state = 'switching' WHERE id = ?1", [id.as_str()])?;
        if let Some(active) = active {
            self.set_key_state(&active.id, KeyState::Previous, None)?;
        }
        self.set_key_state(id, KeyState::Active, Some(activated_at))
    }

    /// Stores the id that the vendor gave a key's certificate.
    pub fn set_certificate_id(&self, id: &KeyId, certificate: &CertificateId) -> Result<(), VaultError> {
        self.change_one(
            "key",
            "UPDATE keys SET certificate_id = ?2 WHERE id = ?1",
            [id.as_str(), certificate.as_str()],
        )
    }

    /// Destroys a key with its private half.
    pub fn remove_key(&self, id: &KeyId) -> Result<(), VaultError> {
        self.change_one("key", "DELETE FROM keys WHERE id = ?1", [id.as_str()])
    }

    /// Marks every key as seen by somebody who may not see it any more, and returns how many were not yet.
    pub fn mark_all_keys_exposed(&self, at: Timestamp) -> Result<usize, VaultError> {
        self.change("UPDATE keys SET exposed_at = ?1 WHERE exposed_at IS NULL", [time(at)])
    }
}

#[cfg(test)]
mod tests;
