//! The developer's and the customers' side: what people do on Intuit's pages, as methods.

use std::sync::{Arc, MutexGuard};

use serde::{Deserialize, Serialize};

use super::app::{AppEntry, NewApp, objection};
use super::state::{CompanyEntry, QuickBooks, Settings};
use crate::sim::error::SimError;
use crate::sim::ledger::{Ending, FamilyEntry, FamilyId, IssuedGrant, Opening};
use crate::sim::random;
use crate::sim::state::World;

/// Intuit as seen by those who have a say there; cheap to make.
pub struct Admin {
    world: Arc<World>,
}

/// A company to add.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewCompany {
    /// The realm; a new number without it.
    pub realm: Option<String>,
    /// The name.
    pub name: String,
}

/// A grant to issue without a browser.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// The app.
    pub client_id: String,
    /// The company.
    pub realm: String,
    /// The scopes; accounting without any.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
}

/// What a company's admin answers to an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The app is connected to the company with this realm.
    Approve(String),
    /// The app is sent away.
    Deny,
}

impl Admin {
    pub(in crate::sim) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// What everything of Intuit's is below: the API's base, too.
    pub fn base_url(&self) -> String {
        format!("{}/quickbooks", self.world.base_url)
    }

    /// Where an admin is asked.
    pub fn authorize_url(&self) -> String {
        format!("{}/connect/oauth2", self.base_url())
    }

    /// Where tokens are handed out.
    pub fn token_url(&self) -> String {
        format!("{}/oauth2/v1/tokens/bearer", self.base_url())
    }

    /// Where tokens are given back.
    pub fn revoke_url(&self) -> String {
        format!("{}/v2/oauth2/tokens/revoke", self.base_url())
    }

    /// Where the other endpoints are read from.
    pub fn discovery_url(&self) -> String {
        format!("{}/.well-known/openid_configuration", self.base_url())
    }

    /// Where a company says who it is.
    pub fn company_info_url(&self, realm: &str) -> String {
        format!("{}/v3/company/{realm}/companyinfo/{realm}", self.base_url())
    }

    /// Registers an app; refuses redirect URIs that its keys may not have.
    pub fn register_app(&self, new: NewApp) -> Result<AppEntry, SimError> {
        for uri in &new.redirect_uris {
            if let Some(why) = objection(new.keys, uri) {
                return Err(SimError::Refused(format!("the redirect URI {uri} {why}")));
            }
        }
        let app = AppEntry {
            client_id: new.client_id.unwrap_or_else(|| random::text(24)),
            client_secret: new.client_secret.unwrap_or_else(|| random::text(30)),
            keys: new.keys,
            redirect_uris: new.redirect_uris,
        };
        let mut quickbooks = self.world.quickbooks();
        if quickbooks.apps.contains_key(&app.client_id) {
            return Err(SimError::Exists { kind: "app", id: app.client_id });
        }
        quickbooks.apps.insert(app.client_id.clone(), app.clone());
        Ok(app)
    }

    /// Lists the apps by client id.
    pub fn apps(&self) -> Vec<AppEntry> {
        self.world.quickbooks().apps.values().cloned().collect()
    }

    /// Replaces an app's secret; the one before is worth nothing at once.
    pub fn set_client_secret(&self, client_id: &str, secret: &str) -> Result<(), SimError> {
        let mut quickbooks = self.world.quickbooks();
        let app = quickbooks.apps.get_mut(client_id).ok_or_else(|| unknown("app", client_id))?;
        secret.clone_into(&mut app.client_secret);
        Ok(())
    }

