//! Proof before switch: a live exchange with the key, the secret and the settings that are about to count.

use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::domain::connection::Connection;
use crate::domain::granted::{self, Granted};
use crate::domain::ids::{CertificateId, ConnectionName};
use crate::domain::key::{Key, KeyState};
use crate::domain::settings::{ClientAuthentication, GrantKind, Settings};
use crate::domain::verification::{Outcome, Stage, Verification};
use crate::oauth::device::{self, DeviceLogin};
use crate::oauth::harmless::{Harmless, harmless};
use crate::oauth::revoke::Revoked;
use crate::oauth::{
    self, Ask, Client, ClientProof, Evidence, ExchangeError, ExchangeRequest, Exchanged, SigningKey, Way,
};
use crate::providers::{self, Plan};
use crate::secret::{SecretBytes, SecretString};
use crate::vault::VaultError;

use super::{AppError, Limits, OpsError, Session};

/// What signs an exchange: a key, its private half, and the id that the vendor knows its public half by.
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

/// What a client proves itself with.
pub(super) enum Means<'a> {
    /// A key that the vault holds for the connection.
    StoredKey(Box<Signing>),
    /// A key on trial.
    Key(&'a Signing),
    /// The client secret that the vault holds for the app.
    StoredSecret(Arc<SecretString>),
    /// A client secret on trial.
    Secret(&'a SecretString),
    /// Nothing: a public client.
    Nothing,
}

impl Means<'static> {
    /// Loads what the connection's exchanges are proven with: its active key, its app's client secret, or nothing.
    pub(super) fn load(session: &Session, connection: &Connection, plan: &Plan) -> Result<Self, OpsError> {
        match plan.authentication {
            ClientAuthentication::PrivateKeyJwt => {
                let (keys, state) =
                    (session.vault.read(|rows| rows.keys_of(&connection.id))?, KeyState::Active);
                let active =
                    keys.active.ok_or_else(|| OpsError::NoKey { name: connection.name.clone(), state })?;
                let signing = Signing::load(session, &connection.name, &active, None)?;
                Ok(Self::StoredKey(Box::new(signing)))
            }
            ClientAuthentication::None => Ok(Self::Nothing),
            ClientAuthentication::ClientSecretBasic
            | ClientAuthentication::ClientSecretPost
            | ClientAuthentication::ClientSecretJson => {
                let app = session.app_of(connection)?;
                let app = app.ok_or_else(|| VaultError::damaged("a client secret belongs to no app"))?;
                let secret = session.vault.read(|rows| rows.app_secret(&app.id))?;
                let secret = secret.ok_or(AppError::NoClientSecret(app.name))?;
                Ok(Self::StoredSecret(Arc::new(secret)))
            }
        }
    }
}

