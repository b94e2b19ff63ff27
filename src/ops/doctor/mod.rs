//! The check-up: looks at this machine, the vault, the vendors and chosen connections, and says what is wrong, why, and
//! what helps. Changes nothing.
//!
//! `machine`, `vault`, `vendors` and `local` look; `live` asks vendors for tokens past every cache. Where one refuses,
//! `trials` asks again with one thing changed (`variations`), `addresses` asks which host the account has, and
//! `domain::diagnosis` judges what was seen. A refresh token that rotates is never sent: a grant is judged by what is
//! stored and by a token that is cached. What is asked is bounded and leaves a request and an outcome in the audit log.

mod addresses;
mod listing;
mod live;
mod local;
mod machine;
mod trials;
mod variations;
mod vault;
mod vendors;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use machine::{Machine, machine};

use crate::domain::audit::{Action, AuditEvent};
use crate::domain::connection::Provider;
use crate::domain::health::{Ailment, Check};
use crate::domain::ids::{CertificateId, ConnectionId, ConnectionName};
use crate::domain::key::KeyState;
use crate::domain::role::Role;
use crate::domain::selection::Selection;

use super::connections::{self, Overview};
use super::{OpsError, Session};
use addresses::Addresses;
use live::Look;

/// How many refused connections are looked at closely; the others say how to ask for it.
const CLOSELY: usize = 20;

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct DoctorRequest {
    /// Connections by name; with none, and without `all`, none is looked at.
    pub names: Vec<ConnectionName>,
    /// Every enabled connection.
    pub all: bool,
    /// Nobody is asked.
    pub offline: bool,
    /// The key to try: the pending one if a certificate id is given and there is one, else the active one.
    pub key: Option<KeyState>,
    /// A certificate id to try with it, without storing it.
    pub certificate_id: Option<CertificateId>,
}

/// One connection's checks.
#[derive(Debug)]
pub struct Examined {
    /// Its name.
    pub name: ConnectionName,
    /// Its id.
    pub id: ConnectionId,
    /// The vendor.
    pub provider: Provider,
    /// What was found.
    pub check: Check,
}

/// What came of a check-up, apart from the machine's own checks.
#[derive(Debug)]
pub struct Examination {
    /// The vault and everything beside it.
    pub vault: Check,
    /// The vendors' hosts.
    pub vendors: Check,
    /// The chosen connections, by name.
    pub connections: Vec<Examined>,
    /// Requests that vendors were asked with.
    pub requests: u32,
}

/// Returns what names connections, companies, apps and accounts, and what stands for each where names are left out: its
/// id, or for an account that of its connection.
pub fn names(session: &Session) -> Result<BTreeMap<String, String>, OpsError> {
    let all = connections::list(session, &Selection::all())?;
    let mut names = BTreeMap::new();
    for Overview { connection, app, .. } in &all {
        let id = connection.id.to_string();
        if let Some(account) = connection.settings.account() {
            names.insert(account.to_owned(), format!("account-of-{id}"));
        }
        if let Some(settings) = connection.settings.netsuite() {
            names.insert(settings.account.host_label(), format!("account-of-{id}"));
        }
        if let Some(company) = &connection.company {
            names.insert(company.name.clone(), company.id.to_string());
        }
        if let Some(app) = app {
            names.insert(app.name.to_string(), app.id.to_string());
        }
        names.insert(connection.name.to_string(), id);
    }
    Ok(names)
}

/// Why nobody is asked.
fn silence(session: &Session, request: &DoctorRequest) -> Result<Option<&'static str>, OpsError> {
    Ok(if request.offline {
        Some("nobody was asked: --offline")
    } else if session.vault.role()? == Role::Viewer {
        Some("a viewer cannot sign, so the vendor was not asked")
    } else {
        None
    })
}

