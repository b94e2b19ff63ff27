//! Every connection with what tells where it stands: one statement for the whole support view.

use jiff::Timestamp;

use super::Rows;
use super::columns::Columns;
use crate::domain::connection::{Company, Provider};
use crate::domain::grant::Grant;
use crate::domain::ids::{AppName, ConnectionId, ConnectionName, KeyId};
use crate::domain::settings::{ClientAuthentication, GrantKind};
use crate::domain::verification::Outcome;
use crate::vault::error::VaultError;

/// A connection as the support view needs it: without secrets, and without the settings that take long to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportRow {
    /// Its id.
    pub id: ConnectionId,
    /// Its name.
    pub name: ConnectionName,
    /// The vendor.
    pub provider: Provider,
    /// Whether programs may use it.
    pub enabled: bool,
    /// The company that it belongs to.
    pub company: Option<Company>,
    /// The app that it belongs to.
    pub app: Option<AppName>,
    /// What the customer's account is called at the vendor; foreign text.
    pub account: Option<String>,
    /// How it comes to its tokens.
    pub grant_kind: GrantKind,
    /// How its app proves who it is, if not in the vendor's usual way.
    pub authentication: Option<ClientAuthentication>,
    /// Whether its app has a client secret.
    pub has_secret: bool,
    /// Its active key.
    pub key: Option<KeyId>,
    /// From when until when that key's certificate is valid.
    pub validity: Option<(Timestamp, Timestamp)>,
    /// What the vendor gave us, as of the last commit.
    pub grant: Option<Grant>,
    /// The last verification: which key was tried, when, and what came of it.
    pub last: Option<(Option<KeyId>, Timestamp, Outcome)>,
    /// When its cached token was obtained, as of the last commit.
    pub token_at: Option<Timestamp>,
    /// When its token was last handed out, as of the last commit.
    pub used_at: Option<Timestamp>,
}

// The planner would look a row up by its unique index and then read all of it: the listed columns answer by themselves.
macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT connections.id, connections.name, connections.provider, enabled, companies.id, companies.name, ",
            "apps.name, coalesce(settings ->> '$.realm', settings ->> '$.account'), settings ->> '$.grant', ",
            "registration ->> '$.authentication', sealed_secret IS NOT NULL, keys.id, not_before, not_after, ",
            "grants.state, grants.hash, authorized_at, refreshed_at, grants.expires_at, hard_expires_at, ",
            "checked_at, outcome, verifications.key_id, obtained_at, used_at ",
            "FROM connections LEFT JOIN companies ON companies.id = company_id ",
            "LEFT JOIN apps ON apps.id = app_id ",
            "LEFT JOIN keys INDEXED BY keys_listed ON keys.connection_id = connections.id AND keys.state = 'active' ",
            "LEFT JOIN grants ON grants.connection_id = connections.id ",
            "LEFT JOIN verifications ON verifications.connection_id = connections.id ",
            "LEFT JOIN tokens INDEXED BY tokens_listed ON tokens.connection_id = connections.id ",
            "LEFT JOIN uses ON uses.connection_id = connections.id ",
            $condition
        )
    };
}

fn read(columns: &mut Columns<'_>) -> Result<SupportRow, VaultError> {
    let (id, name, provider, enabled) =
        (columns.parsed()?, columns.parsed()?, columns.word()?, columns.value()?);
    let company = match (columns.optional_parsed()?, columns.value()?) {
        (Some(id), Some(name)) => Some(Company { id, name }),
        _ => None,
    };
    Ok(SupportRow {
        id,
        name,
        provider,
        enabled,
        company,
        app: columns.optional_parsed()?,
        account: columns.value()?,
        grant_kind: columns.optional_word()?.unwrap_or(GrantKind::ClientCredentials),
        authentication: columns.optional_word()?,
        has_secret: columns.value()?,
        key: columns.optional_parsed()?,
        validity: columns.optional_parsed()?.zip(columns.optional_parsed()?),
        grant: grant(columns)?,
        last: match (columns.optional_parsed()?, columns.optional_word()?, columns.optional_parsed()?) {
            (Some(checked_at), Some(outcome), key) => Some((key, checked_at, outcome)),
            _ => None,
        },
        token_at: columns.optional_parsed()?,
        used_at: columns.optional_parsed()?,
    })
}

