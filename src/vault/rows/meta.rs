//! Single facts about the vault, by name.

use super::Rows;
use super::columns;
use crate::vault::error::VaultError;

impl Rows<'_> {
    /// Returns the text stored under `key`.
    pub fn meta(&self, key: &str) -> Result<Option<String>, VaultError> {
        self.first("SELECT value FROM meta WHERE key = ?1", [key], columns::value)
    }

    /// Stores `value` under `key`.
    pub fn set_meta(&self, key: &str, value: &str) -> Result<(), VaultError> {
        self.change("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", [key, value])?;
        Ok(())
    }
}
