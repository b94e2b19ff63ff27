//! `connection list`, `connection show` and the commands that change a connection.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::grant::{EndRow, GrantRow, standing_cell};
use super::{KeyRow, moment, short};
use crate::domain::app::App;
use crate::domain::connection::Connection;
use crate::domain::grant::Grant;
use crate::domain::rotation::KeySet;
use crate::domain::settings::{Settings, SigningAlgorithm};
use crate::domain::standing::{End, Standing};
use crate::domain::token::TokenFacts;
use crate::domain::verification::{Outcome, Verification};
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, Tone, View};

/// One connection without secrets.
#[derive(Debug, Serialize)]
pub struct ConnectionRow {
    id: String,
    name: String,
    provider: &'static str,
    environment: &'static str,
    enabled: bool,
    company: Option<CompanyRow>,
    /// The app that it belongs to.
    app: Option<AppRef>,
    /// What it is good for now, in words for every provider.
    status: Standing,
    /// When somebody must have acted: the certificate ends by the vendor's rule, the grant ends for good, or its refresh
    /// token is about to end unused.
    expires_at: Option<Timestamp>,
    /// Whole days until then.
    days_left: Option<i64>,
    /// The same, with what it is that ends.
    expires: Option<EndRow>,
    /// Where its keys stand: none, pending, active, rotating or previous-kept.
    key_state: &'static str,
    settings: SettingsRow,
    previous_settings: Option<SettingsRow>,
    tags: BTreeMap<String, String>,
    keys: Vec<KeyRow>,
    /// What a person consented to; its hash, never its refresh token.
    grant: Option<GrantRow>,
    /// The cached access token as of the last commit; its hash, never its value.
    token: Option<TokenRow>,
    verification: Option<VerificationRow>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct CompanyRow {
    id: String,
    name: String,
}

#[derive(Debug, Serialize)]
struct AppRef {
    id: String,
    name: String,
    client_id: String,
}

/// What a provider does not know is `null`.
#[derive(Debug, Default, Serialize)]
struct SettingsRow {
    account: Option<String>,
    client_id: Option<String>,
    scopes: Vec<String>,
    entity: Option<String>,
    role: Option<String>,
    token_url: Option<String>,
    certificate_url: Option<String>,
    trusted_hosts: Vec<String>,
    scope_style: Option<Value>,
    subject: Option<Value>,
    signing_algorithm: Option<&'static str>,
    assertion_seconds: Option<u32>,
    grant: Option<&'static str>,
    realm: Option<String>,
    audience: Option<String>,
}

#[derive(Debug, Serialize)]
struct TokenRow {
    sha256: String,
    obtained_at: Timestamp,
    expires_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct VerificationRow {
    checked_at: Timestamp,
    outcome: Outcome,
    http_status: Option<u16>,
    vendor_error: Option<String>,
    message: Option<String>,
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

    fn status_cell(&self) -> Cell {
        standing_cell(self.status)
    }

    fn expiry_cell(&self) -> Cell {
        self.expires.as_ref().map_or_else(Cell::default, EndRow::cell)
    }

    fn verified_cell(&self) -> Cell {
        match &self.verification {
            None => Cell::dim("never"),
            Some(last) if last.outcome == Outcome::Proven => {
                Cell::toned(last.checked_at.strftime("%Y-%m-%d").to_string(), Tone::Good)
            }
            Some(last) => Cell::toned(last.outcome.as_str(), Tone::Bad),
        }
    }
}

/// `connection list`
#[derive(Debug, Serialize)]
pub struct ConnectionList {
    /// The connections, by name.
    pub connections: Vec<ConnectionRow>,
}

impl Report for ConnectionList {
    fn schema(&self) -> &'static str {
        "connection-list/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let columns = [
            Column::new("NAME").shrinks(),
            Column::new("PROVIDER"),
            Column::new("ACCOUNT"),
            Column::new("COMPANY").shrinks(),
            Column::new("STATUS"),
            Column::new("EXPIRES"),
        ];
        let mut table = Table::new(columns, "no connections");
        for row in &self.connections {
            table.row([
                row.name.as_str().into(),
                row.provider.into(),
                row.settings.account.clone().into(),
                row.company.as_ref().map(|company| company.name.clone()).into(),
                row.status_cell(),
                row.expiry_cell(),
            ] as [Cell; 6]);
        }
        View::new().table(table)
    }

