//! JSON for programs: one versioned envelope, or one object per line.

use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::problem::Problem;
use super::sanitize::safe_json;
use crate::secret::{Secret, SecretBytes};

/// The schema of a result that has no data of its own.
const ERROR_SCHEMA: &str = "error/1";

/// What every JSON answer looks like; the five members are always there.
#[derive(Serialize)]
struct Envelope<'a> {
    schema: String,
    ok: bool,
    data: Option<&'a Value>,
    warnings: &'a [String],
    error: Option<&'a Problem<'a>>,
}

/// What goes into an envelope.
pub struct Answer<'a> {
    /// Schema and data of the report; `None` if there is nothing but the problem.
    pub report: Option<(&'static str, &'a Value)>,
    /// What people were warned of.
    pub warnings: &'a [String],
    /// What failed; with a report, something of it did.
    pub problem: Option<&'a Problem<'a>>,
}

/// Returns the envelope as one line, or indented for a terminal; ends with a line feed.
pub fn envelope(answer: &Answer<'_>, indented: bool) -> String {
    let envelope = Envelope {
        schema: format!("tokenctl.{}", answer.report.map_or(ERROR_SCHEMA, |(schema, _)| schema)),
        ok: answer.problem.is_none(),
        data: answer.report.map(|(_, data)| data),
        warnings: answer.warnings,
        error: answer.problem,
    };
    line(&envelope, indented)
}

/// Returns the envelope of data that holds a secret: written once, straight into memory that is wiped.
///
/// A secret never becomes a [`Value`]: nobody would wipe that. `size_hint` must not be smaller than the result, or a
/// growing buffer leaves copies behind.
pub fn secret_envelope<T: Serialize>(
    schema: &'static str,
    data: &T,
    warnings: &[String],
    size_hint: usize,
) -> SecretBytes {
    secret_answer((schema, data), warnings, None, size_hint)
}

/// The same for a batch of which something failed.
#[expect(clippy::missing_panics_doc, reason = "it cannot: see the proof")]
pub fn secret_answer<T: Serialize>(
    (schema, data): (&'static str, &T),
    warnings: &[String],
    problem: Option<&Problem<'_>>,
    size_hint: usize,
) -> SecretBytes {
    #[derive(Serialize)]
    struct Secretive<'a, T> {
        schema: String,
        ok: bool,
        data: &'a T,
        warnings: &'a [String],
        error: Option<&'a Problem<'a>>,
    }
    let schema = format!("tokenctl.{schema}");
    let envelope = Secretive { schema, ok: problem.is_none(), data, warnings, error: problem };
    let mut bytes = Zeroizing::new(Vec::with_capacity(size_hint));
    // expect: strings, numbers and structures always serialise, and writing to a vector cannot fail.
    serde_json::to_writer(&mut *bytes, &envelope).expect("the envelope serialises");
    bytes.push(b'\n');
    harmless(bytes)
}

/// Returns one row with a secret in it as a line of JSON.
#[expect(clippy::missing_panics_doc, reason = "it cannot: see the proof")]
pub fn secret_line<T: Serialize>(row: &T, size_hint: usize) -> SecretBytes {
    let mut bytes = Zeroizing::new(Vec::with_capacity(size_hint));
    // expect: as above.
    serde_json::to_writer(&mut *bytes, row).expect("the row serialises");
    bytes.push(b'\n');
    harmless(bytes)
}

/// As [`safe_json`], without a copy that stays.
fn harmless(mut bytes: Zeroizing<Vec<u8>>) -> SecretBytes {
    let escaped = match std::str::from_utf8(&bytes).map(safe_json) {
        Ok(std::borrow::Cow::Owned(escaped)) => Some(Secret::new(escaped.into_bytes())),
        _ => None,
    };
    escaped.unwrap_or_else(|| Secret::new(std::mem::take(&mut *bytes)))
}

/// Returns a document that is no envelope, indented; ends with a line feed.
pub fn document(value: &Value) -> String {
    line(value, true)
}

/// Returns one object per row and line.
pub fn lines(rows: impl Iterator<Item = Map<String, Value>>) -> String {
    rows.map(|row| line(&row, false)).collect()
}

/// Returns the one object that says what failed, for JSON Lines.
pub fn error_line(problem: &Problem<'_>) -> String {
    envelope(&Answer { report: None, warnings: &[], problem: Some(problem) }, false)
}

fn line<T: Serialize>(value: &T, indented: bool) -> String {
    let text = if indented { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    // expect: strings, numbers and maps with string keys always serialise (serde_json::to_string, "Errors").
    let text = text.expect("JSON values serialise");
    format!("{}\n", safe_json(&text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::hint::Hint;

    #[test]
    fn success_has_all_five_members() {
        let data = json!({ "name": "acme" });
        let answer = Answer { report: Some(("connection/1", &data)), warnings: &[], problem: None };
        insta::assert_snapshot!(
            envelope(&answer, false),
            @r#"{"schema":"tokenctl.connection/1","ok":true,"data":{"name":"acme"},"warnings":[],"error":null}"#
        );
    }

    #[test]
    fn failure_has_them_too() {
        let problem = Problem {
            code: 3,
            kind: "not-found",
            retry: false,
            message: "there is no connection `\u{1b}acme`",
            causes: &[],
            hints: &[Hint::command("to see all, run", ["connection", "list"])],
        };
        insta::assert_snapshot!(
            error_line(&problem),
            @r#"{"schema":"tokenctl.error/1","ok":false,"data":null,"warnings":[],"error":{"code":3,"kind":"not-found","retry":false,"message":"there is no connection `\u001bacme`","causes":[],"hints":[{"text":"to see all, run","command":"tokenctl connection list"}]}}"#
        );
    }
}
