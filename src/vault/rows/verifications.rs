//! The last verification of each connection.

use std::collections::HashMap;

use rusqlite::named_params;

use super::Rows;
use super::columns::{Columns, time, word};
use crate::domain::ids::{ConnectionId, KeyId};
use crate::domain::verification::Verification;
use crate::vault::error::VaultError;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT connection_id, key_id, checked_at, outcome, stage, http_status, vendor_error, message, ",
            "latency_ms FROM verifications ",
            $rest
        )
    };
}

fn read(columns: &mut Columns<'_>) -> Result<Verification, VaultError> {
    Ok(Verification {
        connection: columns.parsed()?,
        key: columns.optional_parsed()?,
        checked_at: columns.parsed()?,
        outcome: columns.word()?,
        stage: columns.word()?,
        http_status: columns.value()?,
        vendor_error: columns.value()?,
        message: columns.value()?,
        latency_ms: columns.optional_unsigned()?,
    })
}

impl Rows<'_> {
    /// Replaces a connection's verification and returns whether there is such a connection; without one nothing
    /// is kept.
    pub fn put_verification(&self, verification: &Verification) -> Result<bool, VaultError> {
        let stored = self.change(
            "INSERT OR REPLACE INTO verifications (connection_id, key_id, checked_at, outcome, stage, \
             http_status, vendor_error, message, latency_ms) \
             SELECT id, :key, :checked_at, :outcome, :stage, :http_status, :vendor_error, :message, :latency \
             FROM connections WHERE id = :connection",
            named_params! {
                ":connection": verification.connection.as_str(),
                ":key": verification.key.as_ref().map(KeyId::as_str),
                ":checked_at": time(verification.checked_at),
                ":outcome": word(&verification.outcome)?,
                ":stage": word(&verification.stage)?,
                ":http_status": verification.http_status,
                ":vendor_error": verification.vendor_error,
                ":message": verification.message,
                ":latency": verification.latency_ms.map(|millis| i64::try_from(millis).unwrap_or(i64::MAX)),
            },
        )?;
        Ok(stored == 1)
    }

    /// Returns a connection's last verification.
    pub fn verification(&self, connection: &ConnectionId) -> Result<Option<Verification>, VaultError> {
        self.first(select!("WHERE connection_id = ?1"), [connection.as_str()], read)
    }

    /// Returns the last verification of every connection that has one.
    pub fn verifications(&self) -> Result<HashMap<ConnectionId, Verification>, VaultError> {
        self.by_connection(select!(""), |columns| {
            let verification = read(columns)?;
            Ok((verification.connection.clone(), verification))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, connection, instant};
    use super::*;
    use crate::domain::verification::{Outcome, Stage};

    #[test]
    fn the_last_one_is_kept() {
        let fixture = Fixture::new();
        let (rows, acme) = (fixture.rows(), connection("acme"));
        rows.insert_connection(&acme).unwrap();
        let mut verification = Verification {
            connection: acme.id.clone(),
            key: None,
            checked_at: instant(1),
            outcome: Outcome::Proven,
            stage: Stage::Exchange,
            http_status: Some(200),
            vendor_error: None,
            message: None,
            latency_ms: Some(12),
        };
        assert!(rows.put_verification(&verification).unwrap());
        verification.outcome = Outcome::Rejected;
        verification.key = Some(KeyId::new());
        verification.vendor_error = Some("invalid_client".to_owned());
        assert!(rows.put_verification(&verification).unwrap());

        assert_eq!(rows.verification(&acme.id).unwrap(), Some(verification.clone()));
        assert_eq!(fixture.viewer().verifications().unwrap()[&acme.id], verification);

        rows.remove_connection(&acme.id, instant(2)).unwrap();
        assert!(rows.verifications().unwrap().is_empty());
        assert!(!rows.put_verification(&verification).unwrap());
    }
}
