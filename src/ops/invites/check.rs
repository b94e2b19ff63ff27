//! Looking at a token: nothing is counted, moved or consumed, because mail scanners look, too.

use jiff::Timestamp;
use url::Url;

use crate::domain::invitation::issuer::longest;
use crate::domain::invitation::key::verifying_set;
use crate::domain::invitation::state::Refused;
use crate::domain::invitation::{Invitation, Profile};
use crate::domain::jws::{self, Expectations, KeySet, Refusal, Verified};
use crate::oauth::document;
use crate::secret::SecretString;
use crate::vault::Role;

use super::super::{OpsError, Session};
use super::steps::of_token;
use super::{InviteError, stored_issuer};

/// What to look at.
pub struct CheckRequest<'a> {
    /// The token.
    pub token: &'a SecretString,
    /// Keys to verify with instead of the vault's.
    pub keys: Option<KeySet>,
    /// Whether to look at the token alone, as somebody would who has nothing but the keys.
    pub token_alone: bool,
}

/// What a token must say, where there is no vault to tell.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Which kind of token.
    pub profile: Profile,
    /// `iss`
    pub issuer: String,
    /// `aud`
    pub audience: Vec<String>,
}

/// What was found.
pub struct Checked {
    /// The id that the token names; of one that is not believed it is no more than a claim.
    pub id: Option<String>,
    /// What the token says, if it holds.
    pub verified: Option<Verified>,
    /// Its invitation, if it was looked at.
    pub invitation: Option<Invitation>,
    /// When it was looked at.
    pub at: Timestamp,
    /// Why it must not be accepted, if so.
    pub verdict: Result<(), InviteError>,
}

/// Looks at a token with the vault's rules: signature, issuer, audience, times, then the invitation's state and limit.
pub fn check(session: &Session, request: CheckRequest<'_>) -> Result<Checked, OpsError> {
    let now = session.clock.now();
    let (issuer, own) =
        session.vault.read(|rows| Ok::<_, OpsError>((stored_issuer(rows)?, rows.invitation_keys()?)))?;
    let keys = request.keys.unwrap_or_else(|| verifying_set(&own));
    let verified = jws::verify(request.token, &keys, &issuer.settings.expectations(), now);
    let mut checked = looked_at(request.token, verified, now);
    let Some(verified) = checked.verified.as_ref().filter(|_| !request.token_alone) else {
        return Ok(checked);
    };
    let invitation = match session.vault.read(|rows| of_token(rows, verified, request.token)) {
        Ok(invitation) => invitation,
        Err(OpsError::Invite(why)) => return Ok(Checked { verdict: Err(why), ..checked }),
        Err(error) => return Err(error),
    };
    // The journal is closed to viewers; they see the count as of the last commit.
    let mut window = match session.vault.role()? {
        Role::Operator => session.vault.accesses(&issuer.owner)?,
        Role::Viewer => session.vault.read(|rows| Ok::<_, OpsError>(rows.access_window()?))?,
    };
    window.prune(now);
    let limit = window.limit(Some(&invitation.id), None, issuer.settings.max_checks_per_hour, now);
    let state = invitation.state_at(now);
    checked.verdict = match limit {
        _ if state.is_final() => {
            Err(InviteError::Step { id: invitation.id.clone(), reason: Refused::Over(state) })
        }
        Some(limit) => Err(InviteError::Limit(limit)),
        None => Ok(()),
    };
    checked.invitation = Some(invitation);
    Ok(checked)
}

/// Looks at a token without any vault: signature, issuer, audience, times.
pub fn check_alone(token: &SecretString, keys: &KeySet, expected: &Expected, now: Timestamp) -> Checked {
    let expectations = Expectations {
        algorithms: expected.profile.algorithms(),
        kind: expected.profile.kind(),
        issuer: Some(&expected.issuer),
        audience: &expected.audience,
        longest: longest(),
    };
    looked_at(token, jws::verify(token, keys, &expectations, now), now)
}

fn looked_at(token: &SecretString, verified: Result<Verified, Refusal>, at: Timestamp) -> Checked {
    let id = match &verified {
        Ok(verified) => Some(verified.id.clone()),
        Err(Refusal::Expired { id, .. }) => Some(id.clone()),
        Err(_) => jws::id_of_unverified(token),
    };
    match verified {
        Ok(verified) => Checked { id, verified: Some(verified), invitation: None, at, verdict: Ok(()) },
        Err(why) => {
            Checked { id, verified: None, invitation: None, at, verdict: Err(InviteError::Token(why)) }
        }
    }
}

/// Fetches a JSON Web Key Set from a URL that the caller chose; nothing in a token ever leads here.
pub async fn fetch_keys(
    url: &Url,
    limit: std::time::Duration,
    clock: &crate::clock::Clock,
) -> Result<KeySet, OpsError> {
    let bytes = document::fetch(url, limit, clock).await.map_err(|error| match error {
        document::FetchError::PlainHttp => InviteError::PlainHttp,
        other => InviteError::Unreachable { url: url.to_string(), why: other.to_string() },
    })?;
    Ok(KeySet::from_jwks(&bytes).map_err(InviteError::from)?)
}
