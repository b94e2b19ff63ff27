//! First keys: made, taken over from elsewhere, made active.

use crate::domain::audit::{Action, AuditEvent};
use crate::domain::certificate::{self, CertificateRequest};
use crate::domain::connection::Connection;
use crate::domain::ids::{CertificateId, ConnectionName, KeyId};
use crate::domain::jwk;
use crate::domain::key::{Certificate, Key, KeyAlgorithm, KeyState};
use crate::domain::keypair::KeyPair;
use crate::domain::rotation::{self, KeySet, Phase, Step};
use crate::domain::settings::ClientAuthentication;
use crate::oauth::Evidence;
use crate::providers;
use crate::secret::SecretBytes;
use crate::vault::{Rows, VaultError};

pub use super::missing_keys::{Made, keygen_missing, missing_keys};
use super::proof::{self, Signing};
use super::{OpsError, Session};

/// What kind of key pair and certificate is wanted; the provider's defaults fill the gaps.
#[derive(Debug, Clone, Default)]
pub struct KeyRequest {
    /// The kind of key.
    pub algorithm: Option<KeyAlgorithm>,
    /// Validity of the certificate in days.
    pub days: Option<u32>,
    /// The certificate's common name; names account and connection unless given.
    pub common_name: Option<String>,
}

/// A connection with the keys that it has after an operation.
#[derive(Debug)]
pub struct KeysOf {
    /// The connection.
    pub connection: Connection,
    /// Its keys.
    pub keys: KeySet,
}

/// Makes the first key and certificate of a connection (state pending).
pub fn keygen(session: &Session, name: &ConnectionName, request: &KeyRequest) -> Result<KeysOf, OpsError> {
    let (connection, _, _lock) = session.begin(name, Step::Keygen)?;
    let new = make(session, &connection, request)?;
    store_pending(session, connection, &new, Step::Keygen)
}

/// Checks that `step` is allowed for these keys; returns the phase after it.
pub(super) fn allowed(connection: &Connection, keys: &KeySet, step: Step) -> Result<Phase, OpsError> {
    let phase = keys.phase();
    rotation::next(phase, step).map_err(|reason| OpsError::Step {
        name: connection.name.clone(),
        phase,
        reason,
    })
}

/// A key that is not stored yet.
pub(super) struct NewKey {
    /// Its public side.
    pub(super) key: Key,
    /// Its certificate, one PEM block.
    pub(super) certificate_pem: String,
    /// Its private half.
    pub(super) private_key: SecretBytes,
}

impl NewKey {
    pub(super) fn store(&self, rows: &Rows<'_>) -> Result<(), VaultError> {
        rows.insert_key(&self.key, &self.certificate_pem, &self.private_key)
    }
}

/// Stores a new pending key in one commit, unless somebody else was faster.
pub(super) fn store_pending(
    session: &Session,
    connection: Connection,
    new: &NewKey,
    step: Step,
) -> Result<KeysOf, OpsError> {
    let action = if step == Step::Initiate { Action::RotationInitiate } else { Action::KeyCreate };
    let event = AuditEvent::new(action).on(&connection.id).with("key", &new.key.certificate.fingerprint);
    let keys = session.vault.transact::<_, OpsError>(&event, |rows| {
        allowed(&connection, &rows.keys_of(&connection.id)?, step)?;
        new.store(rows)?;
        Ok(rows.keys_of(&connection.id)?)
    })?;
    Ok(KeysOf { connection, keys })
}

/// Makes a key pair and its certificate by the provider's rules, storing nothing.
pub(super) fn make(
    session: &Session,
    connection: &Connection,
    request: &KeyRequest,
) -> Result<NewKey, OpsError> {
    let algorithm = acceptable(session, connection, request)?;
    let progress =
        session.interact.progress(1, &format!("making an {algorithm} key for {}", connection.name));
    let made = make_for(session, connection, request, algorithm);
    drop(progress);
    made
}

/// Checks all of a request that needs no key to be made.
pub(super) fn check_request(
    session: &Session,
    connection: &Connection,
    request: &KeyRequest,
) -> Result<(), OpsError> {
    acceptable(session, connection, request)?;
    let max_days = providers::descriptor(connection.provider).certificate.max_days.into();
    let common_name = request.common_name.as_deref().unwrap_or("default");
    Ok(certificate::check(common_name, request.days.unwrap_or(max_days), max_days)?)
}

