//! `connection list`, `connection show` and the commands that change a connection.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::grant::{EndRow, GrantRow};
use super::{KeyRow, moment, short};
use crate::domain::connection::Connection;
use crate::domain::settings::{Settings, SigningAlgorithm};
use crate::domain::grant::Grant;
use crate::domain::rotation::KeySet;
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
    /// What it is good for now, in words for every provider.
    status: Standing,
    /// Where its keys stand: none, pending, active, rotating or previous-kept.
    key_state: &'static str,
    settings: SettingsRow,
    previous_settings: Option<SettingsRow>,
    tags: BTreeMap<String, String>,
    /// The app that it belongs to.
    app: Option<String>,
    /// What the vendor gave us; its hash, never its value.
    grant: Option<GrantRow>,
    /// What makes somebody act first.
    expires: Option<EndRow>,
    keys: Vec<KeyRow>,
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

/// What a [`ConnectionRow`] is made of.
pub struct Described<'a> {
    /// The connection.
    pub connection: &'a Connection,
    /// The name of its app.
    pub app: Option<&'a str>,
    /// Its grant.
    pub grant: Option<&'a Grant>,
    /// Its keys.
    pub keys: &'a KeySet,
    /// The same as rows, pending first.
    pub rows: Vec<KeyRow>,
    /// Its cached token as of the last commit.
    pub token: Option<&'a TokenFacts>,
    /// Its last verification.
    pub verification: Option<&'a Verification>,
    /// Where it stands.
    pub standing: Standing,
    /// What makes somebody act first.
    pub end: Option<End>,
    /// The time.
    pub now: Timestamp,
}

impl ConnectionRow {
    /// Describes a connection.
    pub fn new(described: Described<'_>) -> Self {
        let Described { connection, keys, rows, token, verification, now, .. } = described;
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
            status: described.standing,
            key_state: keys.phase().as_str(),
            settings: (&connection.settings).into(),
            previous_settings: connection.previous_settings.as_ref().map(Into::into),
            tags: connection.tags.clone(),
            app: described.app.map(str::to_owned),
            grant: described.grant.map(GrantRow::from),
            expires: described.end.map(|end| EndRow::new(end, now)),
            keys: rows,
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
        super::grant::standing_cell(self.status)
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
    "settings.realm",
    "app",
    "grant.state",
    "grant.expires_at",
    "grant.hard_expires_at",
    "expires.at",
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
        ("client id".into(), settings.client_id.clone().into()),
        ("scopes".into(), settings.scopes.join(" ").into()),
        ("status".into(), row.status_cell()),
        ("keys".into(), row.key_state.into()),
    ];
    let mut optional = |label: &str, value: Option<String>| {
        if let Some(value) = value {
            facts.push((label.into(), value.into()));
        }
    };
    optional("company", row.company.as_ref().map(|company| company.name.clone()));
    optional("app", row.app.clone());
    optional("entity", settings.entity.clone());
    optional("role", settings.role.clone());
    optional("token url", settings.token_url.clone());
    optional("certificate url", settings.certificate_url.clone());
    optional("trusted hosts", (!settings.trusted_hosts.is_empty()).then(|| settings.trusted_hosts.join(" ")));
    let tags: Vec<_> = row.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    optional("tags", (!tags.is_empty()).then(|| tags.join(" ")));
    if let Some(grant) = &row.grant {
        facts.extend(grant.facts());
    }
    for key in &row.keys {
        let id =
            key.certificate_id.as_deref().map_or_else(String::new, |id| format!(", certificate id {id}"));
        let text =
            format!("{} {}{id}, expires {}", key.algorithm, short(&key.fingerprint), key.expiry().text);
        facts.push((format!("{} key", key.state), Cell { text, tone: key.expiry().tone }));
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
