//! Files of many rows: CSV with a header line, or JSON Lines.

use serde::de::DeserializeOwned;

use super::error::CommandError;

/// Reads every row; a row that cannot be read is a text that says why, a file that cannot is an error.
///
/// `required` are the columns that a header line must have.
pub(super) fn read<Row: DeserializeOwned>(
    bytes: &[u8],
    required: &[&str],
) -> Result<Vec<Result<Row, String>>, CommandError> {
    let text = std::str::from_utf8(bytes).map_err(|_| CommandError::usage("the file is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rows = if text.trim_start().starts_with('{') { json_lines(text) } else { csv_rows(text, required)? };
    if rows.is_empty() { Err(CommandError::usage("the file holds no rows")) } else { Ok(rows) }
}

fn json_lines<Row: DeserializeOwned>(text: &str) -> Vec<Result<Row, String>> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).map_err(|error| error.to_string()))
        .collect()
}

fn csv_rows<Row: DeserializeOwned>(
    text: &str,
    required: &[&str],
) -> Result<Vec<Result<Row, String>>, CommandError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| CommandError::usage(error.to_string()))?.clone();
    for required in required {
        if !header.iter().any(|column| column == *required) {
            return Err(CommandError::usage(format!("the header line has no column `{required}`")));
        }
    }
    let read = |record: csv::Result<csv::StringRecord>| {
        record.and_then(|record| record.deserialize(Some(&header))).map_err(|error| error.to_string())
    };
    Ok(reader.records().map(read).collect())
}
