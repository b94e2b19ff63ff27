//! One answer as a JSON Schema (draft 2020-12): the envelope around its data, and a line of JSON Lines.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::{Map, Value, json};

use super::{Answers, FAILURE};
use crate::output::listing::Listing;
use crate::output::problem::Problem;

/// Where a line of JSON Lines is described.
const LINE: &str = "Line";

impl Answers {
    /// Returns the schema of the whole answer.
    ///
    /// Members that it does not name are allowed everywhere: adding one keeps the number.
    pub fn schema(&self) -> Value {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        let mut generator = settings.with_transform(RecursiveTransform(in_one_line)).into_generator();
        let data = Value::from((self.data)(&mut generator));
        let problem = Value::from(generator.subschema_for::<Problem<'static>>());
        let mut definitions = generator.take_definitions(true);
        if let Some(line) = self.line(&data, &definitions) {
            definitions.insert(LINE.to_owned(), line);
        }
        let failure = json!({ "properties": { "ok": { "const": false }, "error": problem } });
        let outcomes = if self.name == FAILURE {
            vec![failure]
        } else {
            vec![json!({ "properties": { "ok": { "const": true }, "error": { "type": "null" } } }), failure]
        };
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": format!("urn:tokenctl:{}", self.name),
            "title": format!("tokenctl.{}", self.name),
            "description": self.description(),
            "type": "object",
            "required": ["schema", "ok", "data", "warnings", "error"],
            "properties": {
                "schema": { "const": format!("tokenctl.{}", self.name), "description": "What this is." },
                "ok": { "type": "boolean", "description": "Whether nothing failed." },
                "data": data,
                "warnings": {
                    "type": "array",
                    "items": { "type": "string" },
                    "description": "What to know although nothing failed.",
                },
                "error": { "description": "What failed; `null` if nothing did." },
            },
            "oneOf": outcomes,
            "$defs": definitions,
        })
    }

    fn description(&self) -> String {
        if self.name == FAILURE {
            return "The answer of every command that failed and has nothing to show all the same."
                .to_owned();
        }
        let commands: Vec<String> = self.commands.iter().map(|words| format!("`tokenctl {words}`")).collect();
        let lines = match self.listings {
            [] => "",
            _ => " A line of --output=jsonl is described in $defs/Line; --fields chooses from its members.",
        };
        format!("The answer of {} with --output=json.{lines}", commands.join(", "))
    }

    /// Describes a line of JSON Lines; where there are several kinds, any of them.
    fn line(&self, data: &Value, definitions: &Map<String, Value>) -> Option<Value> {
        let known = Known { definitions };
        let mut kinds: Vec<Value> = self.listings.iter().map(|listing| known.line(listing, data)).collect();
        match kinds.len() {
            0 => None,
            1 => kinds.pop(),
            _ => Some(json!({ "anyOf": kinds })),
        }
    }
}

/// A comment that goes on in the next line is one sentence all the same.
fn in_one_line(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}

/// What a schema refers to.
struct Known<'a> {
    definitions: &'a Map<String, Value>,
}

impl Known<'_> {
    fn line(&self, listing: &Listing, data: &Value) -> Value {
        let row = match listing.rows {
            None => data.clone(),
            Some(member) => self.member(data, member).and_then(|rows| self.items(&rows)).unwrap_or_default(),
        };
        let fields = listing.fields.iter().map(|field| ((*field).to_owned(), self.field(&row, field)));
        let fields: Map<String, Value> = fields.collect();
        json!({ "type": "object", "properties": fields, "required": listing.fields })
    }

    /// What `a.b` of a row is; it is `null` where there is no `a`.
    fn field(&self, row: &Value, field: &str) -> Value {
        let found = field.split('.').try_fold(row.clone(), |schema, part| self.member(&schema, part));
        let Some(found) = found else { return json!(false) };
        let description = found.get("description").cloned();
        let mut field = if self.allows_null(&found) || !self.may_be_absent(row, field) {
            found
        } else {
            json!({ "anyOf": [found, { "type": "null" }] })
        };
        if let (Some(members), Some(description)) = (field.as_object_mut(), description) {
            members.insert("description".to_owned(), description);
        }
        field
    }

    /// Whether something on the way to `a.b` can be missing or `null`.
    fn may_be_absent(&self, row: &Value, field: &str) -> bool {
        let mut schema = row.clone();
        for part in field.split('.') {
            let required = self.objects(&schema).iter().all(|object| {
                object["required"].as_array().is_some_and(|names| names.contains(&json!(part)))
            });
            if !required || self.allows_null(&schema) {
                return true;
            }
            let Some(next) = self.member(&schema, part) else { return true };
            schema = next;
        }
        false
    }

    /// The definition that a `$ref` leads to, or the schema itself.
    fn resolved<'v>(&'v self, schema: &'v Value) -> &'v Value {
        let named = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
        named.and_then(|name| self.definitions.get(name)).unwrap_or(schema)
    }

    /// The alternatives of a schema that are no `null`.
    fn objects(&self, schema: &Value) -> Vec<Value> {
        let schema = self.resolved(schema);
        match schema["anyOf"].as_array() {
            Some(kinds) => kinds
                .iter()
                .filter(|kind| kind["type"] != "null")
                .flat_map(|kind| self.objects(kind))
                .collect(),
            None => vec![schema.clone()],
        }
    }

    fn allows_null(&self, schema: &Value) -> bool {
        let schema = self.resolved(schema);
        schema["type"] == "null"
            || schema["type"].as_array().is_some_and(|types| types.contains(&json!("null")))
            || schema["anyOf"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| self.allows_null(kind)))
    }

    /// What the member `name` of an object is; several kinds of objects may have one.
    fn member(&self, schema: &Value, name: &str) -> Option<Value> {
        let mut found: Vec<Value> = Vec::new();
        for object in self.objects(schema) {
            if let Some(member) = object["properties"].get(name)
                && !found.contains(member)
            {
                found.push(member.clone());
            }
        }
        match found.len() {
            0 => None,
            1 => found.pop(),
            _ => Some(json!({ "anyOf": found })),
        }
    }

    fn items(&self, schema: &Value) -> Option<Value> {
        self.objects(schema).into_iter().find_map(|list| list.get("items").cloned())
    }
}
