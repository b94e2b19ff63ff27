//! The members of a command's answer, out of its JSON Schema.

use serde_json::{Map, Value};

use crate::output::schemas::Answers;

/// How far a page goes into objects within objects; the schema itself has all of it.
const DEPTH: usize = 2;

/// A member of the data.
pub(super) struct Field {
    /// Its name, such as `connections[].status`.
    pub(super) name: String,
    /// What it is.
    pub(super) meaning: String,
}

/// Returns the members of the data, each object's after its own.
pub(super) fn fields(answers: &Answers) -> Vec<Field> {
    let schema = answers.schema();
    let empty = Map::new();
    let definitions = schema["$defs"].as_object().unwrap_or(&empty);
    let mut found = Vec::new();
    gather(&schema["properties"]["data"], definitions, ("", DEPTH), &mut found);
    found
}

fn gather(
    schema: &Value,
    definitions: &Map<String, Value>,
    (prefix, depth): (&str, usize),
    found: &mut Vec<Field>,
) {
    for kind in kinds(schema, definitions) {
        for (name, member) in kind["properties"].as_object().into_iter().flatten() {
            let name = format!("{prefix}{name}");
            if found.iter().any(|field| field.name == name) {
                continue;
            }
            let described = kinds(member, definitions);
            let own = member["description"].as_str();
            let meaning = own.or_else(|| described.iter().find_map(|kind| kind["description"].as_str()));
            found.push(Field { name: name.clone(), meaning: meaning.unwrap_or_default().to_owned() });
            if depth == 0 {
                continue;
            }
            gather(member, definitions, (&format!("{name}."), depth - 1), found);
            for kind in described {
                gather(&kind["items"], definitions, (&format!("{name}[]."), depth - 1), found);
            }
        }
    }
}

/// What a schema can be, references followed and `null` left out.
fn kinds<'a>(schema: &'a Value, definitions: &'a Map<String, Value>) -> Vec<&'a Value> {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return definitions.get(name).map(|schema| kinds(schema, definitions)).unwrap_or_default();
    }
    let choices = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
    match choices {
        Some(choices) => choices.iter().flat_map(|choice| kinds(choice, definitions)).collect(),
        None => vec![schema],
    }
}
