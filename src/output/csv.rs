//! CSV for spreadsheets: RFC 4180, a header line, no cell that is a formula.

use serde_json::Value;
use zeroize::Zeroizing;

use super::listing::{Selection, cell_text};
use super::sanitize::safe_cell;
use crate::secret::{Secret, SecretBytes};

/// Returns the rows as CSV.
pub fn render(selection: &Selection) -> String {
    let mut text = record(selection.fields.iter().cloned());
    for row in &selection.rows {
        text.push_str(&record(row.iter().map(cell)));
    }
    text
}

fn record(cells: impl Iterator<Item = String>) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let written = writer.write_record(cells.map(String::into_bytes));
    let text =
        written.ok().and_then(|()| writer.into_inner().ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    // expect: a Vec takes every byte, a writer takes a first record of any length, and the cells are UTF-8.
    text.expect("CSV in memory")
}

/// The same for rows with a secret in them, straight into memory that is wiped; `size` must not be smaller than the
/// result.
///
/// Proof: a token consists of characters that no CSV reader gives a meaning to, and the rest of a row is made harmless.
pub fn secret_csv<const N: usize>(
    header: &[&str; N],
    rows: impl Iterator<Item = [Zeroizing<String>; N]>,
    size: usize,
) -> SecretBytes {
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        for (index, cell) in cells.enumerate() {
            if index > 0 {
                bytes.push(b',');
            }
            quoted(&mut bytes, &safe_cell(cell));
        }
        bytes.extend_from_slice(b"\r\n");
    };
    line(&mut header.iter().copied());
    for row in rows {
        line(&mut row.iter().map(|cell| cell.as_str()));
    }
    Secret::new(std::mem::take(&mut *bytes))
}

/// RFC 4180 section 2, rules 5 to 7.
fn quoted(bytes: &mut Vec<u8>, cell: &str) {
    if !cell.contains(['"', ',', '\r', '\n']) {
        return bytes.extend_from_slice(cell.as_bytes());
    }
    bytes.push(b'"');
    for byte in cell.bytes() {
        if byte == b'"' {
            bytes.push(b'"');
        }
        bytes.push(byte);
    }
    bytes.push(b'"');
}

/// A number is not foreign text: a minus sign before it makes no formula.
fn cell(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        other => safe_cell(&cell_text(other)).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hostile_cells_are_quoted_and_defused() {
        let selection = Selection {
            fields: vec!["name".into(), "days".into()],
            rows: vec![
                vec![json!("=HYPERLINK(\"http://evil\",\"x\")"), json!(-3)],
                vec![json!("a\r\n=1"), json!(null)],
            ],
        };
        assert_eq!(
            render(&selection),
            "name,days\r\n\"'=HYPERLINK(\"\"http://evil\"\",\"\"x\"\")\",-3\r\na\\r\\n=1,\r\n"
        );
    }
}
