//! A report as rows and fields: what JSON Lines, CSV, plain text and `--fields` show.
//!
//! Rows are taken out of the report's data, so that no format can tell a different story.

use serde_json::{Map, Value};

/// Where the rows of a report are, and which fields they have.
#[derive(Debug, Clone, Copy)]
pub struct Listing {
    /// The member of the data that holds the rows; `None` if the data itself is the one row.
    pub rows: Option<&'static str>,
    /// The fields to show, in order; `a.b` reaches into an object.
    pub fields: &'static [&'static str],
}

/// A field that the report does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no field `{name}`")]
pub struct UnknownField {
    /// What was asked for.
    pub name: String,
    /// What there is.
    pub known: &'static [&'static str],
}

/// The rows of a report, reduced to the fields that were asked for.
#[derive(Debug)]
pub struct Selection {
    /// The fields, in the order asked for.
    pub fields: Vec<String>,
    /// One value per field, per row.
    pub rows: Vec<Vec<Value>>,
}

impl Listing {
    /// Rows under the member `rows` of the data.
    pub const fn of(rows: &'static str, fields: &'static [&'static str]) -> Self {
        Self { rows: Some(rows), fields }
    }

    /// The data as its only row.
    pub const fn single(fields: &'static [&'static str]) -> Self {
        Self { rows: None, fields }
    }

    /// Checks the names of `--fields`.
    pub fn check(&self, wanted: &[String]) -> Result<(), UnknownField> {
        match wanted.iter().find(|name| !self.fields.contains(&name.as_str())) {
            Some(name) => Err(UnknownField { name: name.clone(), known: self.fields }),
            None => Ok(()),
        }
    }

    /// Takes the rows out of `data`; without `wanted` they have every field.
    pub fn select(&self, data: &Value, wanted: Option<&[String]>) -> Result<Selection, UnknownField> {
        let fields = match wanted {
            Some(wanted) => {
                self.check(wanted)?;
                wanted.to_vec()
            }
            None => self.fields.iter().map(ToString::to_string).collect(),
        };
        let rows = match self.rows {
            Some(member) => data.get(member).and_then(Value::as_array).map_or(&[][..], Vec::as_slice),
            None => std::slice::from_ref(data),
        };
        let rows = rows.iter().map(|row| fields.iter().map(|field| value_at(row, field)).collect()).collect();
        Ok(Selection { fields, rows })
    }

    /// Returns `data` with every row reduced to `wanted`, for JSON with `--fields`.
    pub fn reduce(&self, mut data: Value, wanted: &[String]) -> Result<Value, UnknownField> {
        let mut objects = self.select(&data, Some(wanted))?.objects().map(Value::Object);
        match self.rows {
            None => Ok(objects.next().unwrap_or_default()),
            Some(member) => {
                let rows = objects.collect();
                if let Some(slot) = data.get_mut(member) {
                    *slot = rows;
                }
                Ok(data)
            }
        }
    }
}

impl Selection {
    /// The rows as objects; a field `a.b` keeps its full name.
    pub fn objects(self) -> impl Iterator<Item = Map<String, Value>> {
        let fields = self.fields;
        self.rows.into_iter().map(move |row| fields.iter().cloned().zip(row).collect())
    }
}

fn value_at(row: &Value, field: &str) -> Value {
    field.split('.').try_fold(row, |value, part| value.get(part)).cloned().unwrap_or_default()
}

/// Returns a value as the text of one cell: nothing for `null`, items of a list between commas.
pub(crate) fn cell_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell_text).collect::<Vec<_>>().join(","),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| format!("{key}={}", cell_text(value)))
            .collect::<Vec<_>>()
            .join(","),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LISTING: Listing = Listing::of("connections", &["name", "key.state", "tags"]);

    fn data() -> Value {
        json!({ "total": 1, "connections": [{ "name": "acme", "key": { "state": "active" }, "tags": { "env": "prod" } }] })
    }

    #[test]
    fn takes_rows_out_of_the_data() {
        let selection = LISTING.select(&data(), None).unwrap();
        let cells: Vec<String> = selection.rows[0].iter().map(cell_text).collect();
        assert_eq!(cells, ["acme", "active", "env=prod"]);
    }

    #[test]
    fn reduces_json_to_the_fields_asked_for() {
        let wanted = ["key.state".to_owned()];
        let reduced = LISTING.reduce(data(), &wanted).unwrap();
        assert_eq!(reduced, json!({ "total": 1, "connections": [{ "key.state": "active" }] }));
    }

    #[test]
    fn an_unknown_field_is_an_error() {
        assert_eq!(LISTING.check(&["nmae".to_owned()]).unwrap_err().name, "nmae");
    }
}
