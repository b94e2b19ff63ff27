//! The client assertion and everything for which it can be refused (`vendors.md` 1.2 and 1.3).

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::certificate::Certificate;
use super::refusal::Refusal;
use super::state::{Account, Settings};
use crate::sim::jose::{Algorithm, Jws};

/// The claims; a member given twice is refused (RFC 7519 section 4), unknown ones are ignored.
#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    iat: f64,
    exp: f64,
    scope: Option<Scope>,
    sub: Option<String>,
    jti: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Scope {
    List(Vec<String>),
    Text(String),
}

/// An assertion that could be read; nothing in it is believed yet.
#[derive(Debug)]
pub(super) struct Assertion {
    jws: Jws,
    algorithm: Algorithm,
    claims: Claims,
    certificate_id: String,
}

/// Whom an assertion speaks for.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) client_id: String,
    pub(super) application_id: String,
    pub(super) entity: String,
    pub(super) role: String,
    pub(super) scopes: Vec<String>,
}

impl Assertion {
    pub(super) fn parse(token: &str) -> Result<Self, Refusal> {
        let jws = Jws::parse(token).ok_or(Refusal::MalformedAssertion)?;
        let algorithm = match jws.header.alg.as_str() {
            "RS256" | "RS384" | "RS512" => return Err(Refusal::RetiredAlgorithm),
            name => Algorithm::named(name).ok_or(Refusal::UnsupportedAlgorithm)?,
        };
        if jws.header.typ.as_deref() != Some("JWT") {
            return Err(Refusal::MalformedAssertion);
        }
        let certificate_id = jws.header.kid.clone().ok_or(Refusal::MalformedAssertion)?;
        let claims = serde_json::from_slice(&jws.payload).map_err(|_| Refusal::MalformedAssertion)?;
        Ok(Self { jws, algorithm, claims, certificate_id })
    }

    pub(super) fn issuer(&self) -> &str {
        &self.claims.iss
    }

    pub(super) fn certificate_id(&self) -> &str {
        &self.certificate_id
    }

    /// Returns the certificate that must have signed it, if the account knows client and certificate.
    pub(super) fn certificate(&self, account: &Account, now: Timestamp) -> Result<Arc<Certificate>, Refusal> {
        let issuer = self.issuer();
        let Some(integration) = account.integrations.get(issuer) else {
            let confused = account.integrations.values().any(|known| known.application_id == issuer);
            return Err(if confused { Refusal::ApplicationIdAsIssuer } else { Refusal::UnknownIntegration });
        };
        if integration.blocked {
            return Err(Refusal::IntegrationBlocked);
        }
        let mapping = account
            .mappings
            .get(&self.certificate_id)
            .filter(|mapping| mapping.client_id == issuer)
            .ok_or(Refusal::UnknownCertificate)?;
        let tolerance = f64::from(account.settings.clock_tolerance_seconds);
        if mapping.revoked {
            Err(Refusal::CertificateRevoked)
        } else if now >= mapping.certificate.valid_until {
            Err(Refusal::CertificateExpired)
        } else if seconds(now) + tolerance < seconds(mapping.certificate.not_before) {
            Err(Refusal::CertificateNotYetValid)
        } else {
            Ok(Arc::clone(&mapping.certificate))
        }
    }

    /// Checks the signature, and the claims that need no account state but its switches.
    pub(super) fn check(
        &self,
        certificate: &Certificate,
        audience: &str,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let Claims { aud, iat, exp, sub, .. } = &self.claims;
        let now = seconds(now);
        let algorithms = &settings.algorithms;
        if !algorithms.is_empty() && !algorithms.contains(&self.jws.header.alg) {
            Err(Refusal::UnsupportedAlgorithm)
        } else if !self.jws.verifies(self.algorithm, &certificate.key) {
            Err(Refusal::InvalidSignature)
        } else if aud != audience {
            Err(Refusal::InvalidAudience)
        } else if *iat > now + f64::from(settings.clock_tolerance_seconds) {
            Err(Refusal::IssuedInTheFuture)
        } else if *exp <= now {
            Err(Refusal::AssertionExpired)
        } else if exp - iat >= f64::from(settings.assertion_limit_seconds) {
            Err(Refusal::AssertionLivesTooLong)
        } else if sub.is_some() && !settings.subject_accepted {
            Err(Refusal::SubjectNotAccepted)
        } else {
            Ok(())
        }
    }

    /// Returns whom a checked assertion logs in, and uses up its `jti`.
    ///
    /// Looks everything up afresh: the account was not locked while the signature was checked.
    pub(super) fn log_in(&self, account: &mut Account, now: Timestamp) -> Result<Login, Refusal> {
        self.certificate(account, now)?;
        let scopes = self.scopes(&account.settings)?;
        let (Some(integration), Some(mapping)) =
            (account.integrations.get(self.issuer()), account.mappings.get(&self.certificate_id))
        else {
            return Err(Refusal::UnknownCertificate);
        };
        if !scopes.iter().all(|scope| integration.scopes.contains(scope)) {
            return Err(Refusal::ScopeMismatched);
        }
        let login = Login {
            client_id: mapping.client_id.clone(),
            application_id: integration.application_id.clone(),
            entity: mapping.entity.clone(),
            role: mapping.role.clone(),
            scopes,
        };
        if !account.may_log_in(&login.role, &login.entity) {
            return Err(Refusal::EntityOrRoleDisabled);
        }
        if account.settings.replay_check {
            let jti = self.claims.jti.clone().ok_or(Refusal::MalformedAssertion)?;
            account.seen.retain(|_, expiry| *expiry > seconds(now));
            if account.seen.insert(jti, self.claims.exp).is_some() {
                return Err(Refusal::AssertionReplayed);
            }
        }
        Ok(login)
    }

    fn scopes(&self, settings: &Settings) -> Result<Vec<String>, Refusal> {
        let scopes = match &self.claims.scope {
            Some(Scope::List(list)) if settings.scope_array_accepted => list.clone(),
            Some(Scope::Text(text)) if settings.scope_string_accepted => {
                text.split(',').map(str::to_owned).collect()
            }
            _ => return Err(Refusal::ScopeMismatched),
        };
        // Source: `vendors.md` 1.2: three scopes that combine, and `mcp`, which stands alone.
        let combinable = scopes
            .iter()
            .all(|scope| matches!(scope.as_str(), "restlets" | "rest_webservices" | "suite_analytics"));
        let valid = !scopes.is_empty() && (combinable || scopes == ["mcp"]);
        if valid { Ok(scopes) } else { Err(Refusal::ScopeMismatched) }
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}
