//! The issuer's signing keys: rotation with an overlap, and what to do about one that leaked.

use serde_json::Value;

use crate::domain::audit::{Action, AuditEvent, SubjectKind};
use crate::domain::invitation::key::{self, InvitationKey, SigningKeyState};
use crate::domain::invitation::{Invitation, Profile, State};
use crate::vault::Rows;

use super::super::{OpsError, Session};
use super::issuer::{FreshKey, active, open_of_key};
use super::{InviteError, about, stored_issuer};

/// What a rotation did, or would do.
#[derive(Debug)]
pub struct Rotated {
    /// The keys after it, the newest first.
    pub keys: Vec<InvitationKey>,
    /// Who verifies.
    pub profile: Profile,
}

/// What a revocation did, or would do.
#[derive(Debug)]
pub struct RevokedKey {
    /// The keys after it, the newest first.
    pub keys: Vec<InvitationKey>,
    /// Who verifies.
    pub profile: Profile,
    /// The open invitations that were revoked with it.
    pub invitations: Vec<Invitation>,
    /// Whether another key had to take over at once.
    pub replaced: bool,
}

/// Returns every key, the newest first, and who verifies.
pub fn keys(session: &Session) -> Result<Rotated, OpsError> {
    session.vault.read(|rows| {
        Ok(Rotated { profile: stored_issuer(rows)?.settings.profile, keys: rows.invitation_keys()? })
    })
}

/// Returns the public set as a JSON Web Key Set; a viewer may read it, too.
pub fn key_set(session: &Session) -> Result<Value, OpsError> {
    let Rotated { keys, profile } = keys(session)?;
    Ok(key::key_set(&keys, profile, session.clock.now()))
}

/// Lets the next key take over and publishes a new next one; the key before stays published until its last token has
/// expired.
///
/// Fails with [`InviteError::NotYetKnown`] if readers may not have seen the next key yet, unless `at_once`.
pub fn rotate_key(session: &Session, at_once: bool, dry_run: bool) -> Result<Rotated, OpsError> {
    session.vault.require_writable()?;
    let before = keys(session)?;
    let next = in_state(&before.keys, SigningKeyState::Next).ok_or(InviteError::KeysChanged)?;
    let now = session.clock.now();
    if !at_once && now < next.known_from() {
        return Err(InviteError::NotYetKnown { since: next.created_at, from: next.known_from() }.into());
    }
    if dry_run {
        let mut keys = before.keys;
        for key in &mut keys {
            take_over(key, now);
        }
        return Ok(Rotated { keys, ..before });
    }
    let fresh = InvitationKey::generate(next.algorithm, now)?;
    let event = AuditEvent::new(Action::InvitationRotateKey)
        .about(SubjectKind::Key, &next.kid)
        .with("next", &fresh.0.kid);
    let after = session.vault.transact::<_, OpsError>(&event, |rows| {
        let current = rows.invitation_keys()?;
        // Two rotations at once would use a key that nobody has seen.
        if in_state(&current, SigningKeyState::Next).is_none_or(|key| key.kid != next.kid) {
            return Err(InviteError::KeysChanged.into());
        }
        promote(rows, current, &fresh, now)?;
        Ok(rows.invitation_keys()?)
    })?;
    Ok(Rotated { keys: after, profile: before.profile })
}

/// Takes a leaked key out of use: unpublished at once, its open invitations revoked.
pub fn revoke_key(session: &Session, kid: &str, dry_run: bool) -> Result<RevokedKey, OpsError> {
    session.vault.require_writable()?;
    let before = keys(session)?;
    let now = session.clock.now();
    let leaked =
        before.keys.iter().find(|key| key.kid == kid).ok_or_else(|| InviteError::NoKey(kid.to_owned()))?;
    if leaked.state == SigningKeyState::Revoked {
        return Err(InviteError::KeyRevoked(kid.to_owned()).into());
    }
    let invitations = session.vault.read(|rows| open_of_key(rows, kid, now))?;
    let replaced = leaked.state == SigningKeyState::Active;
    if dry_run {
        return Ok(RevokedKey { keys: before.keys, profile: before.profile, invitations, replaced });
    }
    let fresh = InvitationKey::generate(leaked.algorithm, now)?;
    let event = AuditEvent::new(Action::InvitationRevokeKey).about(SubjectKind::Key, kid);
    let event = about(event, invitations.iter().map(|invitation| &invitation.id));
    let (keys, invitations) = session.vault.transact::<_, OpsError>(&event, |rows| {
        let mut current = rows.invitation_keys()?;
        let leaked = current.iter_mut().find(|key| key.kid == kid).ok_or(InviteError::KeysChanged)?;
        let was = leaked.state;
        (leaked.state, leaked.ended_at) = (SigningKeyState::Revoked, Some(now));
        rows.update_invitation_key(leaked)?;
        match was {
            SigningKeyState::Active => promote(rows, current, &fresh, now)?,
            SigningKeyState::Next => rows.insert_invitation_key(&fresh.0, &fresh.1)?,
            SigningKeyState::Retired => {}
            SigningKeyState::Revoked => return Err(InviteError::KeyRevoked(kid.to_owned()).into()),
        }
        let revoked = revoke_all(rows, kid, now)?;
        Ok((rows.invitation_keys()?, revoked))
    })?;
    Ok(RevokedKey { keys, profile: before.profile, invitations, replaced })
}

/// Retires the active key, activates the next one and adds `fresh` as the one after that.
fn promote(
    rows: &Rows<'_>,
    current: Vec<InvitationKey>,
    fresh: &FreshKey,
    now: jiff::Timestamp,
) -> Result<(), OpsError> {
    let mut changed: Vec<InvitationKey> = current
        .into_iter()
        .filter(|key| matches!(key.state, SigningKeyState::Active | SigningKeyState::Next))
        .collect();
    // The active one first: two keys are never in one state.
    changed.sort_by_key(|key| key.state != SigningKeyState::Active);
    for key in &mut changed {
        take_over(key, now);
        rows.update_invitation_key(key)?;
    }
    Ok(rows.insert_invitation_key(&fresh.0, &fresh.1)?)
}

fn take_over(key: &mut InvitationKey, now: jiff::Timestamp) {
    match key.state {
        SigningKeyState::Active => (key.state, key.ended_at) = (SigningKeyState::Retired, Some(now)),
        SigningKeyState::Next => (key.state, key.activated_at) = (SigningKeyState::Active, Some(now)),
        SigningKeyState::Retired | SigningKeyState::Revoked => {}
    }
}

fn revoke_all(rows: &Rows<'_>, kid: &str, now: jiff::Timestamp) -> Result<Vec<Invitation>, OpsError> {
    let mut revoked = Vec::new();
    for before in open_of_key(rows, kid, now)? {
        let mut after = before.clone();
        after.enter(State::Revoked, now);
        if rows.move_invitation(&before, &after)? {
            revoked.push(after);
        }
    }
    Ok(revoked)
}

fn in_state(keys: &[InvitationKey], state: SigningKeyState) -> Option<&InvitationKey> {
    match state {
        SigningKeyState::Active => active(keys),
        state => keys.iter().find(|key| key.state == state),
    }
}
