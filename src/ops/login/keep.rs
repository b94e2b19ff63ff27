//! From the vendor's answer to the commit: the company is confirmed, and the grant is stored where it belongs or kept
//! apart, never dropped.

use jiff::Timestamp;

use crate::domain::app::App;
use crate::domain::audit::{Action, AuditEvent, SubjectKind};
use crate::domain::connection::Connection;
use crate::domain::grant::{Grant, GrantTokens, StoredGrant};
use crate::domain::ids::QuarantineId;
use crate::domain::token::AccessToken;
use crate::hooks::mutant;
use crate::oauth::{ExchangeError, Exchanged, RefreshAnswer};
use crate::ops::proof::{Asker, warnings_of};
use crate::ops::{AppError, KeptApart, LoginError, OpsError, Session};
use crate::providers::Plan;
use crate::secret::SecretString;
use crate::vault::{Quarantined, Rows, VaultError};

use super::target::{self, Found, Target};
use super::{LoggedIn, LoginRequest, name};

/// What a login brought, and for whom.
pub(super) struct Brought<'a> {
    pub(super) session: &'a Session,
    pub(super) request: &'a LoginRequest,
    pub(super) app: &'a App,
    pub(super) target: &'a Target,
    pub(super) plan: &'a Plan,
}

/// What the vendor says of the company.
struct Confirmed {
    /// Its name; foreign text.
    company: Option<String>,
    /// The vendor showed the company to the token.
    by_vendor: bool,
    warning: Option<String>,
}

