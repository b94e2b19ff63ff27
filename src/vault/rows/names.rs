//! Names of things: suggestions for a mistyped one, display names for ids, tombstones of removed things.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Rows;
use super::columns::{self, time};
use crate::domain::ids::{AppName, ConnectionName};
use crate::vault::error::VaultError;

/// How many suggestions a not-found error makes at most.
const SUGGESTIONS: usize = 3;

/// The similarity from which a name is suggested: clap's own threshold for subcommands and flags.
const SIMILAR: f64 = 0.7;

/// Every id that has or had a name; ids are random, so none is there twice.
const ALL_NAMES: &str = "SELECT id, name FROM connections \
                         UNION ALL SELECT id, name FROM companies \
                         UNION ALL SELECT id, name FROM apps \
                         UNION ALL SELECT id, name FROM tombstones";

impl Rows<'_> {
    /// Returns every connection's name, sorted.
    pub fn connection_names(&self) -> Result<Vec<ConnectionName>, VaultError> {
        self.all("SELECT name FROM connections ORDER BY name", [], columns::parsed)
    }

    /// Returns the names of connections that begin with `start`, sorted; of a large vault no others are read.
    pub fn connection_names_from(&self, start: &str) -> Result<Vec<ConnectionName>, VaultError> {
        // Names are ASCII: whatever begins with `start` sorts before `start` and the last code point.
        let sql =
            "SELECT name FROM connections WHERE name >= ?1 AND name < ?1 || char(1114111) ORDER BY name";
        self.all(sql, [start], columns::parsed)
    }

    /// Returns every app's name, sorted.
    pub fn app_names(&self) -> Result<Vec<AppName>, VaultError> {
        self.all("SELECT name FROM apps ORDER BY name", [], columns::parsed)
    }

    /// Returns every name that a company has, sorted, each once; foreign text.
    pub fn company_names(&self) -> Result<Vec<String>, VaultError> {
        self.all("SELECT DISTINCT name FROM companies ORDER BY name", [], columns::value)
    }

    /// Returns the labels of recipients, sorted, each once; foreign text.
    pub fn recipient_labels(&self) -> Result<Vec<String>, VaultError> {
        let sql = "SELECT DISTINCT label FROM recipients WHERE label IS NOT NULL ORDER BY label";
        self.all(sql, [], columns::value)
    }

    /// Returns up to three connection names that `wanted` may have meant, the most similar first.
    pub fn nearest_names(&self, wanted: &str) -> Result<Vec<ConnectionName>, VaultError> {
        Ok(nearest(wanted, self.connection_names()?, ConnectionName::as_str))
    }

    /// Returns the app name that `wanted` may have meant.
    pub fn nearest_app(&self, wanted: &str) -> Result<Option<AppName>, VaultError> {
        let names = self.all("SELECT name FROM apps", [], columns::parsed)?;
        Ok(nearest(wanted, names, AppName::as_str).into_iter().next())
    }

    /// Returns the company's name that `wanted` may have meant; foreign text.
    pub fn nearest_company(&self, wanted: &str) -> Result<Option<String>, VaultError> {
        let names = self.all("SELECT name FROM companies", [], columns::value)?;
        Ok(nearest(wanted, names, String::as_str).into_iter().next())
    }

    /// Returns the recipient's label that `wanted` may have meant; foreign text.
    pub fn nearest_recipient(&self, wanted: &str) -> Result<Option<String>, VaultError> {
        Ok(nearest(wanted, self.recipient_labels()?, String::as_str).into_iter().next())
    }

    /// Returns the name of the connection, company or app with this id, be it removed.
    pub fn display_name(&self, id: &str) -> Result<Option<String>, VaultError> {
        self.first(&format!("SELECT name FROM ({ALL_NAMES}) WHERE id = ?1 LIMIT 1"), [id], columns::value)
    }

    /// Returns the names of all connections, companies and apps by id, the removed ones included.
    pub fn display_names(&self) -> Result<BTreeMap<String, String>, VaultError> {
        let pairs = self.all(ALL_NAMES, [], |columns| Ok((columns.value()?, columns.value()?)))?;
        Ok(pairs.into_iter().collect())
    }

    /// Keeps the name of something that is being removed.
    pub(super) fn bury(
        &self,
        kind: &'static str,
        id: &str,
        name: &str,
        removed_at: Timestamp,
    ) -> Result<(), VaultError> {
        self.change(
            // A recipient can come back and go again.
            "INSERT OR REPLACE INTO tombstones (id, kind, name, removed_at) VALUES (?1, ?2, ?3, ?4)",
            [id, kind, name, &time(removed_at)],
        )?;
        Ok(())
    }
}

fn nearest<Name>(wanted: &str, names: Vec<Name>, text: fn(&Name) -> &str) -> Vec<Name> {
    let wanted = wanted.to_ascii_lowercase();
    let mut scored: Vec<(f64, Name)> = names
        .into_iter()
        .map(|name| (strsim::jaro(&wanted, &text(&name).to_ascii_lowercase()), name))
        .filter(|(score, _)| *score > SIMILAR)
        .collect();
    scored.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    scored.into_iter().take(SUGGESTIONS).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, connection, instant};

    #[test]
    fn suggests_the_nearest_first() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        for name in ["acme", "acme-eu", "zebra"] {
            rows.insert_connection(&connection(name)).unwrap();
        }
        let nearest: Vec<String> =
            rows.nearest_names("ACNE").unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(nearest.first().map(String::as_str), Some("acme"));
        assert!(!nearest.contains(&"zebra".to_owned()));
        assert!(rows.nearest_names("").unwrap().is_empty());
    }

    #[test]
    fn names_by_their_beginning() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        for name in ["acme", "acme-eu", "ACME-us", "acmf", "zebra"] {
            rows.insert_connection(&connection(name)).unwrap();
        }
        let names = |start: &str| -> Vec<String> {
            rows.connection_names_from(start).unwrap().iter().map(ToString::to_string).collect()
        };
        assert_eq!(names("acme"), ["acme", "acme-eu", "ACME-us"]);
        assert_eq!(names("acme-"), ["acme-eu", "ACME-us"]);
        assert_eq!(names("").len(), 5);
        assert!(names("%").is_empty() && names("b").is_empty());
    }

    #[test]
    fn a_removed_name_is_still_shown() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let (gone, kept) = (connection("gone"), connection("kept"));
        rows.insert_connection(&gone).unwrap();
        rows.insert_connection(&kept).unwrap();
        rows.remove_connection(&gone.id, instant(5)).unwrap();

        assert_eq!(rows.display_name(gone.id.as_str()).unwrap().as_deref(), Some("gone"));
        assert_eq!(rows.display_name(kept.id.as_str()).unwrap().as_deref(), Some("kept"));
        assert_eq!(rows.display_name("nobody").unwrap(), None);
        let names = rows.display_names().unwrap();
        assert_eq!(names[gone.id.as_str()], "gone");
        assert_eq!(names[kept.id.as_str()], "kept");
    }
}
