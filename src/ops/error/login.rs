//! What can keep a person from connecting a company.

use std::time::Duration;

use crate::domain::audit::AuditKind;
use crate::domain::grant::Ending;
use crate::domain::ids::{AppName, ConnectionName, QuarantineId};
use crate::domain::verification::{Outcome, Stage};
use crate::oauth::ExchangeError;
use crate::oauth::authorize::AuthorizeError;
use crate::oauth::callback::{BindError, Contradiction};
use crate::vault::VaultError;

use super::OpsError;

/// A failure that is about a login.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The vendor, or the server as it is set, knows no such login (exit 2).
    #[error("{vendor} has no {what}")]
    Impossible {
        /// The vendor.
        vendor: &'static str,
        /// What is missing: "login in a browser", "device authorization endpoint".
        what: &'static str,
    },
    /// The vendor wants a redirect URI of the team's own, and there is none (exit 2).
    #[error(
        "{vendor} sends the browser of production keys back to https alone, and `{app}` has no redirect URI"
    )]
    NoRedirectUri {
        /// The vendor.
        vendor: &'static str,
        /// The app.
        app: AppName,
    },
    /// The vendor would refuse the redirect URI, or nobody could come back by it (exit 2).
    #[error("the redirect URI {uri} {why}")]
    RedirectUri {
        /// What is set.
        uri: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// No authorization URL can be made of what is set (exit 2).
    #[error(transparent)]
    Authorize(#[from] AuthorizeError),
    /// Nobody can listen for the browser (exit 5: somebody else has the port).
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The client proves itself with a key of its connection, and there is no connection yet (exit 2).
    #[error("`{0}` proves itself with a key, which a connection must have before anybody logs in")]
    NeedsKey(AppName),
    /// The named connection gets its tokens otherwise, or by another app (exit 5).
    #[error("`{name}` is no connection of `{app}` that somebody logs in for")]
    NotOfApp {
        /// The connection.
        name: ConnectionName,
        /// The app.
        app: AppName,
    },
    /// The answer contradicts what was asked; nothing was exchanged (exit 5).
    #[error("the answer does not fit what was asked, so nothing was exchanged")]
    Contradicted {
        /// The connection that was to be renewed.
        name: Option<ConnectionName>,
        /// How.
        #[source]
        source: Contradiction,
    },
    /// The company is another connection's (exit 5).
    #[error("company {realm} is connected as `{holder}`")]
    RealmTaken {
        /// The vendor's id of the company.
        realm: String,
        /// Whose it is.
        holder: ConnectionName,
        /// The app.
        app: AppName,
    },
    /// The connection is for another company (exit 5).
    #[error("`{name}` is for company {expected}, not {found}")]
    OtherRealm {
        /// The connection.
        name: ConnectionName,
        /// What it is for.
        expected: String,
        /// What came.
        found: String,
    },
    /// Access was refused in the browser (exit 4), or the vendor has a problem (exit 6).
    #[error("access was not granted: {error}")]
    Denied {
        /// The vendor's word: visible ASCII.
        error: String,
        /// More of them; foreign text.
        description: Option<String>,
    },
    /// Nobody is there to paste, or no more comes (exit 2).
    #[error("the address that the browser ended at was not pasted")]
    NotPasted,
    /// Nobody came in time; nothing was changed (exit 6).
    #[error("nobody logged in within {}", in_words(*.0))]
    TimedOut(Duration),
    /// The code, or what stands for it, brought no tokens (exit as the vendor's answer; 6 if it was lost).
    #[error("the login brought no tokens")]
    Exchange {
        /// The app.
        app: AppName,
        /// What came instead.
        #[source]
        source: Box<ExchangeError>,
    },
    /// The server gave an access token alone (exit 4).
    #[error("{vendor} granted access once, without a refresh token to renew it")]
    NoRefreshToken {
        /// The vendor.
        vendor: &'static str,
        /// The app.
        app: AppName,
    },
    /// The vendor does not show the company to the new grant, which should have been for it (exit 5).
    #[error("the grant does not open company {}", realm.as_deref().unwrap_or("that was chosen"))]
    Unconfirmed {
        /// The vendor's id of the company, as the browser brought it.
        realm: Option<String>,
        /// What the vendor said.
        #[source]
        source: Box<ExchangeError>,
    },
    /// A grant came that does not belong where it was asked for: it is kept apart (exit 5), or as the vault's failure that
    /// kept it from being stored.
    #[error("the grant was not stored with a connection; it is kept apart as {}", .0.id)]
    Quarantined(#[source] Box<KeptApart>),
    /// A grant came, and it could be stored nowhere (exit 8).
    #[error("the company granted access, and that could not be stored: the grant is lost")]
    NotStored {
        /// The app.
        app: AppName,
        /// What stood in the way.
        #[source]
        source: Box<OpsError>,
    },
}

/// A grant in the quarantine.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct KeptApart {
    /// Under what it is kept.
    pub id: QuarantineId,
    /// The app that it was given to.
    pub app: AppName,
    /// The company that it is for, if that is certain.
    pub realm: Option<String>,
    /// Whether a connection that takes it over must be for one.
    pub needs_realm: bool,
    /// The connection that can take it over, if one was meant or is in the way.
    pub name: Option<ConnectionName>,
    /// Whether that connection is there already.
    pub is_there: bool,
    /// Why it was not stored.
    pub source: Box<OpsError>,
}

impl LoginError {
    /// What the vendor said instead of tokens, if it was asked.
    pub fn exchange(&self) -> Option<&ExchangeError> {
        match self {
            Self::Exchange { source, .. } | Self::Unconfirmed { source, .. } => Some(source),
            Self::Quarantined(kept) => match &*kept.source {
                OpsError::Login(error) => error.exchange(),
                _ => None,
            },
            _ => None,
        }
    }

    /// How far an exchange came that ended like this, and what that means.
    pub(super) fn verdict(&self) -> (Stage, Outcome) {
        match self {
            Self::Exchange { source, .. } => (source.stage(), source.outcome()),
            _ => (Stage::Load, Outcome::Failed),
        }
    }

    /// Whether the vendor may have granted access although no tokens came.
    pub fn is_lost(&self) -> bool {
        self.exchange().is_some_and(|error| error.ending() == Ending::Lost)
    }
}

impl AuditKind for LoginError {
    fn audit_kind(&self) -> &'static str {
        match self {
            Self::Impossible { .. }
            | Self::NoRedirectUri { .. }
            | Self::RedirectUri { .. }
            | Self::Authorize(_)
            | Self::Bind(BindError::Place(_))
            | Self::NeedsKey(_)
            | Self::NotPasted => "usage",
            Self::Bind(BindError::Taken { .. })
            | Self::NotOfApp { .. }
            | Self::Contradicted { .. }
            | Self::Unconfirmed { .. }
            | Self::RealmTaken { .. }
            | Self::OtherRealm { .. } => "conflict",
            Self::Bind(_) => "failure",
            // RFC 6749 section 4.1.2.1: these two are about the server, all others about the request or the person.
            Self::Denied { error, .. }
                if matches!(error.as_str(), "server_error" | "temporarily_unavailable") =>
            {
                "unreachable"
            }
            Self::Denied { .. } | Self::NoRefreshToken { .. } => "rejected",
            Self::TimedOut(_) => "unreachable",
            Self::Exchange { source, .. } => super::kind_of(source.outcome()),
            // Where the vault failed, that is what must be mended; everything else is about whose the grant is.
            Self::Quarantined(kept) => match &*kept.source {
                OpsError::Vault(VaultError::Gone(_)) => "conflict",
                OpsError::Vault(error) => error.audit_kind(),
                _ => "conflict",
            },
            Self::NotStored { .. } => "vault",
        }
    }
}

fn in_words(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds >= 60 && seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        0 => format!("{} ms", duration.as_millis()),
        seconds => format!("{seconds} s"),
    }
}