impl Means<'_> {
    fn signing(&self) -> Option<&Signing> {
        match self {
            Self::StoredKey(signing) => Some(signing),
            Self::Key(signing) => Some(signing),
            Self::StoredSecret(_) | Self::Secret(_) | Self::Nothing => None,
        }
    }

    /// The key that signs, if one does.
    pub(super) fn key(&self) -> Option<&Key> {
        self.signing().map(|signing| &signing.key)
    }

    fn signing_key(&self) -> Result<Option<SigningKey>, ExchangeError> {
        let Some(signing) = self.signing() else { return Ok(None) };
        Ok(Some(SigningKey::from_pkcs8(signing.key.algorithm, &signing.private_key)?))
    }

    fn proof<'a>(&'a self, key: Option<&'a SigningKey>) -> ClientProof<'a> {
        match self {
            Self::StoredSecret(secret) => ClientProof::Secret(secret),
            Self::Secret(secret) => ClientProof::Secret(secret),
            Self::StoredKey(_) | Self::Key(_) | Self::Nothing => match (self.signing(), key) {
                (Some(signing), Some(key)) => ClientProof::Assertion {
                    key,
                    key_id: &signing.key.id,
                    certificate_id: &signing.certificate_id,
                },
                _ => ClientProof::Nothing,
            },
        }
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

    /// The same way by another clock: for a trial of what the vendor makes of it.
    pub(super) fn shifted(&self, by: SignedDuration) -> Self {
        Self { clock: self.clock.shifted(by), ..self.clone() }
    }

    /// Exchanges client credentials past every cache; a certificate that the vendor looks at must be valid by its rule.
    pub(super) async fn exchange(
        &self,
        connection: &Connection,
        plan: &Plan,
        means: &Means<'_>,
    ) -> Result<Exchanged, OpsError> {
        if let Some(key) = means.key()
            && let Some(expired_at) = ends_at(connection, key)
            && expired_at <= self.clock.now()
        {
            return Err(OpsError::CertificateExpired { name: connection.name.clone(), expired_at });
        }
        Ok(self.send(plan, means, Ask::ClientCredentials).await.map_err(Box::new)?)
    }

    /// Asks for tokens; a refresh token or a code is sent once (see [`oauth::exchange`]).
    pub(super) async fn send(
        &self,
        plan: &Plan,
        means: &Means<'_>,
        ask: Ask<'_>,
    ) -> Result<Exchanged, ExchangeError> {
        let key = means.signing_key()?;
        let request =
            ExchangeRequest { plan, client: means.proof(key.as_ref()), ask, limits: self.exchange_limits() };
        oauth::exchange(&self.client, &self.clock, &request).await
    }

    /// Proves the client's keys without touching anybody's grant.
    pub(super) async fn prove_client(&self, plan: &Plan, means: &Means<'_>) -> Result<Evidence, OpsError> {
        let key = means.signing_key().map_err(Box::new)?;
        let way = self.way();
        Ok(oauth::prove_client(&way, plan, means.proof(key.as_ref())).await.map_err(Box::new)?)
    }

    /// Asks the vendor whose token it is, where it has a call for that.
    pub(super) async fn harmless(
        &self,
        plan: &Plan,
        token: &SecretString,
    ) -> Result<Option<Harmless>, ExchangeError> {
        harmless(&self.way(), plan, token).await
    }

    /// Begins a login on another machine; `None` if the server has none.
    pub(super) async fn start_device(
        &self,
        plan: &Plan,
        means: &Means<'_>,
    ) -> Result<Option<DeviceLogin>, ExchangeError> {
        let key = means.signing_key()?;
        device::start(&self.way(), plan, means.proof(key.as_ref())).await
    }

    /// Asks until somebody has logged in there; `None` if nobody has by `until`.
    pub(super) async fn wait_for_device(
        &self,
        (plan, means): (&Plan, &Means<'_>),
        login: &DeviceLogin,
        until: Instant,
    ) -> Result<Option<Exchanged>, ExchangeError> {
        let key = means.signing_key()?;
        let mut way = self.way();
        way.limits.deadline = until;
        device::wait(&way, plan, means.proof(key.as_ref()), login).await
    }

    /// Gives back the grant of `token`.
    pub(super) async fn revoke(
        &self,
        plan: &Plan,
        means: &Means<'_>,
        token: &SecretString,
    ) -> Result<Revoked, OpsError> {
        let key = means.signing_key().map_err(Box::new)?;
        let way = self.way();
        let revoked = oauth::revoke::revoke(&way, plan, means.proof(key.as_ref()), token).await;
        Ok(revoked.map_err(Box::new)?)
    }

    /// The way for one request that starts now.
    pub(super) fn way(&self) -> Way<'_> {
        Way { client: &self.client, clock: &self.clock, limits: self.exchange_limits() }
    }

    fn exchange_limits(&self) -> oauth::Limits {
        oauth::Limits::new(&self.clock, self.limits.exchange, Some(self.limits.deadline))
    }
}

