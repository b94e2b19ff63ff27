//! Giving grants back to the vendors, and forgetting them here.
//!
//! For each connection, under its lock: the vendor is asked first, and only what it took, never knew or cannot take is
//! forgotten, in one commit that also replaces the generation before. Whoever is killed in between leaves a grant that is
//! dead at the vendor: the next try is told so and forgets it.

use std::fmt;

use crate::domain::audit::{Action, AuditEvent, AuditKind as _, SubjectKind};
use crate::domain::connection::Connection;
use crate::domain::grant::{Grant, GrantState, GrantTokens, ReconnectReason, StoredGrant};
use crate::domain::ids::ConnectionName;
use crate::domain::settings::GrantKind;
use crate::hooks::mutant;
use crate::oauth::revoke::Revoked;
use crate::providers;
use crate::secret::SecretString;
use crate::vault::VaultError;

use super::companies::Customer;
use super::proof::{Asker, Means};
use super::{GrantError, OpsError, Session};

/// What is to be given back, and how thoroughly.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Whether to forget without asking the vendor.
    pub local_only: bool,
    /// Whether the company is left for good: connections that need no grant are switched off, or they would go on.
    pub leave: bool,
}

/// What a connection has that can be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// A grant that may be alive.
    Grant,
    /// Credentials of ours, which bring new tokens as long as the vendor accepts them.
    Credentials,
    /// Nothing: nobody has consented yet, or it was given back already.
    Nothing,
}

/// A connection that is to be disconnected.
#[derive(Debug)]
pub struct Target {
    /// The connection.
    pub connection: Connection,
    /// What it has.
    pub holding: Holding,
}

impl Target {
    /// The vendor's name.
    pub fn vendor(&self) -> &'static str {
        providers::descriptor(self.connection.provider).name
    }
}

/// What the vendor made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// It took it back.
    Revoked,
    /// It says that it was dead already.
    DeadAlready,
    /// It has no place to give anything back to.
    NoPlace,
    /// It was not asked.
    NotAsked,
}

