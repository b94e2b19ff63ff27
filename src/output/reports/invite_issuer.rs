//! `invite issuer` and `invite key`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::moment;
use crate::domain::invitation::key::{InvitationKey, SigningKeyState};
use crate::domain::invitation::{IssuerSettings, Profile};
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, Tone, View};

/// One signing key.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SigningKeyRow {
    /// Its id, as tokens name it.
    kid: String,
    /// What it signs with, such as RS256.
    algorithm: &'static str,
    /// Where it stands: next, active, retired or revoked.
    state: &'static str,
    /// Whether it is in the set that readers are given.
    published: bool,
    /// Until when it must stay there; none is without end in sight.
    published_until: Option<Timestamp>,
    /// When it was made.
    created_at: Timestamp,
    /// Since when it signs.
    activated_at: Option<Timestamp>,
    /// Since when it does not any more.
    ended_at: Option<Timestamp>,
}

impl SigningKeyRow {
    /// Describes a key as readers of `profile` see it.
    pub fn new(key: &InvitationKey, profile: Profile, now: Timestamp) -> Self {
        Self {
            kid: key.kid.clone(),
            algorithm: key.algorithm.as_str(),
            state: key.state.as_str(),
            published: key.is_published(now) && profile.algorithms().contains(&key.algorithm),
            published_until: key.published_until(),
            created_at: key.created_at,
            activated_at: key.activated_at,
            ended_at: key.ended_at,
        }
    }

    fn publication(&self) -> Cell {
        match (self.published, self.published_until) {
            (false, _) => Cell::dim("no"),
            (true, None) => "yes".into(),
            (true, Some(until)) => format!("until {}", moment(until)).into(),
        }
    }
}

fn table(keys: &[SigningKeyRow]) -> Table {
    let columns =
        [Column::new("KEY"), Column::new("ALGORITHM"), Column::new("STATE"), Column::new("PUBLISHED")];
    let mut table = Table::new(columns, "no keys");
    for key in keys {
        let tone = match key.state {
            state if state == SigningKeyState::Active.as_str() => Tone::Good,
            state if state == SigningKeyState::Revoked.as_str() => Tone::Bad,
            _ => Tone::Plain,
        };
        table.row([
            Cell::from(key.kid.as_str()),
            key.algorithm.into(),
            Cell::toned(key.state, tone),
            key.publication(),
        ]);
    }
    table
}

/// `invite issuer set` and `show`
#[derive(Debug, Serialize, JsonSchema)]
pub struct IssuerReport {
    /// What was done: set, changed, planned or shown.
    pub action: &'static str,
    /// What tokens call their issuer.
    issuer: String,
    /// Whom tokens are for.
    audience: Vec<String>,
    /// What a link is made of, with the token at its end.
    link_base: String,
    /// The shape of the tokens: standard or xsuaa.
    profile: &'static str,
    /// What new keys sign with.
    algorithm: &'static str,
    /// XSUAA's name of the application.
    xsappname: Option<String>,
    /// XSUAA's client id.
    client_id: Option<String>,
    /// XSUAA's identity zone.
    zone: Option<String>,
    /// What tokens allow unless the invitation says otherwise.
    scopes: Vec<String>,
    /// How long a token lives, in seconds.
    ttl_seconds: u64,
    /// How many open invitations one address may have.
    max_active_per_email: u32,
    /// How many accesses one address may have in an hour.
    max_checks_per_hour: u32,
    /// How long personal data is kept after the end, in days.
    retention_days: u32,
    /// How many invitations are open.
    open_invitations: usize,
    /// The signing keys, the newest first.
    keys: Vec<SigningKeyRow>,
}

