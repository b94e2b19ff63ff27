//! What can be changed about a refused connection, one thing at a time: how its assertion is written, and where it goes.

use crate::domain::connection::{Connection, Environment};
use crate::domain::diagnosis::{Change, Observations};
use crate::domain::settings::{NetsuiteSettings, ScopeStyle, Settings, SubjectClaim};
use crate::ops::OpsError;
use crate::providers::{self, MIN_ASSERTION_SECONDS};

use super::trials::Inquiry;

impl Inquiry<'_> {
    /// Tries the settings that decide how the assertion is written.
    pub(super) async fn settings(&mut self) -> Result<(), OpsError> {
        let settings = self.settings;
        let with = |change: &dyn Fn(&mut NetsuiteSettings)| {
            let mut changed = settings.clone();
            change(&mut changed);
            changed
        };
        let mut scopes = settings.scopes.clone();
        if let [only] = settings.scopes.as_slice() {
            let usual = ["rest_webservices", "restlets"].map(str::to_owned);
            scopes.extend(usual.into_iter().filter(|scope| scope != only));
        }
        let before = self.settled();
        for scope in scopes {
            if before {
                return Ok(());
            }
            let changed = with(&|settings| settings.scopes = vec![scope.clone()]);
            self.tries(Change::Scope(scope.clone()), self.varied(changed), None).await?;
        }
        let style = match settings.scope_style {
            ScopeStyle::Array => ScopeStyle::Comma,
            ScopeStyle::Comma => ScopeStyle::Array,
        };
        let subject = match settings.subject {
            SubjectClaim::Omit => SubjectClaim::ClientId,
            SubjectClaim::ClientId => SubjectClaim::Omit,
        };
        let current = settings.signing_algorithm.unwrap_or_else(|| self.key.algorithm.default_signing());
        let mut variations = vec![
            (Change::ScopeStyle(style), with(&|settings| settings.scope_style = style)),
            (Change::Subject(subject), with(&|settings| settings.subject = subject)),
        ];
        if settings.assertion_seconds > MIN_ASSERTION_SECONDS {
            let short = with(&|settings| settings.assertion_seconds = MIN_ASSERTION_SECONDS);
            variations.push((Change::Lifetime(MIN_ASSERTION_SECONDS), short));
        }
        let vendor = providers::descriptor(self.overview.connection.provider);
        let usable = vendor
            .signing_algorithms
            .iter()
            .filter(|one| **one != current && self.key.algorithm.signs(**one));
        for &algorithm in usable {
            let changed = with(&|settings| settings.signing_algorithm = Some(algorithm));
            variations.push((Change::Algorithm(algorithm), changed));
        }
        for (change, changed) in variations {
            if !self.settled() {
                self.tries(change, self.varied(changed), None).await?;
            }
        }
        Ok(())
    }

    /// Tries other token URLs, accounts and client ids that are known for this customer, and the settings before.
    ///
    /// Where another key works with the settings as they are, its certificate alone can be somewhere else.
    pub(super) async fn places(
        &mut self,
        seen: &Observations,
        certificate_alone: bool,
    ) -> Result<(), OpsError> {
        let elsewhere = |change: &Change| matches!(change, Change::Account(_) | Change::ClientId(_));
        for (change, connection) in self.elsewhere(seen) {
            if !self.settled() && (!certificate_alone || elsewhere(&change)) {
                self.tries(change, connection, None).await?;
            }
        }
        Ok(())
    }

    fn elsewhere(&self, seen: &Observations) -> Vec<(Change, Connection)> {
        let own = &self.overview.connection;
        let previous = own.previous_settings.as_ref().and_then(Settings::netsuite);
        let before = |settings: &NetsuiteSettings| Connection {
            settings: settings.clone().into(),
            environment: own.previous_environment.unwrap_or(own.environment),
            ..own.clone()
        };
        let others: Vec<(&NetsuiteSettings, Environment)> = self
            .all
            .iter()
            .filter(|other| other.connection.id != own.id)
            .filter_map(|other| Some((other.connection.settings.netsuite()?, other.connection.environment)))
            .chain(previous.map(|settings| (settings, before(settings).environment)))
            .collect();
        let mut found: Vec<(Change, Connection)> = Vec::new();
        let mut add = |change: Change, settings: NetsuiteSettings, environment: Environment| {
            let settings = Settings::from(settings);
            if !found.iter().any(|(known, place)| *known == change && place.settings == settings) {
                found.push((change, Connection { environment, settings, ..own.clone() }));
            }
        };
        for (other, environment) in &others {
            let place = NetsuiteSettings {
                account: other.account.clone(),
                token_url: other.token_url.clone(),
                certificate_url: None,
                ..self.settings.clone()
            };
            if other.account != self.settings.account {
                if customer(other) == customer(self.settings) {
                    // An integration of another account has a client id of its own, or was copied with ours.
                    let theirs = NetsuiteSettings { client_id: other.client_id.clone(), ..place.clone() };
                    for place in [place, theirs] {
                        add(Change::Account(other.account.to_string()), place, *environment);
                    }
                }
            } else if other.token_url != self.settings.token_url {
                let url = other
                    .token_url
                    .as_ref()
                    .map_or_else(|| "the account's own URL".to_owned(), ToString::to_string);
                add(Change::TokenUrl(url), place, *environment);
            }
        }
        let told = seen.peers.iter().map(|peer| &peer.client_id);
        let alike =
            others.iter().map(|(other, _)| *other).filter(|other| other.account == self.settings.account);
        let ids: Vec<String> = told.chain(alike.map(|other| &other.client_id)).cloned().collect();
        for client_id in ids.into_iter().filter(|id| *id != self.settings.client_id).take(4) {
            let changed = NetsuiteSettings { client_id: client_id.clone(), ..self.settings.clone() };
            add(Change::ClientId(client_id), changed, own.environment);
        }
        if let Some(previous) = previous {
            found.push((Change::PreviousSettings, before(previous)));
        }
        found
    }

    fn varied(&self, settings: NetsuiteSettings) -> Connection {
        Connection { settings: settings.into(), ..self.overview.connection.clone() }
    }
}

/// The customer that an account belongs to: sandboxes and release previews share the number.
fn customer(settings: &NetsuiteSettings) -> &str {
    let account = settings.account.as_str();
    account.split_once('_').map_or(account, |(customer, _)| customer)
}
