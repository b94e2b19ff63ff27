//! Minting: one invitation or many, in one commit.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use crate::domain::audit::{Action, AuditEvent};
use crate::domain::ids::InvitationId;
use crate::domain::invitation::claims::{ClaimName, MOST_CLAIMS};
use crate::domain::invitation::issuer::check_ttl;
use crate::domain::invitation::key::InvitationKey;
use crate::domain::invitation::search::Searcher;
use crate::domain::invitation::token::{self, Content, InvitationSigner, LinkStyle};
use crate::domain::invitation::{
    CompanyText, Email, Invitation, IssuerSettings, MOST_USES, Purpose, Requester, Scope, State, Steps,
};
use crate::secret::SecretString;
use crate::vault::{Rows, VaultError};

use super::super::{OpsError, Session};
use super::issuer::active;
use super::{InviteError, about, stored_issuer, to_the_second};

/// An invitation to be minted; the issuer's rules fill the gaps.
#[derive(Debug, Clone)]
pub struct MintRequest {
    /// Whom it is for.
    pub email: Email,
    /// Which company is invited.
    pub company: CompanyText,
    /// Who asked for it.
    pub requester: Option<Requester>,
    /// What it is for.
    pub purpose: Option<Purpose>,
    /// The life of its token, in seconds.
    pub ttl_seconds: Option<u64>,
    /// How often it may be redeemed.
    pub uses: u32,
    /// What it allows; none is the issuer's first.
    pub scopes: Vec<Scope>,
    /// Claims that the caller adds.
    pub claims: BTreeMap<ClaimName, String>,
    /// Whether the token names the e-mail address.
    pub email_in_token: bool,
}

/// An invitation with its token, which is never shown again.
pub struct Minted {
    /// The invitation.
    pub invitation: Invitation,
    /// Its token.
    pub token: SecretString,
    /// The link that carries it.
    pub link: Zeroizing<String>,
}

/// What came of one row.
pub struct MintRow {
    /// Its number in the file, starting at 1.
    pub row: usize,
    /// The invitation, or why there is none; `Ok(None)` is one that `--dry-run` found nothing against.
    pub result: Result<Option<Minted>, OpsError>,
}

/// Mints one invitation. With `dry_run` everything is checked and nothing is stored or signed.
pub fn mint(
    session: &Session,
    request: MintRequest,
    style: LinkStyle,
    dry_run: bool,
) -> Result<Option<Minted>, OpsError> {
    if dry_run {
        return mint_many(session, vec![(1, Ok(request))], style, true)?
            .pop()
            .map_or(Ok(None), |row| row.result);
    }
    session.vault.require_writable()?;
    let id = InvitationId::new();
    let event = about(AuditEvent::new(Action::InvitationMint), [&id]);
    let minted = session.vault.transact::<_, OpsError>(&event, |rows| {
        Press::open(rows, style, session.clock.now())?.mint(rows, id, &request)
    })?;
    Ok(Some(minted))
}

/// Mints every good row in one commit; a bad row is reported and keeps no other from being minted.
pub fn mint_many(
    session: &Session,
    requests: Vec<(usize, Result<MintRequest, OpsError>)>,
    style: LinkStyle,
    dry_run: bool,
) -> Result<Vec<MintRow>, OpsError> {
    session.vault.require_writable()?;
    let now = session.clock.now();
    let good = requests.iter().any(|(_, request)| request.is_ok());
    if dry_run || !good {
        return session.vault.read(|rows| {
            let press = Press::open(rows, style, now)?;
            let mut planned = BTreeMap::new();
            Ok(requests
                .into_iter()
                .map(|(row, request)| {
                    let checked = request.and_then(|request| press.check(rows, &request, &mut planned));
                    MintRow { row, result: checked.map(|()| None) }
                })
                .collect())
        });
    }
    let ids: Vec<InvitationId> = requests.iter().map(|_| InvitationId::new()).collect();
    let wanted = ids.iter().zip(&requests).filter(|(_, (_, request))| request.is_ok()).map(|(id, _)| id);
    let event = about(AuditEvent::new(Action::InvitationMint), wanted);
    session.vault.transact::<_, OpsError>(&event, |rows| {
        let mut press = Press::open(rows, style, now)?;
        let mut minted = Vec::with_capacity(requests.len());
        for ((row, request), id) in requests.into_iter().zip(ids) {
            let result = match request.and_then(|request| press.mint(rows, id, &request)) {
                // A vault that fails is not one row's failure.
                Err(OpsError::Vault(error)) if !matches!(error, VaultError::Taken(_)) => {
                    return Err(error.into());
                }
                result => result.map(Some),
            };
            minted.push(MintRow { row, result });
        }
        Ok(minted)
    })
}

