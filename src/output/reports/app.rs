//! Apps: `app list`, and one app shown or changed.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::moment;
use crate::domain::app::App;
use crate::domain::registration::Registration;
use crate::domain::settings::{ClientAuthentication, SigningAlgorithm};
use crate::output::report::to_value;
use crate::output::{Cell, Column, Listing, Report, Table, Tone, View};

/// An app, without its client secret.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AppRow {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// The vendor: quickbooks, pax8 or oauth2.
    provider: &'static str,
    /// production, sandbox, release-preview or simulator.
    environment: &'static str,
    /// What the vendor calls it.
    client_id: String,
    /// Whether its client secret is stored.
    has_secret: bool,
    /// Whether the secret before that is kept, for the way back.
    has_previous_secret: bool,
    /// How many connections belong to it.
    connections: u64,
    /// How it is registered at the vendor.
    settings: RegistrationRow,
    /// How it was registered before the last change that was proven; `null` if it never changed.
    previous_settings: Option<RegistrationRow>,
    /// When it was added.
    created_at: Timestamp,
    /// When it was last changed.
    updated_at: Timestamp,
}

#[derive(Debug, Serialize, JsonSchema)]
struct RegistrationRow {
    /// What the vendor calls it.
    client_id: String,
    /// How it proves to the token endpoint who it is; `null` for what the vendor expects.
    authentication: Option<&'static str>,
    /// What is asked for at a login.
    scopes: Vec<String>,
    /// Where the vendor sends the browser back to.
    redirect_uri: Option<String>,
    /// Where the server's endpoints are published.
    discovery: Option<String>,
    /// What the server calls itself.
    issuer: Option<String>,
    /// The token endpoint; `null` for the vendor's own, like the addresses below.
    token_url: Option<String>,
    /// The authorization endpoint.
    authorize_url: Option<String>,
    /// The device authorization endpoint.
    device_url: Option<String>,
    /// The revocation endpoint.
    revoke_url: Option<String>,
    /// Where a token is tried without consequences.
    api_url: Option<String>,
    /// Whether a login uses PKCE; `null` for what the server supports.
    pkce: Option<bool>,
    /// The signature algorithm of its client assertions, where it signs some.
    signing_algorithm: Option<&'static str>,
    /// Hosts outside the vendor's own that its secrets may be sent to.
    trusted_hosts: Vec<String>,
}

impl From<&Registration> for RegistrationRow {
    fn from(registration: &Registration) -> Self {
        let server = &registration.server;
        let text = |url: &Option<url::Url>| url.as_ref().map(ToString::to_string);
        Self {
            client_id: registration.client_id.clone(),
            authentication: registration.authentication.map(ClientAuthentication::as_str),
            scopes: registration.scopes.clone(),
            redirect_uri: registration.redirect_uri.clone(),
            discovery: text(&server.discovery),
            issuer: server.issuer.clone(),
            token_url: text(&server.token_url),
            authorize_url: text(&server.authorize_url),
            device_url: text(&server.device_url),
            revoke_url: text(&server.revoke_url),
            api_url: text(&server.api_url),
            pkce: server.pkce,
            signing_algorithm: registration.signing_algorithm.map(SigningAlgorithm::as_str),
            trusted_hosts: registration.trusted_hosts.clone(),
        }
    }
}

impl AppRow {
    /// Describes an app to which `connections` belong.
    pub fn new(app: &App, connections: u64) -> Self {
        Self {
            id: app.id.to_string(),
            name: app.name.to_string(),
            provider: app.provider.as_str(),
            environment: app.environment.as_str(),
            client_id: app.registration.client_id.clone(),
            has_secret: app.has_secret,
            has_previous_secret: app.has_previous_secret,
            connections,
            settings: (&app.registration).into(),
            previous_settings: app.previous_registration.as_ref().map(Into::into),
            created_at: app.created_at,
            updated_at: app.updated_at,
        }
    }
}

/// `app list`
#[derive(Debug, Serialize, JsonSchema)]
pub struct AppList {
    /// The apps, by name.
    pub apps: Vec<AppRow>,
}

