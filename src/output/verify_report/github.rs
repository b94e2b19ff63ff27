//! GitHub's workflow commands: an annotation for each connection that failed or expires soon.
//!
//! Source: actions/toolkit, `packages/core/src/command.ts`, `escapeData` and `escapeProperty`.

use super::{Verdict, details, headline, verdict};
use crate::output::reports::verify::Verify;
use crate::output::sanitize::safe_line;

pub(super) fn render(report: &Verify) -> String {
    let mut text = String::new();
    for row in &report.connections {
        let (command, what) = match verdict(row) {
            Verdict::Good => continue,
            Verdict::Expiring => ("warning", "expiring"),
            Verdict::TooNear | Verdict::Failed => ("error", row.result),
        };
        let title = format!("{}: {what}", safe_line(&row.connection));
        let message = std::iter::once(headline(row)).chain(details(row)).collect::<Vec<_>>().join("\n");
        text.push_str(&annotation(command, &title, &message));
    }
    let summary = format!("{} proven, {} failed, {} expiring", report.proven, report.failed, report.expiring);
    text.push_str(&annotation("notice", "tokenctl verify", &summary));
    text
}

/// One line, whatever is in it: nothing foreign can begin another.
fn annotation(command: &str, title: &str, message: &str) -> String {
    format!("::{command} title={}::{}\n", property(title), data(message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
