//! Connections as lists show them: where each stands, without what takes long to read.

use jiff::Timestamp;

use crate::domain::connection::{Company, Provider};
use crate::domain::grant::Grant;
use crate::domain::ids::{AppName, ConnectionId, ConnectionName};
use crate::domain::selection::Selection;
use crate::domain::settings::{ClientAuthentication, GrantKind};
use crate::domain::standing::{End, Facts, Finding, Held, Standing, WARN_DAYS, standing};
use crate::providers;
use crate::vault::{JournalledGrants, Listed};

use super::{OpsError, Session};

/// A connection as lists show it.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its id.
    pub id: ConnectionId,
    /// Its name.
    pub name: ConnectionName,
    /// The vendor.
    pub provider: Provider,
    /// The vendor's name as people write it.
    pub vendor: &'static str,
    /// The company that it belongs to.
    pub company: Option<Company>,
    /// The app that it belongs to.
    pub app: Option<AppName>,
    /// What the customer's account is called at the vendor; foreign text.
    pub account: Option<String>,
    /// Where it stands.
    pub standing: Standing,
    /// Whether it lives from a grant that the customer gave.
    pub has_consent: bool,
    /// What the vendor gave us.
    pub grant: Option<Grant>,
    /// What makes somebody act first.
    pub end: Option<End>,
    /// When its token was last handed out, as of the last commit.
    pub used_at: Option<Timestamp>,
}

impl Member {
    pub(super) fn new(listed: Listed, grants: &JournalledGrants, now: Timestamp) -> Self {
        let vendor = providers::descriptor(listed.provider);
        let app = listed.app.as_deref();
        let authentication = vendor.authentication_of(app.map(|app| &app.registration));
        let has_consent = listed.grant_kind == GrantKind::RefreshToken;
        let grant = grants.get(&listed.id).cloned().or(listed.grant);
        let ends = listed.validity.filter(|_| vendor.upload.is_some());
        let facts = Facts {
            enabled: listed.enabled,
            key: Held::of(listed.key.as_ref(), authentication == ClientAuthentication::PrivateKeyJwt),
            secret: Held::of(
                app.is_some_and(|app| app.has_secret).then_some(()),
                authentication.needs_secret(),
            ),
            certificate_end: ends.map(|validity| providers::expiry_of(listed.provider, validity)),
            grant: Held::of(grant.as_ref(), has_consent),
            token_at: listed.token_at,
            last: listed.last.as_ref().map(|(key, checked_at, outcome)| Finding {
                key: key.as_ref(),
                checked_at: *checked_at,
                outcome: *outcome,
            }),
            warn_days: WARN_DAYS,
            now,
        };
        Self {
            standing: standing(facts),
            end: facts.end(),
            id: listed.id,
            name: listed.name,
            provider: listed.provider,
            vendor: vendor.name,
            company: listed.company,
            app: app.map(|app| app.name.clone()),
            account: listed.account,
            has_consent,
            grant,
            used_at: listed.used_at,
        }
    }
}

/// Returns the selected connections by name, as lists show them; names that do not exist are left out.
///
/// A viewer sees what the last commit holds.
pub fn list(session: &Session, selection: &Selection) -> Result<Vec<Member>, OpsError> {
    let now = session.clock.now();
    session.vault.read_now(|rows, grants| {
        Ok(rows.listed(selection)?.into_iter().map(|listed| Member::new(listed, grants, now)).collect())
    })
}
