//! Mapping a certificate to application, entity and role, whoever uploads it (`vendors.md` 1.4).

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::access_token::random_text;
use super::certificate::Certificate;
use super::state::{Account, MOST_ACTIVE_CERTIFICATES, Mapping};
use crate::sim::error::SimError;

/// A certificate to upload for an entity and a role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateUpload {
    /// The file: one PEM block.
    pub certificate: String,
    /// The entity's internal id, such as `-5`.
    pub entity: String,
    /// The role's internal id, such as `1000`.
    pub role: String,
}

impl Account {
    /// Maps a certificate to an integration, an entity and a role; returns its certificate id.
    pub(super) fn upload(
        &mut self,
        client_id: &str,
        upload: CertificateUpload,
        now: Timestamp,
    ) -> Result<String, SimError> {
        if !self.integrations.contains_key(client_id) {
            return Err(SimError::Unknown { kind: "integration", id: client_id.to_owned() });
        }
        let certificate = Certificate::read(&upload.certificate, now)
            .map_err(|unacceptable| SimError::Refused(unacceptable.to_string()))?;
        let mut active = self.mappings.values().filter(|mapping| mapping.is_active(now));
        // Source: `vendors.md` 1.4: one certificate serves exactly one combination of application, entity, role.
        if active.clone().any(|mapping| mapping.certificate.fingerprint == certificate.fingerprint) {
            return Err(SimError::Refused("the certificate is mapped already".to_owned()));
        }
        if active.by_ref().filter(|mapping| mapping.client_id == client_id).count()
            >= MOST_ACTIVE_CERTIFICATES
        {
            return Err(SimError::Refused(format!(
                "the integration has {MOST_ACTIVE_CERTIFICATES} active certificates, which is the maximum"
            )));
        }
        let id = self
            .new_certificate_id()
            .ok_or_else(|| SimError::Refused("the system has no random numbers".to_owned()))?;
        let mapping = Mapping {
            client_id: client_id.to_owned(),
            entity: upload.entity,
            role: upload.role,
            certificate: Arc::new(certificate),
            uploaded: now,
            revoked: false,
        };
        self.mappings.insert(id.clone(), mapping);
        Ok(id)
    }

    fn new_certificate_id(&mut self) -> Option<String> {
        let id = random_text()?;
        Some(if std::mem::take(&mut self.next_id_with_dash) { format!("-{}", &id[1..]) } else { id })
    }
}
