//! Keys that sign invitations: public members in the open, private halves sealed as long as they sign.

use rusqlite::named_params;

use super::Rows;
use super::columns::{self, Columns, json, taken, time};
use crate::domain::invitation::key::{InvitationKey, SigningKeyState};
use crate::secret::SecretBytes;
use crate::vault::error::VaultError;

fn read(columns: &mut Columns<'_>) -> Result<InvitationKey, VaultError> {
    Ok(InvitationKey {
        kid: columns.value()?,
        algorithm: columns.parsed()?,
        state: columns.parsed()?,
        public: columns.json()?,
        created_at: columns.parsed()?,
        activated_at: columns.optional_parsed()?,
        ended_at: columns.optional_parsed()?,
        last_expiry: columns.optional_parsed()?,
    })
}

/// What a private key is sealed as.
fn context(kid: &str) -> String {
    format!("invitation-key/{kid}/private")
}

impl Rows<'_> {
    /// Returns every key that signs, signed or is about to, the newest first.
    pub fn invitation_keys(&self) -> Result<Vec<InvitationKey>, VaultError> {
        self.all(
            "SELECT kid, algorithm, state, public_members, created_at, activated_at, ended_at, last_expiry \
             FROM invitation_keys ORDER BY created_at DESC, state <> 'next', kid",
            [],
            read,
        )
    }

    /// Adds a key in use with its private half (PKCS#8, DER), which is sealed here.
    ///
    /// Fails with [`VaultError::Taken`] if the name was ever a key's, or another key is in that state.
    pub fn insert_invitation_key(
        &self,
        key: &InvitationKey,
        private_pkcs8: &SecretBytes,
    ) -> Result<(), VaultError> {
        let sealed = self.sealer.seal(&context(&key.kid), private_pkcs8.expose())?;
        self.change(
            "INSERT INTO invitation_keys (kid, algorithm, state, public_members, created_at, activated_at, \
             ended_at, last_expiry, sealed_private_key) VALUES (:kid, :algorithm, :state, :public, \
             :created_at, :activated_at, :ended_at, :last_expiry, :sealed)",
            named_params! {
                ":kid": key.kid,
                ":algorithm": key.algorithm.as_str(),
                ":state": key.state.as_str(),
                ":public": json(&key.public)?,
                ":created_at": time(key.created_at),
                ":activated_at": key.activated_at.map(time),
                ":ended_at": key.ended_at.map(time),
                ":last_expiry": key.last_expiry.map(time),
                ":sealed": sealed,
            },
        )
        .map_err(|error| taken(error, || format!("a signing key is {} already", key.state)))?;
        Ok(())
    }

    /// Stores where a key stands; the private half of one that signs no more is destroyed.
    pub fn update_invitation_key(&self, key: &InvitationKey) -> Result<(), VaultError> {
        let signs = matches!(key.state, SigningKeyState::Next | SigningKeyState::Active);
        self.change_one(
            "signing key",
            "UPDATE invitation_keys SET state = :state, activated_at = :activated_at, ended_at = :ended_at, \
             last_expiry = :last_expiry, \
             sealed_private_key = CASE WHEN :signs THEN sealed_private_key END WHERE kid = :kid",
            named_params! {
                ":kid": key.kid,
                ":state": key.state.as_str(),
                ":activated_at": key.activated_at.map(time),
                ":ended_at": key.ended_at.map(time),
                ":last_expiry": key.last_expiry.map(time),
                ":signs": signs,
            },
        )
        .map_err(|error| taken(error, || format!("a signing key is {} already", key.state)))
    }

    /// Returns the private half of a key (PKCS#8, DER).
    ///
    /// Fails with [`VaultError::NotOperator`] in a viewer's hands and with [`VaultError::Gone`] if it was destroyed.
    pub fn invitation_private_key(&self, kid: &str) -> Result<SecretBytes, VaultError> {
        let sealed: Option<Vec<u8>> = self
            .first("SELECT sealed_private_key FROM invitation_keys WHERE kid = ?1", [kid], columns::value)?
            .flatten();
        self.sealer.open(&context(kid), &sealed.ok_or(VaultError::Gone("signing key"))?)
    }
}
