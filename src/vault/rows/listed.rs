//! Connections as lists show them: with what tells where they stand, and without what takes long to read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::Rows;
use super::columns::{Columns, json};
use super::connections::{Wanted, selected};
use super::grants::{grant_facts, read_facts};
use crate::domain::app::App;
use crate::domain::connection::{Company, Provider};
use crate::domain::grant::Grant;
use crate::domain::ids::{AppId, CompanyId, ConnectionId, ConnectionName, KeyId};
use crate::domain::selection::Selection;
use crate::domain::settings::GrantKind;
use crate::domain::verification::Outcome;
use crate::vault::error::VaultError;

/// Up to so many connections are looked up one by one; for more, whole tables are walked through.
const FEW: usize = 100;

/// A connection as lists show it: without secrets, and without the settings that take long to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
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
    pub app: Option<Arc<App>>,
    /// What the customer's account is called at the vendor; foreign text.
    pub account: Option<String>,
    /// How it comes to its tokens.
    pub grant_kind: GrantKind,
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

/// Of a connection's settings, what a list shows.
#[derive(Deserialize)]
struct Shown<'a> {
    #[serde(borrow)]
    account: Option<Cow<'a, str>>,
    #[serde(borrow)]
    realm: Option<Cow<'a, str>>,
    grant: Option<GrantKind>,
}

/// What a listed connection refers to, read once for all.
struct Known {
    companies: HashMap<CompanyId, Company>,
    apps: HashMap<AppId, Arc<App>>,
}

macro_rules! select {
    ($condition:expr) => {
        concat!(
            "SELECT id, name, provider, enabled, company_id, app_id, settings FROM connections WHERE ",
            $condition
        )
    };
}

fn read(columns: &mut Columns<'_>, known: &Known) -> Result<Listed, VaultError> {
    let (id, name, provider) = (columns.parsed()?, columns.parsed()?, columns.word()?);
    let enabled = columns.value()?;
    let company: Option<CompanyId> = columns.optional_parsed()?;
    let app: Option<AppId> = columns.optional_parsed()?;
    let (account, grant_kind) = columns.text_as(|json| {
        let shown: Shown<'_> = serde_json::from_str(json).ok()?;
        let account = shown.realm.or(shown.account).map(Cow::into_owned);
        Some((account, shown.grant.unwrap_or(GrantKind::ClientCredentials)))
    })?;
    Ok(Listed {
        id,
        name,
        provider,
        enabled,
        company: company.and_then(|id| known.companies.get(&id)).cloned(),
        app: app.and_then(|id| known.apps.get(&id)).cloned(),
        account,
        grant_kind,
        key: None,
        validity: None,
        grant: None,
        last: None,
        token_at: None,
        used_at: None,
    })
}

/// What a table knows of connections: of all of them, and of those in a list of ids.
macro_rules! facts {
    ($select:expr, $table:literal, $index:literal, $and:literal) => {
        [
            concat!("SELECT connection_id, ", $select, " FROM ", $table, $index, " WHERE ", $and),
            concat!(
                "SELECT connection_id, ",
                $select,
                " FROM ",
                $table,
                $index,
                " WHERE ",
                $and,
                " AND connection_id IN (SELECT value FROM json_each(?1))"
            ),
        ]
    };
}

