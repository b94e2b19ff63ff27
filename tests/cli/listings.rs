//! Every command that lists, in every format made of rows, with names that somebody hostile chose.

use serde_json::Value;
use tokenctl::output::sanitize::is_hostile;
use tokenctl::output::schemas;

use crate::common::scene::Scene;
use crate::common::schemas as schemas_of_tests;

/// A formula, a terminal's escape sequence, a CI command, a tab and a line end, a word written from right to left.
const NAMES: [&str; 5] = [
    "=cmd()|' /C calc'!A0",
    "@\u{1b}]0;owned\u{7}\u{1b}[31mred",
    "::error::owned",
    "+1\ttab\nline",
    "-2 \u{202e}株式会社 🏭 e\u{301}",
];

/// What lists, and whether something must be in it.
const LISTINGS: &[(&[&str], bool)] = &[
    (&["connection", "list"], true),
    (&["company", "list"], true),
    (&["company", "show", "acme-0"], true),
    (&["cert", "list"], true),
    (&["app", "list"], true),
    (&["audit", "list"], true),
    (&["verify", "--all"], true),
    (&["status"], true),
    (&["rotate", "status", "acme-0"], true),
    (&["token", "refresh", "--all"], true),
    (&["connection", "import", "rows.csv", "-n"], true),
    (&["token", "import", "--from=grants.csv", "-n"], true),
    (&["invite", "list"], true),
    (&["invite", "show", "--state=created"], true),
    (&["invite", "alerts"], false),
    (&["invite", "key", "list"], true),
    (&["invite", "mint", "--from-csv=people.csv", "-n"], true),
    (&["vault", "recipient", "list"], true),
    (&["vault", "check"], true),
    (&["help", "output"], true),
    (&["help", "exit-codes"], true),
    (&["help", "environment"], true),
];

/// A vault in which something hostile is in nearly every listing.
fn scene() -> Scene {
    let scene = Scene::new();
    for (index, name) in NAMES.iter().enumerate() {
        let company = format!("--company={name}");
        scene.add_with(&format!("acme-{index}"), &[&company, "--tag=note==1+1"]);
    }
    scene.activate("acme-0");
    let secret = scene.place.put("books.secret", "s").display().to_string();
    scene.ok(&[
        "app",
        "add",
        "quickbooks",
        "books",
        "--client-id==1+1",
        &format!("--client-secret-file={secret}"),
        "--token-url=http://127.0.0.1:9/token",
        "--environment=simulator",
    ]);
    let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    scene.ok(&["vault", "recipient", "add", key, "--role=viewer", "--label==cmd()"]);
    scene.ok(&[
        "invite",
        "issuer",
        "set",
        "--issuer=https://invite.example",
        "--audience=supplier-app",
        "--link-base=https://app.example/start",
    ]);
    let company = format!("--company={}", NAMES[0]);
    scene.ok(&["invite", "mint", "--email=ann@supplier.example", &company]);
    scene.place.put("rows.csv", "name,account,client_id\n=cmd(),1,c\ngood,2,c\n");
    scene
        .place
        .put("grants.csv", "name,app,realm,company,refresh_token\n=cmd(),books,1,=cmd(),t\nb,books,2,x,t\n");
    scene.place.put("people.csv", "email,company\nbob@supplier.example,=cmd()\n");
    scene
}

/// Runs in `format`; what is written holds nothing that a terminal, a log or a CI system would act upon.
#[track_caller]
fn harmless(scene: &Scene, words: &[&str], format: &str, flags: &[&str]) -> (String, Option<i32>) {
    let ran = scene.run(&[words, &["-o", format], flags].concat());
    for text in [&ran.stdout, &ran.stderr] {
        let bad = |char: char| match char {
            '\n' => false,
            '\r' => format != "csv",
            '\t' => format != "plain",
            char => is_hostile(char),
        };
        assert!(!text.contains(bad), "{words:?} {format}: {text:?}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{words:?} {format}: {text}");
    }
    (ran.stdout, ran.code)
}

/// A cell that a spreadsheet takes for a formula; a negative number is one of ours.
fn is_formula(cell: &str) -> bool {
    cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err()
}