fn grant(columns: &mut Columns<'_>) -> Result<Option<Grant>, VaultError> {
    let (state, hash) = (columns.optional_json()?, columns.value()?);
    let (authorized_at, refreshed_at) = (columns.optional_parsed()?, columns.optional_parsed()?);
    let (expires_at, hard_expires_at) = (columns.optional_parsed()?, columns.optional_parsed()?);
    let (Some(state), Some(hash), Some(authorized_at), Some(refreshed_at)) =
        (state, hash, authorized_at, refreshed_at)
    else {
        return Ok(None);
    };
    Ok(Some(Grant { state, hash, authorized_at, refreshed_at, expires_at, hard_expires_at }))
}

impl Rows<'_> {
    /// Returns every connection, in no particular order.
    pub fn support(&self) -> Result<Vec<SupportRow>, VaultError> {
        self.all(select!(""), [], read)
    }

    /// Returns the connections of the company with this id, or the one connection without a company that has this id, by
    /// name.
    pub fn support_of(&self, id: &str) -> Result<Vec<SupportRow>, VaultError> {
        let rows = select!(
            "WHERE company_id = ?1 OR (company_id IS NULL AND connections.id = ?1) ORDER BY connections.name"
        );
        self.all(rows, [id], read)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, app, connection, instant, member};
    use super::*;
    use crate::domain::connection::Connection;
    use crate::domain::grant::{GrantTokens, Renewal, StoredGrant};
    use crate::secret::Secret;

    fn grant_of(fixture: &Fixture, connection: &Connection) -> Grant {
        let renewal = Renewal {
            hash: "h".to_owned(),
            expires_at: Some(instant(100)),
            hard_expires_at: Some(instant(200)),
        };
        let grant = Grant::new(renewal, instant(0));
        let tokens = Some(GrantTokens { current: Secret::new("t".to_owned()), predecessor: None });
        let stored = StoredGrant { grant: grant.clone(), tokens };
        fixture.rows().put_grant(&connection.id, &stored).unwrap();
        grant
    }

    #[test]
    fn one_statement_tells_all_of_it_a_viewer_too() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let app = app("books");
        rows.insert_app(&app, None).unwrap();
        let company = rows.ensure_company("Acme Ltd").unwrap();
        let acme = Connection { company: Some(company.clone()), ..member("acme", &app, "9130") };
        let plain = connection("plain");
        rows.insert_connection(&acme).unwrap();
        rows.insert_connection(&plain).unwrap();
        let grant = grant_of(&fixture, &acme);
        rows.note_use(&acme.id, instant(7)).unwrap();

        let found = fixture.viewer().support().unwrap();
        let find = |id| found.iter().find(|row| row.id == id).unwrap();
        let (one, two) = (find(acme.id.clone()), find(plain.id.clone()));
        assert_eq!((one.company.as_ref(), one.app.as_ref()), (Some(&company), Some(&app.name)));
        assert_eq!((one.account.as_deref(), one.grant_kind), (Some("9130"), GrantKind::RefreshToken));
        assert_eq!((one.grant.as_ref(), one.used_at), (Some(&grant), Some(instant(7))));
        assert_eq!((two.account.as_deref(), two.grant_kind), (Some("1234567"), GrantKind::ClientCredentials));
        assert_eq!((&two.company, &two.grant, &two.key), (&None, &None, &None));

        let names = |id: &str| -> Vec<String> {
            rows.support_of(id).unwrap().into_iter().map(|row| row.name.to_string()).collect()
        };
        assert_eq!(names(company.id.as_str()), ["acme"]);
        assert_eq!(names(plain.id.as_str()), ["plain"]);
        assert!(names(acme.id.as_str()).is_empty(), "it is found by its company");
    }
}
