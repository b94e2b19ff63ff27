//! Certificates as they were stored: shown, listed, exported byte for byte.

use jiff::Timestamp;
use jsonwebtoken::jwk::Jwk;

use crate::domain::connection::Connection;
use crate::domain::ids::ConnectionName;
use crate::domain::jwk;
use crate::domain::key::{Key, KeyState};
use crate::domain::selection::Selection;
use crate::providers;

use super::{OpsError, Session};

/// A key's certificate with the expiry that counts.
#[derive(Debug)]
pub struct Held {
    /// Whose.
    pub connection: Connection,
    /// The key.
    pub key: Key,
    /// When the vendor stops accepting it: its own rule, not only the certificate's.
    pub expires_at: Timestamp,
}

impl Held {
    fn new(connection: Connection, key: Key) -> Self {
        let expires_at = expires_at(&connection, &key);
        Self { connection, key, expires_at }
    }
}

/// Returns the key in `state`; without one, the pending key if there is one, else the active.
pub fn find(session: &Session, name: &ConnectionName, state: Option<KeyState>) -> Result<Held, OpsError> {
    let connection = session.connection(name)?;
    let keys = session.vault.read(|rows| rows.keys_of(&connection.id))?;
    let key = match state {
        Some(state) => keys.get(state).cloned(),
        None => keys.pending.or(keys.active),
    };
    let state = state.unwrap_or(KeyState::Pending);
    let key = key.ok_or_else(|| OpsError::NoKey { name: connection.name.clone(), state })?;
    Ok(Held::new(connection, key))
}

/// Returns every key of the selected connections, by name, pending first.
pub fn list(session: &Session, selection: &Selection) -> Result<Vec<Held>, OpsError> {
    session.vault.read(|rows| {
        let mut sets = rows.key_sets()?;
        let mut held = Vec::new();
        for connection in rows.connections(selection)? {
            let keys = sets.remove(&connection.id).unwrap_or_default();
            held.extend(keys.iter().map(|key| Held::new(connection.clone(), key.clone())));
        }
        Ok(held)
    })
}

/// When the vendor stops accepting the key's certificate, by its own rule.
pub fn expires_at(connection: &Connection, key: &Key) -> Timestamp {
    providers::vendor_expiry(connection.provider, &key.certificate)
}

/// What the exported certificate is called: each certificate of a connection has a name of its own.
pub fn certificate_file(connection: &Connection, key: &Key) -> String {
    let start = key.certificate.fingerprint.get(..8).unwrap_or_default();
    format!("{}-{start}.pem", connection.name)
}

/// Returns the PEM text of a key's certificate, byte for byte as it was stored.
pub fn pem(session: &Session, key: &Key) -> Result<String, OpsError> {
    session.vault.read(|rows| Ok(rows.certificate_pem(&key.id)?))
}

/// Returns the public half of a key, of which `pem` is the certificate, as a JWK under the `kid` that its assertions
/// name.
///
/// A vendor that looks at certificates gives ids of its own; its keys keep their thumbprint as `kid`.
pub fn public_jwk(held: &Held, pem: &str) -> Result<Jwk, OpsError> {
    let mut public = jwk::public_jwk(pem, held.key.algorithm)?;
    if let Some(id) = &held.key.certificate_id
        && providers::descriptor(held.connection.provider).takes_jwk()
    {
        public.common.key_id = Some(id.to_string());
    }
    Ok(public)
}

/// Whether the connection's public keys are handed over as JWKs, so that no id has to be asked for.
pub fn takes_jwk(connection: &Connection) -> bool {
    providers::descriptor(connection.provider).takes_jwk()
}

/// What to do at the vendor with the certificate, step by step, with entity and role.
pub fn upload_steps(connection: &Connection, key: &Key) -> Vec<String> {
    let upload = providers::descriptor(connection.provider).upload.as_ref();
    match (upload, connection.settings.netsuite()) {
        (Some(upload), Some(settings)) => upload.steps(settings, &certificate_file(connection, key)),
        _ => vec![format!(
            "give the server the public key: `tokenctl cert export {} --format jwk --key {}`",
            connection.name, key.state
        )],
    }
}
