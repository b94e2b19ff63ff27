//! Apps, with their client secrets sealed.

use jiff::Timestamp;
use rusqlite::named_params;

use super::Rows;
use super::columns::{self, Columns, json, taken, time};
use crate::domain::app::App;
use crate::domain::ids::{AppId, AppName};
use crate::secret::SecretString;
use crate::vault::error::VaultError;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, provider, environment, registration, previous_registration, ",
            "sealed_secret IS NOT NULL, sealed_previous_secret IS NOT NULL, created_at, updated_at FROM apps ",
            $rest
        )
    };
}

fn read(columns: &mut Columns<'_>) -> Result<App, VaultError> {
    Ok(App {
        id: columns.parsed()?,
        name: columns.parsed()?,
        provider: columns.word()?,
        environment: columns.word()?,
        registration: columns.json()?,
        previous_registration: columns.optional_json()?,
        has_secret: columns.value()?,
        has_previous_secret: columns.value()?,
        created_at: columns.parsed()?,
        updated_at: columns.parsed()?,
    })
}

/// What a client secret is sealed as. One context for both: going back exchanges them.
fn context(app: &AppId) -> String {
    format!("app/{app}/secret")
}

/// What a change does to an app's client secret.
#[derive(Clone, Copy)]
pub enum SecretChange<'a> {
    /// Nothing.
    Keep,
    /// It is replaced, and kept as the previous one; `None` if the app needs none any more.
    Replace(Option<&'a SecretString>),
    /// The previous one counts again, and the other way round.
    Swap,
}

