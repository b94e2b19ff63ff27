//! Prometheus's text exposition, for node_exporter's textfile collector.
//!
//! Source: Prometheus, "Exposition formats": label values escape backslash, quote and line feed.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::output::reports::verify::{Verify, VerifyRow};
use crate::output::sanitize::safe_line;

pub(super) fn render(report: &Verify, at: Timestamp) -> String {
    let mut text = Text::default();
    let of_rows = |value: fn(&VerifyRow) -> Option<String>| {
        report.connections.iter().filter_map(move |row| Some((labels(row), value(row)?)))
    };
    text.gauge(
        "tokenctl_connection_proven",
        "Whether a live exchange proved the connection (1) or not (0).",
        of_rows(|row| Some(u8::from(row.ok).to_string())),
    );
    text.gauge(
        "tokenctl_connection_code",
        "The exit code that the connection alone would have had.",
        of_rows(|row| Some(row.code.to_string())),
    );
    text.gauge(
        "tokenctl_connection_expires_timestamp_seconds",
        "When the connection's credentials expire, in seconds since 1970.",
        of_rows(|row| row.expires_at.map(|at| at.as_second().to_string())),
    );
    text.gauge(
        "tokenctl_connection_exchange_seconds",
        "How long the vendor took to answer.",
        of_rows(|row| row.latency_ms.map(|time| format!("{}.{:03}", time / 1000, time % 1000))),
    );
    let counts = [("proven", report.proven), ("failed", report.failed), ("skipped", report.skipped.len())];
    text.gauge(
        "tokenctl_verify_connections",
        "How many connections were proven, failed, or were skipped because they are disabled.",
        counts.into_iter().map(|(result, count)| (format!("{{result=\"{result}\"}}"), count.to_string())),
    );
    text.gauge(
        "tokenctl_verify_timestamp_seconds",
        "When the connections were verified, in seconds since 1970.",
        std::iter::once((String::new(), at.as_second().to_string())),
    );
    text.0
}

#[derive(Default)]
struct Text(String);

impl Text {
    /// All samples of a metric in one group, as the format demands; nothing of one without samples.
    fn gauge(&mut self, name: &str, help: &str, samples: impl Iterator<Item = (String, String)>) {
        let mut samples = samples.peekable();
        if samples.peek().is_none() {
            return;
        }
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge\n"); // writing to a String cannot fail
        for (labels, value) in samples {
            let _ = writeln!(self.0, "{name}{labels} {value}"); // as above
        }
    }
}

fn labels(row: &VerifyRow) -> String {
    format!("{{connection=\"{}\",provider=\"{}\"}}", escaped(&row.connection), escaped(row.provider))
}

fn escaped(text: &str) -> String {
    safe_line(text).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
