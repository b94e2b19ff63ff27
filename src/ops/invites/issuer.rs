//! Who issues invitations, and by which rules.

use crate::domain::audit::{Action, AuditEvent, SubjectKind};
use crate::domain::ids::OwnerId;
use crate::domain::invitation::issuer::IssuerChanges;
use crate::domain::invitation::key::{InvitationKey, SigningKeyState};
use crate::domain::invitation::search::Searcher;
use crate::domain::invitation::{IssuerSettings, State};
use crate::domain::jws::JwsAlgorithm;
use crate::secret::SecretBytes;
use crate::vault::{InvitationFilter, Rows, StoredIssuer};

use super::super::{OpsError, Session};
use super::{InviteError, stored_issuer};

/// The issuer with its keys.
#[derive(Debug)]
pub struct Issuer {
    /// The rules.
    pub settings: IssuerSettings,
    /// The keys, the newest first.
    pub keys: Vec<InvitationKey>,
    /// How many invitations are open.
    pub open: usize,
}

/// What became of the issuer.
#[derive(Debug)]
pub struct IssuerSet {
    /// As it is now, or would be.
    pub issuer: Issuer,
    /// Whether there was none before.
    pub created: bool,
    /// What people should know.
    pub warnings: Vec<String>,
}

/// Returns the issuer.
pub fn issuer(session: &Session) -> Result<Issuer, OpsError> {
    let now = session.clock.now();
    session.vault.read(|rows| read(rows, now))
}

fn read(rows: &Rows<'_>, now: jiff::Timestamp) -> Result<Issuer, OpsError> {
    let settings = stored_issuer(rows)?.settings;
    let all = rows.invitations(&InvitationFilter::default(), now)?;
    let open = all.iter().filter(|one| !one.state_at(now).is_final()).count();
    Ok(Issuer { settings, keys: rows.invitation_keys()?, open })
}

/// Sets the issuer or changes it; the first time, and with another algorithm, it gets new keys.
pub fn set_issuer(session: &Session, changes: IssuerChanges, dry_run: bool) -> Result<IssuerSet, OpsError> {
    session.vault.require_writable()?;
    let now = session.clock.now();
    let (before, keys) =
        session.vault.read(|rows| Ok::<_, OpsError>((rows.issuer()?, rows.invitation_keys()?)))?;
    let settings = IssuerSettings::after(before.as_ref().map(|stored| &stored.settings), changes.clone())
        .map_err(InviteError::from)?;
    let created = before.is_none();
    let renews = active(&keys).is_none_or(|key| key.algorithm != settings.algorithm);
    let mut warnings = Vec::new();
    if let Some(before) = &before {
        warnings = consequences(session, &before.settings, &settings, renews)?;
    }
    if dry_run {
        return Ok(IssuerSet { issuer: Issuer { settings, keys, open: 0 }, created, warnings });
    }
    // RSA keys take a moment, which nobody should wait for under the vault's lock.
    let mut fresh = if renews { Some(pair(session, settings.algorithm)?) } else { None };
    let mut event = AuditEvent::new(Action::InvitationSetIssuer);
    for (key, _) in fresh.iter().flatten() {
        event = event.about(SubjectKind::Key, &key.kid);
    }
    let issuer = session.vault.transact::<_, OpsError>(&event, |rows| {
        // What was read before the lock may be somebody else's by now.
        let stored = rows.issuer()?;
        let settings = IssuerSettings::after(stored.as_ref().map(|stored| &stored.settings), changes)
            .map_err(InviteError::from)?;
        if stored.is_some() {
            rows.update_issuer(&settings, now)?;
        } else {
            let owner = OwnerId::new();
            let issuer = StoredIssuer { settings: settings.clone(), owner, created_at: now, updated_at: now };
            rows.insert_issuer(&issuer, &Searcher::new_key())?;
        }
        let algorithm = active(&rows.invitation_keys()?).map(|key| key.algorithm);
        if algorithm != Some(settings.algorithm) {
            let fresh = fresh.take().filter(|keys| keys[0].0.algorithm == settings.algorithm);
            replace_keys(rows, &fresh.ok_or(InviteError::KeysChanged)?, now)?;
        }
        // Read here: what fails after the commit must not be reported as if nothing had been done.
        read(rows, now)
    })?;
    Ok(IssuerSet { issuer, created, warnings })
}

/// What a change means for invitations that are out already.
fn consequences(
    session: &Session,
    before: &IssuerSettings,
    after: &IssuerSettings,
    renews: bool,
) -> Result<Vec<String>, OpsError> {
    let open = issuer(session)?.open;
    let mut warnings = Vec::new();
    let renamed = before.issuer != after.issuer
        || before.profile != after.profile
        || !before.audience.iter().any(|name| after.audience.contains(name));
    if renamed && open > 0 {
        warnings.push(format!(
            "{open} open invitations name the issuer and audience before: they are refused from now on"
        ));
    }
    if renews {
        warnings.push("the new key is used at once: give readers the new key set before you mint".to_owned());
    }
    Ok(warnings)
}

/// The key that signs now.
pub(super) fn active(keys: &[InvitationKey]) -> Option<&InvitationKey> {
    keys.iter().find(|key| key.state == SigningKeyState::Active)
}

/// A key with its private half (PKCS#8, DER).
pub(super) type FreshKey = (InvitationKey, SecretBytes);

/// Makes a key that signs and the one after it.
fn pair(session: &Session, algorithm: JwsAlgorithm) -> Result<[FreshKey; 2], OpsError> {
    let progress = session.interact.progress(2, &format!("making two {algorithm} keys"));
    let now = session.clock.now();
    let (mut first, private) = InvitationKey::generate(algorithm, now)?;
    progress.advance(1);
    (first.state, first.activated_at) = (SigningKeyState::Active, Some(now));
    Ok([(first, private), InvitationKey::generate(algorithm, now)?])
}

/// Retires what is in use and puts `fresh` in its place.
fn replace_keys(rows: &Rows<'_>, fresh: &[FreshKey; 2], now: jiff::Timestamp) -> Result<(), OpsError> {
    for mut key in rows.invitation_keys()? {
        if matches!(key.state, SigningKeyState::Next | SigningKeyState::Active) {
            (key.state, key.ended_at) = (SigningKeyState::Retired, Some(now));
            rows.update_invitation_key(&key)?;
        }
    }
    for (key, private) in fresh {
        rows.insert_invitation_key(key, private)?;
    }
    Ok(())
}

/// The open invitations that a key signed.
pub(super) fn open_of_key(
    rows: &Rows<'_>,
    kid: &str,
    now: jiff::Timestamp,
) -> Result<Vec<crate::domain::invitation::Invitation>, OpsError> {
    let filter = InvitationFilter { kid: Some(kid.to_owned()), ..InvitationFilter::default() };
    let mut found = rows.invitations(&filter, now)?;
    found.retain(|invitation| !State::is_final(invitation.state_at(now)));
    Ok(found)
}