pub(super) fn acceptable(
    session: &Session,
    connection: &Connection,
    request: &KeyRequest,
) -> Result<KeyAlgorithm, OpsError> {
    let descriptor = providers::descriptor(connection.provider);
    let app = session.app_of(connection)?;
    let registration = app.as_ref().map(|app| &app.registration);
    let authentication = descriptor.authentication_of(registration);
    if authentication != ClientAuthentication::PrivateKeyJwt {
        return Err(OpsError::Keyless { name: connection.name.clone(), authentication });
    }
    let algorithm = request.algorithm.unwrap_or(descriptor.key_algorithms[0]);
    if !descriptor.key_algorithms.contains(&algorithm) {
        return Err(OpsError::Algorithm { provider: descriptor.name, algorithm });
    }
    let signing = match registration {
        Some(registration) => registration.signing_algorithm,
        None => connection.settings.netsuite().and_then(|settings| settings.signing_algorithm),
    };
    if let Some(signing) = signing
        && !algorithm.signs(signing)
    {
        return Err(OpsError::Invalid(format!(
            "the connection signs with {signing}, which an {algorithm} key cannot do"
        )));
    }
    Ok(algorithm)
}

pub(super) fn make_for(
    session: &Session,
    connection: &Connection,
    request: &KeyRequest,
    algorithm: KeyAlgorithm,
) -> Result<NewKey, OpsError> {
    let max_days = providers::descriptor(connection.provider).certificate.max_days.into();
    let now = session.clock.now();
    let account = connection.settings.account().unwrap_or_default();
    let default_name = format!("{account} {}", connection.name);
    let wanted = CertificateRequest {
        // 64 characters at most (RFC 5280 appendix A, ub-common-name); the account always fits.
        common_name: request.common_name.as_deref().unwrap_or_else(|| cut(default_name.trim_start(), 64)),
        days: request.days.unwrap_or(max_days),
        max_days,
        now,
    };
    let pair = KeyPair::generate(algorithm)?;
    let certificate = certificate::self_signed(&pair, &wanted)?;
    let certificate_id = own_id(connection, &certificate, algorithm)?;
    let key = Key {
        id: KeyId::new(),
        connection: connection.id.clone(),
        state: KeyState::Pending,
        algorithm,
        certificate: certificate.facts,
        certificate_id,
        created_at: now,
        activated_at: None,
        exposed_at: None,
    };
    Ok(NewKey { key, certificate_pem: certificate.pem, private_key: pair.into_pkcs8() })
}

/// The id of a key whose vendor gives none: the thumbprint of its JWK (RFC 7638), until another one is given.
fn own_id(
    connection: &Connection,
    certificate: &Certificate,
    algorithm: KeyAlgorithm,
) -> Result<Option<CertificateId>, OpsError> {
    if !providers::descriptor(connection.provider).takes_jwk() {
        return Ok(None);
    }
    let thumbprint = jwk::public_jwk(&certificate.pem, algorithm)?.common.key_id;
    Ok(thumbprint.and_then(|text| text.parse().ok()))
}

/// The first `limit` bytes of an ASCII text.
fn cut(text: &str, limit: usize) -> &str {
    text.get(..limit).unwrap_or(text)
}

/// A key pair that a customer's vendor account already accepts.
pub struct ImportRequest {
    /// The private key file's bytes, PEM.
    pub private_key: SecretBytes,
    /// The certificate file's bytes, PEM or DER.
    pub certificate: Vec<u8>,
    /// The id that the vendor gave the certificate; where it gives none, the JWK's thumbprint unless another is used.
    pub certificate_id: Option<CertificateId>,
}

/// What a proven step left behind.
#[derive(Debug)]
pub struct Proven {
    /// The connection with its keys.
    pub keys: KeysOf,
    /// Things that people should know.
    pub warnings: Vec<String>,
    /// Milliseconds that the vendor took to answer.
    pub latency_ms: u64,
}

impl Proven {
    pub(super) fn new(keys: KeysOf, evidence: &Evidence, warnings: Vec<String>) -> Self {
        Self { keys, warnings, latency_ms: evidence.latency_ms() }
    }
}

