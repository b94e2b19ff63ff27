//! The refresh of a grant: one sending, durable before and after (`architecture.md` section 6).
//!
//! Under the connection's lock: what is stored is read, the intent becomes durable and so does the space for the answer,
//! the refresh token is sent once, and what came of it becomes durable before anybody hears of it. From the intent to
//! the answer nothing is broken off by a first signal.

use jiff::{SignedDuration, Timestamp};

use crate::domain::app::App;
use crate::domain::audit::{Action, AuditEvent, AuditKind as _};
use crate::domain::connection::Connection;
use crate::domain::grant::{Ending, Grant, GrantState, GrantTokens, NotNow, Renewal, Sender, StoredGrant};
use crate::domain::token::{AccessToken, Staleness};
use crate::hooks::mutant;
use crate::oauth::{Ask, Evidence, ExchangeError, Exchanged, RefreshAnswer};
use crate::providers::Plan;
use crate::vault::{Answer, ConnectionLock, VaultError};

use super::proof::{Asker, Means};
use super::{GrantError, OpsError, Session};

/// How long a refusal of one connection counts as one of many of its app.
const INCIDENT_WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// How many other connections of an app must have been refused within [`INCIDENT_WINDOW`] for it to be an incident of
/// the vendor or the app, and no grant's fault.
const INCIDENT: usize = 3;

/// Whose grant is to be refreshed, and on whose behalf.
pub(super) struct Refresh<'a> {
    pub(super) session: &'a Session,
    pub(super) connection: &'a Connection,
    pub(super) app: &'a App,
    pub(super) plan: &'a Plan,
    pub(super) sender: Sender,
    pub(super) reason: Staleness,
}

