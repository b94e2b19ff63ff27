//! Proof before switch: a live exchange with the key and the settings that are about to count.

use std::sync::Arc;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::domain::connection::Connection;
use crate::domain::settings::Settings;
use crate::domain::granted::{self, Granted};
use crate::domain::ids::{CertificateId, ConnectionName};
use crate::domain::key::{Key, KeyState};
use crate::domain::verification::{Outcome, Stage, Verification};
use crate::oauth::{self, Client, ExchangeError, ExchangeRequest, Exchanged, SigningKey};
use crate::providers::{self, Plan};
use crate::secret::SecretBytes;

use super::{Limits, OpsError, Session};

/// What signs an exchange: a key, its private half, and the id that the vendor knows its certificate by.
pub(super) struct Signing {
    pub(super) key: Key,
    pub(super) certificate_id: CertificateId,
    pub(super) private_key: SecretBytes,
}

impl Signing {
    /// Loads what signs for `key`; `certificate_id` stands in for the stored one.
    pub(super) fn load(
        session: &Session,
        name: &ConnectionName,
        key: &Key,
        certificate_id: Option<&CertificateId>,
    ) -> Result<Self, OpsError> {
        let certificate_id = certificate_id
            .or(key.certificate_id.as_ref())
            .ok_or_else(|| OpsError::NoCertificateId { name: name.clone(), state: key.state })?;
        let private_key = session.vault.read(|rows| rows.private_key(&key.id))?;
        Ok(Self { key: key.clone(), certificate_id: certificate_id.clone(), private_key })
    }
}

/// The way to the vendors, apart from the session so that many can ask at once.
#[derive(Clone)]
pub(super) struct Asker {
    client: Arc<Client>,
    clock: Clock,
    limits: Limits,
}

impl Asker {
    pub(super) fn new(session: &Session) -> Self {
        Self { client: Arc::clone(&session.client), clock: session.clock.clone(), limits: session.limits }
    }

    /// As [`Asker::new`], for results that are stored together: leaves time for that before the deadline.
    pub(super) fn storing(session: &Session) -> Self {
        let deadline = session.limits.before_deadline(session.clock.instant());
        Self { limits: Limits { deadline, ..session.limits }, ..Self::new(session) }
    }

    /// Exchanges a token past every cache, with a certificate that is valid by the vendor's rule.
    pub(super) async fn exchange(
        &self,
        connection: &Connection,
        plan: &Plan,
        signing: &Signing,
    ) -> Result<Exchanged, OpsError> {
        let expires_at = providers::vendor_expiry(connection.provider, &signing.key.certificate);
        if expires_at <= self.clock.now() {
            return Err(OpsError::CertificateExpired {
                name: connection.name.clone(),
                expired_at: expires_at,
            });
        }
        let key = SigningKey::from_pkcs8(signing.key.algorithm, &signing.private_key)
            .map_err(|error| Box::new(ExchangeError::Signing(error)))?;
        let request = ExchangeRequest {
            plan,
            key: &key,
            key_id: &signing.key.id,
            certificate_id: &signing.certificate_id,
            limits: oauth::Limits::new(&self.clock, self.limits.exchange, Some(self.limits.deadline)),
        };
        Ok(oauth::exchange(&self.client, &self.clock, &request).await.map_err(Box::new)?)
    }
}

/// What the vendor's clock has to do with it, if it is far off.
pub(super) fn clock_warning(exchanged: &Exchanged) -> Option<String> {
    exchanged.evidence.clock_skew.filter(|skew| skew.is_notable()).map(|skew| skew.to_string())
}

/// Compares what the vendor granted with what the settings and the old key's token say.
///
/// Returns a warning where the token cannot be read; fails with [`OpsError::MappingDiffers`] where it tells
/// another role, entity, company or scope.
pub(super) fn same_mapping(
    found: Option<&Granted>,
    old: Option<&Granted>,
    settings: &Settings,
) -> Result<Option<String>, OpsError> {
    let Some(found) = found else {
        return Ok(Some(
            "the vendor's token does not tell its role and entity: check the mapping by hand".to_owned(),
        ));
    };
    let mut differences = granted::contradictions(found, settings);
    if let Some(old) = old {
        differences.extend(granted::differences(old, found));
    }
    if differences.is_empty() { Ok(None) } else { Err(OpsError::MappingDiffers(differences.join(", "))) }
}

/// Proves a key and, where the old key still works, that both are mapped alike; returns warnings for people.
pub(super) async fn prove_successor(
    session: &Session,
    connection: &Connection,
    successor: &Signing,
    old: Option<&Key>,
) -> Result<(Exchanged, Vec<String>), OpsError> {
    let asker = Asker::new(session);
    let plan = session.plan(connection)?;
    let proven = asker.exchange(connection, &plan, successor).await?;
    let mut warnings: Vec<String> = clock_warning(&proven).into_iter().collect();
    let mut reference = None;
    if let Some(old) = old.filter(|key| key.state != KeyState::Pending) {
        match old_token(session, &asker, connection, old).await {
            Ok(granted) => reference = granted,
            // Why: the old key may be over or revoked: that is why somebody rotates. A vendor that did not answer
            // has said nothing about the mapping, so nothing is switched.
            Err(error) if is_final(&error) => {
                warnings.push(format!("the mapping could not be compared with the old key's: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    warnings.extend(same_mapping(proven.granted.as_ref(), reference.as_ref(), &connection.settings)?);
    Ok((proven, warnings))
}

/// Whether asking again would not help: the old key cannot tell its mapping any more.
fn is_final(error: &OpsError) -> bool {
    matches!(error.verdict().1, Outcome::Rejected | Outcome::Expired | Outcome::Missing)
}

/// What a successful exchange proves, as it is stored.
pub(super) fn proof_of(
    connection: &Connection,
    key: &Key,
    exchanged: &Exchanged,
    now: Timestamp,
) -> Verification {
    Verification {
        connection: connection.id.clone(),
        key: Some(key.id.clone()),
        checked_at: now,
        outcome: Outcome::Proven,
        stage: Stage::Exchange,
        http_status: exchanged.evidence.http_status,
        vendor_error: None,
        message: None,
        latency_ms: Some(exchanged.evidence.latency_ms()),
    }
}

async fn old_token(
    session: &Session,
    asker: &Asker,
    connection: &Connection,
    old: &Key,
) -> Result<Option<Granted>, OpsError> {
    let signing = Signing::load(session, &connection.name, old, None)?;
    Ok(asker.exchange(connection, &session.plan(connection)?, &signing).await?.granted)
}
