//! The vault's own keys: the secrets identity and the signing key, wrapped for the operators.

use age::secrecy::ExposeSecret as _;
use age::x25519;
use jiff::Timestamp;
use rusqlite::{Connection as Database, OptionalExtension as _, params};

use super::error::VaultError;
use super::identity::Identity;
use super::recipient::RecipientKey;
use super::seal::{Sealer, open_with, seal_to};
use super::signing::SigningKey;

const SECRETS_CONTEXT: &str = "keyring/secrets-identity";
const SIGNING_CONTEXT: &str = "keyring/signing-key";

/// The vault's keys as far as the role reaches: a viewer holds the public halves.
pub(super) struct Keyring {
    sealer: Sealer,
    verify_key: [u8; 32],
    private: Option<Private>,
}

struct Private {
    secrets: x25519::Identity,
    signing: SigningKey,
}

impl Keyring {
    /// Returns fresh keys.
    pub(super) fn generate() -> Result<Self, VaultError> {
        Ok(Self::operator(Private {
            secrets: x25519::Identity::generate(),
            signing: SigningKey::generate()?,
        }))
    }

    fn operator(private: Private) -> Self {
        Self {
            sealer: Sealer::operator(private.secrets.clone()),
            verify_key: *private.signing.verify_key(),
            private: Some(private),
        }
    }

    /// Seals values and, in an operator's hands, opens them.
    pub(super) fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// The key that verifies commits and journal entries.
    pub(super) fn verify_key(&self) -> &[u8; 32] {
        &self.verify_key
    }

    /// The key that signs them; [`VaultError::NotOperator`] in a viewer's hands.
    pub(super) fn signing(&self) -> Result<&SigningKey, VaultError> {
        self.private.as_ref().map(|private| &private.signing).ok_or(VaultError::NotOperator)
    }

    /// Reads the keys, the private halves with `operator`, an identity that they are wrapped for.
    pub(super) fn load(database: &Database, operator: Option<&Identity>) -> Result<Self, VaultError> {
        let row = database
            .query_row(
                "SELECT secrets_recipient, verify_key, wrapped_secrets_identity, wrapped_signing_key FROM keyring",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .optional()?;
        let (recipient, verify_key, secrets, signing): (String, Vec<u8>, Vec<u8>, Vec<u8>) =
            row.ok_or_else(|| VaultError::damaged("it has no keyring"))?;
        let recipient: x25519::Recipient =
            recipient.parse().map_err(|_| VaultError::damaged("the secrets recipient is not an age key"))?;
        let verify_key = verify_key
            .try_into()
            .map_err(|_| VaultError::damaged("the verify key in the keyring is not 32 bytes long"))?;
        let Some(identity) = operator else {
            return Ok(Self { sealer: Sealer::viewer(recipient), verify_key, private: None });
        };
        let keyring = Self::operator(unwrap(identity, &secrets, &signing)?);
        if keyring.verify_key != verify_key || keyring.sealer.recipient() != &recipient {
            return Err(VaultError::damaged("the halves of the vault's keys do not belong together"));
        }
        Ok(keyring)
    }

    /// Stores the keys, wrapped for `operators`.
    pub(super) fn store(
        &self,
        database: &Database,
        operators: &[RecipientKey],
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let private = self.private.as_ref().ok_or(VaultError::NotOperator)?;
        let wrap =
            |context, value: &[u8]| seal_to(operators.iter().map(RecipientKey::as_age), context, value);
        let secrets = private.secrets.to_string();
        database.execute(
            "INSERT OR REPLACE INTO keyring \
             (id, secrets_recipient, verify_key, created_at, wrapped_secrets_identity, wrapped_signing_key) \
             VALUES (1, ?1, ?2, ?3, ?4, ?5)",
            params![
                self.sealer.recipient().to_string(),
                self.verify_key,
                format!("{now:.3}"),
                wrap(SECRETS_CONTEXT, secrets.expose_secret().as_bytes())?,
                wrap(SIGNING_CONTEXT, private.signing.seed().expose())?,
            ],
        )?;
        Ok(())
    }
}

fn unwrap(identity: &Identity, secrets: &[u8], signing: &[u8]) -> Result<Private, VaultError> {
    let open = |context, sealed| open_with(std::iter::once(identity.as_age()), context, sealed);
    let secrets = open(SECRETS_CONTEXT, secrets)?
        .into_text()
        .and_then(|text| text.expose().parse().ok())
        .ok_or_else(|| VaultError::damaged("the secrets identity is not an age key"))?;
    Ok(Private { secrets, signing: SigningKey::from_seed(open(SIGNING_CONTEXT, signing)?)? })
}