impl Refresh<'_> {
    /// Sends the refresh token once and returns the access token that came back, durable together with the grant.
    pub(super) async fn run(&self, lock: &ConnectionLock) -> Result<(AccessToken, Evidence), OpsError> {
        let means = Means::load(self.session, self.connection, self.plan)?;
        let stored = self.stored()?;
        let sent = stored.grant.hash.clone();
        match self.attempt(lock, &means, stored).await {
            // Whoever wrote another token meanwhile did not hold the lock, but what is stored now is what counts.
            Err(OpsError::Grant(GrantError::RefusedOnce { name, source })) => {
                let current = self.stored()?;
                if current.grant.hash == sent {
                    return Err(GrantError::RefusedOnce { name, source }.into());
                }
                self.attempt(lock, &means, current).await
            }
            outcome => outcome,
        }
    }

    fn stored(&self) -> Result<StoredGrant, OpsError> {
        let stored = self.session.vault.grant(&self.connection.id)?;
        stored.ok_or_else(|| {
            GrantError::Missing { name: self.connection.name.clone(), app: self.app.name.clone() }.into()
        })
    }

    fn not_now(&self, why: NotNow) -> OpsError {
        GrantError::NotNow { name: self.connection.name.clone(), app: self.app.name.clone(), why }.into()
    }

    async fn attempt(
        &self,
        lock: &ConnectionLock,
        means: &Means<'_>,
        stored: StoredGrant,
    ) -> Result<(AccessToken, Evidence), OpsError> {
        let Self { session, connection, .. } = self;
        let StoredGrant { grant, tokens } = stored;
        let intent = grant.begin(self.sender, session.clock.now()).map_err(|why| self.not_now(why))?;
        let Some(tokens) = tokens else {
            return Err(VaultError::damaged("a grant that is not revoked has no refresh token").into());
        };
        let _under_way = session.vault.begin_unbroken("the refresh")?;
        let event = AuditEvent::new(Action::GrantRefresh)
            .on(&connection.id)
            .with("grant", &intent.hash)
            .with("reason", self.reason);
        let operation = session.vault.audit().request(&event, &session.vault.actor()?)?;
        let sending = StoredGrant { grant: intent, tokens: Some(tokens) };
        let outcome = match self.journal_intent(lock, &sending) {
            Ok(answer) => self.send(lock, means, sending, answer).await,
            Err(error) => Err(error.into()),
        };
        let recorded = outcome.as_ref().map(drop).map_err(OpsError::audit_kind);
        let written = session.vault.audit().outcome(&operation, recorded);
        let outcome = outcome?;
        // The answer is durable; that it was got stays unsaid, and the next access to the log says so.
        written?;
        Ok(outcome)
    }

    fn journal_intent(
        &self,
        lock: &ConnectionLock,
        sending: &StoredGrant,
    ) -> Result<Option<Answer>, VaultError> {
        if mutant("refresh-without-intent") {
            return Ok(None);
        }
        self.session.vault.journal_intent(lock, sending).map(Some)
    }

    async fn send(
        &self,
        lock: &ConnectionLock,
        means: &Means<'_>,
        sending: StoredGrant,
        answer: Option<Answer>,
    ) -> Result<(AccessToken, Evidence), OpsError> {
        let StoredGrant { grant, tokens } = sending;
        let Some(tokens) = tokens else {
            return Err(VaultError::damaged("the refresh token is gone").into());
        };
        let asker = Asker::new(self.session);
        let result = asker.send(self.plan, means, Ask::Refresh(&tokens.current)).await;
        let now = self.session.clock.now();
        match result {
            Ok(Exchanged { token, refresh, evidence, .. }) => {
                let (renewal, tokens) = renewed(&grant, tokens, refresh);
                let grant = grant.end(Ending::Answered(renewal), now);
                let stored = StoredGrant { grant, tokens: Some(tokens) };
                if mutant("release-before-durable") {
                    return Ok((token, evidence));
                }
                self.keep(lock, answer, (&stored, Some(&token)))?;
                Ok((token, evidence))
            }
            Err(mut error) => {
                let others = self.others_refused(&error, now)?;
                let mut tokens = tokens;
                let ending = match error.ending() {
                    Ending::Refused if others >= INCIDENT => Ending::RefusedAmongMany,
                    Ending::Answered(_) => {
                        let renewal;
                        (renewal, tokens) = renewed(&grant, tokens, error.take_refresh());
                        Ending::Answered(renewal)
                    }
                    ending => ending,
                };
                let after = grant.end(ending.clone(), now);
                let failure = self.failure(&after, ending, (others, error));
                let stored = StoredGrant { grant: after, tokens: Some(tokens) };
                self.keep(lock, answer, (&stored, None))?;
                Err(failure)
            }
        }
    }

    /// Makes what became of the grant durable: in the space allocated for it or, if that fails, by a commit.
    fn keep(
        &self,
        lock: &ConnectionLock,
        answer: Option<Answer>,
        (stored, token): (&StoredGrant, Option<&AccessToken>),
    ) -> Result<(), OpsError> {
        let Some(answer) = answer else { return Ok(()) };
        let vault = &self.session.vault;
        let Err(first) = vault.journal_answer(lock, answer, (stored, token)) else { return Ok(()) };
        let event = AuditEvent::new(Action::GrantRefresh).on(&self.connection.id).with("kept", "by a commit");
        let committed = vault.transact::<_, VaultError>(&event, |rows| {
            rows.put_grant(&self.connection.id, stored)?;
            token.map_or(Ok(true), |token| rows.put_token(&self.connection.id, token))
        });
        match committed {
            Ok(_) => Ok(()),
            // Without an answer the intent that is stored says the same.
            Err(_) if token.is_none() => Err(first.into()),
            Err(_) => Err(GrantError::NotStored { name: self.connection.name.clone(), source: first }.into()),
        }
    }

    /// How many other connections of the app were refused a moment ago, if this one was.
    fn others_refused(&self, error: &ExchangeError, now: Timestamp) -> Result<usize, OpsError> {
        if error.ending() != Ending::Refused {
            return Ok(0);
        }
        let since = now.checked_sub(INCIDENT_WINDOW).unwrap_or(now);
        let refused = self.session.vault.refused_grants(&self.app.id, (since, INCIDENT + 1))?;
        Ok(refused.iter().filter(|one| **one != self.connection.id).count())
    }

    fn failure(&self, after: &Grant, ending: Ending, (others, error): (usize, ExchangeError)) -> OpsError {
        let (name, app, source) = (self.connection.name.clone(), self.app.name.clone(), Box::new(error));
        match (&after.state, ending) {
            (_, Ending::RefusedAmongMany) => GrantError::Incident { app, refused: others, source }.into(),
            (GrantState::Uncertain { since, .. }, Ending::Lost) => {
                GrantError::Lost { name, since: *since, source }.into()
            }
            (GrantState::Reconnect { reason, .. }, _) => {
                GrantError::Over { name, app, reason: *reason, source }.into()
            }
            (_, Ending::Refused) => GrantError::RefusedOnce { name, source }.into(),
            _ => OpsError::Exchange(source),
        }
    }
}

/// Returns what counts from now on: the token that came, or the old one where none came (RFC 6749 section 6).
fn renewed(grant: &Grant, old: GrantTokens, answer: Option<RefreshAnswer>) -> (Renewal, GrantTokens) {
    match answer {
        Some(RefreshAnswer { token, renewal }) if !token.matches(old.current.expose().as_bytes()) => {
            (renewal, GrantTokens { current: token, predecessor: Some(old.current) })
        }
        Some(RefreshAnswer { renewal, .. }) => (renewal, old),
        None => {
            let renewal = Renewal { hash: grant.hash.clone(), expires_at: None, hard_expires_at: None };
            (renewal, old)
        }
    }
}
