//! Invitations: signed tokens for outside people, each with a state that only moves forward.
//!
//! `state` says which step is allowed, `issuer` and `profile` what a token looks like, `claims` what it may say,
//! `token` writes it, `key` when a signing key is used and published, `window` how often an invitation may be looked
//! at, `alert` what is worth telling somebody about.

pub mod alert;
pub mod claims;
pub mod email;
pub mod issuer;
pub mod key;
pub mod profile;
pub mod search;
pub mod state;
pub mod token;
pub mod window;

use std::fmt;

use jiff::Timestamp;

pub use alert::Suspicion;
pub use email::Email;
pub use issuer::IssuerSettings;
pub use profile::Profile;
pub use state::{Refused, State, Step};

use super::ids::{InvalidName, InvitationId};

/// How often an invitation may be redeemed at most.
pub const MOST_USES: u32 = 1000;

/// What is known of an invitation in the open: a viewer sees all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Stable and opaque; the token's `jti`.
    pub id: InvitationId,
    /// Where it stands, as it was stored; see [`Invitation::state_at`].
    pub state: State,
    /// The key that signed its token.
    pub kid: String,
    /// SHA-256 of the token, 64 hexadecimal digits: the one that was minted has no twin.
    pub token_hash: String,
    /// Whom it is for, masked; none once personal data was erased.
    pub masked_email: Option<String>,
    /// The company that is invited; none once erased.
    pub company: Option<String>,
    /// Who asked for it; none if nobody was named, or once erased.
    pub requester: Option<String>,
    /// What it is for.
    pub purpose: String,
    /// What it allows.
    pub scopes: Vec<String>,
    /// How often it may be redeemed in all.
    pub uses: u32,
    /// How often it may still be redeemed.
    pub uses_left: u32,
    /// When it was minted.
    pub created_at: Timestamp,
    /// When its token expires.
    pub expires_at: Timestamp,
    /// When each step was first taken, and when it ended.
    pub steps: Steps,
    /// When personal data was erased.
    pub erased_at: Option<Timestamp>,
}

/// When an invitation took its steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Steps {
    /// The link was delivered.
    pub sent_at: Option<Timestamp>,
    /// It was opened for the first time.
    pub accessed_at: Option<Timestamp>,
    /// The form was begun.
    pub started_at: Option<Timestamp>,
    /// The form was handed in.
    pub submitted_at: Option<Timestamp>,
    /// It was used up, it expired or was revoked.
    pub ended_at: Option<Timestamp>,
}

impl Invitation {
    /// Where it stands at `now`: one whose time is over has expired, whether or not anybody wrote that down yet.
    pub fn state_at(&self, now: Timestamp) -> State {
        if !self.state.is_final() && self.expires_at <= now { State::Expired } else { self.state }
    }

    /// Notes that it was moved to `state`.
    pub fn enter(&mut self, state: State, now: Timestamp) {
        let steps = &mut self.steps;
        let noted = match state {
            State::Created => None,
            State::Sent => Some(&mut steps.sent_at),
            State::Accessed => Some(&mut steps.accessed_at),
            State::InProgress => Some(&mut steps.started_at),
            State::Submitted => Some(&mut steps.submitted_at),
            State::Consumed | State::Expired | State::Revoked => Some(&mut steps.ended_at),
        };
        if let Some(noted) = noted {
            noted.get_or_insert(now);
        }
        self.state = state;
    }
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $limit:literal, $charset:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let charset: fn(char) -> bool = $charset;
                let text = text.trim();
                if !text.is_empty() && text.chars().count() <= $limit && text.chars().all(charset) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidName($rule.to_owned()))
                }
            }
        }
    };
}

text! {
    /// The name of a company that is invited: foreign text of one line.
    CompanyText, 200, |char| !char.is_control(), "must be 1 to 200 characters in one line"
}

text! {
    /// Who asked for an invitation: a user id of somebody's, opaque here.
    Requester, 128, |char| char.is_ascii_graphic(), "must be 1 to 128 visible ASCII characters"
}

text! {
    /// What an invitation is for.
    Purpose, 64, |char| char.is_ascii_alphanumeric() || "._-".contains(char),
    "must be 1 to 64 letters, digits, `.`, `_` or `-`"
}

text! {
    /// A scope of RFC 6749 section 3.3, without quotes and backslashes.
    Scope, 128, |char| char.is_ascii_graphic() && !"\"\\,".contains(char),
    "must be 1 to 128 visible ASCII characters without quotes, commas and backslashes"
}

impl Purpose {
    /// What invitations are for unless said otherwise.
    pub fn onboarding() -> Self {
        Self("supplier_onboarding".to_owned())
    }
}
