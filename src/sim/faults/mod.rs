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
mod fault;
mod rule;

pub(super) use apply::{Disguise, Twist, interfere};
pub use arsenal::ArmedFault;
pub(super) use arsenal::Arsenal;
pub use fault::Fault;
pub use rule::{FaultRule, parse};
