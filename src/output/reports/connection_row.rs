//! A connection as the reports describe it, without secrets.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::KeyRow;
use super::grant::{EndRow, GrantRow, standing_cell, standings};
use crate::domain::app::App;
use crate::domain::connection::Connection;
use crate::domain::grant::Grant;
use crate::domain::rotation::KeySet;
use crate::domain::settings::{Settings, SigningAlgorithm};
use crate::domain::standing::{End, Standing};
use crate::domain::token::TokenFacts;
use crate::domain::verification::{Outcome, Verification};
use crate::output::report::to_value;
use crate::output::view::{Cell, Tone};

/// One connection without secrets.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConnectionRow {
    /// Its id.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    /// The vendor: netsuite, quickbooks, pax8 or oauth2.
    pub(super) provider: &'static str,
    /// production, sandbox, release-preview or simulator.
    pub(super) environment: &'static str,
    /// Whether it is switched on.
    pub(super) enabled: bool,
    /// The customer that it belongs to.
    pub(super) company: Option<CompanyRow>,
    /// The app that it belongs to.
    pub(super) app: Option<AppRef>,
    /// What it is good for now, in words for every provider.
    #[schemars(schema_with = "standings")]
    pub(super) status: Standing,
    /// When somebody must have acted: the certificate ends by the vendor's rule, the grant ends for good, or its refresh
    /// token is about to end unused.
    pub(super) expires_at: Option<Timestamp>,
    /// Whole days until then.
    pub(super) days_left: Option<i64>,
    /// The same, with what it is that ends.
    pub(super) expires: Option<EndRow>,
    /// Where its keys stand: none, pending, active, rotating or previous-kept.
    pub(super) key_state: &'static str,
    /// What takes part in an exchange.
    pub(super) settings: SettingsRow,
    /// The settings before the last change that was proven; `null` if there was none.
    pub(super) previous_settings: Option<SettingsRow>,
    /// Labels to select by.
    pub(super) tags: BTreeMap<String, String>,
    /// Its keys, pending first.
    pub(super) keys: Vec<KeyRow>,
    /// What a person consented to; its hash, never its refresh token.
    pub(super) grant: Option<GrantRow>,
    /// The cached access token as of the last commit; its hash, never its value.
    pub(super) token: Option<TokenRow>,
    /// What the last verification found; `null` if there was none.
    pub(super) verification: Option<VerificationRow>,
    /// When it was added.
    pub(super) created_at: Timestamp,
    /// When it was last changed.
    pub(super) updated_at: Timestamp,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CompanyRow {
    /// Its id.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AppRef {
    /// Its id.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    /// What the vendor calls it.
    pub(super) client_id: String,
}