/// Looks at everything that was chosen.
///
/// Fails as a whole only for a name that does not exist, or if the audit log cannot say that vendors are about to be
/// asked; everything else is in the checks.
pub async fn examine(session: &Arc<Session>, request: &DoctorRequest) -> Result<Examination, OpsError> {
    let all = connections::list(session, &Selection::all())?;
    let chosen = choose(session, &all, request)?;
    let silent = silence(session, request)?;
    let mut vault = vault::check(session)?;
    let mut requests = 0;
    let mut vendors = Check::skipped("vendors", silent.unwrap_or("no connection is enabled"));
    let mut fared = BTreeMap::new();
    let operation = match silent {
        Some(_) => None,
        None => announce(session, &chosen, &mut vault)?,
    };
    if silent.is_none() {
        let (check, asked) = vendors::check(session, &all, &chosen).await;
        (vendors, requests) = (check, requests + asked);
        fared = live::ask_all(session, &chosen, request).await;
        requests += u32::try_from(fared.len()).unwrap_or(u32::MAX);
    }
    let mut examined = Vec::with_capacity(chosen.len());
    let (mut closely, mut addresses) = (0, Addresses::default());
    for overview in &chosen {
        let mut parts = local::checks(session, overview, &all);
        match (fared.remove(&overview.connection.id), silent) {
            (Some(own), _) => {
                if own.may_be_misled()
                    && let Some(check) = addresses.check(session, &overview.connection).await
                {
                    parts.push(check);
                }
                let look = if !own.is_refusal() || !request_fits(overview) {
                    Look::AsItIs
                } else if closely < CLOSELY {
                    closely += 1;
                    Look::Closely
                } else {
                    Look::Later
                };
                let (checks, asked) = live::judge(session, overview, &all, (own, look), request).await;
                requests += asked;
                parts.extend(checks);
            }
            (None, Some(why)) => parts.push(Check::skipped("exchange", why)),
            (None, None) => {}
        }
        let found = format!("{} {}", overview.connection.provider, overview.connection.environment);
        let check = Check::group(overview.connection.name.as_str(), found, parts);
        let Overview { connection, .. } = overview;
        let (name, id) = (connection.name.clone(), connection.id.clone());
        examined.push(Examined { name, id, provider: connection.provider, check });
    }
    if let Some(operation) = operation {
        session.vault.audit().outcome(&operation, Ok(()))?;
    }
    requests += addresses.asked();
    Ok(Examination { vault, vendors, connections: examined, requests })
}

/// Whether a refusal can be looked at closely: the causes of NetSuite's one error are known.
fn request_fits(overview: &Overview) -> bool {
    overview.connection.settings.netsuite().is_some()
}

/// Records that vendors are about to be asked; away from the vault's home, where nothing is recorded, says so instead.
fn announce(
    session: &Session,
    chosen: &[&Overview],
    vault: &mut Check,
) -> Result<Option<crate::vault::AuditOperation>, OpsError> {
    if session.vault.require_writable().is_err() {
        vault.parts.push(Check::skipped("record", "what vendors are asked is not recorded away from home"));
        return Ok(None);
    }
    let ids = chosen.iter().map(|overview| &overview.connection.id);
    let event = AuditEvent::new(Action::Diagnose).with("count", chosen.len()).on_all(ids);
    Ok(Some(session.vault.audit().request(&event, &session.vault.actor()?)?))
}

fn choose<'a>(
    session: &Session,
    all: &'a [Overview],
    request: &DoctorRequest,
) -> Result<Vec<&'a Overview>, OpsError> {
    if request.all {
        return Ok(all.iter().filter(|overview| overview.connection.enabled).collect());
    }
    let find = |name: &ConnectionName| match all.iter().find(|overview| overview.connection.name == *name) {
        Some(overview) => Ok(overview),
        // It says which name is nearest.
        None => Err(session.connection(name).err().unwrap_or(OpsError::EmptySelection)),
    };
    request.names.iter().map(find).collect()
}

/// What kind of failure an operation's is.
fn ailment(error: &OpsError) -> Ailment {
    use crate::domain::verification::Outcome;
    match error.verdict().1 {
        Outcome::Missing => Ailment::Missing,
        Outcome::Rejected => Ailment::Rejected,
        Outcome::Conflict => Ailment::Conflict,
        Outcome::Unreachable => Ailment::Unreachable,
        Outcome::Refused => Ailment::Refused,
        Outcome::Expired => Ailment::Expired,
        Outcome::Proven | Outcome::Failed => Ailment::Other,
    }
}
