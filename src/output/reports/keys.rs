//! `keygen`, `key import`, `cert activate` and every `rotate` step: where the keys of a connection stand.

use serde::Serialize;
use serde_json::Value;

use super::{KeyRow, short};
use crate::domain::rotation::Phase;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, View};

/// The keys of a connection after a step, or as they stand.
#[derive(Debug, Serialize)]
pub struct Keys {
    /// The connection's name.
    pub connection: String,
    /// What was done, such as initiated, or planned with `--dry-run`; "shown" if nothing.
    pub action: &'static str,
    /// Where the keys stand: empty, first-pending, settled, rotating or overlap.
    pub state: &'static str,
    /// The keys, pending first.
    pub keys: Vec<KeyRow>,
    /// What a live exchange proved, where the step needed proof.
    pub proof: Option<Proof>,
    /// What to do at the vendor next, step by step, where there is something.
    pub upload: Vec<String>,
    /// What the step would do, with `--dry-run`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<String>,
}

/// A live exchange that proved a key.
#[derive(Debug, Serialize)]
pub struct Proof {
    /// The vendor's answer time, in milliseconds.
    pub latency_ms: u64,
}

impl Keys {
    /// Describes keys that stand at `phase`.
    pub fn new(connection: &impl ToString, action: &'static str, phase: Phase, keys: Vec<KeyRow>) -> Self {
        Self {
            connection: connection.to_string(),
            action,
            state: phase.as_str(),
            keys,
            proof: None,
            upload: Vec::new(),
            plan: Vec::new(),
        }
    }
}

impl Report for Keys {
    fn schema(&self) -> &'static str {
        "keys/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let mut view = View::new();
        if self.action == "shown" {
            view = view.line(format!("{} is {}", self.connection, self.state));
        } else {
            view = view.line(format!("{}: {} ({})", self.action, self.connection, self.state));
        }
        for step in &self.plan {
            view = view.line(format!("would {step}"));
        }
        let columns = [
            Column::new("KEY"),
            Column::new("ALGORITHM"),
            Column::new("FINGERPRINT"),
            Column::new("CERTIFICATE ID").shrinks(),
            Column::new("EXPIRES"),
        ];
        let mut table = Table::new(columns, "no keys");
        for key in &self.keys {
            table.row([
                Cell::from(key.state),
                key.algorithm.into(),
                short(&key.fingerprint).into(),
                key.certificate_id.clone().into(),
                key.expiry(),
            ]);
        }
        view = view.table(table);
        if let Some(proof) = &self.proof {
            view = view.line(format!("proven by a live exchange in {} ms", proof.latency_ms));
        }
        for (index, step) in self.upload.iter().enumerate() {
            view = view.line(format!("{}. {step}", index + 1));
        }
        view
    }

    fn listing(&self) -> Listing {
        Listing::of(
            "keys",
            &[
                "state",
                "algorithm",
                "fingerprint",
                "certificate_id",
                "not_before",
                "not_after",
                "expires_at",
                "days_left",
            ],
        )
    }
}
