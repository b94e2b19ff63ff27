//! A person connects a company: prepared, waiting, redirected, exchanged once, confirmed, stored.
//!
//! Everything that can be refused is refused before anything is opened. The company that comes back is compared before
//! the code is exchanged. From the exchange to the commit nothing is broken off by a first signal, and a grant that came
//! is stored or kept apart, never dropped (`architecture.md` section 7).

mod keep;
mod name;
mod redirect;
mod target;
mod wait;

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::domain::app::App;
use crate::domain::audit::{Action, AuditEvent, AuditKind as _, SubjectKind};
use crate::domain::connection::Connection;
use crate::domain::grant::Grant;
use crate::domain::ids::{AppName, ConnectionId, ConnectionName};
use crate::domain::settings::{ClientAuthentication, GrantKind};
use crate::oauth::Ask;
use crate::oauth::authorize::{AuthorizationRequest, State};
use crate::oauth::callback::{
    Callback, Contradiction, Denied, Expectation, ExpectedIssuer, ExpectedRealm, Outcome, Redirect,
    Redirected, Transaction,
};
use crate::oauth::pkce::Verifier;
use crate::providers::{Consent, Pkce, Plan};
use crate::secret::{Secret, SecretString};

use super::interact::Visit;
use super::proof::{Asker, Means};
use super::{LoginError, OpsError, Session};
use keep::Brought;
use redirect::Route;
pub(super) use redirect::problem as redirect_problem;
pub use redirect::{DEFAULT_PORT, Preferences};
use target::{Found, Target};
use wait::Race;

/// Who is to log in, and how.
#[derive(Debug, Clone)]
pub struct LoginRequest {
    /// The app that asks for access.
    pub app: AppName,
    /// The connection to make or to renew; `None` leaves it to the company that is chosen.
    pub name: Option<ConnectionName>,
    /// The company that the connection belongs to, by display name.
    pub company: Option<String>,
    /// How the browser comes back.
    pub redirect: Preferences,
    /// The person logs in on another machine (RFC 8628).
    pub device: bool,
    /// How long to wait for the person.
    pub patience: Duration,
}

/// What would be asked.
#[derive(Debug)]
pub struct Planned {
    /// The app.
    pub app: App,
    /// The connection that would be renewed; `None` if that depends on the company.
    pub renews: Option<Connection>,
    /// What would be asked for.
    pub scopes: Vec<String>,
    /// Where the browser would come back to; `None` if the port is still to be found, or for another machine.
    pub redirect_uri: Option<String>,
}

/// What a login brought; durable.
#[derive(Debug)]
pub struct LoggedIn {
    /// The connection that holds the grant.
    pub connection: Connection,
    /// Whether it was there before.
    pub renewed: bool,
    /// The customer's account at the vendor.
    pub realm: Option<String>,
    /// What the vendor calls the company; foreign text.
    pub vendor_name: Option<String>,
    /// Whether the vendor showed the company to the new token.
    pub confirmed: bool,
    /// What is known of the grant.
    pub grant: Grant,
    /// When the access token expires that came with it.
    pub token_expires_at: Timestamp,
    /// Things that people should know.
    pub warnings: Vec<String>,
}

/// Lets a person connect a company; what it brought is durable when this returns.
pub async fn login(session: &Session, request: &LoginRequest) -> Result<LoggedIn, OpsError> {
    let prepared = Prepared::new(session, request)?;
    if request.device { Box::pin(prepared.by_device()).await } else { Box::pin(prepared.by_browser()).await }
}

/// Returns what [`login`] would ask for: what `--dry-run` shows.
pub fn plan_login(session: &Session, request: &LoginRequest) -> Result<Planned, OpsError> {
    let Prepared { app, known, plan, route, .. } = Prepared::new(session, request)?;
    let redirect_uri = route.as_ref().and_then(Route::known_uri).map(str::to_owned);
    Ok(Planned { app, renews: known, scopes: plan.scopes, redirect_uri })
}

