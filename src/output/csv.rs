//! CSV for spreadsheets: RFC 4180, a header line, no cell that is a formula.

use serde_json::Value;

use super::listing::{Selection, cell_text};
use super::sanitize::safe_cell;

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
