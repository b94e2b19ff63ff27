//! Grants: refresh tokens sealed; where they stand, in the open.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::named_params;

use super::Rows;
use super::columns::{Columns, json, time};
use crate::domain::grant::{Grant, GrantTokens, StoredGrant};
use crate::domain::ids::{AppId, ConnectionId};
use crate::secret::SecretString;
use crate::vault::error::VaultError;

/// The columns that [`read_facts`] reads.
macro_rules! grant_facts {
    () => {
        "state, hash, authorized_at, refreshed_at, expires_at, hard_expires_at"
    };
}
pub(super) use grant_facts;

const FACTS: &str = grant_facts!();

/// Reads [`grant_facts`].
pub(super) fn read_facts(columns: &mut Columns<'_>) -> Result<Grant, VaultError> {
    Ok(Grant {
        state: columns.json()?,
        hash: columns.value()?,
        authorized_at: columns.parsed()?,
        refreshed_at: columns.parsed()?,
        expires_at: columns.optional_parsed()?,
        hard_expires_at: columns.optional_parsed()?,
    })
}

/// What a refresh token is sealed as. One context for both: the next refresh makes the one the other.
fn context(connection: &ConnectionId) -> String {
    format!("grant/{connection}/refresh")
}

impl Rows<'_> {
    /// Replaces a connection's grant and returns whether there is such a connection; without one nothing is kept.
    pub fn put_grant(&self, connection: &ConnectionId, stored: &StoredGrant) -> Result<bool, VaultError> {
        let seal = |token: &SecretString| self.sealer.seal(&context(connection), token.expose().as_bytes());
        let tokens = stored.tokens.as_ref();
        let current = tokens.map(|tokens| seal(&tokens.current)).transpose()?;
        let predecessor = tokens.and_then(|tokens| tokens.predecessor.as_ref()).map(seal).transpose()?;
        let grant = &stored.grant;
        let kept = self.change(
            "INSERT OR REPLACE INTO grants (connection_id, state, hash, authorized_at, refreshed_at, expires_at, \
             hard_expires_at, sealed_refresh_token, sealed_predecessor) \
             SELECT id, :state, :hash, :authorized_at, :refreshed_at, :expires_at, :hard_expires_at, :current, \
             :predecessor FROM connections WHERE id = :connection",
            named_params! {
                ":connection": connection.as_str(),
                ":state": json(&grant.state)?,
                ":hash": grant.hash,
                ":authorized_at": time(grant.authorized_at),
                ":refreshed_at": time(grant.refreshed_at),
                ":expires_at": grant.expires_at.map(time),
                ":hard_expires_at": grant.hard_expires_at.map(time),
                ":current": current,
                ":predecessor": predecessor,
            },
        )?;
        Ok(kept == 1)
    }

    /// Returns a connection's grant with its refresh tokens, as of the last commit.
    ///
    /// Fails with [`VaultError::NotOperator`] in a viewer's hands if there is one.
    pub fn grant(&self, connection: &ConnectionId) -> Result<Option<StoredGrant>, VaultError> {
        let sql = format!(
            "SELECT {FACTS}, sealed_refresh_token, sealed_predecessor FROM grants WHERE connection_id = ?1"
        );
        let found = self.first(&sql, [connection.as_str()], |columns| {
            Ok((
                read_facts(columns)?,
                columns.value::<Option<Vec<u8>>>()?,
                columns.value::<Option<Vec<u8>>>()?,
            ))
        })?;
        let Some((grant, current, predecessor)) = found else { return Ok(None) };
        let open = |sealed: Vec<u8>| {
            let text = self.sealer.open(&context(connection), &sealed)?.into_text();
            text.ok_or_else(|| VaultError::damaged("a stored refresh token is not text"))
        };
        let predecessor = predecessor.map(open).transpose()?;
        let tokens = current.map(open).transpose()?.map(|current| GrantTokens { current, predecessor });
        Ok(Some(StoredGrant { grant, tokens }))
    }

    /// Returns what is known of a connection's grant without opening it, as of the last commit.
    pub fn grant_facts(&self, connection: &ConnectionId) -> Result<Option<Grant>, VaultError> {
        let sql = format!("SELECT {FACTS} FROM grants WHERE connection_id = ?1");
        self.first(&sql, [connection.as_str()], read_facts)
    }

    /// Returns what is known of every grant, as of the last commit.
    pub fn all_grant_facts(&self) -> Result<HashMap<ConnectionId, Grant>, VaultError> {
        let sql = format!("SELECT connection_id, {FACTS} FROM grants");
        self.by_connection(&sql, |columns| Ok((columns.parsed()?, read_facts(columns)?)))
    }

    /// Returns which of an app's grants the vendor refused at `since` or later, as of the last commit.
    pub fn refused_grants(&self, app: &AppId, since: Timestamp) -> Result<Vec<ConnectionId>, VaultError> {
        let sql = "SELECT connection_id FROM grants JOIN connections ON connections.id = connection_id \
                   WHERE app_id = ?1 AND state ->> '$.refused_at' >= ?2";
        self.all(sql, [app.as_str(), &time(since)], super::columns::parsed)
    }

    /// Makes every grant what it is in a vault that was restored: its refresh token may have been spent since.
    pub fn restore_grants(&self, now: Timestamp) -> Result<(), VaultError> {
        for (connection, grant) in self.all_grant_facts()? {
            let state = json(&grant.restored(now).state)?;
            self.change(
                "UPDATE grants SET state = ?2 WHERE connection_id = ?1",
                [connection.as_str(), &state],
            )?;
        }
        Ok(())
    }

    /// Forgets a connection's grant, if there is one.
    pub fn drop_grant(&self, connection: &ConnectionId) -> Result<(), VaultError> {
        self.change("DELETE FROM grants WHERE connection_id = ?1", [connection.as_str()]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, app, instant, member};
    use super::*;
    use crate::domain::grant::{Ending, GrantState, Renewal, Sender};
    use crate::secret::Secret;

    fn stored(token: &str) -> StoredGrant {
        let renewal = Renewal {
            hash: format!("hash-of-{token}"),
            expires_at: Some(instant(100)),
            hard_expires_at: None,
        };
        StoredGrant {
            grant: Grant::new(renewal, instant(0)),
            tokens: Some(GrantTokens { current: Secret::new(token.to_owned()), predecessor: None }),
        }
    }

    #[test]
    fn reads_back_what_was_written() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let app = app("books");
        rows.insert_app(&app, None).unwrap();
        let acme = member("acme", &app, "9130");
        rows.insert_connection(&acme).unwrap();
        let mut grant = stored("one");
        grant.tokens.as_mut().unwrap().predecessor = Some(Secret::new("zero".to_owned()));
        assert!(rows.put_grant(&acme.id, &grant).unwrap());
        let read = rows.grant(&acme.id).unwrap().unwrap();
        assert_eq!(read.grant, grant.grant);
        let tokens = read.tokens.unwrap();
        assert_eq!(tokens.current.expose(), "one");
        assert_eq!(tokens.predecessor.unwrap().expose(), "zero");
        assert_eq!(rows.all_grant_facts().unwrap()[&acme.id], grant.grant);

        let given_back = Grant { state: GrantState::Revoked { at: instant(5) }, ..grant.grant };
        rows.put_grant(&acme.id, &StoredGrant { grant: given_back, tokens: None }).unwrap();
        assert!(rows.grant(&acme.id).unwrap().unwrap().tokens.is_none());
        rows.drop_grant(&acme.id).unwrap();
        assert!(rows.grant_facts(&acme.id).unwrap().is_none());
    }

    #[test]
    fn a_viewer_sees_where_it_stands_only() {
        let fixture = Fixture::new();
        let app = app("books");
        fixture.rows().insert_app(&app, None).unwrap();
        let acme = member("acme", &app, "9130");
        fixture.rows().insert_connection(&acme).unwrap();
        fixture.rows().put_grant(&acme.id, &stored("one")).unwrap();
        let viewer = fixture.viewer();
        assert!(viewer.grant_facts(&acme.id).unwrap().is_some());
        assert!(matches!(viewer.grant(&acme.id), Err(VaultError::NotOperator)));
    }

    #[test]
    fn recent_refusals_of_an_app_are_found() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let (app, other) = (app("books"), app("other"));
        for (app, realm) in [(&app, "1"), (&app, "2"), (&other, "1")] {
            if rows.app_by_id(&app.id).unwrap().is_none() {
                rows.insert_app(app, None).unwrap();
            }
            let member = member(&format!("{}-{realm}", app.name), app, realm);
            rows.insert_connection(&member).unwrap();
            let mut grant = stored(realm);
            if realm == "1" {
                let sent = grant.grant.begin(Sender::Automatic, instant(40)).unwrap();
                grant.grant = sent.end(Ending::Refused, instant(41));
            }
            rows.put_grant(&member.id, &grant).unwrap();
        }
        assert_eq!(rows.refused_grants(&app.id, instant(41)).unwrap().len(), 1);
        assert_eq!(rows.refused_grants(&app.id, instant(42)).unwrap(), []);
    }

    #[test]
    fn a_grant_moved_to_another_connection_does_not_open() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let app = app("books");
        rows.insert_app(&app, None).unwrap();
        let (one, two) = (member("one", &app, "1"), member("two", &app, "2"));
        rows.insert_connection(&one).unwrap();
        rows.insert_connection(&two).unwrap();
        rows.put_grant(&one.id, &stored("ones")).unwrap();
        rows.change("UPDATE grants SET connection_id = ?1", [two.id.as_str()]).unwrap();
        assert!(matches!(rows.grant(&two.id), Err(VaultError::Damaged(_))));
    }
}