/// A login of which nothing can be refused beforehand any more.
struct Prepared<'a> {
    session: &'a Session,
    request: &'a LoginRequest,
    app: App,
    consent: &'static Consent,
    /// The connection that was named, if it is there.
    known: Option<Connection>,
    /// That connection, or what a new one will be but for its name.
    draft: Connection,
    /// Of that connection, or of one that will be.
    plan: Plan,
    /// How the browser comes back; `None` for a device.
    route: Option<Route>,
}

impl<'a> Prepared<'a> {
    fn new(session: &'a Session, request: &'a LoginRequest) -> Result<Self, OpsError> {
        session.vault.require_writable()?;
        let app = session.app(&request.app)?;
        let vendor = crate::providers::descriptor(app.provider);
        let impossible = |what| OpsError::from(LoginError::Impossible { vendor: vendor.name, what });
        let consent = vendor.consent.as_ref().filter(|_| vendor.grants.contains(&GrantKind::RefreshToken));
        let consent = consent.ok_or_else(|| impossible("login for a person"))?;
        let known = match session.vault.read(|rows| target::find(rows, &app, request.name.as_ref(), None))? {
            Found::Renewed(known) => Some(*known),
            Found::Nobody => None,
        };
        let draft = known.clone().unwrap_or_else(|| target::draft(session, &app, usual_name(request, &app)));
        let plan = session.plan(&draft)?;
        if known.is_none() && plan.authentication == ClientAuthentication::PrivateKeyJwt {
            return Err(LoginError::NeedsKey(app.name).into());
        }
        // For its failure alone: what the client proves itself with must be there before a person is sent anywhere.
        Means::load(session, &draft, &plan)?;
        let route = if request.device {
            plan.endpoints.device().ok_or_else(|| impossible("device authorization endpoint"))?;
            None
        } else {
            plan.endpoints.authorize().ok_or_else(|| impossible("authorization endpoint"))?;
            Some(Route::new(vendor, consent, &app, &request.redirect)?)
        };
        Ok(Self { session, request, app, consent, known, draft, plan, route })
    }

    /// When nobody is waited for any more, and how long that is from now.
    fn until(&self) -> (Instant, Duration) {
        let now = self.session.clock.instant();
        let last = self.session.limits.before_deadline(now);
        let until = now.checked_add(self.request.patience).map_or(last, |until| until.min(last));
        (until, until.saturating_duration_since(now))
    }

    /// Whether the code is bound to this program (RFC 7636), which a public client must do (RFC 9700 section 2.1.1).
    fn pkce(&self) -> bool {
        let offered = self.app.registration.server.pkce;
        self.plan.authentication == ClientAuthentication::None
            || offered.unwrap_or(self.consent.pkce == Pkce::UnlessRefused)
    }

