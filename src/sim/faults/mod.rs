//! Faults that can be armed: which requests they hit, how often, and what then happens.
//!
//! A rule in JSON, as in the file for `--faults` and in `POST /control/faults`:
//!
//! ```json
//! {"vendor": "netsuite", "account": "1234567", "endpoint": "token", "after": 1, "times": 3,
//!  "fault": {"kind": "refuse", "status": 400, "error": "invalid_grant"}}
//! ```
//!
//! Everything but `fault` may be left out: then it hits every vendor, account and endpoint, from the first
//! request on, for ever. A file is a JSON array of rules, or TOML with a `[[rules]]` table each.

mod apply;
mod arsenal;
mod body;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use apply::{Disguise, interfere};
pub use arsenal::ArmedFault;
pub(super) use arsenal::Arsenal;

use super::error::SimError;
use super::target::{Endpoint, Target, Vendor, canonical_account};

/// Which requests a fault hits, how often, and the fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// The vendor; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<Vendor>,
    /// The customer account in either spelling; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The endpoint; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// How many matching requests pass unharmed first.
    #[serde(default)]
    pub after: u32,
    /// How many requests it hits before it is spent; for ever without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// What happens.
    pub fault: Fault,
}

impl FaultRule {
    /// A fault for every request of every vendor, for ever.
    pub fn always(fault: Fault) -> Self {
        Self { vendor: None, account: None, endpoint: None, after: 0, times: None, fault }
    }

    /// The same rule for one endpoint only.
    pub fn at(self, endpoint: Endpoint) -> Self {
        Self { endpoint: Some(endpoint), ..self }
    }

    /// The same rule, spent after `times` requests.
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    fn aims_at(&self, target: &Target) -> bool {
        self.vendor.is_none_or(|vendor| vendor == target.vendor)
            && self.account.as_deref().is_none_or(|account| canonical_account(account) == target.account)
            && self.endpoint.is_none_or(|endpoint| endpoint == target.endpoint)
    }
}

/// What happens to a request that a rule hits.
///
/// Faults of the request (`clock-skew`, `foreign-subject`) add up with one other; of the others the one that
/// was armed first acts. "Instead" means that the vendor never sees the request and changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// Instead: an error answer; with 500 and `times` it is the vendor's bad minute.
    Refuse {
        /// The HTTP status.
        status: u16,
        /// The value of `error` in the body.
        error: String,
    },
    /// Instead: too many requests, come back later (RFC 9110 section 10.2.3).
    RateLimit {
        /// 429, or 503.
        #[serde(default = "too_many_requests")]
        status: u16,
        /// `Retry-After`, in seconds from now.
        retry_after_seconds: u32,
        /// Whether `Retry-After` is an HTTP date.
        #[serde(default)]
        as_date: bool,
    },
    /// Instead: a web page, as from a proxy or during maintenance.
    Html {
        /// The HTTP status; 200 as well.
        status: u16,
    },
    /// Instead: a redirect, to itself without a location.
    Redirect {
        /// 302, 307, …
        status: u16,
        /// Where to.
        #[serde(default)]
        location: Option<String>,
    },
    /// Instead: the connection is reset (TCP RST).
    Reset {},
    /// Instead: the connection is closed without an answer.
    Close {},
    /// Instead: a 200 whose JSON body never ends.
    EndlessBody {},
    /// Instead: a 200 with arrays nested this deep.
    DeepJson {
        /// Levels.
        depth: usize,
    },
    /// The vendor does its work, then the connection is reset: what happened is lost on the client only.
    AnswerLost {},
    /// The answer begins only after a pause.
    SlowHeaders {
        /// The pause, in milliseconds.
        milliseconds: u64,
    },
    /// The headers come at once, the body after a pause.
    SlowBody {
        /// The pause, in milliseconds.
        milliseconds: u64,
    },
    /// The body comes byte by byte with pauses in between.
    Drip {
        /// Each pause, in milliseconds.
        milliseconds: u64,
    },
    /// Half of the body, complete as HTTP.
    TruncatedJson {},
    /// Half of the body under the whole one's `Content-Length`, then the end.
    TruncatedBody {},
    /// The answer with an extra member that makes it this much larger.
    HugeJson {
        /// Bytes.
        bytes: usize,
    },
    /// A success without its `access_token`.
    MissingToken {},
    /// A success with another `token_type`.
    TokenType {
        /// The type.
        value: String,
    },
    /// A success whose `access_token` holds an escape sequence and a line break.
    TokenControlCharacters {},
    /// A success with another `expires_in`.
    ExpiresIn {
        /// Any JSON value, such as `"3600"` or -1; nothing (or null) leaves the member out.
        #[serde(default)]
        value: Option<Value>,
    },
    /// The vendor's clock is off by this much: what it checks, what it issues and its `Date` header.
    ClockSkew {
        /// Seconds; positive is ahead of the true time.
        seconds: i64,
    },
    /// The token is issued for somebody else, as if the certificate were mapped to them.
    ForeignSubject {
        /// The role in the token.
        role: String,
        /// The entity in the token.
        entity: String,
    },
}

fn too_many_requests() -> u16 {
    429
}

/// Reads the list of rules in a file for `--faults`: JSON or TOML, told apart by how it begins.
pub fn parse(text: &str) -> Result<Vec<FaultRule>, SimError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct TomlFile {
        rules: Vec<FaultRule>,
    }

    // Proof: a JSON array of rules begins with `[{` or is `[]`; TOML never has either after its first `[`.
    let json =
        text.trim_start().strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with(['{', ']']));
    if json {
        serde_json::from_str(text).map_err(|error| SimError::Faults(error.to_string()))
    } else {
        toml::from_str::<TomlFile>(text)
            .map(|file| file.rules)
            .map_err(|error| SimError::Faults(error.message().to_owned()))
    }
}
