//! `invite list`, `show`, `sent`, `revoke`, `access`, `start`, `submit`, `redeem` and `cleanup`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::moment;
use crate::domain::invitation::{Invitation, State};
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, Tone, View};

/// One invitation.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InvitationRow {
    /// Its id.
    id: String,
    /// Where it stands now.
    state: &'static str,
    /// Whom it is for: in full where an operator asked for this one, otherwise masked; none once erased.
    email: Option<String>,
    /// The company that the person belongs to.
    company: Option<String>,
    /// Who asked for it.
    requester: Option<String>,
    /// What it is for.
    purpose: String,
    /// What its token allows.
    scopes: Vec<String>,
    /// How often it may be redeemed.
    uses: u32,
    /// How often still.
    uses_left: u32,
    /// When it was minted.
    created_at: Timestamp,
    /// When it expires.
    expires_at: Timestamp,
    /// When its link was delivered.
    sent_at: Option<Timestamp>,
    /// When the link was first opened.
    accessed_at: Option<Timestamp>,
    /// When the person began.
    started_at: Option<Timestamp>,
    /// When the person was done.
    submitted_at: Option<Timestamp>,
    /// When it was used up, expired or revoked.
    ended_at: Option<Timestamp>,
    /// When personal data was erased.
    erased_at: Option<Timestamp>,
    /// The address of the first access, for operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_address: Option<String>,
    /// The key that signed its token.
    kid: String,
    #[serde(skip)]
    standing: State,
}

impl InvitationRow {
    /// Describes an invitation as everybody may see it.
    pub fn new(invitation: &Invitation, now: Timestamp) -> Self {
        let (standing, steps) = (invitation.state_at(now), &invitation.steps);
        Self {
            id: invitation.id.to_string(),
            state: standing.as_str(),
            email: invitation.masked_email.clone(),
            company: invitation.company.clone(),
            requester: invitation.requester.clone(),
            purpose: invitation.purpose.clone(),
            scopes: invitation.scopes.clone(),
            uses: invitation.uses,
            uses_left: invitation.uses_left,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            sent_at: steps.sent_at,
            accessed_at: steps.accessed_at,
            started_at: steps.started_at,
            submitted_at: steps.submitted_at,
            ended_at: steps.ended_at,
            erased_at: invitation.erased_at,
            first_address: None,
            kid: invitation.kid.clone(),
            standing,
        }
    }

    /// Adds what operators may see.
    #[must_use]
    pub fn with_person(mut self, email: Option<String>, first_address: Option<String>) -> Self {
        self.email = email.or(self.email);
        self.first_address = first_address;
        self
    }

    fn state(&self) -> Cell {
        Cell::toned(
            self.state,
            match self.standing {
                State::Consumed => Tone::Good,
                State::Expired => Tone::Warning,
                State::Revoked => Tone::Bad,
                _ => Tone::Plain,
            },
        )
    }

    fn facts(&self) -> Vec<(&'static str, Cell)> {
        let at = |time: Option<Timestamp>| Cell::from(time.map(moment));
        let mut facts: Vec<(&str, Cell)> = vec![
            ("id", self.id.as_str().into()),
            ("state", self.state()),
            ("for", self.email.clone().into()),
            ("company", self.company.clone().into()),
            ("requester", self.requester.clone().into()),
            ("purpose", self.purpose.as_str().into()),
            ("scopes", self.scopes.join(" ").into()),
            ("uses left", format!("{} of {}", self.uses_left, self.uses).into()),
            ("created", moment(self.created_at).into()),
            ("expires", moment(self.expires_at).into()),
            ("sent", at(self.sent_at)),
            ("accessed", at(self.accessed_at)),
            ("started", at(self.started_at)),
            ("submitted", at(self.submitted_at)),
            ("ended", at(self.ended_at)),
        ];
        if self.erased_at.is_some() {
            facts.push(("erased", at(self.erased_at)));
        }
        if let Some(address) = &self.first_address {
            facts.push(("first address", address.as_str().into()));
        }
        facts.push(("key", Cell::dim(self.kid.as_str())));
        facts
    }
}

const FIELDS: &[&str] = &[
    "id",
    "state",
    "email",
    "company",
    "requester",
    "purpose",
    "scopes",
    "uses",
    "uses_left",
    "created_at",
    "expires_at",
    "sent_at",
    "accessed_at",
    "started_at",
    "submitted_at",
    "ended_at",
    "erased_at",
    "kid",
];

