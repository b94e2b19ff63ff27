//! The administrator's side: what people do in NetSuite's Setup pages, as methods.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::access_token::random_text;
use super::login_audit::LoginRecord;
use super::state::{Account, DEFAULT_SCOPES, Integration, Mapping, Role, Settings};
use super::upload::CertificateUpload;
use crate::sim::error::SimError;
use crate::sim::state::World;

/// One account as its administrator sees it; cheap to make.
pub struct Admin {
    world: Arc<World>,
    account: String,
}

/// An integration record to create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewIntegration {
    /// The client id; a random one without it.
    pub client_id: Option<String>,
    /// The scopes that it may be used for; `restlets`, `rest_webservices` and `suite_analytics` without it.
    pub scopes: Option<Vec<String>>,
}

/// An integration record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IntegrationEntry {
    /// The client id: the `iss` of an assertion.
    pub client_id: String,
    /// The Application ID, which is not the client id.
    pub application_id: String,
    /// Whether it was blocked.
    pub blocked: bool,
    /// The scopes that it may be used for.
    pub scopes: Vec<String>,
}

/// A certificate mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateEntry {
    /// The certificate id: the `kid` of an assertion.
    pub certificate_id: String,
    /// The integration that it belongs to.
    pub client_id: String,
    /// The entity.
    pub entity: String,
    /// The role.
    pub role: String,
    /// `RSA` or `EC`.
    pub algorithm: String,
    /// When it was uploaded.
    pub uploaded: Timestamp,
    /// The end, at most two years after its beginning.
    pub valid_until: Timestamp,
    /// Whether it was revoked.
    pub revoked: bool,
}

impl Admin {
    pub(in crate::sim) fn new(world: Arc<World>, account: &str) -> Self {
        Self { world, account: account.to_owned() }
    }

    /// Where the account's tokens are handed out: the URL to post to, and the audience of an assertion.
    pub fn token_url(&self) -> String {
        format!("{}/netsuite/{}/services/rest/auth/oauth2/v1/token", self.world.base_url, self.account)
    }

    /// Where an integration's certificates are listed and created; `/<certificate id>/revoke` below it revokes.
    pub fn certificates_url(&self, client_id: &str) -> String {
        let Self { world, account } = self;
        let base = &world.base_url;
        format!("{base}/netsuite/{account}/services/rest/auth/oauth2/v1/clients/{client_id}/certificates")
    }

    /// Creates an integration record, and the account with the first one.
    pub fn create_integration(&self, new: NewIntegration) -> Result<IntegrationEntry, SimError> {
        let now = self.world.clock.now();
        let no_random = || SimError::Refused("the system has no random numbers".to_owned());
        let client_id = match new.client_id {
            Some(id) => id,
            None => random_text().ok_or_else(no_random)?,
        };
        let application_id = random_text().ok_or_else(no_random)?;
        let scopes =
            new.scopes.unwrap_or_else(|| DEFAULT_SCOPES.map(str::to_owned).to_vec()).into_iter().collect();
        let mut netsuite = self.world.netsuite();
        let account = netsuite.account_or_new(&self.account, now).ok_or_else(no_random)?;
        if account.integrations.contains_key(&client_id) {
            return Err(SimError::Exists { kind: "integration", id: client_id });
        }
        let integration = Integration { application_id, scopes, blocked: false };
        let entry = integration_entry(&client_id, &integration);
        account.integrations.insert(client_id, integration);
        Ok(entry)
    }

    /// Lists the integration records by client id.
    pub fn integrations(&self) -> Result<Vec<IntegrationEntry>, SimError> {
        self.with(|account, _| {
            Ok(account.integrations.iter().map(|(id, known)| integration_entry(id, known)).collect())
        })
    }

    /// Blocks an integration, or lets it in again.
    pub fn block_integration(&self, client_id: &str, blocked: bool) -> Result<(), SimError> {
        self.with(|account, _| {
            let integration = account
                .integrations
                .get_mut(client_id)
                .ok_or_else(|| SimError::Unknown { kind: "integration", id: client_id.to_owned() })?;
            integration.blocked = blocked;
            Ok(())
        })
    }

    /// Replaces the scopes that an integration may be used for.
    pub fn set_scopes(&self, client_id: &str, scopes: &[&str]) -> Result<(), SimError> {
        self.with(|account, _| {
            let integration = account
                .integrations
                .get_mut(client_id)
                .ok_or_else(|| SimError::Unknown { kind: "integration", id: client_id.to_owned() })?;
            integration.scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
            Ok(())
        })
    }

