//! Plain text for `cut`, `while read` and friends: values between tabs, one row per line, nothing else.

use super::listing::{Selection, cell_text};
use super::sanitize::safe;

/// Returns the rows as lines; a tab or line end inside a value is shown as its escape.
pub fn render(selection: &Selection) -> String {
    let mut text = String::new();
    for row in &selection.rows {
        let cells: Vec<String> = row.iter().map(|value| safe(&cell_text(value)).into_owned()).collect();
        text.push_str(&cells.join("\t"));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_row_is_one_line() {
        let selection = Selection {
            fields: vec!["name".into(), "tags".into()],
            rows: vec![vec![json!("a\tb\nc"), json!(["x", "y"])]],
        };
        assert_eq!(render(&selection), "a\\tb\\nc\tx,y\n");
    }
}
