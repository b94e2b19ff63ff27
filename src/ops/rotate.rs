//! Rotation: a new key beside the active one, proven before the switch, reversible until the old one is retired.

use crate::domain::audit::{Action, AuditEvent};
use crate::domain::connection::Connection;
use crate::domain::ids::{CertificateId, ConnectionName};
use crate::domain::key::{Key, KeyState};
use crate::domain::rotation::{KeySet, Step};
use crate::hooks;
use crate::vault::Rows;

use super::keys::{self, KeyRequest, KeysOf, Proven};
use super::proof::{self, Signing};
use super::{OpsError, Session};

/// Makes a pending key and certificate beside the active one; by default of the active key's kind.
pub fn initiate(session: &Session, name: &ConnectionName, request: &KeyRequest) -> Result<KeysOf, OpsError> {
    let (connection, before, _lock) = session.begin(name, Step::Initiate)?;
    let mut request = request.clone();
    request.algorithm = request.algorithm.or(before.active.as_ref().map(|active| active.algorithm));
    let new = keys::make(session, &connection, &request)?;
    keys::store_pending(session, connection, &new, Step::Initiate)
}

/// Proves the pending key by a live exchange, then switches to it in one commit; the old key becomes `previous`.
///
/// `certificate_id` may be left out if an earlier step stored it. A refusal or an unreachable vendor changes nothing.
pub async fn confirm(
    session: &Session,
    name: &ConnectionName,
    certificate_id: Option<&CertificateId>,
) -> Result<Proven, OpsError> {
    let (connection, before, _lock) = session.begin(name, Step::Confirm)?;
    let pending = key_in(&connection, &before, KeyState::Pending)?;
    let active = key_in(&connection, &before, KeyState::Active)?;
    let signing = Signing::load(session, name, pending, certificate_id)?;
    if active.certificate_id.as_ref() == Some(&signing.certificate_id) {
        return Err(OpsError::Invalid(format!(
            "{} is the certificate id of the active key; the pending certificate got one of its own",
            signing.certificate_id
        )));
    }
    // A seeded bug: two commits, and the old key goes in the first.
    let seeded = hooks::mutant("destroy-before-switch").then(|| destroy(session, active)).transpose()?;
    let (evidence, warnings) = proof::prove_successor(session, &connection, &signing, Some(active)).await?;

    let event = AuditEvent::new(Action::RotationConfirm)
        .on(&connection.id)
        .with("key", &pending.certificate.fingerprint)
        .with("previous", &active.certificate.fingerprint);
    let keys = session.vault.transact::<_, OpsError>(&event, |rows| {
        keys::unchanged(&connection, seeded.as_ref().unwrap_or(&before), rows)?;
        rows.set_certificate_id(&pending.id, &signing.certificate_id)?;
        switch(session, rows, active, pending)?;
        rows.put_verification(&proof::proof_of(&connection, Some(pending), &evidence, session.clock.now()))?;
        Ok(rows.keys_of(&connection.id)?)
    })?;
    Ok(Proven::new(KeysOf { connection, keys }, &evidence, warnings))
}

/// Drops the pending key.
pub fn abort(session: &Session, name: &ConnectionName) -> Result<KeysOf, OpsError> {
    let (connection, before, _lock) = session.begin(name, Step::Abort)?;
    let pending = key_in(&connection, &before, KeyState::Pending)?;
    let event = AuditEvent::new(Action::RotationAbort)
        .on(&connection.id)
        .with("key", &pending.certificate.fingerprint);
    let keys = session.vault.transact::<_, OpsError>(&event, |rows| {
        keys::unchanged(&connection, &before, rows)?;
        rows.remove_key(&pending.id)?;
        Ok(rows.keys_of(&connection.id)?)
    })?;
    Ok(KeysOf { connection, keys })
}

/// Proves the previous key by a live exchange, then swaps it with the active one; repeating it swaps again.
pub async fn rollback(session: &Session, name: &ConnectionName) -> Result<Proven, OpsError> {
    let (connection, before, _lock) = session.begin(name, Step::Rollback)?;
    let previous = key_in(&connection, &before, KeyState::Previous)?;
    let active = key_in(&connection, &before, KeyState::Active)?;
    let signing = Signing::load(session, name, previous, None)?;
    // The active key may be the reason for going back, so it is no reference for the mapping.
    let (evidence, warnings) = proof::prove_successor(session, &connection, &signing, None).await?;

    let event = AuditEvent::new(Action::RotationRollback)
        .on(&connection.id)
        .with("key", &previous.certificate.fingerprint)
        .with("previous", &active.certificate.fingerprint);
    let keys = session.vault.transact::<_, OpsError>(&event, |rows| {
        keys::unchanged(&connection, &before, rows)?;
        switch(session, rows, active, previous)?;
        rows.put_verification(&proof::proof_of(&connection, Some(previous), &evidence, session.clock.now()))?;
        Ok(rows.keys_of(&connection.id)?)
    })?;
    Ok(Proven::new(KeysOf { connection, keys }, &evidence, warnings))
}

