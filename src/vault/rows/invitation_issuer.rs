//! Who issues invitations: settings and the accesses of the last hour in the open, the search key sealed.

use jiff::Timestamp;
use rusqlite::named_params;

use super::Rows;
use super::columns::{self, json, time};
use crate::domain::ids::OwnerId;
use crate::domain::invitation::IssuerSettings;
use crate::domain::invitation::window::AccessWindow;
use crate::secret::SecretBytes;
use crate::vault::error::VaultError;

/// What the search key is sealed as.
const CONTEXT: &str = "invitation-issuer/search-key";

/// The issuer as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredIssuer {
    /// Its rules.
    pub settings: IssuerSettings,
    /// The name of its access window in the journal.
    pub owner: OwnerId,
    /// When it was set for the first time.
    pub created_at: Timestamp,
    /// When it was set last.
    pub updated_at: Timestamp,
}

fn window(columns: &mut columns::Columns<'_>) -> Result<AccessWindow, VaultError> {
    columns.json()
}

impl Rows<'_> {
    /// Returns the issuer, if one was set.
    pub fn issuer(&self) -> Result<Option<StoredIssuer>, VaultError> {
        self.first(
            "SELECT settings, owner_id, created_at, updated_at FROM invitation_issuer",
            [],
            |columns| {
                Ok(StoredIssuer {
                    settings: columns.json()?,
                    owner: columns.parsed()?,
                    created_at: columns.parsed()?,
                    updated_at: columns.parsed()?,
                })
            },
        )
    }

    /// Adds the issuer with its search key, which is sealed here; fails with [`VaultError::Taken`] if there is one.
    pub fn insert_issuer(&self, issuer: &StoredIssuer, search_key: &SecretBytes) -> Result<(), VaultError> {
        let sealed = self.sealer.seal(CONTEXT, search_key.expose())?;
        self.change(
            "INSERT INTO invitation_issuer (id, settings, owner_id, access_window, created_at, updated_at, \
             sealed_search_key) VALUES ('issuer', :settings, :owner, :window, :created_at, :updated_at, :sealed)",
            named_params! {
                ":settings": json(&issuer.settings)?,
                ":owner": issuer.owner.as_str(),
                ":window": json(&AccessWindow::default())?,
                ":created_at": time(issuer.created_at),
                ":updated_at": time(issuer.updated_at),
                ":sealed": sealed,
            },
        )
        .map_err(|error| columns::taken(error, || "there is an issuer already".to_owned()))?;
        Ok(())
    }

    /// Replaces the issuer's settings.
    pub fn update_issuer(&self, settings: &IssuerSettings, updated_at: Timestamp) -> Result<(), VaultError> {
        self.change_one(
            "issuer",
            "UPDATE invitation_issuer SET settings = ?1, updated_at = ?2",
            (json(settings)?, time(updated_at)),
        )
    }

    /// Returns the key that addresses are hashed with.
    ///
    /// Fails with [`VaultError::NotOperator`] in a viewer's hands and with [`VaultError::Gone`] without an issuer.
    pub fn search_key(&self) -> Result<SecretBytes, VaultError> {
        let sealed: Option<Vec<u8>> =
            self.first("SELECT sealed_search_key FROM invitation_issuer", [], columns::value)?;
        self.sealer.open(CONTEXT, &sealed.ok_or(VaultError::Gone("issuer"))?)
    }

    /// Returns the accesses of the last hour as of the last commit; none without an issuer.
    pub fn access_window(&self) -> Result<AccessWindow, VaultError> {
        Ok(self.first("SELECT access_window FROM invitation_issuer", [], window)?.unwrap_or_default())
    }

    /// Replaces the accesses of the issuer that the journal knows as `owner`, and returns whether it is this one.
    pub fn put_access_window(&self, owner: &OwnerId, window: &AccessWindow) -> Result<bool, VaultError> {
        let changed = self.change(
            "UPDATE invitation_issuer SET access_window = ?2 WHERE owner_id = ?1",
            (owner.as_str(), json(window)?),
        )?;
        Ok(changed == 1)
    }
}
