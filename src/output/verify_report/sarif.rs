//! SARIF 2.1.0: a result for each connection that failed or expires soon.
//!
//! Source: OASIS "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; GitHub, "SARIF support for code
//! scanning", which demands a physical location and stable fingerprints.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::{Verdict, details, headline, verdict};
use crate::domain::verification::Outcome;
use crate::output::json;
use crate::output::report::to_value;
use crate::output::reports::verify::{Verify, VerifyRow};
use crate::output::sanitize::safe_line;

/// Every rule: what can be wrong with a connection, and what that means.
const RULES: [(&str, &str); 8] = [
    (EXPIRING, "The connection works, but its credentials expire soon."),
    ("failed", "The connection failed for a reason of its own."),
    ("missing", "The connection has nothing to try: no such key, no certificate id, or no grant."),
    ("rejected", "The vendor refused the connection: a person must act."),
    ("conflict", "The vendor's token belongs to another mapping than the settings say."),
    ("unreachable", "The vendor did not answer: trying again later can help."),
    ("refused", "Local policy refused the connection: an untrusted host, or an algorithm."),
    ("expired", "The connection's credentials are over."),
];

const EXPIRING: &str = "expiring";

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    column_kind: &'static str,
    results: Vec<Finding>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Text,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    command_line: &'static str,
    end_time_utc: String,
    /// Whether the tool did its work; what it found is no question of that.
    execution_successful: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    partial_fingerprints: Fingerprints,
    properties: Properties,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
    logical_locations: [LogicalLocation; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

/// The same for the same finding about the same connection, whatever its message says today.
#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "tokenctl/v1")]
    finding: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    provider: &'static str,
    code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

pub(super) fn render(report: &Verify, at: Timestamp) -> String {
    let rules = RULES.iter().map(|(id, meaning)| Rule {
        id,
        short_description: Text { text: (*meaning).to_owned() },
        default_configuration: Configuration { level: if *id == EXPIRING { "warning" } else { "error" } },
    });
    let log = Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "tokenctl",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: rules.collect(),
                },
            },
            invocations: [Invocation {
                command_line: "tokenctl verify",
                end_time_utc: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                execution_successful: true,
            }],
            column_kind: "unicodeCodePoints",
            results: report.connections.iter().filter_map(finding).collect(),
        }],
    };
    json::document(&to_value(&log))
}

fn finding(row: &VerifyRow) -> Option<Finding> {
    let (rule, level) = match verdict(row) {
        Verdict::Good => return None,
        Verdict::Expiring => (EXPIRING, "warning"),
        Verdict::TooNear => (EXPIRING, "error"),
        Verdict::Failed => (row.outcome.as_str(), "error"),
    };
    // What has a proof and failed all the same is a failure of its own.
    let rule_index = position(rule).or_else(|| position(Outcome::Failed.as_str()))?;
    let name = safe_line(&row.connection).into_owned();
    let message = std::iter::once(headline(row)).chain(details(row)).collect::<Vec<_>>().join("\n");
    Some(Finding {
        rule_id: RULES[rule_index].0,
        rule_index,
        level,
        message: Text { text: without_links(&message) },
        locations: [Location {
            physical_location: PhysicalLocation {
                artifact_location: Artifact {
                    uri: format!("tokenctl/connections/{}", segment(&row.connection)),
                },
                region: Region { start_line: 1 },
            },
            logical_locations: [LogicalLocation {
                fully_qualified_name: format!("{}/{name}", row.provider),
                name,
                kind: "resource",
            }],
        }],
        partial_fingerprints: Fingerprints { finding: format!("{}/{rule}", row.connection_id) },
        properties: Properties { provider: row.provider, code: row.code, expires_at: row.expires_at },
    })
}

fn position(rule: &str) -> Option<usize> {
    RULES.iter().position(|(id, _)| *id == rule)
}

/// A plain text message may hold `[text](address)`, which viewers make a link of (SARIF 3.11.6): none that somebody
/// else chose.
fn without_links(text: &str) -> String {
    text.replace("](", "] (")
}

/// One segment of a relative reference (RFC 3986 section 3.3).
fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) || (byte == b'.' && !segment.is_empty()) {
            segment.push(char::from(byte));
        } else {
            let _ = write!(segment, "%{byte:02X}"); // writing to a String cannot fail
        }
    }
    segment
}