#[test]
fn every_listing_has_every_format() {
    let scene = scene();
    for (words, some) in LISTINGS {
        let (json, code) = harmless(&scene, words, "json", &[]);
        assert!(matches!(code, Some(0 | 13)), "{words:?}: {json}");
        let envelope: Value = serde_json::from_str(&json).unwrap();
        let answers = schemas::find(envelope["schema"].as_str().unwrap()).unwrap();

        let (csv, csv_code) = harmless(&scene, words, "csv", &[]);
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(csv.as_bytes());
        let header: Vec<String> = reader.headers().unwrap().iter().map(ToOwned::to_owned).collect();
        let listing = answers.listings.iter().find(|listing| listing.fields == header.as_slice());
        let listing = listing.unwrap_or_else(|| panic!("{words:?}: no listing has the fields {header:?}"));
        let expected = listing.select(&envelope["data"], None).unwrap().rows;
        assert_eq!(!expected.is_empty(), *some, "{words:?}: {json}");
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), expected.len(), "{words:?}: {csv}");
        for cell in records.iter().flatten() {
            assert!(!is_formula(cell), "{words:?}: {cell:?}");
        }

        let (jsonl, jsonl_code) = harmless(&scene, words, "jsonl", &[]);
        let lines: Vec<Value> = jsonl.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), expected.len() + usize::from(code != Some(0)), "{words:?}: {jsonl}");
        for (line, row) in lines.iter().zip(&expected) {
            let cells: Vec<Value> = listing.fields.iter().map(|field| line[*field].clone()).collect();
            assert_eq!(line.as_object().unwrap().len(), listing.fields.len(), "{words:?}: {line}");
            // What is measured anew, or made anew, differs from run to run.
            let steady = |field: &str| !["refreshed", "details"].contains(&field) && !field.ends_with("_ms");
            if words[0] != "audit" {
                let same = listing.fields.iter().zip(cells.iter().zip(row));
                let other: Vec<_> = same.filter(|(field, (a, b))| steady(field) && a != b).collect();
                assert!(other.is_empty(), "{words:?}: {other:?}");
            }
        }

        let (plain, plain_code) = harmless(&scene, words, "plain", &[]);
        for line in plain.lines() {
            assert_eq!(line.split('\t').count(), listing.fields.len(), "{words:?}: {line:?}");
        }
        let (_, table_code) = harmless(&scene, words, "table", &[]);
        assert_eq!([csv_code, jsonl_code, plain_code, table_code], [code; 4], "{words:?}");

        let chosen = format!("--fields={},{}", listing.fields[1], listing.fields[0]);
        let (csv, _) = harmless(&scene, words, "csv", &[&chosen]);
        assert_eq!(csv.lines().next().unwrap(), chosen.strip_prefix("--fields=").unwrap(), "{words:?}");
        let (table, _) = harmless(&scene, words, "table", &[&chosen]);
        assert!(!*some || table.starts_with(&listing.fields[1].to_uppercase()), "{words:?}: {table}");

        let first = listing.fields[0];
        for format in ["csv", "jsonl", "table"] {
            let wrong = scene.run(&[words, &["-o", format, &format!("--fields={first}x")][..]].concat());
            assert_eq!(wrong.code, Some(2), "{words:?}: {wrong}");
            assert!(wrong.stdout.is_empty() || format == "jsonl", "{words:?}: {wrong}");
            assert!(
                wrong.stderr.contains(&format!("did you mean `--fields {first}`?")),
                "{words:?}: {wrong}"
            );
        }
    }
}

/// A command that changes something changes nothing for a field that it does not have.
#[test]
fn fields_are_checked_before_anything_is_done() {
    let scene = Scene::connected();
    let ran = scene.refused(2, &["connection", "disable", "acme", "--fields=nmae"]);
    insta::assert_snapshot!(ran, @"
    --- stderr
    error: there is no field `nmae`
      cause: `--fields` chooses from action, connection.name, connection.id, connection.status, connection.key_state, connection.enabled
    hint: what formats and fields do is explained by `tokenctl help output`
    --- exit 2
    ");
}

/// The check that every answer of these tests passes is one.
#[test]
#[should_panic(expected = "tokenctl.vault/1 is not what its schema says:\n/data/keys: ")]
fn a_wrong_member_stops_a_test() {
    let scene = Scene::new();
    let mut answer = scene.json(&["vault", "info"]);
    answer["data"]["keys"] = "none".into();
    schemas_of_tests::check(Some(&scene.command(&["vault", "info"])), answer.to_string().as_bytes());
}