/// What mints: the issuer's rules and its key, for as long as a transaction.
struct Press {
    settings: IssuerSettings,
    key: InvitationKey,
    signer: Option<InvitationSigner>,
    searcher: Searcher,
    style: LinkStyle,
    now: Timestamp,
}

/// How many invitations a plan would add, by keyed hash of the address.
type Planned = BTreeMap<String, u32>;

impl Press {
    fn open(rows: &Rows<'_>, style: LinkStyle, now: Timestamp) -> Result<Self, OpsError> {
        let settings = stored_issuer(rows)?.settings;
        let key = active(&rows.invitation_keys()?).cloned().ok_or(InviteError::KeysChanged)?;
        let searcher = Searcher::new(&rows.search_key()?);
        Ok(Self { settings, key, signer: None, searcher, style, now: to_the_second(now) })
    }

    /// Checks everything that can be wrong with a request.
    fn check(&self, rows: &Rows<'_>, request: &MintRequest, planned: &mut Planned) -> Result<(), OpsError> {
        if let Some(ttl) = request.ttl_seconds {
            check_ttl(ttl).map_err(InviteError::from)?;
        }
        if !(1..=MOST_USES).contains(&request.uses) {
            return Err(InviteError::TooMuch(format!("an invitation has 1 to {MOST_USES} uses")).into());
        }
        if request.claims.len() > MOST_CLAIMS {
            return Err(InviteError::TooMuch(format!("a token takes at most {MOST_CLAIMS} claims")).into());
        }
        if let Some(scope) = request
            .scopes
            .iter()
            .find(|scope| !self.settings.scopes.iter().any(|known| known == scope.as_str()))
        {
            let known = self.settings.scopes.clone();
            return Err(InviteError::Scope { scope: scope.to_string(), known }.into());
        }
        let hash = self.searcher.email(&request.email);
        let more = planned.entry(hash.0.clone()).or_default();
        let open = rows.open_invitations(&hash, self.now)? + *more;
        let allowed = self.settings.max_active_per_email;
        if open >= allowed {
            return Err(InviteError::TooManyOpen { open, allowed }.into());
        }
        *more += 1;
        Ok(())
    }

    fn mint(&mut self, rows: &Rows<'_>, id: InvitationId, request: &MintRequest) -> Result<Minted, OpsError> {
        self.check(rows, request, &mut Planned::new())?;
        let mut invitation = self.invitation(id, request);
        let content = Content {
            issuer: &self.settings,
            invitation: &invitation,
            email: request.email_in_token.then_some(&request.email),
            claims: &request.claims,
        };
        let signer = match &mut self.signer {
            Some(signer) => signer,
            empty => {
                let private = rows.invitation_private_key(&self.key.kid)?;
                empty.insert(self.key.signing(&private).map_err(InviteError::from)?)
            }
        };
        let secret = token::sign(&content, signer).map_err(InviteError::from)?;
        invitation.token_hash = token::hash(&secret);
        let link = token::link(&self.settings, &secret, self.style);
        rows.insert_invitation(&invitation, &request.email, &self.searcher.email(&request.email))?;
        // The key is published until the last token that it signed has expired.
        if self.key.last_expiry.is_none_or(|last| last < invitation.expires_at) {
            self.key.last_expiry = Some(invitation.expires_at);
            rows.update_invitation_key(&self.key)?;
        }
        Ok(Minted { invitation, token: secret, link })
    }

    fn invitation(&self, id: InvitationId, request: &MintRequest) -> Invitation {
        let ttl = request.ttl_seconds.unwrap_or(self.settings.ttl_seconds);
        let life = SignedDuration::from_secs(i64::try_from(ttl).unwrap_or(i64::MAX));
        let scopes = if request.scopes.is_empty() {
            self.settings.scopes.iter().take(1).cloned().collect()
        } else {
            request.scopes.iter().map(ToString::to_string).collect()
        };
        Invitation {
            id,
            state: State::Created,
            kid: self.key.kid.clone(),
            token_hash: String::new(),
            masked_email: Some(request.email.masked()),
            company: Some(request.company.to_string()),
            requester: request.requester.as_ref().map(ToString::to_string),
            purpose: request.purpose.clone().unwrap_or_else(Purpose::onboarding).to_string(),
            scopes,
            uses: request.uses,
            uses_left: request.uses,
            created_at: self.now,
            expires_at: self.now.checked_add(life).unwrap_or(Timestamp::MAX),
            steps: Steps::default(),
            erased_at: None,
        }
    }
}
