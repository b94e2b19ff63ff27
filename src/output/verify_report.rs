//! `verify --report`: the same findings for a CI system or a monitoring system, as a file of its own kind.
//!
//! Everything foreign passes the sanitiser before it is escaped as the format demands, so that no viewer of a file
//! sees more than a terminal would.

mod github;
mod junit;
mod prometheus;
mod sarif;

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;

use super::reports::verify::{Verify, VerifyRow};
use super::sanitize::safe_line;
use crate::domain::counted::counted;

/// A kind of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// JUnit XML: a test case for each connection.
    Junit,
    /// SARIF 2.1.0: a result for each connection that failed or expires soon.
    Sarif,
    /// GitHub's workflow commands: an annotation for each of those.
    Github,
    /// Prometheus's text exposition, for the textfile collector.
    Prometheus,
}

impl ReportKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Junit, Self::Sarif, Self::Github, Self::Prometheus];

    /// The word that users type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Junit => "junit",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Prometheus => "prometheus",
        }
    }

    /// Writes what was found at `at`.
    pub fn render(self, report: &Verify, at: Timestamp) -> String {
        match self {
            Self::Junit => junit::render(report, at),
            Self::Sarif => sarif::render(report, at),
            Self::Github => github::render(report),
            Self::Prometheus => prometheus::render(report, at),
        }
    }
}

impl fmt::Display for ReportKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// What came of a connection, as far as reports tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Proven, with nothing to be said.
    Good,
    /// Proven, and about to expire.
    Expiring,
    /// The same, and the caller said that this is a failure.
    TooNear,
    /// Without a proof.
    Failed,
}

fn verdict(row: &VerifyRow) -> Verdict {
    match (row.ok, row.expiring, row.code) {
        (false, ..) => Verdict::Failed,
        (true, true, 0) => Verdict::Expiring,
        (true, true, _) => Verdict::TooNear,
        (true, false, _) => Verdict::Good,
    }
}

/// What happened, in one harmless line.
fn headline(row: &VerifyRow) -> String {
    let name = safe_line(&row.connection);
    match (verdict(row), row.expires_at, row.days_left) {
        (Verdict::Failed, ..) => {
            let message = row.message.as_deref().map_or(Cow::Borrowed("it has no proof"), safe_line);
            format!("{name} is not proven: {message}")
        }
        (Verdict::Expiring | Verdict::TooNear, Some(at), Some(days)) => {
            format!("{name} expires on {} ({} left)", at.strftime("%Y-%m-%d"), counted(days, "day"))
        }
        _ => format!("{name} is proven"),
    }
}

/// Why, and what helps: harmless lines, a command among them.
fn details(row: &VerifyRow) -> Vec<String> {
    let causes = row.causes.iter().map(|cause| format!("cause: {}", safe_line(cause)));
    let hints = row.hints.iter().map(|hint| format!("hint: {}", safe_line(&hint.to_string())));
    causes.chain(hints).collect()
}

#[cfg(test)]
mod tests;