impl Vendor {
    /// The word that reports use and the audit log stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::DeadAlready => "dead-already",
            Self::NoPlace => "no-place",
            Self::NotAsked => "not-asked",
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// What came of one connection.
#[derive(Debug)]
pub struct GivenBack {
    /// What the vendor made of it.
    pub vendor: Vendor,
    /// Whether something was forgotten here.
    pub forgotten: bool,
    /// Whether the connection was switched off.
    pub switched_off: bool,
    /// Why the vendor may still honour something, where it may.
    pub remains: Option<String>,
}

/// Returns the named connection as [`give_back`] would find it.
///
/// Fails with [`GrantError::Missing`] if nobody has consented yet.
pub fn plan_one(session: &Session, name: &ConnectionName) -> Result<Target, OpsError> {
    session.vault.require_writable()?;
    let connection = session.connection(name)?;
    let stored = session.vault.grant(&connection.id)?;
    if stored.is_none() && connection.settings.grant() == GrantKind::RefreshToken {
        let app = session.app_of(&connection)?;
        let app = app.ok_or_else(|| VaultError::damaged("a grant belongs to no app"))?.name;
        return Err(GrantError::Missing { name: connection.name, app }.into());
    }
    let holding = holding(&connection, stored.as_ref());
    Ok(Target { connection, holding })
}

/// Returns the connections of a company as [`give_back`] would find them.
pub fn plan(session: &Session, customer: &Customer) -> Result<Vec<Target>, OpsError> {
    session.vault.require_writable()?;
    let target = |name: &ConnectionName| {
        let connection = session.connection(name)?;
        let holding = holding(&connection, session.vault.grant(&connection.id)?.as_ref());
        Ok(Target { connection, holding })
    };
    customer.members.iter().map(|member| target(&member.name)).collect()
}

fn holding(connection: &Connection, stored: Option<&StoredGrant>) -> Holding {
    match (connection.settings.grant(), stored.map(|stored| &stored.grant.state)) {
        (GrantKind::ClientCredentials, _) => Holding::Credentials,
        (GrantKind::RefreshToken, None | Some(GrantState::Revoked { .. })) => Holding::Nothing,
        (GrantKind::RefreshToken, Some(_)) => Holding::Grant,
    }
}

/// Gives back what a connection has, and forgets it.
///
/// If the vendor cannot be reached or refuses the client, nothing is forgotten. What was given back already stays so.
pub async fn give_back(
    session: &Session,
    name: &ConnectionName,
    manner: Manner,
) -> Result<GivenBack, OpsError> {
    let (connection, _lock) = session.lock(name)?;
    let stored = session.vault.grant(&connection.id)?;
    let held = match holding(&connection, stored.as_ref()) {
        Holding::Nothing => {
            return Ok(GivenBack {
                vendor: Vendor::NotAsked,
                forgotten: false,
                switched_off: false,
                remains: None,
            });
        }
        Holding::Grant => {
            let StoredGrant { grant, tokens } =
                stored.ok_or_else(|| VaultError::damaged("a grant that was there is gone"))?;
            Held { token: tokens.map(|GrantTokens { current, .. }| current), grant: Some(grant) }
        }
        Holding::Credentials => {
            Held { token: session.vault.token(&connection.id)?.map(|token| token.value), grant: None }
        }
    };
    let _under_way = session.vault.begin_unbroken("the revocation")?;
    let vendor = match (&held.token, manner.local_only) {
        (_, true) => Vendor::NotAsked,
        (Some(token), false) => match ask(session, &connection, &held, token).await {
            Err(_) if mutant("forget-whatever-it-says") => Vendor::NotAsked,
            answered => answered?,
        },
        (None, false) if held.grant.is_some() => {
            return Err(VaultError::damaged("a grant that is not revoked has no refresh token").into());
        }
        (None, false) => Vendor::NoPlace,
    };
    let switches_off = manner.leave && held.grant.is_none() && connection.enabled;
    let forgotten = held.token.is_some() || held.grant.is_some();
    let remains = remains(&connection, held.grant.as_ref(), vendor);
    if forgotten || switches_off {
        forget(session, &connection, held, (vendor, manner, switches_off))?;
    }
    Ok(GivenBack { vendor, forgotten, switched_off: switches_off, remains })
}

/// What a connection holds that the vendor may know.
struct Held {
    /// The refresh token or, without a grant, the cached access token.
    token: Option<SecretString>,
    grant: Option<Grant>,
}

impl Held {
    /// What the audit log names it by.
    fn hash(&self) -> String {
        match (&self.grant, &self.token) {
            (Some(grant), _) => grant.hash.clone(),
            (None, Some(token)) => crate::domain::token::token_hash(token),
            (None, None) => String::new(),
        }
    }
}

async fn ask(
    session: &Session,
    connection: &Connection,
    held: &Held,
    token: &SecretString,
) -> Result<Vendor, OpsError> {
    let plan = session.plan(connection)?;
    if plan.endpoints.revoke().is_none() {
        return Ok(Vendor::NoPlace);
    }
    let means = Means::load(session, connection, &plan)?;
    let event = AuditEvent::new(Action::GrantRevoke).on(&connection.id).with("grant", held.hash());
    let operation = session.vault.audit().request(&event, &session.vault.actor()?)?;
    let outcome = Asker::new(session).revoke(&plan, &means, token).await;
    session.vault.audit().outcome(&operation, outcome.as_ref().map(drop).map_err(OpsError::audit_kind))?;
    Ok(match outcome? {
        Revoked::Taken => Vendor::Revoked,
        Revoked::DeadAlready => Vendor::DeadAlready,
        Revoked::NoPlace => Vendor::NoPlace,
    })
}

fn forget(
    session: &Session,
    connection: &Connection,
    held: Held,
    (vendor, manner, switches_off): (Vendor, Manner, bool),
) -> Result<(), OpsError> {
    let action = if manner.leave { Action::CompanyDisconnect } else { Action::GrantRevoke };
    let event = AuditEvent::new(action).on(&connection.id).with("grant", held.hash()).with("vendor", vendor);
    let event = match &connection.company {
        Some(company) if manner.leave => event.about(SubjectKind::Company, &company.id),
        _ => event,
    };
    let now = session.clock.now();
    session.vault.transact::<_, OpsError>(&event, |rows| {
        if let Some(grant) = held.grant {
            let grant = Grant { state: GrantState::Revoked { at: now }, ..grant };
            rows.put_grant(&connection.id, &StoredGrant { grant, tokens: None })?;
        }
        rows.drop_token(&connection.id)?;
        if switches_off && let Some(mut current) = rows.connection_by_id(&connection.id)? {
            current.enabled = false;
            current.updated_at = now;
            rows.update_connection(&current)?;
        }
        Ok(())
    })
}

/// Why the vendor may still honour something.
fn remains(connection: &Connection, grant: Option<&Grant>, vendor: Vendor) -> Option<String> {
    let name = providers::descriptor(connection.provider).name;
    let Some(grant) = grant else {
        let credentials = "our credentials until they are removed there";
        return Some(match vendor {
            Vendor::Revoked | Vendor::DeadAlready => format!("{name} still honours {credentials}"),
            Vendor::NoPlace | Vendor::NotAsked => {
                format!(
                    "{name} still honours tokens that were handed out until they expire, and {credentials}"
                )
            }
        });
    };
    let until = grant.nearest_expiry().map_or_else(String::new, |at| format!(" until {at:.0}"));
    match vendor {
        Vendor::Revoked => None,
        // The answer that was lost may have held another refresh token, of which we know nothing.
        Vendor::DeadAlready => lost_answer(grant).map(|at| {
            format!(
                "{name} may still honour the grant: its answer at {at:.0} was lost, and with it a newer token"
            )
        }),
        Vendor::NoPlace => {
            Some(format!("{name} names no place to give the grant back to, and still honours it{until}"))
        }
        Vendor::NotAsked => Some(format!("{name} was not asked, and still honours the grant{until}")),
    }
}

fn lost_answer(grant: &Grant) -> Option<jiff::Timestamp> {
    match grant.state {
        GrantState::Reconnect { reason: ReconnectReason::AnswerLost { at }, .. } => Some(at),
        _ => grant.uncertain_since(),
    }
}