    fn listing(&self) -> Listing {
        Listing::of("connections", FIELDS)
    }
}

const FIELDS: &[&str] = &[
    "name",
    "id",
    "provider",
    "environment",
    "enabled",
    "company.name",
    "status",
    "key_state",
    "settings.account",
    "settings.client_id",
    "settings.scopes",
    "settings.entity",
    "settings.role",
    "settings.grant",
    "app.name",
    "grant.state",
    "grant.expires_at",
    "grant.hard_expires_at",
    "expires_at",
    "expires.kind",
    "tags",
    "verification.outcome",
    "verification.checked_at",
    "created_at",
    "updated_at",
];

/// One connection, shown or changed.
#[derive(Debug, Serialize)]
pub struct ConnectionDetail {
    /// What was done: shown, added, changed, unchanged, removed, or planned with `--dry-run`.
    pub action: &'static str,
    /// Whether an exchange proved the settings; absent where nothing needed proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proven: Option<bool>,
    /// The connection as it is now, or was before its removal.
    pub connection: ConnectionRow,
}

impl Report for ConnectionDetail {
    fn schema(&self) -> &'static str {
        "connection/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let row = &self.connection;
        let view = match self.action {
            "shown" => View::new(),
            action => View::new().line(format!("{action}: connection {}", row.name)),
        };
        if matches!(self.action, "removed" | "unchanged") {
            return view;
        }
        view.facts(facts(row))
    }

    fn listing(&self) -> Listing {
        Listing::single(&[
            "action",
            "connection.name",
            "connection.id",
            "connection.status",
            "connection.key_state",
            "connection.enabled",
        ])
    }
}

fn facts(row: &ConnectionRow) -> Vec<(String, Cell)> {
    let settings = &row.settings;
    let mut facts: Vec<(String, Cell)> = vec![
        ("name".into(), row.name.as_str().into()),
        ("id".into(), Cell::dim(row.id.as_str())),
        ("provider".into(), format!("{} ({})", row.provider, row.environment).into()),
        ("account".into(), settings.account.clone().into()),
    ];
    match &row.app {
        None => facts.push(("client id".into(), settings.client_id.clone().into())),
        Some(app) => {
            facts.push(("app".into(), app.name.as_str().into()));
            facts.push(("client id".into(), app.client_id.as_str().into()));
            facts.push(("grant".into(), settings.grant.unwrap_or_default().into()));
        }
    }
    if row.app.is_none() || !settings.scopes.is_empty() {
        facts.push(("scopes".into(), settings.scopes.join(" ").into()));
    }
    facts.push(("status".into(), row.status_cell()));
    if row.app.is_none() || !row.keys.is_empty() {
        facts.push(("keys".into(), row.key_state.into()));
    }
    let mut optional = |label: &str, value: Option<String>| {
        if let Some(value) = value {
            facts.push((label.into(), value.into()));
        }
    };
    optional("company", row.company.as_ref().map(|company| company.name.clone()));
    optional("audience", settings.audience.clone());
    optional("entity", settings.entity.clone());
    optional("role", settings.role.clone());
    optional("token url", settings.token_url.clone());
    optional("certificate url", settings.certificate_url.clone());
    optional("trusted hosts", (!settings.trusted_hosts.is_empty()).then(|| settings.trusted_hosts.join(" ")));
    let tags: Vec<_> = row.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    optional("tags", (!tags.is_empty()).then(|| tags.join(" ")));
    for key in &row.keys {
        let id =
            key.certificate_id.as_deref().map_or_else(String::new, |id| format!(", certificate id {id}"));
        let text =
            format!("{} {}{id}, expires {}", key.algorithm, short(&key.fingerprint), key.expiry().text);
        facts.push((format!("{} key", key.state), Cell { text, tone: key.expiry().tone }));
    }
    if let Some(grant) = &row.grant {
        facts.extend(grant.facts());
    }
    if let Some(token) = &row.token {
        facts.push(("cached token".into(), format!("until {}", moment(token.expires_at)).into()));
    }
    let verified = row.verified_cell();
    let when = row.verification.as_ref().map_or_else(String::new, |last| moment(last.checked_at));
    let text = match &row.verification {
        Some(last) => format!("{}, {when}", last.outcome.as_str()),
        None => verified.text,
    };
    facts.push(("verified".into(), Cell { text, tone: verified.tone }));
    facts
}
