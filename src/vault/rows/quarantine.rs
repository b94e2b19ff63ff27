//! Grants that came and did not belong where they were asked for: kept until somebody takes them over or drops them.

use jiff::Timestamp;
use rusqlite::named_params;

use super::Rows;
use super::columns::{self, Columns, time};
use crate::domain::ids::{AppId, QuarantineId};
use crate::secret::SecretString;
use crate::vault::error::VaultError;

/// What is known of a quarantined grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Stable and opaque.
    pub id: QuarantineId,
    /// The app that it was given to.
    pub app: AppId,
    /// The customer's account that it is for, if the vendor said so.
    pub realm: Option<String>,
    /// Why it is here, for people.
    pub reason: String,
    /// When it came.
    pub received_at: Timestamp,
    /// When its refresh token expires unless it is used before.
    pub expires_at: Option<Timestamp>,
    /// When the grant ends however often it is used.
    pub hard_expires_at: Option<Timestamp>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, app_id, realm, reason, received_at, expires_at, hard_expires_at FROM quarantine ",
            $rest
        )
    };
}

fn read(columns: &mut Columns<'_>) -> Result<Quarantined, VaultError> {
    Ok(Quarantined {
        id: columns.parsed()?,
        app: columns.parsed()?,
        realm: columns.value()?,
        reason: columns.value()?,
        received_at: columns.parsed()?,
        expires_at: columns.optional_parsed()?,
        hard_expires_at: columns.optional_parsed()?,
    })
}

fn context(id: &QuarantineId) -> String {
    format!("quarantine/{id}/refresh")
}

impl Rows<'_> {
    /// Keeps a grant apart.
    pub fn put_quarantined(&self, facts: &Quarantined, token: &SecretString) -> Result<(), VaultError> {
        let sealed = self.sealer.seal(&context(&facts.id), token.expose().as_bytes())?;
        self.change(
            "INSERT INTO quarantine (id, app_id, realm, reason, received_at, expires_at, hard_expires_at, \
             sealed_refresh_token) VALUES (:id, :app, :realm, :reason, :received_at, :expires_at, :hard, :sealed)",
            named_params! {
                ":id": facts.id.as_str(),
                ":app": facts.app.as_str(),
                ":realm": facts.realm,
                ":reason": facts.reason,
                ":received_at": time(facts.received_at),
                ":expires_at": facts.expires_at.map(time),
                ":hard": facts.hard_expires_at.map(time),
                ":sealed": sealed,
            },
        )
        .map(drop)
    }

    /// Returns every quarantined grant, the oldest first.
    pub fn quarantined(&self) -> Result<Vec<Quarantined>, VaultError> {
        self.all(select!("ORDER BY received_at, id"), [], read)
    }

    /// Returns a quarantined grant with its refresh token.
    pub fn quarantined_grant(
        &self,
        id: &QuarantineId,
    ) -> Result<Option<(Quarantined, SecretString)>, VaultError> {
        let Some(facts) = self.first(select!("WHERE id = ?1"), [id.as_str()], read)? else { return Ok(None) };
        let sql = "SELECT sealed_refresh_token FROM quarantine WHERE id = ?1";
        let sealed: Option<Vec<u8>> = self.first(sql, [id.as_str()], columns::value)?;
        let token = self.sealer.open(&context(id), &sealed.ok_or(VaultError::Gone("grant"))?)?.into_text();
        let token = token.ok_or_else(|| VaultError::damaged("a quarantined refresh token is not text"))?;
        Ok(Some((facts, token)))
    }

    /// Forgets a quarantined grant; fails with [`VaultError::Gone`] if there is no such one.
    pub fn drop_quarantined(&self, id: &QuarantineId) -> Result<(), VaultError> {
        self.change_one("grant", "DELETE FROM quarantine WHERE id = ?1", [id.as_str()])
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, app, instant};
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn is_kept_until_it_is_dropped() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let app = app("books");
        rows.insert_app(&app, None).unwrap();
        let facts = Quarantined {
            id: QuarantineId::new(),
            app: app.id.clone(),
            realm: Some("9130".to_owned()),
            reason: "another company".to_owned(),
            received_at: instant(0),
            expires_at: Some(instant(9)),
            hard_expires_at: None,
        };
        rows.put_quarantined(&facts, &Secret::new("one".to_owned())).unwrap();
        assert_eq!(rows.quarantined().unwrap(), std::slice::from_ref(&facts));
        let (read, token) = rows.quarantined_grant(&facts.id).unwrap().unwrap();
        assert_eq!((read, token.expose().as_str()), (facts.clone(), "one"));
        assert!(fixture.viewer().quarantined_grant(&facts.id).is_err());
        rows.drop_quarantined(&facts.id).unwrap();
        assert!(rows.quarantined_grant(&facts.id).unwrap().is_none());
        assert!(matches!(rows.drop_quarantined(&facts.id), Err(VaultError::Gone("grant"))));
    }
}