/// Proves the active key by a live exchange, then destroys the previous one, in the generation before as well.
pub async fn retire(session: &Session, name: &ConnectionName) -> Result<Proven, OpsError> {
    let (connection, before, _lock) = session.begin(name, Step::Retire)?;
    let previous = key_in(&connection, &before, KeyState::Previous)?;
    let active = key_in(&connection, &before, KeyState::Active)?;
    let signing = Signing::load(session, name, active, None)?;
    let (evidence, warnings) = proof::prove_successor(session, &connection, &signing, None).await?;
    if let Some(skew) = evidence.clock_skew.filter(|skew| skew.is_notable()) {
        return Err(OpsError::ClockSkew(skew));
    }

    let event = AuditEvent::new(Action::RotationRetire)
        .on(&connection.id)
        .with("key", &active.certificate.fingerprint)
        .with("destroyed", &previous.certificate.fingerprint);
    let keys = session.vault.transact::<_, OpsError>(&event, |rows| {
        keys::unchanged(&connection, &before, rows)?;
        rows.remove_key(&previous.id)?;
        rows.put_verification(&proof::proof_of(&connection, Some(active), &evidence, session.clock.now()))?;
        Ok(rows.keys_of(&connection.id)?)
    })?;
    Ok(Proven::new(KeysOf { connection, keys }, &evidence, warnings))
}

/// Returns the connection and its keys.
pub fn status(session: &Session, name: &ConnectionName) -> Result<KeysOf, OpsError> {
    let connection = session.connection(name)?;
    let keys = session.vault.read(|rows| rows.keys_of(&connection.id))?;
    Ok(KeysOf { connection, keys })
}

/// Checks all that `step` checks but the exchange, and returns where the keys stand: what `--dry-run` does.
///
/// `certificate_id` is the one that would be used, if one was given.
pub fn plan(
    session: &Session,
    name: &ConnectionName,
    step: Step,
    certificate_id: Option<&CertificateId>,
) -> Result<KeysOf, OpsError> {
    session.vault.require_writable()?;
    let status = status(session, name)?;
    keys::allowed(&status.connection, &status.keys, step)?;
    let proven = match step {
        Step::Activate => status.keys.pending.as_ref().or(status.keys.active.as_ref()),
        Step::Confirm => status.keys.pending.as_ref(),
        Step::Rollback => status.keys.previous.as_ref(),
        Step::Retire => status.keys.active.as_ref(),
        Step::Keygen | Step::Import | Step::Initiate | Step::Abort => None,
    };
    if let Some(key) = proven {
        Signing::load(session, name, key, certificate_id)?;
    }
    Ok(status)
}

/// Checks all that [`initiate`] and `keygen` check but making the key: what `--dry-run` does.
pub fn plan_key(
    session: &Session,
    name: &ConnectionName,
    step: Step,
    request: &KeyRequest,
) -> Result<KeysOf, OpsError> {
    let status = plan(session, name, step, None)?;
    keys::check_request(session, &status.connection, request)?;
    Ok(status)
}

fn key_in<'a>(connection: &Connection, keys: &'a KeySet, state: KeyState) -> Result<&'a Key, OpsError> {
    keys.get(state).ok_or_else(|| OpsError::NoKey { name: connection.name.clone(), state })
}

/// Makes `successor` active and `active` previous; tokens of the old key are not handed out any more.
fn switch(session: &Session, rows: &Rows<'_>, active: &Key, successor: &Key) -> Result<(), OpsError> {
    rows.switch_key(&successor.id, session.clock.now())?;
    rows.drop_token(&active.connection)?;
    Ok(())
}

/// What the seeded bug `destroy-before-switch` does, for the harness that must find it.
fn destroy(session: &Session, key: &Key) -> Result<KeySet, OpsError> {
    let event = AuditEvent::new(Action::RotationRetire).on(&key.connection);
    session.vault.transact::<_, OpsError>(&event, |rows| {
        rows.remove_key(&key.id)?;
        Ok(rows.keys_of(&key.connection)?)
    })
}
