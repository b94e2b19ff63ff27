//! What a record is about.

use serde::{Deserialize, Serialize};

/// One thing that an operation happens to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// A [`SubjectKind`]'s word; text, so that a later version's records can be listed.
    pub kind: String,
    /// Its id or, for a recipient, its fingerprint; names are joined at display.
    pub id: String,
}

/// What kind of thing it is; the words are stored, so they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// A connection.
    Connection,
    /// A company.
    Company,
    /// A key of a connection or of an issuer.
    Key,
    /// A recipient of the vault.
    Recipient,
    /// An app registration.
    App,
    /// An invitation.
    Invitation,
    /// An API key of the broker.
    ApiKey,
}

impl SubjectKind {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Company => "company",
            Self::Key => "key",
            Self::Recipient => "recipient",
            Self::App => "app",
            Self::Invitation => "invitation",
            Self::ApiKey => "api-key",
        }
    }
}

impl Subject {
    /// Whether it is of this kind.
    pub fn is(&self, kind: SubjectKind) -> bool {
        self.kind == kind.as_str()
    }
}
