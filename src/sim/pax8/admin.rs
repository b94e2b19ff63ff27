//! The partner's side: the Integrations Hub, as methods.

use std::sync::Arc;

use serde::Deserialize;

use super::state::{AUDIENCES, ClientEntry, Settings};
use crate::sim::error::SimError;
use crate::sim::random;
use crate::sim::state::World;

/// Pax8 as a partner's administrator sees it; cheap to make.
pub struct Admin {
    world: Arc<World>,
}

/// A named credential to create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewClient {
    /// The client id; a random one without it.
    pub client_id: Option<String>,
    /// The client secret; a random one without it.
    pub client_secret: Option<String>,
    /// The audiences; the partners' without any.
    pub audiences: Option<Vec<String>>,
}

impl Admin {
    pub(in crate::sim) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// Where tokens are handed out.
    pub fn token_url(&self) -> String {
        format!("{}/pax8/v1/token", self.world.base_url)
    }

    /// A resource that a token opens.
    pub fn resource_url(&self) -> String {
        format!("{}/pax8/v1/companies", self.world.base_url)
    }

    /// Creates a credential.
    pub fn create_client(&self, new: NewClient) -> Result<ClientEntry, SimError> {
        let client = ClientEntry {
            client_id: new.client_id.unwrap_or_else(|| random::text(24)),
            client_secret: new.client_secret.unwrap_or_else(|| random::text(48)),
            audiences: new.audiences.unwrap_or_else(|| vec![AUDIENCES[0].to_owned()]),
        };
        if let Some(other) = client.audiences.iter().find(|one| !AUDIENCES.contains(&one.as_str())) {
            return Err(SimError::Refused(format!("{other} is not an audience of Pax8")));
        }
        let mut pax8 = self.world.pax8();
        if pax8.clients.contains_key(&client.client_id) {
            return Err(SimError::Exists { kind: "client", id: client.client_id });
        }
        pax8.clients.insert(client.client_id.clone(), client.clone());
        Ok(client)
    }

    /// Lists the credentials by client id.
    pub fn clients(&self) -> Vec<ClientEntry> {
        self.world.pax8().clients.values().cloned().collect()
    }

    /// Replaces a secret; the one before is worth nothing at once.
    pub fn set_client_secret(&self, client_id: &str, secret: &str) -> Result<(), SimError> {
        let mut pax8 = self.world.pax8();
        let client = pax8.clients.get_mut(client_id).ok_or_else(|| unknown(client_id))?;
        secret.clone_into(&mut client.client_secret);
        Ok(())
    }

    /// Deletes a credential; its tokens open nothing from now on.
    pub fn delete_client(&self, client_id: &str) -> Result<(), SimError> {
        self.world.pax8().clients.remove(client_id).map(drop).ok_or_else(|| unknown(client_id))
    }

    /// Lets every token of a client run out now.
    pub fn expire_tokens(&self, client_id: &str) -> Result<(), SimError> {
        let now = self.world.clock.now();
        let mut pax8 = self.world.pax8();
        if !pax8.clients.contains_key(client_id) {
            return Err(unknown(client_id));
        }
        let families: Vec<_> = pax8.ledger.families(client_id, client_id).collect();
        for family in families {
            pax8.ledger.expire_access(family, now);
        }
        Ok(())
    }

    /// Returns the switches.
    pub fn settings(&self) -> Settings {
        self.world.pax8().settings.clone()
    }

    /// Replaces the switches.
    pub fn set_settings(&self, settings: Settings) {
        self.world.pax8().settings = settings;
    }
}

fn unknown(client_id: &str) -> SimError {
    SimError::Unknown { kind: "client", id: client_id.to_owned() }
}