/// When the vendor stops accepting the key, if it looks at certificates.
///
/// A server that was given the public half as a JWK knows no certificate: the self-signed one that the key was made
/// with may end, and the key still signs.
pub(super) fn ends_at(connection: &Connection, key: &Key) -> Option<Timestamp> {
    let by_certificate = providers::descriptor(connection.provider).upload.is_some();
    by_certificate.then(|| providers::vendor_expiry(connection.provider, &key.certificate))
}

/// What the vendor's clock has to do with it, if it is far off.
pub(super) fn clock_warning(evidence: &Evidence) -> Option<String> {
    evidence.clock_skew.filter(|skew| skew.is_notable()).map(|skew| skew.to_string())
}

/// What people should know of a token that was granted: a clock that is far off, scopes that are missing.
pub(super) fn warnings_of(exchanged: &Exchanged) -> Vec<String> {
    let withheld = (!exchanged.withheld.is_empty())
        .then(|| format!("the scopes {} were asked for and not granted", exchanged.withheld.join(", ")));
    clock_warning(&exchanged.evidence).into_iter().chain(withheld).collect()
}

/// Compares what the vendor granted with what the settings and the old key's token say.
///
/// Returns a warning where the vendor's tokens should tell and this one cannot be read; fails with
/// [`OpsError::MappingDiffers`] where it tells another role, entity, company or scope.
pub(super) fn same_mapping(
    found: Option<&Granted>,
    old: Option<&Granted>,
    settings: &Settings,
) -> Result<Option<String>, OpsError> {
    let Some(found) = found else {
        // Only NetSuite's tokens are known to tell.
        return Ok(settings.netsuite().map(|_| {
            "the vendor's token does not tell its role and entity: check the mapping by hand".to_owned()
        }));
    };
    let mut differences = granted::contradictions(found, settings);
    if let Some(old) = old {
        differences.extend(granted::differences(old, found));
    }
    if differences.is_empty() { Ok(None) } else { Err(OpsError::MappingDiffers(differences.join(", "))) }
}

/// Proves a key and, where the old key still works, that both are mapped alike; returns what the proof showed and
/// warnings for people.
///
/// Where the connection's tokens come from a grant, the client alone is proven: a key on trial must not use it up.
pub(super) async fn prove_successor(
    session: &Session,
    connection: &Connection,
    successor: &Signing,
    old: Option<&Key>,
) -> Result<(Evidence, Vec<String>), OpsError> {
    let asker = Asker::new(session);
    let plan = session.plan(connection)?;
    if plan.grant == GrantKind::RefreshToken {
        let evidence = asker.prove_client(&plan, &Means::Key(successor)).await?;
        let warnings = clock_warning(&evidence).into_iter().collect();
        return Ok((evidence, warnings));
    }
    let proven = asker.exchange(connection, &plan, &Means::Key(successor)).await?;
    let mut warnings = warnings_of(&proven);
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
    Ok((proven.evidence, warnings))
}

/// Whether asking again would not help: the old key cannot tell its mapping any more.
fn is_final(error: &OpsError) -> bool {
    matches!(error.verdict().1, Outcome::Rejected | Outcome::Expired | Outcome::Missing)
}

/// What a success proves, as it is stored.
pub(super) fn proof_of(
    connection: &Connection,
    key: Option<&Key>,
    evidence: &Evidence,
    now: Timestamp,
) -> Verification {
    Verification {
        connection: connection.id.clone(),
        key: key.map(|key| key.id.clone()),
        checked_at: now,
        outcome: Outcome::Proven,
        stage: Stage::Exchange,
        http_status: evidence.http_status,
        vendor_error: None,
        message: None,
        latency_ms: Some(evidence.latency_ms()),
    }
}

async fn old_token(
    session: &Session,
    asker: &Asker,
    connection: &Connection,
    old: &Key,
) -> Result<Option<Granted>, OpsError> {
    let signing = Signing::load(session, &connection.name, old, None)?;
    Ok(asker.exchange(connection, &session.plan(connection)?, &Means::Key(&signing)).await?.granted)
}
