use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

/// Every `"name/1"` in the sources that make reports.
fn named_in_sources() -> BTreeSet<String> {
    fn gather(folder: &std::path::Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let is_name = |text: &&str| {
                    text.split_once('/').is_some_and(|(word, number)| {
                        !word.is_empty()
                            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
                            && !number.is_empty()
                            && number.bytes().all(|byte| byte.is_ascii_digit())
                    })
                };
                found.extend(text.split('"').filter(is_name).map(str::to_owned));
            }
        }
    }
    let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    gather(&sources.join("output/reports"), &mut found);
    gather(&sources.join("commands"), &mut found);
    found
}

#[test]
fn every_report_is_registered_once_and_in_order() {
    let names: Vec<&str> = SCHEMAS.iter().map(|answers| answers.name).collect();
    let key = |name: &&str| name.replace('/', " ");
    assert!(names.is_sorted_by_key(key), "{names:?}");
    let known: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(known.len(), names.len());
    let missing: Vec<_> = named_in_sources().difference(&known).cloned().collect();
    assert!(missing.is_empty(), "reports without a line in the registry: {missing:?}");
    assert!(BYTES.is_sorted());
}

#[test]
fn names_are_found_as_people_have_them() {
    for name in ["verify/1", "verify", "tokenctl.verify/1"] {
        assert_eq!(find(name).unwrap().name, "verify/1");
    }
    assert!(find("verify/2").is_none() && find("verfy").is_none());
    assert!(find("keys").unwrap().belongs_to("rotate status"));
    assert!(find("connection").unwrap().belongs_to("connection add netsuite"));
    assert!(!find("connection").unwrap().belongs_to("connection address"));
}

/// Visits every schema below `value` that describes a member.
fn members(at: &str, value: &Value, visit: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(object) => {
            for (name, below) in object {
                if name == "properties" && !at.ends_with("properties") {
                    for (member, schema) in below.as_object().unwrap() {
                        visit(&format!("{at}.{member}"), schema);
                        members(&format!("{at}.{member}"), schema, visit);
                    }
                } else {
                    members(&format!("{at}/{name}"), below, visit);
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|below| members(at, below, visit)),
        _ => {}
    }
}

#[test]
fn every_member_is_described_and_none_is_forbidden() {
    let mut silent = BTreeSet::new();
    for answers in SCHEMAS {
        let schema = answers.schema();
        for (name, definition) in schema["$defs"].as_object().unwrap() {
            members(name, definition, &mut |at, member| {
                if member.get("description").is_none() {
                    silent.insert(format!("{}: {at}", answers.name));
                }
            });
        }
        let text = schema.to_string();
        assert!(!text.contains("\"additionalProperties\":false"), "{}", answers.name);
        assert!(!text.contains("unevaluatedProperties"), "{}", answers.name);
    }
    assert!(
        silent.is_empty(),
        "without a description:\n{}",
        silent.into_iter().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn every_field_of_a_listing_is_a_member_of_its_data() {
    for answers in SCHEMAS {
        let schema = answers.schema();
        jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{}: {error}", answers.name));
        let line = &schema["$defs"]["Line"];
        let kinds = line["anyOf"].as_array().map_or_else(|| std::slice::from_ref(line), Vec::as_slice);
        for kind in kinds.iter().filter(|kind| kind.is_object()) {
            for (field, schema) in kind["properties"].as_object().unwrap() {
                assert_ne!(*schema, json!(false), "{}: its data has no {field}", answers.name);
            }
        }
    }
}

#[test]
fn a_schema_refuses_what_is_no_such_answer() {
    let schema = find("audit-check").unwrap().schema();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let good = json!({
        "schema": "tokenctl.audit-check/1",
        "ok": true,
        "data": {
            "records": 7, "files": 1, "anchored_sequence": null, "after_anchor": 0, "interrupted": 0,
            "torn_bytes": 0, "began_at": null, "records_before": null, "of a later version": true,
        },
        "warnings": [],
        "error": null,
        "of a later version": true,
    });
    assert!(validator.is_valid(&good));
    let wrong = [
        ("/schema", json!("tokenctl.verify/1")),
        ("/ok", json!(false)),
        ("/data", Value::Null),
        ("/data/records", json!("7")),
        ("/data/files", json!(-1)),
        ("/warnings", json!([7])),
        ("/error", json!({})),
    ];
    for (place, value) in wrong {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        assert!(!validator.is_valid(&bad), "{place}");
    }
    for member in ["schema", "ok", "data", "warnings", "error"] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(member);
        assert!(!validator.is_valid(&bad), "without {member}");
    }
}

#[test]
fn a_line_has_every_field_and_knows_what_may_be_missing() {
    let schema = find("company-list").unwrap().schema();
    let line = &schema["$defs"]["Line"]["properties"];
    insta::assert_snapshot!(
        [&line["name"], &line["expires.at"], &line["providers"]].map(Value::to_string).join("\n"),
        @r#"
    {"description":"Its name, or that of the connection.","type":"string"}
    {"anyOf":[{"description":"When.","format":"date-time","type":"string"},{"type":"null"}],"description":"When."}
    {"description":"Their vendors, each once.","items":{"type":"string"},"type":"array"}
    "#
    );
}
