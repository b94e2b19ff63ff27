//! Connections.

use jiff::Timestamp;
use rusqlite::{ToSql, named_params};

use super::Rows;
use super::columns::{self, Columns, json, taken, time};
use crate::domain::connection::{Company, Connection, Environment, Provider};
use crate::domain::ids::{AppId, CompanyId, ConnectionId, ConnectionName};
use crate::domain::selection::Selection;
use crate::domain::settings::Settings;
use crate::vault::error::VaultError;

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT connections.id, connections.name, provider, environment, enabled, companies.id, ",
            "companies.name, app_id, settings, previous_settings, previous_environment, tags, created_at, updated_at ",
            "FROM connections LEFT JOIN companies ON companies.id = company_id ",
            $condition
        )
    };
}

/// The condition that a [`Selection`] is, but for the text that is searched for; its parameters are [`Wanted`]'s.
macro_rules! selected {
    () => {
        "(:names IS NULL OR connections.name IN (SELECT value FROM json_each(:names))) \
         AND (:company IS NULL OR company_id IN \
              (SELECT id FROM companies WHERE id = :company OR name = :company COLLATE NOCASE)) \
         AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) AS tag \
              WHERE tag.key = :tag AND tag.value = :tag_value)) \
         AND (:provider IS NULL OR provider = :provider) \
         AND (:enabled IS NULL OR enabled = :enabled)"
    };
}
pub(super) use selected;

/// The parameters of [`selected`].
pub(super) struct Wanted<'a> {
    names: Option<String>,
    company: Option<&'a str>,
    tag: Option<&'a str>,
    tag_value: Option<&'a str>,
    provider: Option<&'static str>,
    enabled: Option<bool>,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(selection: &'a Selection) -> Result<Self, VaultError> {
        let (tag, tag_value) = selection.tag.as_ref().map(|(key, value)| (&**key, &**value)).unzip();
        Ok(Self {
            names: (!selection.names.is_empty()).then(|| json(&selection.names)).transpose()?,
            company: selection.company.as_deref(),
            tag,
            tag_value,
            provider: selection.provider.map(Provider::as_str),
            enabled: selection.enabled,
        })
    }

    pub(super) fn parameters(&self) -> [(&'static str, &dyn ToSql); 6] {
        [
            (":names", &self.names),
            (":company", &self.company),
            (":tag", &self.tag),
            (":tag_value", &self.tag_value),
            (":provider", &self.provider),
            (":enabled", &self.enabled),
        ]
    }
}

fn read(columns: &mut Columns<'_>) -> Result<Connection, VaultError> {
    let (id, name, provider) = (columns.parsed()?, columns.parsed()?, columns.word()?);
    let settings = |json: &str| Settings::from_json(provider, json).ok();
    Ok(Connection {
        id,
        name,
        provider,
        environment: columns.word()?,
        enabled: columns.value()?,
        company: match (columns.optional_parsed()?, columns.value()?) {
            (Some(id), Some(name)) => Some(Company { id, name }),
            _ => None,
        },
        app: columns.optional_parsed()?,
        settings: columns.text_as(settings)?,
        previous_settings: columns.optional_text_as(settings)?,
        previous_environment: columns.optional_word()?,
        tags: columns.json()?,
        created_at: columns.parsed()?,
        updated_at: columns.parsed()?,
    })
}