impl Rows<'_> {
    /// Returns the selected connections by name; names that do not exist are left out.
    pub fn listed(&self, selection: &Selection) -> Result<Vec<Listed>, VaultError> {
        self.walk(|| self.listed_now(selection))
    }

    fn listed_now(&self, selection: &Selection) -> Result<Vec<Listed>, VaultError> {
        let known = self.known(None)?;
        let mut found = Vec::new();
        // In the order of the table: in the order of an index, each row would be looked up.
        self.each(select!(selected!()), &Wanted::new(selection)?.parameters()[..], |columns| {
            let listed = read(columns, &known)?;
            let company = listed.company.as_ref().map_or("", |company| company.name.as_str());
            if selection.finds_in([
                listed.name.as_str(),
                company,
                listed.account.as_deref().unwrap_or_default(),
            ]) {
                found.push(listed);
            }
            Ok(())
        })?;
        self.complete(found)
    }

    /// Returns the connections of the company with this id, or the one connection without a company that has this id, by
    /// name.
    pub fn listed_of(&self, id: &str) -> Result<Vec<Listed>, VaultError> {
        let known = self.known(Some(id))?;
        let sql = select!("company_id = ?1 OR (company_id IS NULL AND id = ?1)");
        self.complete(self.all(sql, [id], |columns| read(columns, &known))?)
    }

    /// Reads what listed connections refer to: every app, and every company or the one with this id.
    fn known(&self, company: Option<&str>) -> Result<Known, VaultError> {
        let companies = match company {
            Some(id) => {
                self.all("SELECT id, name FROM companies WHERE id = ?1", [id], super::companies::read)?
            }
            None => self.all("SELECT id, name FROM companies", [], super::companies::read)?,
        };
        Ok(Known {
            companies: companies.into_iter().map(|company| (company.id.clone(), company)).collect(),
            apps: self.apps()?.into_iter().map(|app| (app.id.clone(), Arc::new(app))).collect(),
        })
    }

    /// Adds what other tables know, and sorts by name.
    fn complete(&self, mut found: Vec<Listed>) -> Result<Vec<Listed>, VaultError> {
        let places: HashMap<_, _> =
            found.iter().enumerate().map(|(place, listed)| (listed.id.clone(), place)).collect();
        let ids: Option<String> = if found.len() <= FEW {
            Some(json(&found.iter().map(|listed| &listed.id).collect::<Vec<_>>())?)
        } else {
            None
        };
        let mut add =
            |[all, few]: [&str; 2], put: fn(&mut Columns<'_>, &mut Listed) -> Result<(), VaultError>| {
                let act = |columns: &mut Columns<'_>| match places.get(&columns.parsed()?) {
                    Some(place) => put(columns, &mut found[*place]),
                    None => Ok(()),
                };
                match &ids {
                    Some(ids) => self.each(few, [ids], act),
                    None => self.each(all, [], act),
                }
            };
        let keys = facts!("id, not_before, not_after", "keys", " INDEXED BY keys_listed", "state = 'active'");
        add(keys, |columns, listed| {
            listed.key = Some(columns.parsed()?);
            listed.validity = Some((columns.parsed()?, columns.parsed()?));
            Ok(())
        })?;
        let grants = facts!(grant_facts!(), "grants", "", "TRUE");
        add(grants, |columns, listed| {
            listed.grant = Some(read_facts(columns)?);
            Ok(())
        })?;
        add(facts!("key_id, checked_at, outcome", "verifications", "", "TRUE"), |columns, listed| {
            listed.last = Some((columns.optional_parsed()?, columns.parsed()?, columns.word()?));
            Ok(())
        })?;
        add(facts!("obtained_at", "tokens", " INDEXED BY tokens_listed", "TRUE"), |columns, listed| {
            listed.token_at = Some(columns.parsed()?);
            Ok(())
        })?;
        add(facts!("used_at", "uses", "", "TRUE"), |columns, listed| {
            listed.used_at = Some(columns.parsed()?);
            Ok(())
        })?;
        // As SQLite's NOCASE does, which makes names unique.
        found.sort_by_cached_key(|listed| listed.name.as_str().to_ascii_lowercase());
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, app, connection, instant, key, member};
    use super::*;
    use crate::domain::connection::Connection;
    use crate::domain::grant::{GrantTokens, Renewal, StoredGrant};
    use crate::domain::key::KeyState;
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
    fn all_that_tells_where_they_stand_is_there_for_a_viewer_too() {
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

        let found = fixture.viewer().listed(&Selection::all()).unwrap();
        let find = |id| found.iter().find(|row| row.id == id).unwrap();
        let (one, two) = (find(acme.id.clone()), find(plain.id.clone()));
        assert_eq!(
            (one.company.as_ref(), one.app.as_ref().map(|app| &app.name)),
            (Some(&company), Some(&app.name))
        );
        assert_eq!((one.account.as_deref(), one.grant_kind), (Some("9130"), GrantKind::RefreshToken));
        assert_eq!((one.grant.as_ref(), one.used_at), (Some(&grant), Some(instant(7))));
        assert_eq!((two.account.as_deref(), two.grant_kind), (Some("1234567"), GrantKind::ClientCredentials));
        assert_eq!((&two.company, &two.grant, &two.key), (&None, &None, &None));

        let names = |id: &str| -> Vec<String> {
            rows.listed_of(id).unwrap().into_iter().map(|row| row.name.to_string()).collect()
        };
        assert_eq!(names(company.id.as_str()), ["acme"]);
        assert_eq!(names(plain.id.as_str()), ["plain"]);
        assert!(names(acme.id.as_str()).is_empty(), "it is found by its company");
    }

    #[test]
    fn many_are_read_as_each_of_them_is() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let app = app("books");
        rows.insert_app(&app, None).unwrap();
        for number in 0..=FEW {
            let name = format!("Customer-{number}");
            let company =
                (number % 3 == 0).then(|| rows.ensure_company(&format!("C {}", number % 6)).unwrap());
            let realm = number.to_string();
            let one = if number % 2 == 0 { connection(&name) } else { member(&name, &app, &realm) };
            let one = Connection { company, enabled: number % 5 > 0, ..one };
            rows.insert_connection(&one).unwrap();
            if number % 2 == 0 {
                rows.insert_key(&key(&one.id, KeyState::Active), "PEM", &Secret::new(vec![7])).unwrap();
            } else {
                grant_of(&fixture, &one);
            }
            rows.note_use(&one.id, instant(7)).unwrap();
        }
        let all = rows.listed(&Selection::all()).unwrap();
        assert!(all.len() > FEW && all.iter().any(|one| one.key.is_some()) && all[1].used_at.is_some());
        assert!(all.is_sorted_by_key(|one| one.name.as_str().to_ascii_lowercase()));
        for one in all {
            let alone = rows.listed(&Selection::named([one.name.clone()])).unwrap();
            assert_eq!(alone, [one]);
        }
    }
}
