//! One line of the audit log.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::subject::Subject;
use crate::domain::ids::OperationId;

/// The version of the line format; later fields are optional and do not change it.
pub const VERSION: u32 = 1;

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Fingerprint of the recipient whose identity opened the vault.
    pub recipient: String,
    /// The operating system's user, as `id:name`.
    pub user: String,
}

/// What a line is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Kind {
    /// Something is about to happen. What happens to very many has several in a row.
    Request,
    /// How it ended.
    Outcome,
    /// Request and outcome in one: a cached secret is about to be handed out.
    Release,
    /// The line that stood here was torn by a crash and cut off.
    Cut,
    /// A later version's word: a record of its own, which is owed nothing.
    Other(String),
}

impl From<String> for Kind {
    fn from(word: String) -> Self {
        match word.as_str() {
            "request" => Self::Request,
            "outcome" => Self::Outcome,
            "release" => Self::Release,
            "cut" => Self::Cut,
            _ => Self::Other(word),
        }
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Request => "request".to_owned(),
            Kind::Outcome => "outcome".to_owned(),
            Kind::Release => "release".to_owned(),
            Kind::Cut => "cut".to_owned(),
            Kind::Other(word) => word,
        }
    }
}

/// One line of the audit log: JSON with its members in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// [`VERSION`].
    #[serde(rename = "v")]
    pub version: u32,
    /// 1 for the first record, one more for each; months do not start over.
    #[serde(rename = "seq")]
    pub sequence: u64,
    /// When, by the clock of the machine: it may go backwards, the sequence does not.
    pub at: Timestamp,
    /// What the line is about.
    pub kind: Kind,
    /// Ties a request to its outcome.
    pub operation: OperationId,
    /// An [`Action`](super::Action)'s word; text, so that a later version's records can be listed.
    pub action: String,
    /// What it happens to; none in an outcome, which shares them with its request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Subject>,
    /// Ids, fingerprints and hashes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
    /// Who did it.
    pub actor: Actor,
    /// `ok` or the kind of the error; none in a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// SHA-256 of the line before, without its line feed, as 64 hexadecimal digits; zeros in the first record.
    pub prev: String,
}

/// The outcome of what succeeded.
pub(super) const OK: &str = "ok";

impl AuditRecord {
    /// The word for how something ended.
    pub fn outcome_word(outcome: Result<(), &str>) -> String {
        outcome.err().unwrap_or(OK).to_owned()
    }

    /// Returns the line as it is stored and hashed, without a line feed.
    #[expect(clippy::missing_panics_doc, reason = "it cannot: see the proof")]
    pub fn to_line(&self) -> Vec<u8> {
        // expect: numbers, text and maps with text keys are all that it holds, and JSON takes all of these.
        serde_json::to_vec(self).expect("a record is representable in JSON")
    }
}