    async fn by_browser(self) -> Result<LoggedIn, OpsError> {
        let Self { session, request, .. } = self;
        let Some(route) = self.route.clone() else {
            return Err(OpsError::Invalid("a login on another machine needs no redirect URI".to_owned()));
        };
        let opened = route.open().await?;
        let pasting = session.interact.paste("or paste the address that it ends at", request.redirect.paste);
        if opened.listener.is_none() && pasting.is_none() {
            return Err(LoginError::NotPasted.into());
        }
        let verifier = self.pkce().then(Verifier::new);
        let state = State::new();
        let address = self.address(&opened.uri, &state, verifier.as_ref())?;
        let transaction = Transaction::new(self.expectation(state, opened.places));
        let port = opened.listener.as_ref().map(crate::oauth::callback::Listener::port);
        let mut callback = opened.listener.map(|listener| listener.expect(transaction.clone()));
        session.interact.visit(&Visit { address: &address, port });
        let (until, patience) = self.until();
        let mut race =
            Race { interact: &*session.interact, transaction: &transaction, pasting, until, patience };
        race.ask();
        let answer = race.run(callback.as_mut()).await;
        let code = |redirected| Code { redirected, uri: opened.uri, verifier };
        // Until the page has shown how it ended: a signal then must not be told as "nothing was changed".
        let mut under_way = None;
        let result = match answer.and_then(|redirect| self.granted(redirect)) {
            Ok(redirected) => match session.vault.begin_unbroken("the login") {
                Ok(begun) => {
                    under_way = Some(begun);
                    self.exchange(&code(redirected)).await
                }
                Err(error) => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        };
        if let Some(callback) = callback {
            conclude(callback, &result).await;
        }
        drop(under_way);
        result
    }

    fn address(
        &self,
        redirect_uri: &str,
        state: &State,
        verifier: Option<&Verifier>,
    ) -> Result<SecretString, OpsError> {
        let registration = &self.app.registration;
        let parameters = &registration.authorize_parameters;
        let mut extra: Vec<_> =
            parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if let Some(audience) = self.plan.audience.as_deref().filter(|_| !parameters.contains_key("audience"))
        {
            extra.push(("audience", audience));
        }
        let challenge = verifier.map(Verifier::challenge);
        let endpoint = self.plan.endpoints.authorize();
        let endpoint = endpoint.ok_or(LoginError::Impossible {
            vendor: self.plan.vendor.name,
            what: "authorization endpoint",
        })?;
        let request = AuthorizationRequest {
            endpoint,
            client_id: &self.plan.client_id,
            redirect_uri,
            scopes: &self.plan.scopes,
            state,
            challenge: challenge.as_deref(),
            extra: &extra,
        };
        Ok(request.url().map_err(LoginError::from)?)
    }

    fn expectation(&self, state: State, places: Vec<url::Url>) -> Expectation {
        let server = &self.app.registration.server;
        let issuer =
            server.issuer.clone().map(|value| ExpectedIssuer { value, promised: server.names_itself });
        let known = self.known.as_ref().and_then(|known| known.settings.account());
        let realm = self
            .plan
            .vendor
            .realm
            .map(|realm| ExpectedRealm { parameter: realm.parameter, value: known.map(str::to_owned) });
        Expectation { state, issuer, realm, places }
    }

    fn granted(&self, redirect: Redirect) -> Result<Redirected, LoginError> {
        match redirect {
            Redirect::Granted(redirected) => Ok(redirected),
            Redirect::Denied(Denied { error, description }) => Err(LoginError::Denied { error, description }),
            Redirect::Contradicted(source) => {
                let name = self.known.as_ref().map(|known| known.name.clone());
                Err(LoginError::Contradicted { name, source })
            }
        }
    }

    /// Exchanges the code, once, and stores what comes.
    async fn exchange(&self, code: &Code) -> Result<LoggedIn, OpsError> {
        let Code { redirected: Redirected { code, realm }, uri, verifier } = code;
        let target = self.take_target(realm.as_deref())?;
        let plan = self.session.plan(&target.connection)?;
        let means = Means::load(self.session, &target.connection, &plan)?;
        let verifier = verifier.as_ref().map(Verifier::secret);
        let ask = Ask::Code { code, redirect_uri: uri, verifier };
        self.recorded(&target.connection.id, async {
            let sent = Asker::new(self.session).send(&plan, &means, ask).await;
            let exchanged = sent.map_err(|error| self.no_tokens(error))?;
            self.brought(&target, &plan).keep(exchanged).await
        })
        .await
    }

    async fn by_device(self) -> Result<LoggedIn, OpsError> {
        let Self { session, plan, draft, .. } = &self;
        let means = Means::load(session, draft, plan)?;
        let asker = Asker::new(session);
        let started = asker.start_device(plan, &means).await.map_err(|error| self.no_tokens(error))?;
        let started = started.ok_or(LoginError::Impossible {
            vendor: plan.vendor.name,
            what: "device authorization endpoint",
        })?;
        let page = started.complete_url.as_ref().unwrap_or(&started.verification_url);
        session.interact.visit(&Visit { address: &Secret::new(page.to_string()), port: None });
        session.interact.note(&format!(
            "the code is {}; on any machine it is typed at {}",
            started.user_code, started.verification_url
        ));
        self.recorded(&draft.id, async {
            let (until, patience) = self.until();
            // A poll may be broken off, and with it a grant that nobody has heard of: the next login replaces it.
            let exchanged = asker.wait_for_device((plan, &means), &started, until).await;
            let exchanged = exchanged.map_err(|error| self.no_tokens(error))?;
            let exchanged = exchanged.ok_or(LoginError::TimedOut(patience))?;
            // It is here now: a signal that came a moment ago breaks off the waits below, and the grant is kept apart.
            let _under_way = session.vault.begin_unbroken("the login").ok();
            match self.take_target(None) {
                Ok(target) => self.brought(&target, plan).keep(exchanged).await,
                Err(why) => {
                    let target = Target::new(draft.clone());
                    Err(self.brought(&target, plan).give_up(exchanged, why))
                }
            }
        })
        .await
    }

    /// Runs what asks the vendor or stores its answer between a request and an outcome in the audit log.
    async fn recorded(
        &self,
        connection: &ConnectionId,
        work: impl Future<Output = Result<LoggedIn, OpsError>>,
    ) -> Result<LoggedIn, OpsError> {
        let vault = &self.session.vault;
        let event = AuditEvent::new(Action::GrantLogin)
            .on(connection)
            .about(SubjectKind::App, &self.app.id)
            .with("step", "exchange");
        let operation = vault.audit().request(&event, &vault.actor()?)?;
        let result = work.await;
        let recorded = result.as_ref().map(drop).map_err(OpsError::audit_kind);
        if let Err(error) = vault.audit().outcome(&operation, recorded) {
            // The grant is durable, or something else went wrong: that is what must be told.
            self.session.interact.warn(&format!("the audit log holds no outcome of this login: {error}"));
        }
        result
    }

    fn take_target(&self, realm: Option<&str>) -> Result<Target, OpsError> {
        Target::take(self.session, &self.app, (self.request.name.as_ref(), &self.draft), realm)
    }

    fn brought<'b>(&'b self, target: &'b Target, plan: &'b Plan) -> Brought<'b> {
        Brought { session: self.session, request: self.request, app: &self.app, target, plan }
    }

    fn no_tokens(&self, source: crate::oauth::ExchangeError) -> LoginError {
        LoginError::Exchange { app: self.app.name.clone(), source: Box::new(source) }
    }
}

/// What stands for the person's consent.
struct Code {
    redirected: Redirected,
    /// Exactly what the browser was sent away with.
    uri: String,
    verifier: Option<Verifier>,
}

/// The name that was given or, until the company is known, one that fits.
fn usual_name(request: &LoginRequest, app: &App) -> ConnectionName {
    let of_app = || {
        // expect: both kinds of names follow the same rules (`domain::ids`).
        app.name.as_str().parse().expect("an app's name is a connection's name")
    };
    request.name.clone().unwrap_or_else(of_app)
}

/// Shows the waiting page how it ended.
async fn conclude(callback: Callback, result: &Result<LoggedIn, OpsError>) {
    let outcome = match result {
        Ok(_) => Outcome::Connected,
        Err(OpsError::Login(error)) => match error {
            LoginError::Denied { .. } => Outcome::Denied,
            LoginError::Contradicted { source: Contradiction::OtherRealm { .. }, .. }
            | LoginError::OtherRealm { .. }
            | LoginError::RealmTaken { .. } => Outcome::OtherCompany,
            _ => Outcome::Failed,
        },
        Err(_) => Outcome::Failed,
    };
    callback.conclude(outcome).await;
}
