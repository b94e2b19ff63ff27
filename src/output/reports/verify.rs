//! `verify`

use std::fmt::Write as _;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Proof, days_between, expiry};
use crate::domain::connection::Provider;
use crate::domain::verification::{Outcome, Stage, Verification};
use crate::output::hint::Hint;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, Tone, View};

/// What was found about one connection.
#[derive(Debug, Serialize, JsonSchema)]
pub struct VerifyRow {
    /// The connection's name.
    pub connection: String,
    /// Its id.
    pub connection_id: String,
    /// Its vendor.
    pub provider: &'static str,
    /// Whether a live exchange succeeded.
    pub ok: bool,
    /// What proves it; `null` without proof.
    pub proof: Option<Proof>,
    /// SHA-256 of the certificate that was tried.
    pub key_fingerprint: Option<String>,
    /// How far it came: load, sign or exchange.
    #[schemars(with = "String")]
    pub stage: Stage,
    /// What came of it: proven, failed, missing, rejected, conflict, unreachable, refused or expired.
    #[schemars(with = "String")]
    pub outcome: Outcome,
    /// The exit code that this connection alone would have had.
    pub code: u8,
    /// The name of that code.
    pub result: &'static str,
    /// The vendor's HTTP status.
    pub http_status: Option<u16>,
    /// The vendor's error code.
    pub vendor_error: Option<String>,
    /// What went wrong.
    pub message: Option<String>,
    /// Why: what the vendor said beside its error code, what is known of that, clocks that differ.
    pub causes: Vec<String>,
    /// The vendor's name for the failed request, for its support.
    pub request_id: Option<String>,
    /// The vendor's clock minus ours, in seconds, where a failure showed it.
    pub clock_skew_seconds: Option<i64>,
    /// The vendor's answer time, in milliseconds.
    pub latency_ms: Option<u64>,
    /// When the vendor stops accepting the certificate.
    pub expires_at: Option<Timestamp>,
    /// Whole days until then.
    pub days_left: Option<i64>,
    /// Whether that is inside the warning window.
    pub expiring: bool,
    /// What likely helps.
    pub hints: Vec<Hint>,
    /// When it was checked.
    pub checked_at: Timestamp,
}

impl VerifyRow {
    /// Describes a verification; code, result, causes, hints, evidence and fingerprint are the caller's.
    pub fn new(
        (name, provider): (&impl ToString, Provider),
        found: &Verification,
        expires_at: Option<Timestamp>,
        warn_days: u32,
    ) -> Self {
        let proven = found.outcome == Outcome::Proven;
        let days_left = expires_at.map(|at| days_between(found.checked_at, at));
        Self {
            connection: name.to_string(),
            connection_id: found.connection.to_string(),
            provider: provider.as_str(),
            ok: proven,
            proof: proven.then(|| Proof::exchange(found.latency_ms, found.http_status)),
            key_fingerprint: None,
            stage: found.stage,
            outcome: found.outcome,
            code: 0,
            result: "ok",
            http_status: found.http_status,
            vendor_error: found.vendor_error.clone(),
            message: found.message.clone(),
            causes: Vec::new(),
            request_id: None,
            clock_skew_seconds: None,
            latency_ms: found.latency_ms,
            expires_at,
            days_left,
            expiring: days_left.is_some_and(|days| days < i64::from(warn_days)),
            hints: Vec::new(),
            checked_at: found.checked_at,
        }
    }

    fn result_cell(&self) -> Cell {
        if !self.ok {
            Cell::toned(self.outcome.as_str(), Tone::Bad)
        } else if self.expiring {
            Cell::toned("expiring", Tone::Warning)
        } else {
            Cell::toned("proven", Tone::Good)
        }
    }
}

/// `verify`
#[derive(Debug, Serialize, JsonSchema)]
pub struct Verify {
    /// How many connections were proven.
    pub proven: usize,
    /// How many were not.
    pub failed: usize,
    /// How many of the proven ones expire inside the warning window.
    pub expiring: usize,
    /// Disabled connections that were left out.
    pub skipped: Vec<String>,
    /// Whether the results were stored.
    pub recorded: bool,
    /// Every selected connection, by name.
    pub connections: Vec<VerifyRow>,
}

impl Verify {
    /// Those without proof, if there are others beside them: the error itself tells of a single one.
    fn failures(&self) -> impl Iterator<Item = &VerifyRow> {
        let alone = self.connections.len() == 1;
        self.connections.iter().filter(move |row| !row.ok && !alone)
    }
}

impl Verify {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of(
        "connections",
        &[
            "connection",
            "connection_id",
            "provider",
            "ok",
            "proof.kind",
            "key_fingerprint",
            "stage",
            "outcome",
            "code",
            "result",
            "http_status",
            "vendor_error",
            "message",
            "causes",
            "request_id",
            "clock_skew_seconds",
            "latency_ms",
            "expires_at",
            "days_left",
            "expiring",
            "checked_at",
        ],
    );
}

impl Report for Verify {
    fn schema(&self) -> &'static str {
        "verify/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let columns = [
            Column::new("CONNECTION").shrinks(),
            Column::new("RESULT"),
            Column::new("EXPIRES"),
            Column::new("TIME").right(),
        ];
        let mut table = Table::new(columns, "no connections");
        for row in &self.connections {
            let expires = match (row.expires_at, row.days_left) {
                (Some(at), Some(days)) => expiry(at, days),
                _ => Cell::default(),
            };
            table.row([
                Cell::from(row.connection.as_str()),
                row.result_cell(),
                expires,
                row.latency_ms.map(|latency| format!("{latency} ms")).into(),
            ]);
        }
        let mut view = View::new().table(table);
        for row in self.failures() {
            let message = row.message.as_deref().unwrap_or("it has no proof");
            view = view.line(Cell::toned(format!("{}: {message}", row.connection), Tone::Bad));
            for cause in &row.causes {
                view = view.line(format!("  {cause}"));
            }
            if let Some(hint) = row.hints.first() {
                view = view.line(format!("  {hint}"));
            }
        }
        if self.connections.len() > 1 || !self.skipped.is_empty() {
            let mut summary = format!("{} proven, {} failed", self.proven, self.failed);
            if self.expiring > 0 {
                let _ = write!(summary, ", {} expiring", self.expiring); // writing to a String cannot fail
            }
            if !self.skipped.is_empty() {
                let _ = write!(summary, "; skipped (disabled): {}", self.skipped.join(", "));
            }
            view = view.line(summary);
        }
        view
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