impl Brought<'_> {
    /// Confirms the company and stores the grant; it is durable when this returns.
    ///
    /// Whatever stands in the way of that, the grant is in the quarantine afterwards, if the vault can be written at all.
    pub(super) async fn keep(&self, exchanged: Exchanged) -> Result<LoggedIn, OpsError> {
        let mut warnings = warnings_of(&exchanged);
        let Exchanged { token, refresh, .. } = exchanged;
        let Some(refresh) = refresh else {
            let vendor = self.plan.vendor.name;
            return Err(LoginError::NoRefreshToken { vendor, app: self.app.name.clone() }.into());
        };
        let Confirmed { company, by_vendor, warning } = match self.confirm(&token.value).await {
            Ok(confirmed) => confirmed,
            Err(error) => return Err(self.quarantine(refresh, error.into())),
        };
        warnings.extend(warning);
        self.announce(company.as_deref());
        let RefreshAnswer { token: secret, renewal } = refresh;
        let grant = Grant::new(renewal, self.session.clock.now());
        let stored = StoredGrant { grant, tokens: Some(GrantTokens { current: secret, predecessor: None }) };
        match self.commit(&stored, &token, company.as_deref()) {
            Ok(connection) => Ok(LoggedIn {
                renewed: self.target.renews,
                realm: connection.settings.account().map(str::to_owned),
                connection,
                vendor_name: company,
                confirmed: by_vendor,
                grant: stored.grant,
                token_expires_at: token.facts.expires_at,
                warnings,
            }),
            Err(why) => match stored {
                StoredGrant { grant, tokens: Some(GrantTokens { current, .. }) } => {
                    let facts = (grant.hash, grant.expires_at, grant.hard_expires_at);
                    Err(self.set_apart(&current, facts, why))
                }
                StoredGrant { tokens: None, .. } => Err(why),
            },
        }
    }

    /// Keeps apart what came although nobody can say whom it is for.
    pub(super) fn give_up(&self, exchanged: Exchanged, why: OpsError) -> OpsError {
        match exchanged.refresh {
            Some(refresh) => self.quarantine(refresh, why),
            None => why,
        }
    }

    /// Asks the vendor which company the token opens.
    ///
    /// A refusal contradicts a login that was for a company; where the vendor names none, or cannot be asked now, the
    /// grant is as good as before: the company came with the state.
    async fn confirm(&self, token: &SecretString) -> Result<Confirmed, LoginError> {
        let realm = self.target.connection.settings.account();
        match Asker::storing(self.session).harmless(self.plan, token).await {
            Ok(Some(shown)) => Ok(Confirmed {
                company: shown.company.and_then(|names| names.name.or(names.legal_name)),
                by_vendor: true,
                warning: None,
            }),
            Ok(None) => Ok(Confirmed { company: None, by_vendor: false, warning: None }),
            Err(error @ ExchangeError::Rejected { .. })
                if realm.is_some() && !mutant("company-unconfirmed") =>
            {
                let realm = realm.map(str::to_owned);
                Err(LoginError::Unconfirmed { realm, source: Box::new(error) })
            }
            Err(error) => {
                let warning = Some(format!("it could not be confirmed whose account it is: {error}"));
                Ok(Confirmed { company: None, by_vendor: false, warning })
            }
        }
    }

    /// Says whom the login reached, before anything is stored.
    fn announce(&self, company: Option<&str>) {
        let realm = self.target.connection.settings.account();
        let whom = match (company, realm) {
            (Some(company), Some(realm)) => format!("{company} (company {realm})"),
            (Some(company), None) => company.to_owned(),
            (None, Some(realm)) => format!("company {realm}"),
            (None, None) => return,
        };
        self.session
            .interact
            .note(&format!("{} let `{}` in for {whom}", self.plan.vendor.name, self.app.name));
    }

    /// Connection, company, grant and access token in one commit.
    fn commit(
        &self,
        stored: &StoredGrant,
        token: &AccessToken,
        company: Option<&str>,
    ) -> Result<Connection, OpsError> {
        let connection = &self.target.connection;
        let event = AuditEvent::new(Action::GrantLogin)
            .on(&connection.id)
            .about(SubjectKind::App, &self.app.id)
            .with("step", "store")
            .with("grant", &stored.grant.hash);
        self.session.vault.transact(&event, |rows| {
            let connection = self.store_connection(rows, company)?;
            rows.put_grant(&connection.id, stored)?;
            rows.put_token(&connection.id, token)?;
            Ok(connection)
        })
    }

    fn store_connection(&self, rows: &Rows<'_>, company: Option<&str>) -> Result<Connection, OpsError> {
        let Self { request, app, target: Target { connection, renews, .. }, .. } = self;
        let current = rows.app_by_id(&app.id)?.ok_or(VaultError::Gone("app"))?;
        if current.registration.client_id != app.registration.client_id {
            return Err(AppError::Changed(app.name.clone()).into());
        }
        let realm = connection.settings.account();
        let mut stored = match (target::find(rows, app, request.name.as_ref(), realm)?, renews) {
            (Found::Nobody, false) => {
                let mut added = connection.clone();
                if request.name.is_none() {
                    let texts = [company, request.company.as_deref(), Some(app.name.as_str())];
                    added.name = name::unused(rows, texts.into_iter().flatten())?;
                }
                added
            }
            (Found::Renewed(found), true) if found.id == connection.id => *found,
            (Found::Renewed(found), _) => return Err(OpsError::NameTaken(found.name)),
            (Found::Nobody, true) => return Err(VaultError::Gone("connection").into()),
        };
        target::set_realm(&mut stored, realm);
        stored.updated_at = self.session.clock.now();
        // What a company is called here is support's to change; the vendor's word counts where nobody has one.
        let known = stored.company.as_ref().map(|known| known.name.as_str());
        if let Some(name) = request.company.as_deref().or(company.filter(|_| known.is_none()))
            && known != Some(name)
        {
            stored.company = Some(rows.ensure_company(name)?);
        }
        if *renews {
            rows.update_connection(&stored)?;
        } else {
            rows.insert_connection(&stored)?;
        }
        Ok(stored)
    }

    fn quarantine(&self, refresh: RefreshAnswer, why: OpsError) -> OpsError {
        let RefreshAnswer { token, renewal } = refresh;
        self.set_apart(&token, (renewal.hash, renewal.expires_at, renewal.hard_expires_at), why)
    }

    /// Keeps a grant apart that could not be stored where it belongs, and says why that was.
    fn set_apart(
        &self,
        token: &SecretString,
        (hash, expires_at, hard_expires_at): (String, Option<Timestamp>, Option<Timestamp>),
        why: OpsError,
    ) -> OpsError {
        let Self { session, request, app, target, .. } = self;
        // The company that the vendor did not show to the grant may not be the one that it is for: who takes it over must
        // find that out, and say so.
        let realm = match &why {
            OpsError::Login(LoginError::Unconfirmed { .. }) => None,
            _ => target.connection.settings.account().map(str::to_owned),
        };
        let facts = Quarantined {
            id: QuarantineId::new(),
            app: app.id.clone(),
            realm: realm.clone(),
            reason: why.to_string(),
            received_at: session.clock.now(),
            expires_at,
            hard_expires_at,
        };
        let event = AuditEvent::new(Action::GrantQuarantine)
            .about(SubjectKind::App, &app.id)
            .with("quarantine", &facts.id)
            .with("grant", hash);
        let kept = !mutant("contradiction-dropped")
            && session
                .vault
                .transact::<_, OpsError>(&event, |rows| Ok(rows.put_quarantined(&facts, token)?))
                .is_ok();
        if !kept {
            return LoginError::NotStored { app: app.name.clone(), source: Box::new(why) }.into();
        }
        let (name, is_there) = match (&why, target.renews) {
            (OpsError::Login(LoginError::RealmTaken { holder, .. }) | OpsError::NameTaken(holder), _) => {
                (Some(holder.clone()), true)
            }
            (_, true) => (Some(target.connection.name.clone()), true),
            (_, false) => (request.name.clone(), false),
        };
        let source = Box::new(why);
        LoginError::Quarantined(Box::new(KeptApart {
            id: facts.id,
            app: app.name.clone(),
            realm,
            needs_realm: self.plan.vendor.realm.is_some(),
            name,
            is_there,
            source,
        }))
        .into()
    }
}
