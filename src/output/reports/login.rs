//! `login`: what was connected, or would be.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{days_between, expiry, moment};
use crate::domain::app::App;
use crate::domain::connection::Connection;
use crate::domain::grant::Grant;
use crate::output::report::to_value;
use crate::output::{Cell, Listing, Report, Tone, View};

/// What a login brought.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Login {
    /// What was done: "connected", "renewed", or "planned".
    pub action: &'static str,
    /// The app.
    app: String,
    /// The vendor.
    provider: &'static str,
    /// production, sandbox, release-preview or simulator.
    environment: &'static str,
    /// The connection; in a plan, the one that would be renewed.
    connection: Option<String>,
    /// Its id.
    connection_id: Option<String>,
    /// The customer's account at the vendor.
    realm: Option<String>,
    /// The company that the connection belongs to here.
    company: Option<String>,
    /// Its id.
    company_id: Option<String>,
    /// What the vendor calls it; `null` if it did not say.
    vendor_name: Option<String>,
    /// Whether the vendor showed the account to the new token; `null` in a plan.
    confirmed: Option<bool>,
    /// What would be asked for; `null` once it was.
    scopes: Option<Vec<String>>,
    /// Where the browser would come back to; `null` once it has, or if its port is not known before.
    redirect_uri: Option<String>,
    /// When the refresh token expires unless it is used before.
    expires_at: Option<Timestamp>,
    /// When the grant ends however often it is used.
    hard_expires_at: Option<Timestamp>,
    /// When the access token expires.
    token_expires_at: Option<Timestamp>,
    /// For the days that are left.
    #[serde(skip)]
    now: Timestamp,
}

/// What is known once somebody has logged in.
pub struct Granted<'a> {
    /// What the vendor calls the company.
    pub vendor_name: Option<String>,
    /// Whether the vendor showed it to the new token.
    pub confirmed: bool,
    /// The grant.
    pub grant: &'a Grant,
    /// When the access token expires.
    pub token_expires_at: Timestamp,
}

impl Login {
    /// Describes what would be asked.
    pub fn planned(
        app: &App,
        renews: Option<&Connection>,
        scopes: Vec<String>,
        redirect_uri: Option<String>,
        now: Timestamp,
    ) -> Self {
        let known = renews.map(|connection| Self::of("planned", app.name.to_string(), connection, now));
        let plan = known.unwrap_or_else(|| Self {
            action: "planned",
            app: app.name.to_string(),
            provider: app.provider.as_str(),
            environment: app.environment.as_str(),
            connection: None,
            connection_id: None,
            realm: None,
            company: None,
            company_id: None,
            vendor_name: None,
            confirmed: None,
            scopes: None,
            redirect_uri: None,
            expires_at: None,
            hard_expires_at: None,
            token_expires_at: None,
            now,
        });
        Self { scopes: Some(scopes), redirect_uri, ..plan }
    }

    /// Describes a connection that somebody logged in for.
    pub fn granted(
        action: &'static str,
        app: String,
        connection: &Connection,
        granted: Granted<'_>,
        now: Timestamp,
    ) -> Self {
        Self {
            vendor_name: granted.vendor_name,
            confirmed: Some(granted.confirmed),
            expires_at: granted.grant.expires_at,
            hard_expires_at: granted.grant.hard_expires_at,
            token_expires_at: Some(granted.token_expires_at),
            ..Self::of(action, app, connection, now)
        }
    }

    fn of(action: &'static str, app: String, connection: &Connection, now: Timestamp) -> Self {
        let company = connection.company.as_ref();
        Self {
            action,
            app,
            provider: connection.provider.as_str(),
            environment: connection.environment.as_str(),
            connection: Some(connection.name.to_string()),
            connection_id: Some(connection.id.to_string()),
            realm: connection.settings.account().map(str::to_owned),
            company: company.map(|company| company.name.clone()),
            company_id: company.map(|company| company.id.to_string()),
            vendor_name: None,
            confirmed: None,
            scopes: None,
            redirect_uri: None,
            expires_at: None,
            hard_expires_at: None,
            token_expires_at: None,
            now,
        }
    }
}

impl Login {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::single(&[
        "action",
        "connection",
        "app",
        "realm",
        "company",
        "confirmed",
        "expires_at",
        "hard_expires_at",
    ]);
}

impl Report for Login {
    fn schema(&self) -> &'static str {
        "login/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let headline = match (&self.connection, self.action) {
            (Some(name), "planned") => format!("planned: a login with {} that renews {name}", self.app),
            (None, _) => format!("planned: a login with {}", self.app),
            (Some(name), action) => format!("{action}: {name}"),
        };
        let mut facts: Vec<(String, Cell)> = Vec::new();
        let mut fact = |label: &str, value: Option<Cell>| {
            facts.extend(value.map(|value| (label.to_owned(), value)));
        };
        let text = |value: &Option<String>| value.clone().map(Cell::from);
        let day = |at: Option<Timestamp>| at.map(|at| expiry(at, days_between(self.now, at)));
        fact("app", Some(self.app.as_str().into()));
        fact("company", text(&self.company));
        if self.vendor_name != self.company {
            fact("called there", text(&self.vendor_name));
        }
        fact("account", text(&self.realm));
        fact(
            "confirmed",
            self.confirmed.map(|confirmed| {
                if confirmed {
                    Cell::toned("by the vendor", Tone::Good)
                } else {
                    Cell::toned("no", Tone::Warning)
                }
            }),
        );
        fact("scopes", self.scopes.as_ref().map(|scopes| scopes.join(" ").into()));
        fact("redirect uri", text(&self.redirect_uri));
        fact("unused until", day(self.expires_at));
        fact("ends", day(self.hard_expires_at));
        fact("token until", self.token_expires_at.map(|at| moment(at).into()));
        View::new().line(Cell::toned(headline, Tone::Good)).facts(facts)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
