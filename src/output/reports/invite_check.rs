//! `invite check`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::moment;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::view::{Cell, Tone, View};

/// What was found about a token.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Checked {
    /// Whether it may be accepted.
    pub valid: bool,
    /// valid, or the word for why not, such as signature, expired or revoked.
    pub verdict: &'static str,
    /// Why not, for people.
    pub reason: Option<String>,
    /// Whether the vault was asked about the invitation's state.
    pub state_checked: bool,
    /// The id that the token names; no more than a claim unless its signature holds.
    pub id: Option<String>,
    /// Where the invitation stands.
    pub state: Option<&'static str>,
    /// When the token expires.
    pub expires_at: Option<Timestamp>,
    /// Its issuer.
    pub issuer: Option<String>,
    /// Whom it is for.
    pub audience: Vec<String>,
    /// The key that signed it.
    pub kid: Option<String>,
    /// How.
    pub algorithm: Option<&'static str>,
    /// Everything that it claims, if it holds.
    pub claims: Option<Map<String, Value>>,
}

impl Checked {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::single(&[
        "valid",
        "verdict",
        "reason",
        "state_checked",
        "id",
        "state",
        "expires_at",
        "issuer",
        "audience",
        "kid",
        "algorithm",
    ]);
}

impl Report for Checked {
    fn schema(&self) -> &'static str {
        "invitation-check/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let tone = if self.valid { Tone::Good } else { Tone::Bad };
        let mut facts: Vec<(&str, Cell)> =
            vec![("verdict", Cell::toned(self.verdict, tone)), ("id", self.id.clone().into())];
        if self.state_checked {
            facts.push(("state", self.state.map(ToOwned::to_owned).into()));
        }
        if self.expires_at.is_some() {
            facts.extend([
                ("expires", self.expires_at.map(moment).into()),
                ("issuer", self.issuer.clone().into()),
                ("audience", self.audience.join(" ").into()),
                ("key", self.kid.clone().into()),
                ("algorithm", self.algorithm.map(ToOwned::to_owned).into()),
            ]);
        }
        View::new().facts(facts)
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