    /// Resets an integration's credentials: it gets another client id, and its certificates stay with the old one.
    pub fn reset_credentials(&self, client_id: &str) -> Result<IntegrationEntry, SimError> {
        let fresh =
            random_text().ok_or_else(|| SimError::Refused("the system has no random numbers".to_owned()))?;
        self.with(|account, _| {
            let integration = account
                .integrations
                .remove(client_id)
                .ok_or_else(|| SimError::Unknown { kind: "integration", id: client_id.to_owned() })?;
            let entry = integration_entry(&fresh, &integration);
            account.integrations.insert(fresh, integration);
            Ok(entry)
        })
    }

    /// Uploads a certificate and returns the certificate id that it gets.
    pub fn upload_certificate(&self, client_id: &str, upload: CertificateUpload) -> Result<String, SimError> {
        self.with(|account, now| account.upload(client_id, upload, now))
    }

    /// Lists an integration's certificates by id, whoever they belong to.
    pub fn certificates(&self, client_id: &str) -> Result<Vec<CertificateEntry>, SimError> {
        self.with(|account, _| {
            let of_client = account.mappings.iter().filter(|(_, mapping)| mapping.client_id == client_id);
            Ok(of_client.map(|(id, mapping)| certificate_entry(id, mapping)).collect())
        })
    }

    /// Revokes a certificate for ever.
    pub fn revoke_certificate(&self, certificate_id: &str) -> Result<(), SimError> {
        self.with(|account, _| {
            let mapping = account
                .mappings
                .get_mut(certificate_id)
                .ok_or_else(|| SimError::Unknown { kind: "certificate", id: certificate_id.to_owned() })?;
            mapping.revoked = true;
            Ok(())
        })
    }

    /// Makes the next certificate id begin with `-`, as one in 64 does.
    pub fn start_next_certificate_id_with_dash(&self) -> Result<(), SimError> {
        self.with(|account, _| {
            account.next_id_with_dash = true;
            Ok(())
        })
    }

    /// Sets whether a role may log in and manage certificates.
    pub fn set_role(&self, role: &str, to: Role) -> Result<(), SimError> {
        self.with(|account, _| {
            account.roles.insert(role.to_owned(), to);
            Ok(())
        })
    }

    /// Lets an entity log in, or not.
    pub fn enable_entity(&self, entity: &str, enabled: bool) -> Result<(), SimError> {
        self.with(|account, _| {
            if enabled {
                account.disabled_entities.remove(entity);
            } else {
                account.disabled_entities.insert(entity.to_owned());
            }
            Ok(())
        })
    }

    /// Gives an entity exactly these roles.
    pub fn set_entity_roles(&self, entity: &str, roles: &[&str]) -> Result<(), SimError> {
        self.with(|account, _| {
            let roles = roles.iter().map(|&role| role.to_owned()).collect();
            account.entity_roles.insert(entity.to_owned(), roles);
            Ok(())
        })
    }

    /// Refreshes a sandbox: every certificate mapping is gone, integrations stay; returns how many were cleared.
    pub fn refresh_sandbox(&self) -> Result<usize, SimError> {
        self.with(|account, _| Ok(std::mem::take(&mut account.mappings).len()))
    }

    /// Returns the account's switches.
    pub fn settings(&self) -> Result<Settings, SimError> {
        self.with(|account, _| Ok(account.settings.clone()))
    }

    /// Replaces the account's switches.
    pub fn set_settings(&self, settings: Settings) -> Result<(), SimError> {
        self.with(|account, _| {
            account.settings = settings;
            Ok(())
        })
    }

    /// Returns the login audit trail, oldest first.
    pub fn login_audit(&self) -> Result<Vec<LoginRecord>, SimError> {
        self.with(|account, _| Ok(account.audit.iter().cloned().collect()))
    }

    fn with<T>(
        &self,
        act: impl FnOnce(&mut Account, Timestamp) -> Result<T, SimError>,
    ) -> Result<T, SimError> {
        let now = self.world.clock.now();
        let mut netsuite = self.world.netsuite();
        let account = netsuite
            .account(&self.account)
            .ok_or_else(|| SimError::Unknown { kind: "account", id: self.account.clone() })?;
        act(account, now)
    }
}

fn integration_entry(client_id: &str, integration: &Integration) -> IntegrationEntry {
    IntegrationEntry {
        client_id: client_id.to_owned(),
        application_id: integration.application_id.clone(),
        blocked: integration.blocked,
        scopes: integration.scopes.iter().cloned().collect(),
    }
}

fn certificate_entry(id: &str, mapping: &Mapping) -> CertificateEntry {
    CertificateEntry {
        certificate_id: id.to_owned(),
        client_id: mapping.client_id.clone(),
        entity: mapping.entity.clone(),
        role: mapping.role.clone(),
        algorithm: mapping.certificate.algorithm().to_owned(),
        uploaded: mapping.uploaded,
        valid_until: mapping.certificate.valid_until,
        revoked: mapping.revoked,
    }
}