impl Rows<'_> {
    /// Adds an app with its client secret, if it has one.
    ///
    /// Fails with [`VaultError::Taken`] if the name belongs to another app.
    pub fn insert_app(&self, app: &App, secret: Option<&SecretString>) -> Result<(), VaultError> {
        let sql = "INSERT INTO apps (id, name, provider, environment, registration, previous_registration, \
                   created_at, updated_at) VALUES (:id, :name, :provider, :environment, :registration, \
                   :previous, :created_at, :updated_at)";
        self.write_app(app, sql)?;
        self.change_secret(&app.id, SecretChange::Replace(secret))
    }

    /// Replaces everything of an app but its id; fails as [`Rows::insert_app`] does, and with [`VaultError::Gone`] if
    /// there is no such app.
    ///
    /// Its connections follow it into its environment.
    pub fn update_app(&self, app: &App, secret: SecretChange<'_>) -> Result<(), VaultError> {
        let sql = "UPDATE apps SET name = :name, provider = :provider, environment = :environment, \
                   registration = :registration, previous_registration = :previous, created_at = :created_at, \
                   updated_at = :updated_at WHERE id = :id";
        if self.write_app(app, sql)? == 0 {
            return Err(VaultError::Gone("app"));
        }
        self.change(
            "UPDATE connections SET environment = ?2 WHERE app_id = ?1",
            [app.id.as_str(), app.environment.as_str()],
        )?;
        self.change_secret(&app.id, secret)
    }

    fn change_secret(&self, app: &AppId, change: SecretChange<'_>) -> Result<(), VaultError> {
        match change {
            SecretChange::Keep => return Ok(()),
            SecretChange::Replace(secret) => {
                let seal =
                    |secret: &SecretString| self.sealer.seal(&context(app), secret.expose().as_bytes());
                let sealed = secret.map(seal).transpose()?;
                let sql = "UPDATE apps SET sealed_previous_secret = sealed_secret, sealed_secret = ?2 WHERE id = ?1";
                self.change(sql, (app.as_str(), sealed))?;
            }
            SecretChange::Swap => {
                let sql = "UPDATE apps SET sealed_previous_secret = sealed_secret, \
                           sealed_secret = sealed_previous_secret WHERE id = ?1";
                self.change(sql, [app.as_str()])?;
            }
        }
        Ok(())
    }

    fn write_app(&self, app: &App, sql: &str) -> Result<usize, VaultError> {
        let previous = app.previous_registration.as_ref().map(json).transpose()?;
        let parameters = named_params! {
            ":id": app.id.as_str(),
            ":name": app.name.as_str(),
            ":provider": app.provider.as_str(),
            ":environment": app.environment.as_str(),
            ":registration": json(&app.registration)?,
            ":previous": previous,
            ":created_at": time(app.created_at),
            ":updated_at": time(app.updated_at),
        };
        self.change(sql, parameters)
            .map_err(|error| taken(error, || format!("app `{}` exists already", app.name)))
    }

    /// Returns the app called `name`, without regard to case.
    pub fn app(&self, name: &AppName) -> Result<Option<App>, VaultError> {
        self.first(select!("WHERE name = ?1"), [name.as_str()], read)
    }

    /// Returns the app with this id.
    pub fn app_by_id(&self, id: &AppId) -> Result<Option<App>, VaultError> {
        self.first(select!("WHERE id = ?1"), [id.as_str()], read)
    }

    /// Returns every app by name.
    pub fn apps(&self) -> Result<Vec<App>, VaultError> {
        self.all(select!("ORDER BY name"), [], read)
    }

    /// Returns an app's client secret; `None` if it has none.
    pub fn app_secret(&self, id: &AppId) -> Result<Option<SecretString>, VaultError> {
        self.open_secret("SELECT sealed_secret FROM apps WHERE id = ?1", id)
    }

    /// Returns the client secret before the last change; `None` if there is none.
    pub fn previous_app_secret(&self, id: &AppId) -> Result<Option<SecretString>, VaultError> {
        self.open_secret("SELECT sealed_previous_secret FROM apps WHERE id = ?1", id)
    }

    fn open_secret(&self, sql: &str, id: &AppId) -> Result<Option<SecretString>, VaultError> {
        let found: Option<Option<Vec<u8>>> = self.first(sql, [id.as_str()], columns::value)?;
        let Some(sealed) = found.ok_or(VaultError::Gone("app"))? else { return Ok(None) };
        let secret = self.sealer.open(&context(id), &sealed)?.into_text();
        secret.ok_or_else(|| VaultError::damaged("a stored client secret is not text")).map(Some)
    }

    /// Returns how many connections belong to an app.
    pub fn connections_of_app(&self, id: &AppId) -> Result<u64, VaultError> {
        let sql = "SELECT count(*) FROM connections WHERE app_id = ?1";
        let count: Option<i64> = self.first(sql, [id.as_str()], columns::value)?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    /// Removes an app that no connection belongs to; its name stays as a tombstone.
    ///
    /// Fails with [`VaultError::Gone`] if there is no such app.
    pub fn remove_app(&self, id: &AppId, removed_at: Timestamp) -> Result<(), VaultError> {
        let sql = "DELETE FROM apps WHERE id = ?1 RETURNING name";
        let name: Option<String> = self.first(sql, [id.as_str()], columns::value)?;
        self.bury("app", id.as_str(), &name.ok_or(VaultError::Gone("app"))?, removed_at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, app, instant};
    use super::*;
    use crate::secret::Secret;

    fn secret(text: &str) -> SecretString {
        Secret::new(text.to_owned())
    }

    fn open(rows: &Rows<'_>, app: &App) -> (Option<String>, Option<String>) {
        let text = |secret: Option<SecretString>| secret.map(|secret| secret.expose().clone());
        (text(rows.app_secret(&app.id).unwrap()), text(rows.previous_app_secret(&app.id).unwrap()))
    }

    #[test]
    fn reads_back_what_was_written() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let one = App { has_secret: true, ..app("books") };
        rows.insert_app(&one, Some(&secret("s1"))).unwrap();
        assert_eq!(rows.app(&"BOOKS".parse().unwrap()).unwrap(), Some(one.clone()));
        assert_eq!(rows.apps().unwrap(), std::slice::from_ref(&one));
        assert!(matches!(rows.insert_app(&App { id: AppId::new(), ..one }, None), Err(VaultError::Taken(_))));
    }

    #[test]
    fn a_replaced_secret_is_kept_and_can_come_back() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let one = app("books");
        rows.insert_app(&one, Some(&secret("s1"))).unwrap();
        rows.update_app(&one, SecretChange::Keep).unwrap();
        assert_eq!(open(&rows, &one), (Some("s1".to_owned()), None));
        rows.update_app(&one, SecretChange::Replace(Some(&secret("s2")))).unwrap();
        assert_eq!(open(&rows, &one), (Some("s2".to_owned()), Some("s1".to_owned())));
        rows.update_app(&one, SecretChange::Swap).unwrap();
        assert_eq!(open(&rows, &one), (Some("s1".to_owned()), Some("s2".to_owned())));
    }

    #[test]
    fn a_viewer_sees_that_there_is_a_secret_and_not_the_secret() {
        let fixture = Fixture::new();
        let one = app("books");
        fixture.rows().insert_app(&one, Some(&secret("s1"))).unwrap();
        let viewer = fixture.viewer();
        assert!(viewer.app_by_id(&one.id).unwrap().unwrap().has_secret);
        assert!(matches!(viewer.app_secret(&one.id), Err(VaultError::NotOperator)));
    }

    #[test]
    fn a_removed_app_leaves_its_name() {
        let fixture = Fixture::new();
        let rows = fixture.rows();
        let one = app("books");
        rows.insert_app(&one, None).unwrap();
        assert_eq!(rows.connections_of_app(&one.id).unwrap(), 0);
        rows.remove_app(&one.id, instant(1)).unwrap();
        assert!(rows.app_by_id(&one.id).unwrap().is_none());
        assert_eq!(rows.display_name(one.id.as_str()).unwrap().as_deref(), Some("books"));
        assert!(matches!(rows.remove_app(&one.id, instant(1)), Err(VaultError::Gone("app"))));
    }
}