/// What a provider does not know is `null`.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct SettingsRow {
    /// The customer's account at the vendor.
    pub(super) account: Option<String>,
    /// What the vendor calls the integration; with an app, its own.
    pub(super) client_id: Option<String>,
    /// What is asked for.
    pub(super) scopes: Vec<String>,
    /// The user that the certificate is mapped to.
    pub(super) entity: Option<String>,
    /// The role that the certificate is mapped to.
    pub(super) role: Option<String>,
    /// The token endpoint, if it is not the vendor's own.
    pub(super) token_url: Option<String>,
    /// The certificate endpoint, if it is not the vendor's own.
    pub(super) certificate_url: Option<String>,
    /// Hosts outside the vendor's own that credentials may be sent to.
    pub(super) trusted_hosts: Vec<String>,
    /// How the scopes stand in the client assertion: array or comma.
    #[schemars(with = "Option<String>")]
    pub(super) scope_style: Option<Value>,
    /// What the subject claim of the client assertion says: omit or client-id.
    #[schemars(with = "Option<String>")]
    pub(super) subject: Option<Value>,
    /// The signature algorithm of the client assertion; `null` for the key's usual one.
    pub(super) signing_algorithm: Option<&'static str>,
    /// How long a client assertion is valid, in seconds.
    pub(super) assertion_seconds: Option<u32>,
    /// How tokens are obtained through its app.
    pub(super) grant: Option<&'static str>,
    /// The customer's account, as the vendor's callback names it.
    pub(super) realm: Option<String>,
    /// The API that the token is for.
    pub(super) audience: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TokenRow {
    /// SHA-256 of the token.
    pub(super) sha256: String,
    /// When the vendor issued it.
    pub(super) obtained_at: Timestamp,
    /// When it expires.
    pub(super) expires_at: Timestamp,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct VerificationRow {
    /// When it was checked.
    pub(super) checked_at: Timestamp,
    /// What came of it: proven, failed, missing, rejected, conflict, unreachable, refused or expired.
    #[schemars(with = "String")]
    pub(super) outcome: Outcome,
    /// The vendor's HTTP status.
    pub(super) http_status: Option<u16>,
    /// The vendor's error code.
    pub(super) vendor_error: Option<String>,
    /// What went wrong.
    pub(super) message: Option<String>,
}

impl From<&Settings> for SettingsRow {
    fn from(settings: &Settings) -> Self {
        match settings {
            Settings::Netsuite(settings) => Self {
                account: Some(settings.account.to_string()),
                client_id: Some(settings.client_id.clone()),
                scopes: settings.scopes.clone(),
                entity: settings.entity.clone(),
                role: settings.role.clone(),
                token_url: settings.token_url.as_ref().map(ToString::to_string),
                certificate_url: settings.certificate_url.as_ref().map(ToString::to_string),
                trusted_hosts: settings.trusted_hosts.clone(),
                scope_style: Some(to_value(&settings.scope_style)),
                subject: Some(to_value(&settings.subject)),
                signing_algorithm: settings.signing_algorithm.map(SigningAlgorithm::as_str),
                assertion_seconds: Some(settings.assertion_seconds),
                ..Self::default()
            },
            Settings::Member(settings) => Self {
                account: settings.realm.clone(),
                scopes: settings.scopes.clone(),
                grant: Some(settings.grant.as_str()),
                realm: settings.realm.clone(),
                audience: settings.audience.clone(),
                ..Self::default()
            },
        }
    }
}

/// A connection and what is known of it.
pub struct Described<'a> {
    /// The connection.
    pub connection: &'a Connection,
    /// The app that it belongs to.
    pub app: Option<&'a App>,
    /// Its keys.
    pub keys: &'a KeySet,
    /// The same for display, pending first.
    pub rows: Vec<KeyRow>,
    /// Where it stands.
    pub standing: Standing,
    /// What makes somebody act first.
    pub end: Option<End>,
    /// What is known of its grant.
    pub grant: Option<&'a Grant>,
    /// What is known of its cached token.
    pub token: Option<&'a TokenFacts>,
    /// Its last verification.
    pub verification: Option<&'a Verification>,
}

impl ConnectionRow {
    /// Describes a connection as it is at `now`.
    pub fn new(described: Described<'_>, now: Timestamp) -> Self {
        let Described { connection, app, keys, rows, standing, end, grant, token, verification } = described;
        Self {
            id: connection.id.to_string(),
            name: connection.name.to_string(),
            provider: connection.provider.as_str(),
            environment: connection.environment.as_str(),
            enabled: connection.enabled,
            company: connection
                .company
                .as_ref()
                .map(|company| CompanyRow { id: company.id.to_string(), name: company.name.clone() }),
            app: app.map(|app| AppRef {
                id: app.id.to_string(),
                name: app.name.to_string(),
                client_id: app.registration.client_id.clone(),
            }),
            status: standing,
            expires_at: end.map(|end| end.at),
            days_left: end.map(|end| end.days_left(now)),
            expires: end.map(|end| EndRow::new(end, now)),
            key_state: keys.phase().as_str(),
            settings: (&connection.settings).into(),
            previous_settings: connection.previous_settings.as_ref().map(Into::into),
            tags: connection.tags.clone(),
            keys: rows,
            grant: grant.map(Into::into),
            token: token.map(|facts| TokenRow {
                sha256: facts.hash.clone(),
                obtained_at: facts.obtained_at,
                expires_at: facts.expires_at,
            }),
            verification: verification.map(|last| VerificationRow {
                checked_at: last.checked_at,
                outcome: last.outcome,
                http_status: last.http_status,
                vendor_error: last.vendor_error.clone(),
                message: last.message.clone(),
            }),
            created_at: connection.created_at,
            updated_at: connection.updated_at,
        }
    }

    pub(super) fn status_cell(&self) -> Cell {
        standing_cell(self.status)
    }

    pub(super) fn verified_cell(&self) -> Cell {
        match &self.verification {
            None => Cell::dim("never"),
            Some(last) if last.outcome == Outcome::Proven => {
                Cell::toned(last.checked_at.strftime("%Y-%m-%d").to_string(), Tone::Good)
            }
            Some(last) => Cell::toned(last.outcome.as_str(), Tone::Bad),
        }
    }
}
