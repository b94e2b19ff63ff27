//! The administrator's and the users' side of a tenant, as methods.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::{Client, ClientEntry, NewClient, read_keys};
use super::device;
use super::metadata;
use super::state::{Settings, Tenant};
use crate::sim::error::SimError;
use crate::sim::ledger::{Ending, FamilyEntry, FamilyId, IssuedGrant, Opening};
use crate::sim::state::World;

/// One tenant as those see it who have a say there; cheap to make.
pub struct Admin {
    world: Arc<World>,
    tenant: String,
}

/// A grant to issue without a browser.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// The client.
    pub client_id: String,
    /// The user.
    pub user: String,
    /// The scopes; all of the client's without any.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
}

/// What a user answers to a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// This user lets it in.
    Approve(String),
    /// It is sent away.
    Deny,
}

impl Admin {
    pub(in crate::sim) fn new(world: Arc<World>, tenant: &str) -> Self {
        Self { world, tenant: tenant.to_owned() }
    }

    /// The issuer identifier; every endpoint is below it.
    pub fn issuer(&self) -> String {
        metadata::issuer(&self.world, &self.tenant)
    }

    /// Where tokens are handed out.
    pub fn token_url(&self) -> String {
        format!("{}/token", self.issuer())
    }

    /// Where the other endpoints are read from.
    pub fn discovery_url(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.issuer())
    }

    /// Registers a client, and makes the tenant with the first one.
    pub fn register_client(&self, new: NewClient) -> Result<ClientEntry, SimError> {
        // Why: the name stands in URLs, as it is.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if self.tenant.is_empty() || !self.tenant.bytes().all(plain) {
            return Err(SimError::Refused("a tenant's name is letters, digits and any of - _ .".to_owned()));
        }
        let client = Client::register(new)?;
        let entry = client.entry.clone();
        let mut oauth2 = self.world.oauth2();
        let tenant = oauth2.tenants.entry(self.tenant.clone()).or_default();
        if tenant.clients.contains_key(&entry.client_id) {
            return Err(SimError::Exists { kind: "client", id: entry.client_id });
        }
        tenant.clients.insert(entry.client_id.clone(), client);
        Ok(entry)
    }

    /// Lists the clients by id.
    pub fn clients(&self) -> Result<Vec<ClientEntry>, SimError> {
        self.with(|tenant, _| Ok(tenant.clients.values().map(|client| client.entry.clone()).collect()))
    }

    /// Replaces a client's secret; the one before is worth nothing at once.
    pub fn set_client_secret(&self, client_id: &str, secret: &str) -> Result<(), SimError> {
        self.with_client(client_id, |client| {
            client.entry.client_secret = Some(secret.to_owned());
            Ok(())
        })
    }

    /// Replaces a client's JWK set.
    pub fn set_keys(&self, client_id: &str, set: &Value) -> Result<(), SimError> {
        let keys = read_keys(set)?;
        self.with_client(client_id, |client| {
            client.keys = keys;
            Ok(())
        })
    }

    /// Answers the next authorization, or the next device, at once; several are taken in turn.
    pub fn decide_next(&self, decision: Decision) -> Result<(), SimError> {
        self.with(|tenant, _| {
            tenant.decisions.push_back(decision);
            Ok(())
        })
    }

    /// Lets this user in everywhere from now on, or leaves it to the page again.
    pub fn set_auto_approve(&self, user: Option<&str>) -> Result<(), SimError> {
        self.with(|tenant, _| {
            tenant.auto_approve = user.map(str::to_owned);
            Ok(())
        })
    }

    /// Decides for the device that shows `user_code`.
    pub fn decide_device(&self, user_code: &str, decision: Decision) -> Result<(), SimError> {
        self.with(|tenant, now| {
            let settled = device::settle(tenant, user_code, decision, now);
            settled.then_some(()).ok_or_else(|| unknown("waiting device", user_code))
        })
    }

    /// Issues a grant as if a user had just consented.
    pub fn issue_grant(&self, new: NewGrant) -> Result<IssuedGrant, SimError> {
        self.with(|tenant, now| {
            let client =
                tenant.clients.get(&new.client_id).ok_or_else(|| unknown("client", &new.client_id))?;
            let scopes = new.scopes.unwrap_or_else(|| client.entry.scopes.clone());
            let opening = Opening { client_id: new.client_id, account: new.user, scopes, refreshable: true };
            Ok(tenant.ledger.issue_grant(opening, &tenant.settings.policy(), now))
        })
    }

    /// Lists the families that have or had a refresh token, oldest first.
    pub fn families(&self) -> Result<Vec<FamilyEntry>, SimError> {
        self.with(|tenant, now| {
            let refreshable = tenant.ledger.all().filter(|family| family.current.is_some());
            Ok(refreshable.map(|family| family.entry(now)).collect())
        })
    }

    /// Returns the latest family of a client and a user.
    pub fn family(&self, client_id: &str, user: &str) -> Result<FamilyEntry, SimError> {
        self.with_family(client_id, user, |tenant, id, now| tenant.ledger.family(id).entry(now))
    }

    /// Lets all access tokens of the latest family run out now.
    pub fn expire_access_tokens(&self, client_id: &str, user: &str) -> Result<(), SimError> {
        self.with_family(client_id, user, |tenant, id, now| tenant.ledger.expire_access(id, now))
    }

    /// Lets the current refresh token of the latest family run out now.
    pub fn expire_refresh_token(&self, client_id: &str, user: &str) -> Result<(), SimError> {
        self.with_family(client_id, user, |tenant, id, now| tenant.ledger.expire_refresh(id, false, now))
    }

    /// Takes the client's access to the user's things away.
    pub fn revoke(&self, client_id: &str, user: &str) -> Result<(), SimError> {
        self.with_family(client_id, user, |tenant, id, _| tenant.ledger.end(id, Ending::Revoked))
    }

    /// Returns the tenant's switches.
    pub fn settings(&self) -> Result<Settings, SimError> {
        self.with(|tenant, _| Ok(tenant.settings.clone()))
    }

    /// Replaces the tenant's switches.
    pub fn set_settings(&self, settings: Settings) -> Result<(), SimError> {
        self.with(|tenant, _| {
            tenant.settings = settings;
            Ok(())
        })
    }

    fn with<T>(
        &self,
        act: impl FnOnce(&mut Tenant, Timestamp) -> Result<T, SimError>,
    ) -> Result<T, SimError> {
        let now = self.world.clock.now();
        let mut oauth2 = self.world.oauth2();
        act(oauth2.tenants.get_mut(&self.tenant).ok_or_else(|| unknown("tenant", &self.tenant))?, now)
    }

    fn with_client<T>(
        &self,
        client_id: &str,
        act: impl FnOnce(&mut Client) -> Result<T, SimError>,
    ) -> Result<T, SimError> {
        self.with(|tenant, _| {
            act(tenant.clients.get_mut(client_id).ok_or_else(|| unknown("client", client_id))?)
        })
    }

    fn with_family<T>(
        &self,
        client_id: &str,
        user: &str,
        act: impl FnOnce(&mut Tenant, FamilyId, Timestamp) -> T,
    ) -> Result<T, SimError> {
        self.with(|tenant, now| {
            let id = tenant.ledger.families(client_id, user).last();
            let id = id.ok_or_else(|| unknown("family", &format!("{client_id}/{user}")))?;
            Ok(act(tenant, id, now))
        })
    }
}

fn unknown(kind: &'static str, id: &str) -> SimError {
    SimError::Unknown { kind, id: id.to_owned() }
}
