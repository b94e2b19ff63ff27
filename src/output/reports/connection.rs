//! `connection list`, `connection show` and the commands that change a connection.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

pub use super::connection_row::{ConnectionRow, Described};
use super::grant::{EndRow, standing_cell};
use super::{moment, short};
use crate::domain::standing::Standing;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, View};

/// `connection list`
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConnectionList {
    /// The connections, by name.
    pub connections: Vec<ConnectionRow>,
}

impl ConnectionList {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of("connections", FIELDS);
}

/// What people see of a connection in a list.
pub struct ConnectionLine {
    /// Its name.
    pub name: String,
    /// The vendor.
    pub provider: &'static str,
    /// The customer's account at the vendor.
    pub account: Option<String>,
    /// The customer that it belongs to.
    pub company: Option<String>,
    /// What it is good for now.
    pub status: Standing,
    /// When somebody must have acted.
    pub expires: Option<EndRow>,
}

/// Returns what people see of [`ConnectionList`].
pub fn connection_table(lines: impl Iterator<Item = ConnectionLine>) -> View {
    let columns = [
        Column::new("NAME").shrinks(),
        Column::new("PROVIDER"),
        Column::new("ACCOUNT"),
        Column::new("COMPANY").shrinks(),
        Column::new("STATUS"),
        Column::new("EXPIRES"),
    ];
    let mut table = Table::new(columns, "no connections");
    for line in lines {
        table.row([
            line.name.into(),
            line.provider.into(),
            line.account.into(),
            line.company.into(),
            standing_cell(line.status),
            line.expires.as_ref().map_or_else(Cell::default, EndRow::cell),
        ] as [Cell; 6]);
    }
    View::new().table(table)
}

impl Report for ConnectionList {
    fn schema(&self) -> &'static str {
        "connection-list/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        connection_table(self.connections.iter().map(|row| ConnectionLine {
            name: row.name.clone(),
            provider: row.provider,
            account: row.settings.account.clone(),
            company: row.company.as_ref().map(|company| company.name.clone()),
            status: row.status,
            expires: row.expires.clone(),
        }))
    }

    fn listing(&self) -> Listing {
        Self::LISTING
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
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConnectionDetail {
    /// What was done: shown, added, changed, unchanged, removed, or planned with `--dry-run`.
    pub action: &'static str,
    /// Whether an exchange proved the settings; absent where nothing needed proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proven: Option<bool>,
    /// The connection as it is now, or was before its removal.
    pub connection: ConnectionRow,
}

impl ConnectionDetail {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::single(&[
        "action",
        "connection.name",
        "connection.id",
        "connection.status",
        "connection.key_state",
        "connection.enabled",
    ]);
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
        Self::LISTING
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