fn table<'a>(rows: impl IntoIterator<Item = &'a InvitationRow>, empty: &'static str) -> Table {
    let columns = [
        Column::new("ID"),
        Column::new("STATE"),
        Column::new("FOR").shrinks(),
        Column::new("COMPANY").shrinks(),
        Column::new("EXPIRES"),
    ];
    let mut table = Table::new(columns, empty);
    for row in rows {
        table.row([
            Cell::from(row.id.as_str()),
            row.state(),
            row.email.clone().into(),
            row.company.clone().into(),
            moment(row.expires_at).into(),
        ]);
    }
    table
}

/// `invite list`, `sent` and `revoke`
#[derive(Debug, Serialize, JsonSchema)]
pub struct Invitations {
    /// What was done: listed, sent, revoked, planned or unchanged.
    pub action: &'static str,
    /// How many were changed.
    pub changed: usize,
    /// The invitations, the newest first.
    pub invitations: Vec<InvitationRow>,
}

impl Invitations {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of("invitations", FIELDS);
}

impl Report for Invitations {
    fn schema(&self) -> &'static str {
        "invitation-list/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let table = table(&self.invitations, "no invitations");
        match self.action {
            "listed" => View::new().table(table),
            action => View::new().line(format!("{action}: {}", self.changed)).table(table),
        }
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}

/// `invite show`
#[derive(Debug, Serialize, JsonSchema)]
pub struct InvitationDetails {
    /// The invitations, the newest first.
    pub invitations: Vec<InvitationRow>,
}

impl InvitationDetails {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of("invitations", FIELDS);
}

impl Report for InvitationDetails {
    fn schema(&self) -> &'static str {
        "invitation/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        self.invitations.iter().fold(View::new(), |view, row| view.facts(row.facts()))
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}

/// `invite access`, `start`, `submit` and `redeem`
#[derive(Debug, Serialize, JsonSchema)]
pub struct Stepped {
    /// What was done: accessed, started, submitted, redeemed, or planned.
    pub action: &'static str,
    /// Where it stood before.
    pub state_before: &'static str,
    /// The invitation.
    pub invitation: InvitationRow,
    /// What is suspicious all the same.
    pub suspicions: Vec<&'static str>,
}

impl Stepped {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::single(&[
        "action",
        "state_before",
        "invitation.id",
        "invitation.state",
        "invitation.email",
        "invitation.company",
        "invitation.purpose",
        "invitation.scopes",
        "invitation.uses_left",
        "invitation.expires_at",
        "suspicions",
    ]);
}

impl Report for Stepped {
    fn schema(&self) -> &'static str {
        "invitation-step/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let row = &self.invitation;
        let facts: Vec<(&str, Cell)> = vec![
            ("id", row.id.as_str().into()),
            ("state", row.state()),
            ("company", row.company.clone().into()),
            ("purpose", row.purpose.as_str().into()),
            ("uses left", format!("{} of {}", row.uses_left, row.uses).into()),
            ("expires", moment(row.expires_at).into()),
        ];
        View::new().line(Cell::toned(self.action, Tone::Good)).facts(facts)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}

/// `invite cleanup`
#[derive(Debug, Serialize, JsonSchema)]
pub struct Cleanup {
    /// Whether anything was stored; not with `--dry-run`.
    pub stored: bool,
    /// How long personal data is kept, in days.
    pub retention_days: u32,
    /// What became of which.
    pub invitations: Vec<CleanedRow>,
}

/// One invitation that was cleaned up.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CleanedRow {
    /// expired or erased.
    pub action: &'static str,
    /// Its id.
    pub id: String,
    /// When it expired or ended.
    pub ended_at: Timestamp,
}

impl Cleanup {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of("invitations", &["action", "id", "ended_at"]);
}

impl Report for Cleanup {
    fn schema(&self) -> &'static str {
        "invitation-cleanup/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let mut table =
            Table::new([Column::new("ACTION"), Column::new("ID"), Column::new("ENDED")], "nothing to do");
        for row in &self.invitations {
            table.row([row.action, &row.id, &moment(row.ended_at)]);
        }
        let view = View::new().table(table);
        if self.stored || self.invitations.is_empty() { view } else { view.line("nothing was stored") }
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