    /// Adds a company.
    pub fn add_company(&self, new: NewCompany) -> Result<CompanyEntry, SimError> {
        let mut quickbooks = self.world.quickbooks();
        let next = 9_130_350_000_000_000_u64 + quickbooks.companies.len() as u64;
        let realm = new.realm.unwrap_or_else(|| next.to_string());
        if realm.is_empty() || !realm.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SimError::Refused("a realm is a number".to_owned()));
        }
        if quickbooks.companies.contains_key(&realm) {
            return Err(SimError::Exists { kind: "company", id: realm });
        }
        quickbooks.companies.insert(realm.clone(), new.name.clone());
        Ok(CompanyEntry { realm, name: new.name })
    }

    /// Lists the companies by realm.
    pub fn companies(&self) -> Vec<CompanyEntry> {
        let quickbooks = self.world.quickbooks();
        let entry =
            |(realm, name): (&String, &String)| CompanyEntry { realm: realm.clone(), name: name.clone() };
        quickbooks.companies.iter().map(entry).collect()
    }

    /// Gives a company another name.
    pub fn rename_company(&self, realm: &str, name: &str) -> Result<(), SimError> {
        let mut quickbooks = self.world.quickbooks();
        let company = quickbooks.companies.get_mut(realm).ok_or_else(|| unknown("company", realm))?;
        name.clone_into(company);
        Ok(())
    }

    /// Answers the next authorization at once; several are taken in turn.
    pub fn decide_next(&self, decision: Decision) -> Result<(), SimError> {
        let mut quickbooks = self.world.quickbooks();
        if let Decision::Approve(realm) = &decision {
            known_company(&quickbooks, realm)?;
        }
        quickbooks.decisions.push_back(decision);
        Ok(())
    }

    /// Answers every authorization with this realm from now on, or leaves it to the page again.
    pub fn set_auto_approve(&self, realm: Option<&str>) -> Result<(), SimError> {
        let mut quickbooks = self.world.quickbooks();
        if let Some(realm) = realm {
            known_company(&quickbooks, realm)?;
        }
        quickbooks.auto_approve = realm.map(str::to_owned);
        Ok(())
    }

    /// Issues a grant as if the company's admin had just consented.
    pub fn issue_grant(&self, new: NewGrant) -> Result<IssuedGrant, SimError> {
        let now = self.world.clock.now();
        let mut quickbooks = self.world.quickbooks();
        known_company(&quickbooks, &new.realm)?;
        if !quickbooks.apps.contains_key(&new.client_id) {
            return Err(unknown("app", &new.client_id));
        }
        let accounting = || vec!["com.intuit.quickbooks.accounting".to_owned()];
        let opening = Opening {
            client_id: new.client_id,
            account: new.realm,
            scopes: new.scopes.unwrap_or_else(accounting),
            refreshable: true,
        };
        let policy = quickbooks.settings.policy();
        Ok(quickbooks.ledger.issue_grant(opening, &policy, now))
    }

    /// Lists all families, oldest first.
    pub fn families(&self) -> Vec<FamilyEntry> {
        let now = self.world.clock.now();
        self.world.quickbooks().ledger.all().map(|family| family.entry(now)).collect()
    }

    /// Returns the latest family of an app and a company.
    pub fn family(&self, client_id: &str, realm: &str) -> Result<FamilyEntry, SimError> {
        let now = self.world.clock.now();
        let (quickbooks, id) = self.latest(client_id, realm)?;
        Ok(quickbooks.ledger.family(id).entry(now))
    }

    /// Lets all access tokens of the latest family run out now.
    pub fn expire_access_tokens(&self, client_id: &str, realm: &str) -> Result<(), SimError> {
        let now = self.world.clock.now();
        let (mut quickbooks, id) = self.latest(client_id, realm)?;
        quickbooks.ledger.expire_access(id, now);
        Ok(())
    }

    /// Lets the current refresh token run out now, as after 100 days without use.
    pub fn expire_refresh_token(&self, client_id: &str, realm: &str) -> Result<(), SimError> {
        let now = self.world.clock.now();
        let (mut quickbooks, id) = self.latest(client_id, realm)?;
        quickbooks.ledger.expire_refresh(id, false, now);
        Ok(())
    }

    /// Lets the latest family run out now, as after five years.
    pub fn expire_family(&self, client_id: &str, realm: &str) -> Result<(), SimError> {
        let now = self.world.clock.now();
        let (mut quickbooks, id) = self.latest(client_id, realm)?;
        quickbooks.ledger.expire_refresh(id, true, now);
        Ok(())
    }

    /// Disconnects an app from a company, as its admin can do in QuickBooks.
    pub fn revoke(&self, client_id: &str, realm: &str) -> Result<(), SimError> {
        let (mut quickbooks, id) = self.latest(client_id, realm)?;
        quickbooks.ledger.end(id, Ending::Revoked);
        Ok(())
    }

    /// Returns the switches.
    pub fn settings(&self) -> Settings {
        self.world.quickbooks().settings.clone()
    }

    /// Replaces the switches.
    pub fn set_settings(&self, settings: Settings) {
        self.world.quickbooks().settings = settings;
    }

    fn latest(
        &self,
        client_id: &str,
        realm: &str,
    ) -> Result<(MutexGuard<'_, QuickBooks>, FamilyId), SimError> {
        let quickbooks = self.world.quickbooks();
        let id = quickbooks.ledger.families(client_id, realm).last();
        let id = id.ok_or_else(|| unknown("family", &format!("{client_id}/{realm}")))?;
        Ok((quickbooks, id))
    }
}

fn known_company(quickbooks: &QuickBooks, realm: &str) -> Result<(), SimError> {
    if quickbooks.companies.contains_key(realm) { Ok(()) } else { Err(unknown("company", realm)) }
}

fn unknown(kind: &'static str, id: &str) -> SimError {
    SimError::Unknown { kind, id: id.to_owned() }
}