impl IssuerReport {
    /// Describes an issuer with its keys and so many open invitations.
    pub fn new(
        action: &'static str,
        settings: &IssuerSettings,
        keys: Vec<SigningKeyRow>,
        open_invitations: usize,
    ) -> Self {
        let xsuaa = settings.xsuaa.as_ref();
        Self {
            action,
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
            link_base: settings.link_base.to_string(),
            profile: settings.profile.as_str(),
            algorithm: settings.algorithm.as_str(),
            xsappname: xsuaa.map(|names| names.xsappname.clone()),
            client_id: xsuaa.map(|names| names.client_id.clone()),
            zone: xsuaa.map(|names| names.zone.clone()),
            scopes: settings.scopes.clone(),
            ttl_seconds: settings.ttl_seconds,
            max_active_per_email: settings.max_active_per_email,
            max_checks_per_hour: settings.max_checks_per_hour,
            retention_days: settings.retention_days,
            open_invitations,
            keys,
        }
    }
}

impl IssuerReport {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::single(&[
        "action",
        "issuer",
        "audience",
        "link_base",
        "profile",
        "algorithm",
        "xsappname",
        "client_id",
        "zone",
        "scopes",
        "ttl_seconds",
        "max_active_per_email",
        "max_checks_per_hour",
        "retention_days",
        "open_invitations",
    ]);
}

impl Report for IssuerReport {
    fn schema(&self) -> &'static str {
        "invitation-issuer/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let mut facts: Vec<(&str, Cell)> = vec![
            ("issuer", self.issuer.as_str().into()),
            ("audience", self.audience.join(" ").into()),
            ("links lead to", self.link_base.as_str().into()),
            ("profile", format!("{} ({})", self.profile, self.algorithm).into()),
        ];
        if let (Some(name), Some(client), Some(zone)) = (&self.xsappname, &self.client_id, &self.zone) {
            facts.extend([
                ("xsappname", name.as_str().into()),
                ("client id", client.as_str().into()),
                ("zone", zone.as_str().into()),
            ]);
        }
        facts.extend([
            ("scopes", self.scopes.join(" ").into()),
            ("token life", span(self.ttl_seconds).into()),
            ("open per address", format!("at most {}", self.max_active_per_email).into()),
            ("accesses per hour", format!("at most {}", self.max_checks_per_hour).into()),
            ("personal data", format!("kept {} days after the end", self.retention_days).into()),
            ("open invitations", self.open_invitations.to_string().into()),
        ]);
        let view = match self.action {
            "shown" => View::new(),
            action => View::new().line(action),
        };
        let view = view.facts(facts);
        if self.keys.is_empty() { view } else { view.table(table(&self.keys)) }
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}

/// Seconds in the largest units that fit.
fn span(seconds: u64) -> String {
    let units = [(24 * 60 * 60, "d"), (60 * 60, "h"), (60, "m"), (1, "s")];
    let unit = units.into_iter().find(|(length, _)| seconds.is_multiple_of(*length)).unwrap_or((1, "s"));
    format!("{}{}", seconds / unit.0, unit.1)
}

/// `invite key rotate`, `list` and `revoke`
#[derive(Debug, Serialize, JsonSchema)]
pub struct SigningKeys {
    /// What was done: rotated, revoked, planned or listed.
    pub action: &'static str,
    /// The signing keys, the newest first.
    pub keys: Vec<SigningKeyRow>,
    /// The invitations that were revoked with a key, by id.
    pub revoked_invitations: Vec<String>,
}

impl SigningKeys {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of(
        "keys",
        &[
            "kid",
            "algorithm",
            "state",
            "published",
            "published_until",
            "created_at",
            "activated_at",
            "ended_at",
        ],
    );
}

impl Report for SigningKeys {
    fn schema(&self) -> &'static str {
        "invitation-keys/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let view = match self.action {
            "listed" => View::new(),
            action => View::new().line(action),
        };
        let mut view = view.table(table(&self.keys));
        if !self.revoked_invitations.is_empty() {
            let (count, would) = (self.revoked_invitations.len(), self.action == "planned");
            view = view.line(format!(
                "{count} open invitations {} revoked:",
                if would { "would be" } else { "were" }
            ));
            for id in &self.revoked_invitations {
                view = view.line(format!("  {id}"));
            }
        }
        view
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