/// Takes over an existing pair: it must belong together, satisfy the vendor's rules and be accepted live.
pub async fn import(
    session: &Session,
    name: &ConnectionName,
    request: ImportRequest,
) -> Result<Proven, OpsError> {
    let (connection, before, _lock) = session.begin(name, Step::Import)?;
    let (signing, certificate_pem) = imported(session, &connection, request)?;
    let (evidence, warnings) = proof::prove_successor(session, &connection, &signing, None).await?;
    let key = &signing.key;
    let event =
        AuditEvent::new(Action::KeyImport).on(&connection.id).with("key", &key.certificate.fingerprint);
    let keys = session.vault.transact::<_, OpsError>(&event, |rows| {
        unchanged(&connection, &before, rows)?;
        rows.insert_key(key, &certificate_pem, &signing.private_key)?;
        rows.put_verification(&proof::proof_of(&connection, Some(key), &evidence, session.clock.now()))?;
        Ok(rows.keys_of(&connection.id)?)
    })?;
    Ok(Proven::new(KeysOf { connection, keys }, &evidence, warnings))
}

/// Checks all that [`import`] checks but the exchange: what `--dry-run` does.
pub fn plan_import(
    session: &Session,
    name: &ConnectionName,
    request: ImportRequest,
) -> Result<KeysOf, OpsError> {
    session.vault.require_writable()?;
    let connection = session.connection(name)?;
    let keys = session.vault.read(|rows| rows.keys_of(&connection.id))?;
    allowed(&connection, &keys, Step::Import)?;
    imported(session, &connection, request)?;
    Ok(KeysOf { connection, keys })
}

/// Returns what signs for a pair that is being taken over, and its certificate as PEM.
fn imported(
    session: &Session,
    connection: &Connection,
    request: ImportRequest,
) -> Result<(Signing, String), OpsError> {
    let pair = KeyPair::from_pem(&request.private_key)?;
    let (certificate, _) = certificate::read(&request.certificate)?;
    certificate::belongs_to(&certificate, &pair)?;
    let algorithm = pair.algorithm();
    acceptable(session, connection, &KeyRequest { algorithm: Some(algorithm), ..KeyRequest::default() })?;
    let (name, state) = (connection.name.clone(), KeyState::Active);
    let certificate_id = match request.certificate_id {
        Some(id) => id,
        None => {
            own_id(connection, &certificate, algorithm)?.ok_or(OpsError::NoCertificateId { name, state })?
        }
    };
    let now = session.clock.now();
    let key = Key {
        id: KeyId::new(),
        connection: connection.id.clone(),
        state: KeyState::Active,
        algorithm,
        certificate: certificate.facts,
        certificate_id: Some(certificate_id.clone()),
        created_at: now,
        activated_at: Some(now),
        exposed_at: None,
    };
    Ok((Signing { key, certificate_id, private_key: pair.into_pkcs8() }, certificate.pem))
}

/// Makes the first key active under the id that the vendor gave its certificate, or gives the active key a new id
/// (a sandbox refresh clears every mapping); proven by a live exchange first.
///
/// Without an id the key keeps the one that it has.
pub async fn activate(
    session: &Session,
    name: &ConnectionName,
    certificate_id: Option<&CertificateId>,
) -> Result<Proven, OpsError> {
    let (connection, before, _lock) = session.begin(name, Step::Activate)?;
    let key = before
        .pending
        .as_ref()
        .or(before.active.as_ref())
        .ok_or_else(|| OpsError::NoKey { name: name.clone(), state: KeyState::Pending })?;
    let signing = Signing::load(session, name, key, certificate_id)?;
    let (evidence, warnings) = proof::prove_successor(session, &connection, &signing, None).await?;

    let event =
        AuditEvent::new(Action::KeyActivate).on(&connection.id).with("key", &key.certificate.fingerprint);
    let keys = session.vault.transact::<_, OpsError>(&event, |rows| {
        unchanged(&connection, &before, rows)?;
        rows.set_certificate_id(&key.id, &signing.certificate_id)?;
        rows.switch_key(&key.id, session.clock.now())?;
        rows.drop_token(&connection.id)?;
        rows.put_verification(&proof::proof_of(&connection, Some(key), &evidence, session.clock.now()))?;
        Ok(rows.keys_of(&connection.id)?)
    })?;
    Ok(Proven::new(KeysOf { connection, keys }, &evidence, warnings))
}

/// Fails if the keys are not the ones that were proven: somebody else came between.
///
/// Proof of need: the connection's lock already keeps other tokenctl processes out; this keeps a restored or
/// replaced vault from being switched on a proof that was about another one.
pub(super) fn unchanged(connection: &Connection, before: &KeySet, rows: &Rows<'_>) -> Result<(), OpsError> {
    let now = rows.keys_of(&connection.id)?;
    if now == *before { Ok(()) } else { Err(OpsError::KeysChanged(connection.name.clone())) }
}
