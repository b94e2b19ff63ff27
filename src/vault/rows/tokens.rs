//! Cached access tokens, sealed; what is known of them, in the open.

use std::collections::HashMap;

use rusqlite::named_params;

use super::Rows;
use super::columns::{Columns, time};
use crate::domain::ids::{ConnectionId, KeyId};
use crate::domain::token::{AccessToken, TokenFacts};
use crate::vault::error::VaultError;

fn read_facts(columns: &mut Columns<'_>) -> Result<TokenFacts, VaultError> {
    Ok(TokenFacts {
        hash: columns.value()?,
        obtained_at: columns.parsed()?,
        expires_at: columns.parsed()?,
        key: columns.optional_parsed()?,
        settings: columns.value()?,
    })
}

/// What an access token is sealed as.
fn context(connection: &ConnectionId) -> String {
    format!("token/{connection}/access")
}

impl Rows<'_> {
    /// Replaces a connection's token and returns whether there is such a connection; without one nothing is kept.
    pub fn put_token(&self, connection: &ConnectionId, token: &AccessToken) -> Result<bool, VaultError> {
        let sealed = self.sealer.seal(&context(connection), token.value.expose().as_bytes())?;
        let facts = &token.facts;
        let stored = self.change(
            "INSERT OR REPLACE INTO tokens (connection_id, hash, obtained_at, expires_at, key_id, \
             settings_hash, sealed_token) \
             SELECT id, :hash, :obtained_at, :expires_at, :key, :settings, :sealed \
             FROM connections WHERE id = :connection",
            named_params! {
                ":connection": connection.as_str(),
                ":hash": facts.hash,
                ":obtained_at": time(facts.obtained_at),
                ":expires_at": time(facts.expires_at),
                ":key": facts.key.as_ref().map(KeyId::as_str),
                ":settings": facts.settings,
                ":sealed": sealed,
            },
        )?;
        Ok(stored == 1)
    }

    /// Returns a connection's token.
    ///
    /// Fails with [`VaultError::NotOperator`] in a viewer's hands if there is one.
    pub fn token(&self, connection: &ConnectionId) -> Result<Option<AccessToken>, VaultError> {
        let found = self.first(
            "SELECT hash, obtained_at, expires_at, key_id, settings_hash, sealed_token FROM tokens \
             WHERE connection_id = ?1",
            [connection.as_str()],
            |columns| Ok((read_facts(columns)?, columns.value::<Vec<u8>>()?)),
        )?;
        let Some((facts, sealed)) = found else { return Ok(None) };
        let value = self
            .sealer
            .open(&context(connection), &sealed)?
            .into_text()
            .ok_or_else(|| VaultError::damaged("a stored token is not text"))?;
        Ok(Some(AccessToken { value, facts }))
    }

    /// Returns what is known of a connection's token without opening it.
    pub fn token_facts(&self, connection: &ConnectionId) -> Result<Option<TokenFacts>, VaultError> {
        self.first(
            "SELECT hash, obtained_at, expires_at, key_id, settings_hash FROM tokens \
             INDEXED BY tokens_listed WHERE connection_id = ?1",
            [connection.as_str()],
            read_facts,
        )
    }

    /// Returns what is known of every token.
    pub fn all_token_facts(&self) -> Result<HashMap<ConnectionId, TokenFacts>, VaultError> {
        let sql = "SELECT connection_id, hash, obtained_at, expires_at, key_id, settings_hash FROM tokens";
        self.by_connection(sql, |columns| Ok((columns.parsed()?, read_facts(columns)?)))
    }

    /// Forgets a connection's token, if there is one.
    pub fn drop_token(&self, connection: &ConnectionId) -> Result<(), VaultError> {
        self.change("DELETE FROM tokens WHERE connection_id = ?1", [connection.as_str()])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, connection, instant};
    use super::*;
    use crate::secret::Secret;

    fn token(value: &str) -> AccessToken {
        AccessToken {
            value: Secret::new(value.to_owned()),
            facts: TokenFacts {
                hash: "ab".repeat(32),
                obtained_at: instant(0),
                expires_at: instant(3600),
                key: Some(KeyId::new()),
                settings: "settings".to_owned(),
            },
        }
    }

    #[test]
    fn the_last_one_is_kept_until_dropped() {
        let fixture = Fixture::new();
        let (rows, acme) = (fixture.rows(), connection("acme"));
        rows.insert_connection(&acme).unwrap();
        assert!(rows.put_token(&acme.id, &token("first")).unwrap());
        let second = token("second");
        assert!(rows.put_token(&acme.id, &second).unwrap());

        let stored = rows.token(&acme.id).unwrap().unwrap();
        assert_eq!(stored.value.expose(), "second");
        assert_eq!(stored.facts, second.facts);
        assert_eq!(rows.token_facts(&acme.id).unwrap(), Some(second.facts.clone()));
        assert_eq!(rows.all_token_facts().unwrap()[&acme.id], second.facts);
        rows.drop_token(&acme.id).unwrap();
        assert!(rows.token(&acme.id).unwrap().is_none());
    }

    #[test]
    fn none_is_kept_for_a_removed_connection() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        assert!(!rows.put_token(&ConnectionId::new(), &token("late")).unwrap());
        assert!(rows.all_token_facts().unwrap().is_empty());
    }

    #[test]
    fn a_viewer_sees_the_facts_only() {
        let fixture = Fixture::new();
        let acme = connection("acme");
        fixture.rows().insert_connection(&acme).unwrap();
        fixture.rows().put_token(&acme.id, &token("secret")).unwrap();
        let viewer = fixture.viewer();
        assert!(viewer.token_facts(&acme.id).unwrap().is_some());
        assert!(matches!(viewer.token(&acme.id), Err(VaultError::NotOperator)));
    }

    #[test]
    fn a_token_moved_to_another_connection_does_not_open() {
        let fixture = Fixture::new();
        let (rows, one, two) = (fixture.rows(), connection("one"), connection("two"));
        rows.insert_connection(&one).unwrap();
        rows.insert_connection(&two).unwrap();
        rows.put_token(&one.id, &token("ones")).unwrap();
        rows.change("UPDATE tokens SET connection_id = ?1", [two.id.as_str()]).unwrap();
        assert!(matches!(rows.token(&two.id), Err(VaultError::Damaged(_))));
    }
}
