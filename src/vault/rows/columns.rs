//! Reading and writing columns: strict both ways.

use std::collections::HashMap;
use std::str::FromStr;

use jiff::Timestamp;
use rusqlite::types::FromSql;
use rusqlite::{Params, Row};
use serde::Serialize;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};

use super::Rows;
use crate::domain::ids::ConnectionId;
use crate::vault::error::VaultError;

/// The columns of one row, taken from left to right in the order of the SELECT.
pub(super) struct Columns<'row> {
    row: &'row Row<'row>,
    next: usize,
}

impl Columns<'_> {
    /// Takes the next column as SQLite stores it.
    pub(super) fn value<T: FromSql>(&mut self) -> Result<T, VaultError> {
        let value = self.row.get(self.next).map_err(|_| self.damaged());
        self.next += 1;
        value
    }

    /// Takes the next column as a number that is not negative, or as NULL; SQLite's numbers are signed.
    pub(super) fn optional_unsigned(&mut self) -> Result<Option<u64>, VaultError> {
        let number: Option<i64> = self.value()?;
        number.map(|number| u64::try_from(number).map_err(|_| self.damaged_before())).transpose()
    }

    /// Takes the next column as text that parses.
    pub(super) fn parsed<T: FromStr>(&mut self) -> Result<T, VaultError> {
        self.optional_parsed()?.ok_or_else(|| self.damaged_before())
    }

    /// Takes the next column as text that parses, or as NULL.
    pub(super) fn optional_parsed<T: FromStr>(&mut self) -> Result<Option<T>, VaultError> {
        self.optional_text_as(|text| text.parse().ok())
    }

    /// Takes the next column as a stored word of an enumeration.
    pub(super) fn word<T: DeserializeOwned>(&mut self) -> Result<T, VaultError> {
        self.optional_word()?.ok_or_else(|| self.damaged_before())
    }

    /// Takes the next column as a stored word of an enumeration, or as NULL.
    pub(super) fn optional_word<T: DeserializeOwned>(&mut self) -> Result<Option<T>, VaultError> {
        self.optional_text_as(|text| {
            let word: StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
            T::deserialize(word).ok()
        })
    }

    /// Takes the next column as JSON.
    pub(super) fn json<T: DeserializeOwned>(&mut self) -> Result<T, VaultError> {
        self.optional_json()?.ok_or_else(|| self.damaged_before())
    }

    /// Takes the next column as JSON, or as NULL.
    pub(super) fn optional_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>, VaultError> {
        self.optional_text_as(|text| serde_json::from_str(text).ok())
    }

    /// Takes the next column as text that `read` can read.
    pub(super) fn text_as<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Result<T, VaultError> {
        self.optional_text_as(read)?.ok_or_else(|| self.damaged_before())
    }

    /// Takes the next column as text that `read` can read, or as NULL.
    pub(super) fn optional_text_as<T>(
        &mut self,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, VaultError> {
        // As SQLite has it, without a copy: what is read is seldom kept as text.
        let value = self.row.get_ref(self.next).map_err(|_| self.damaged())?;
        let text = value.as_str_or_null().map_err(|_| self.damaged())?;
        let found = text.map(|text| read(text).ok_or_else(|| self.damaged())).transpose();
        self.next += 1;
        found
    }

    fn damaged(&self) -> VaultError {
        self.damaged_at(self.next)
    }

    fn damaged_before(&self) -> VaultError {
        self.damaged_at(self.next - 1)
    }

    /// Names the column but not its value, which may be anything.
    fn damaged_at(&self, index: usize) -> VaultError {
        let column = self.row.as_ref().column_name(index).unwrap_or("?");
        VaultError::damaged(format!("a stored `{column}` cannot be read"))
    }
}

/// [`Columns::value`] for a query of one column.
pub(super) fn value<T: FromSql>(columns: &mut Columns<'_>) -> Result<T, VaultError> {
    columns.value()
}

/// [`Columns::parsed`] for a query of one column.
pub(super) fn parsed<T: FromStr>(columns: &mut Columns<'_>) -> Result<T, VaultError> {
    columns.parsed()
}

