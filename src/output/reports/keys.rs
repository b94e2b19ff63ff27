//! `keygen`, `key import`, `cert activate` and every `rotate` step: where the keys of a connection stand.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{KeyRow, Proof, short};
use crate::domain::connection::Connection;
use crate::domain::rotation::Phase;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::table::{Column, Table};
use crate::output::view::{Cell, View};

/// The keys of a connection after a step, or as they stand.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Keys {
    /// The connection's name.
    pub connection: String,
    /// Its id.
    pub connection_id: String,
    /// What was done, such as initiated, or planned with `--dry-run`; "shown" if nothing.
    pub action: &'static str,
    /// Where the keys stand: none, pending, active, rotating or previous-kept.
    key_state: &'static str,
    #[serde(skip)]
    phase: Phase,
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

/// Where keys stand, for people.
fn in_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Empty => "it has no key",
        Phase::FirstPending => "its first key waits for the activation",
        Phase::Settled => "its key is active",
        Phase::Rotating => "a new key waits beside the active one",
        Phase::Overlap => "one key is active, the previous one is kept",
    }
}

impl Keys {
    /// Describes keys that stand at `phase`.
    pub fn new(connection: &Connection, action: &'static str, phase: Phase, keys: Vec<KeyRow>) -> Self {
        Self {
            connection: connection.name.to_string(),
            connection_id: connection.id.to_string(),
            action,
            key_state: phase.as_str(),
            phase,
            keys,
            proof: None,
            upload: Vec::new(),
            plan: Vec::new(),
        }
    }
}

impl Keys {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of(
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
    );
}

impl Report for Keys {
    fn schema(&self) -> &'static str {
        "keys/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let (name, place) = (&self.connection, in_words(self.phase));
        let mut view = View::new().line(match self.action {
            "shown" => format!("{name}: {place}"),
            action => format!("{action}: {name}, {place}"),
        });
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
            let time = proof.latency_ms.map(|latency| format!(" in {latency} ms")).unwrap_or_default();
            view = view.line(format!("proven by a live exchange{time}"));
        }
        for (index, step) in self.upload.iter().enumerate() {
            view = view.line(format!("{}. {step}", index + 1));
        }
        view
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