const FIELDS: &[&str] = &[
    "name",
    "id",
    "provider",
    "environment",
    "client_id",
    "has_secret",
    "connections",
    "settings.scopes",
    "settings.redirect_uri",
    "created_at",
    "updated_at",
];

impl AppList {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of("apps", FIELDS);
}

impl Report for AppList {
    fn schema(&self) -> &'static str {
        "app-list/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let columns = [
            Column::new("NAME").shrinks(),
            Column::new("PROVIDER"),
            Column::new("ENVIRONMENT"),
            Column::new("CLIENT ID").shrinks(),
            Column::new("CONNECTIONS"),
        ];
        let mut table = Table::new(columns, "no apps");
        for row in &self.apps {
            table.row([
                row.name.as_str().into(),
                row.provider.into(),
                row.environment.into(),
                row.client_id.as_str().into(),
                row.connections.to_string().into(),
            ] as [Cell; 5]);
        }
        View::new().table(table)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}

/// A grant that is kept apart.
#[derive(Debug, Serialize, JsonSchema)]
pub struct QuarantinedRow {
    /// Names it.
    pub id: String,
    /// The customer's account that it is for.
    pub realm: Option<String>,
    /// Why it is kept apart.
    pub reason: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// One app, shown or changed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AppDetail {
    /// What was done: "shown", "planned", "added", "changed", "removed".
    pub action: &'static str,
    /// Whether new keys were proven; absent where nothing needed proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proven: Option<bool>,
    /// The app.
    pub app: AppRow,
    /// The names of its connections.
    pub connections: Vec<String>,
    /// Grants that were given to it and belong to no connection.
    pub quarantined: Vec<QuarantinedRow>,
}

impl AppDetail {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing =
        Listing::single(&["action", "app.name", "app.provider", "app.client_id", "app.connections"]);
}

impl Report for AppDetail {
    fn schema(&self) -> &'static str {
        "app/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let (row, settings) = (&self.app, &self.app.settings);
        let mut facts: Vec<(String, Cell)> = vec![
            ("name".into(), row.name.as_str().into()),
            ("provider".into(), row.provider.into()),
            ("environment".into(), row.environment.into()),
            ("client id".into(), settings.client_id.as_str().into()),
            (
                "client secret".into(),
                if row.has_secret { "stored, sealed".into() } else { Cell::dim("none") },
            ),
        ];
        let mut optional = |label: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                facts.push((label.to_owned(), value.into()));
            }
        };
        optional("authentication", settings.authentication.map(str::to_owned));
        optional("scopes", Some(settings.scopes.join(" ")));
        optional("redirect uri", settings.redirect_uri.clone());
        optional("discovery", settings.discovery.clone());
        optional("issuer", settings.issuer.clone());
        optional("token url", settings.token_url.clone());
        optional("authorize url", settings.authorize_url.clone());
        optional("device url", settings.device_url.clone());
        optional("revoke url", settings.revoke_url.clone());
        optional("api url", settings.api_url.clone());
        optional("trusted hosts", Some(settings.trusted_hosts.join(" ")));
        optional("connections", Some(self.connections.join(" ")));
        optional("changed", Some(moment(row.updated_at)));
        match self.proven {
            Some(true) => facts.push(("keys".into(), Cell::toned("proven", Tone::Good))),
            Some(false) => facts.push(("keys".into(), Cell::toned("not proven", Tone::Warning))),
            None => {}
        }
        let mut view = View::new();
        if self.action != "shown" {
            view = view.line(Cell::toned(format!("app {}: {}", row.name, self.action), Tone::Good));
        }
        view = view.facts(facts);
        if self.quarantined.is_empty() {
            return view;
        }
        let columns = [
            Column::new("QUARANTINED"),
            Column::new("REALM"),
            Column::new("RECEIVED"),
            Column::new("WHY").shrinks(),
        ];
        let mut table = Table::new(columns, "");
        for one in &self.quarantined {
            table.row([
                one.id.as_str().into(),
                one.realm.clone().into(),
                moment(one.received_at).into(),
                one.reason.as_str().into(),
            ] as [Cell; 4]);
        }
        view.table(table)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
