//! What keys, rotations and certificates have in common: rows, upload instructions, next commands.

use jiff::Timestamp;

use crate::domain::connection::Connection;
use crate::domain::key::Key;
use crate::domain::rotation::{KeySet, Phase};
use crate::ops::certificates::{certificate_file, expires_at, takes_jwk, upload_steps};
use crate::ops::keys::{KeysOf, Proven};
use crate::output::Hint;
use crate::output::reports::keys::Keys;
use crate::output::reports::{KeyRow, Proof};

/// Describes a key with the expiry that counts at its vendor.
pub(super) fn key_row(connection: &Connection, key: &Key, now: Timestamp) -> KeyRow {
    KeyRow::new(key, expires_at(connection, key), now)
}

/// Describes every key of a connection, pending first.
pub(super) fn key_rows(connection: &Connection, keys: &KeySet, now: Timestamp) -> Vec<KeyRow> {
    keys.iter().map(|key| key_row(connection, key, now)).collect()
}

/// The report of a step, with what to do at the vendor where something is pending.
pub(super) fn keys_report(of: &KeysOf, action: &'static str, now: Timestamp) -> Keys {
    let rows = key_rows(&of.connection, &of.keys, now);
    let mut report = Keys::new(&of.connection, action, of.keys.phase(), rows);
    if let Some(pending) = &of.keys.pending {
        report.upload = upload_steps(&of.connection, pending);
    }
    report
}

/// The report of a proven step.
pub(super) fn proven_report(proven: &Proven, action: &'static str, now: Timestamp) -> Keys {
    let mut report = keys_report(&proven.keys, action, now);
    report.proof = Some(Proof::exchange(Some(proven.latency_ms), None));
    report
}

/// The commands that come next, by where the keys stand.
pub(super) fn next_commands(of: &KeysOf) -> Vec<Hint> {
    let name = of.connection.name.as_str();
    let file = of.keys.pending.as_ref().map(|pending| certificate_file(&of.connection, pending));
    let out = format!("--out={}", file.unwrap_or_default());
    let hint = |text: &str, command: &[&str]| Hint::command(text, command.iter().copied());
    if takes_jwk(&of.connection) {
        match of.keys.phase() {
            Phase::FirstPending => {
                return vec![
                    hint("to write the public key, run", &["cert", "export", name, "--format", "jwk"]),
                    hint("once the server knows it, run", &["cert", "activate", name]),
                ];
            }
            Phase::Rotating => {
                return vec![
                    hint("to write the new public key, run", &["cert", "export", name, "--format", "jwk"]),
                    hint("once the server knows it beside the old one, run", &["rotate", "confirm", name]),
                    hint("to keep the old key, run", &["rotate", "abort", name]),
                ];
            }
            Phase::Empty | Phase::Settled | Phase::Overlap => {}
        }
    }
    match of.keys.phase() {
        Phase::Empty => vec![hint("to make the first key, run", &["keygen", name])],
        Phase::FirstPending => vec![
            hint("to write the certificate to a file, run", &["cert", "export", name, &out]),
            hint("once it is uploaded, run", &["cert", "activate", name, "--certificate-id=ID"]),
        ],
        Phase::Settled => vec![hint("to prove that it works, run", &["verify", name])],
        Phase::Rotating => vec![
            hint("to write the new certificate to a file, run", &["cert", "export", name, &out]),
            hint("once it is uploaded, run", &["rotate", "confirm", name, "--certificate-id=ID"]),
            hint("to keep the old certificate, run", &["rotate", "abort", name]),
        ],
        Phase::Overlap => vec![
            hint("to go back to the previous key, run", &["rotate", "rollback", name]),
            hint("once nothing needs the previous key any more, run", &["rotate", "retire", name]),
        ],
    }
}
