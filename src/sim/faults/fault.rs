//! What a fault can be.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What happens to a request that a rule hits.
///
/// Faults of the request (`clock-skew`, `foreign-subject`, `rotation-skipped`, `foreign-realm`) add up with one
/// other; of the others the one that was armed first acts. "Instead" means that the vendor never sees the request and changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// Instead: an error answer; with 500 and `times` it is the vendor's bad minute, with 429 too many requests
    /// and no word of when to come back, with 400 and `invalid_grant` a refusal without a reason.
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
    /// The vendor does its work, then says nothing more until the client gives up.
    AnswerWithheld {},
    /// The vendor does its work, then answers with an error all the same.
    RefuseAfter {
        /// The HTTP status.
        status: u16,
        /// The value of `error` in the body.
        error: String,
    },
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
    /// A success without its `refresh_token`; if it was rotated, the new value is lost.
    MissingRefreshToken {},
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
    /// The refresh token is not rotated: the value that was sent comes back and stays valid. To be aimed at the
    /// token endpoint: with `times` it is spent by whatever request it hits.
    RotationSkipped {},
    /// The callback names another realm than the one that was consented to. To be aimed at `authorize`.
    ForeignRealm {
        /// The `realmId` in the callback.
        realm: String,
    },
}

fn too_many_requests() -> u16 {
    429
}