impl Rows<'_> {
    /// Adds a connection; its company must be there (see [`Rows::ensure_company`]).
    ///
    /// Fails with [`VaultError::Taken`] if the name, or the identity at the vendor (provider, account, client id,
    /// entity and role; app and realm), belongs to another connection. A company made for it goes again then.
    pub fn insert_connection(&self, connection: &Connection) -> Result<(), VaultError> {
        let sql = "INSERT INTO connections (id, name, provider, environment, enabled, company_id, app_id, \
                   settings, previous_settings, previous_environment, tags, created_at, updated_at) \
                   VALUES (:id, :name, :provider, :environment, :enabled, :company, :app, :settings, :previous, \
                   :previous_environment, :tags, :created_at, :updated_at)";
        let inserted = self.check_unique(connection).and_then(|()| self.write(connection, sql));
        if let (Err(_), Some(company)) = (&inserted, &connection.company) {
            self.remove_empty_company(&company.id)?;
        }
        inserted.map(drop)
    }

    /// Replaces everything of a connection but its id.
    ///
    /// Fails with [`VaultError::Taken`] as [`Rows::insert_connection`] does, and with [`VaultError::Gone`] if
    /// there is no such connection. The company that it leaves goes with its last connection.
    pub fn update_connection(&self, connection: &Connection) -> Result<(), VaultError> {
        self.check_unique(connection)?;
        let company = self.company_of(&connection.id)?;
        let sql = "UPDATE connections SET name = :name, provider = :provider, environment = :environment, \
                   enabled = :enabled, company_id = :company, app_id = :app, settings = :settings, \
                   previous_settings = :previous, previous_environment = :previous_environment, tags = :tags, created_at = :created_at, \
                   updated_at = :updated_at WHERE id = :id";
        self.write(connection, sql)?;
        company.map_or(Ok(()), |company| self.leave_company(&company, connection.updated_at))
    }

    /// Returns the company of a connection; fails with [`VaultError::Gone`] if there is no such connection.
    fn company_of(&self, id: &ConnectionId) -> Result<Option<CompanyId>, VaultError> {
        let sql = "SELECT company_id FROM connections WHERE id = ?1";
        self.first(sql, [id.as_str()], columns::optional_parsed)?.ok_or(VaultError::Gone("connection"))
    }

    fn write(&self, connection: &Connection, sql: &str) -> Result<usize, VaultError> {
        let previous = connection.previous_settings.as_ref().map(json).transpose()?;
        let parameters = named_params! {
            ":id": connection.id.as_str(),
            ":name": connection.name.as_str(),
            ":provider": connection.provider.as_str(),
            ":environment": connection.environment.as_str(),
            ":enabled": connection.enabled,
            ":company": connection.company.as_ref().map(|company| company.id.as_str()),
            ":app": connection.app.as_ref().map(AppId::as_str),
            ":settings": json(&connection.settings)?,
            ":previous": previous,
            ":previous_environment": connection.previous_environment.map(Environment::as_str),
            ":tags": json(&connection.tags)?,
            ":created_at": time(connection.created_at),
            ":updated_at": time(connection.updated_at),
        };
        self.change(sql, parameters)
            .map_err(|error| taken(error, || format!("connection `{}` exists already", connection.name)))
    }

    /// Names the connection that is in the way; the unique indexes stay the guarantee.
    pub fn check_unique(&self, connection: &Connection) -> Result<(), VaultError> {
        if self.connection(&connection.name)?.is_some_and(|other| other.id != connection.id) {
            return Err(VaultError::Taken(format!("connection `{}` exists already", connection.name)));
        }
        match self.twin(connection)? {
            Some((other, what)) => {
                Err(VaultError::Taken(format!("connection `{other}` has the same {what}")))
            }
            None => Ok(()),
        }
    }

    /// Returns another connection with the same identity at the vendor, and what that identity is.
    fn twin(&self, connection: &Connection) -> Result<Option<(ConnectionName, &'static str)>, VaultError> {
        // Term by term as in the unique indexes, or SQLite would not use them.
        let (found, what) = match &connection.settings {
            Settings::Netsuite(settings) => {
                let sql = "SELECT name FROM connections WHERE provider = :provider \
                           AND settings ->> '$.account' = :account AND settings ->> '$.client_id' = :client_id \
                           AND coalesce(settings ->> '$.entity', '') = :entity \
                           AND coalesce(settings ->> '$.role', '') = :role AND id <> :id";
                let identity = named_params! {
                    ":provider": connection.provider.as_str(),
                    ":account": settings.account.as_str(),
                    ":client_id": settings.client_id,
                    ":entity": settings.entity.as_deref().unwrap_or_default(),
                    ":role": settings.role.as_deref().unwrap_or_default(),
                    ":id": connection.id.as_str(),
                };
                (self.first(sql, identity, columns::parsed)?, "account, client id, entity and role")
            }
            Settings::Member(settings) => {
                let sql = "SELECT name FROM connections WHERE app_id = :app \
                           AND settings ->> '$.realm' = :realm AND id <> :id";
                let identity = named_params! {
                    ":app": connection.app.as_ref().map(AppId::as_str),
                    ":realm": settings.realm,
                    ":id": connection.id.as_str(),
                };
                (self.first(sql, identity, columns::parsed)?, "app and realm")
            }
        };
        Ok(found.map(|name| (name, what)))
    }

    /// Returns the connection of `app` for `realm`.
    pub fn connection_of_realm(&self, app: &AppId, realm: &str) -> Result<Option<Connection>, VaultError> {
        self.first(select!("WHERE app_id = ?1 AND settings ->> '$.realm' = ?2"), [app.as_str(), realm], read)
    }

    /// Returns the app that a connection belongs to, if it belongs to one.
    pub fn app_of(&self, id: &ConnectionId) -> Result<Option<AppId>, VaultError> {
        let sql = "SELECT app_id FROM connections WHERE id = ?1";
        Ok(self.first(sql, [id.as_str()], columns::optional_parsed)?.flatten())
    }

    /// Returns the connections of an app by name.
    pub fn members(&self, app: &AppId) -> Result<Vec<Connection>, VaultError> {
        self.all(select!("WHERE app_id = ?1 ORDER BY connections.name"), [app.as_str()], read)
    }

    /// Returns the connection called `name`, without regard to case.
    pub fn connection(&self, name: &ConnectionName) -> Result<Option<Connection>, VaultError> {
        self.first(select!("WHERE connections.name = ?1"), [name.as_str()], read)
    }

    /// Returns the connection with this id.
    pub fn connection_by_id(&self, id: &ConnectionId) -> Result<Option<Connection>, VaultError> {
        self.first(select!("WHERE connections.id = ?1"), [id.as_str()], read)
    }

    /// Returns the selected connections by name; names that do not exist are left out.
    pub fn connections(&self, selection: &Selection) -> Result<Vec<Connection>, VaultError> {
        self.connections_as(selection, |connection| connection)
    }

    /// Returns what `make` makes of the selected connections, by name; see [`Rows::connections`].
    pub fn connections_as<T>(
        &self,
        selection: &Selection,
        mut make: impl FnMut(Connection) -> T,
    ) -> Result<Vec<T>, VaultError> {
        let mut found = Vec::new();
        self.each(
            concat!(select!("WHERE "), selected!(), " ORDER BY connections.name"),
            &Wanted::new(selection)?.parameters()[..],
            |columns| {
                let connection = read(columns)?;
                if selection.finds(&connection) {
                    found.push(make(connection));
                }
                Ok(())
            },
        )?;
        Ok(found)
    }

    /// Removes a connection with its keys, token and verification; its name stays as a tombstone.
    ///
    /// Fails with [`VaultError::Gone`] if there is no such connection. Its company goes with its last connection.
    pub fn remove_connection(&self, id: &ConnectionId, removed_at: Timestamp) -> Result<(), VaultError> {
        let company = self.company_of(id)?;
        let sql = "DELETE FROM connections WHERE id = ?1 RETURNING name";
        let name: Option<String> = self.first(sql, [id.as_str()], columns::value)?;
        self.bury("connection", id.as_str(), &name.ok_or(VaultError::Gone("connection"))?, removed_at)?;
        company.map_or(Ok(()), |company| self.leave_company(&company, removed_at))
    }
}

#[cfg(test)]
mod tests;
