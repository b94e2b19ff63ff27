//! What the reports say of grants, of what comes to an end, and of where something stands.

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::moment;
use crate::domain::grant::{Grant, GrantState};
use crate::domain::standing::{End, Standing, WARN_DAYS};
use crate::output::view::{Cell, Tone};

/// A grant without its refresh token.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GrantRow {
    /// active, sending, uncertain, reconnect or revoked.
    state: &'static str,
    /// Since when that is so, where it is known.
    since: Option<Timestamp>,
    /// Why the customer must consent again.
    reason: Option<String>,
    /// SHA-256 of the refresh token.
    sha256: String,
    /// When the customer consented.
    authorized_at: Timestamp,
    /// When a refresh token was last received.
    refreshed_at: Timestamp,
    /// When the refresh token expires unless it is used before.
    expires_at: Option<Timestamp>,
    /// When the grant ends however often it is used.
    hard_expires_at: Option<Timestamp>,
}

impl From<&Grant> for GrantRow {
    fn from(grant: &Grant) -> Self {
        let (since, reason) = match &grant.state {
            GrantState::Active { refused_at } => (*refused_at, None),
            GrantState::Sending { sent_at, .. } => (Some(*sent_at), None),
            GrantState::Uncertain { since, .. } => (Some(*since), None),
            GrantState::Reconnect { at, reason } => (Some(*at), Some(reason.to_string())),
            GrantState::Revoked { at } => (Some(*at), None),
        };
        Self {
            state: grant.state.as_str(),
            since,
            reason,
            sha256: grant.hash.clone(),
            authorized_at: grant.authorized_at,
            refreshed_at: grant.refreshed_at,
            expires_at: grant.expires_at,
            hard_expires_at: grant.hard_expires_at,
        }
    }
}

impl GrantRow {
    /// What it is for people.
    pub(super) fn facts(&self) -> Vec<(String, Cell)> {
        let state = match (self.state, self.since) {
            ("active", Some(refused_at)) => {
                Cell::toned(format!("active, refused once at {}", moment(refused_at)), Tone::Warning)
            }
            ("active", None) => format!("active, since {}", moment(self.authorized_at)).into(),
            (state, since) => {
                let since = since.map_or_else(String::new, |since| format!(" since {}", moment(since)));
                let why = self.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
                let tone = if state == "revoked" { Tone::Dim } else { Tone::Bad };
                Cell::toned(format!("{state}{since}{why}"), tone)
            }
        };
        let mut facts = vec![("consent".to_owned(), state)];
        if self.state == "revoked" {
            return facts;
        }
        let ends = [("ends unless used", self.expires_at), ("ends at last", self.hard_expires_at)];
        facts.extend(ends.into_iter().filter_map(|(label, at)| Some((label.to_owned(), moment(at?).into()))));
        facts
    }
}

/// What makes somebody act first.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EndRow {
    /// certificate, hard (the grant, however often it is used) or rolling (a refresh token that is not used).
    kind: &'static str,
    /// When.
    at: Timestamp,
    /// Whole days until then; negative once it is over.
    days_left: i64,
    /// Whether it is near enough for somebody to act.
    is_near: bool,
}

impl EndRow {
    /// Describes an end as it is seen `now`.
    pub fn new(end: End, now: Timestamp) -> Self {
        Self {
            kind: end.kind.as_str(),
            at: end.at,
            days_left: end.days_left(now),
            is_near: end.is_near(now, WARN_DAYS),
        }
    }

    /// The day, and what is left if that is little.
    pub(super) fn cell(&self) -> Cell {
        if self.is_near {
            super::expiry(self.at, self.days_left)
        } else {
            self.at.strftime("%Y-%m-%d").to_string().into()
        }
    }
}

/// The words of a standing, as examples: others may be added.
pub(super) fn standings(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "examples": Standing::BY_URGENCY.map(Standing::as_str) })
}

/// A standing in its colour.
pub(super) fn standing_cell(standing: Standing) -> Cell {
    let tone = match standing {
        Standing::Active => Tone::Good,
        Standing::Pending
        | Standing::Expiring
        | Standing::NeverVerified
        | Standing::Unreachable
        | Standing::Uncertain => Tone::Warning,
        Standing::Expired | Standing::Rejected | Standing::Failed | Standing::Reconnect => Tone::Bad,
        Standing::Disabled | Standing::Revoked => Tone::Dim,
    };
    Cell::toned(standing.as_str(), tone)
}