/// [`Columns::optional_parsed`] for a query of one column.
pub(super) fn optional_parsed<T: FromStr>(columns: &mut Columns<'_>) -> Result<Option<T>, VaultError> {
    columns.optional_parsed()
}

impl Rows<'_> {
    /// Returns what `read` makes of each row, in order.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        mut read: impl FnMut(&mut Columns<'_>) -> Result<T, VaultError>,
    ) -> Result<Vec<T>, VaultError> {
        let mut found = Vec::new();
        self.each(sql, parameters, |columns| {
            found.push(read(columns)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Runs `act` on each row, in order.
    pub(super) fn each(
        &self,
        sql: &str,
        parameters: impl Params,
        mut act: impl FnMut(&mut Columns<'_>) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        let mut statement = self.database.prepare_cached(sql)?;
        let mut rows = statement.query(parameters)?;
        while let Some(row) = rows.next()? {
            act(&mut Columns { row, next: 0 })?;
        }
        Ok(())
    }

    /// Runs `act`, which walks through whole tables and comes back to none of their pages: SQLite need not keep them, and
    /// the memory of one is used again for the next.
    pub(super) fn walk<T>(&self, act: impl FnOnce() -> Result<T, VaultError>) -> Result<T, VaultError> {
        const FEW_PAGES: i64 = -1024; // in KiB
        let usual: i64 = self.database.pragma_query_value(None, "cache_size", |row| row.get(0))?;
        self.database.pragma_update(None, "cache_size", FEW_PAGES)?;
        let done = act();
        self.database.pragma_update(None, "cache_size", usual)?;
        done
    }

    /// Returns what `read` makes of all rows, by the connection that each belongs to.
    pub(super) fn by_connection<T>(
        &self,
        sql: &str,
        mut read: impl FnMut(&mut Columns<'_>) -> Result<(ConnectionId, T), VaultError>,
    ) -> Result<HashMap<ConnectionId, T>, VaultError> {
        let mut found = HashMap::new();
        self.each(sql, [], |columns| {
            let (connection, one) = read(columns)?;
            found.insert(connection, one);
            Ok(())
        })?;
        Ok(found)
    }

    /// Returns what `read` makes of the first row, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&mut Columns<'_>) -> Result<T, VaultError>,
    ) -> Result<Option<T>, VaultError> {
        let mut statement = self.database.prepare_cached(sql)?;
        let mut rows = statement.query(parameters)?;
        rows.next()?.map(|row| read(&mut Columns { row, next: 0 })).transpose()
    }

    /// Changes rows and returns how many.
    pub(super) fn change(&self, sql: &str, parameters: impl Params) -> Result<usize, VaultError> {
        Ok(self.database.prepare_cached(sql)?.execute(parameters)?)
    }

    /// Changes exactly one row; fails with [`VaultError::Gone`] if there is no such row.
    pub(super) fn change_one(
        &self,
        what: &'static str,
        sql: &str,
        parameters: impl Params,
    ) -> Result<(), VaultError> {
        match self.change(sql, parameters)? {
            0 => Err(VaultError::Gone(what)),
            _ => Ok(()),
        }
    }
}

/// Returns `time` as stored text: UTC with three decimals, so that text order is time order.
pub(super) fn time(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// Returns `value` as JSON text.
pub(super) fn json(value: &impl Serialize) -> Result<String, VaultError> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)).into())
}

/// Returns the stored word of an enumeration's variant, as [`Columns::word`] takes it.
pub(super) fn word(value: &impl Serialize) -> Result<String, VaultError> {
    Ok(json(value)?.trim_matches('"').to_owned())
}

/// Returns `error` as [`VaultError::Taken`] if it says that a unique value exists already.
pub(super) fn taken(error: VaultError, message: impl FnOnce() -> String) -> VaultError {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
    match error {
        VaultError::Database(rusqlite::Error::SqliteFailure(failure, _))
            if matches!(failure.extended_code, SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY) =>
        {
            VaultError::Taken(message())
        }
        other => other,
    }
}
