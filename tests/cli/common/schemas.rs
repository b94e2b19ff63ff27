//! Every JSON answer of these tests is held against the schema that `help schema` prints.

use std::collections::HashMap;
use std::ffi::OsString;
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};
use tokenctl::cli::{parse, scan};
use tokenctl::output::schemas::{self, Answers, FAILURE};

/// What a schema is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    /// A whole answer.
    Whole,
    /// One whose data `--fields` has cut down.
    Reduced,
    /// A line of JSON Lines.
    Line,
    /// One that `--fields` has cut down.
    ReducedLine,
}

/// Compiled once for each harness: there are thousands of answers.
fn validator(answers: &'static Answers, part: Part) -> Arc<Validator> {
    type Compiled = HashMap<(&'static str, Part), Arc<Validator>>;
    static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let compile = || {
        let mut schema = answers.schema();
        match part {
            Part::Whole => {}
            Part::Reduced => schema["properties"]["data"] = json!(true),
            Part::Line | Part::ReducedLine => {
                let mut line = schema["$defs"]["Line"].clone();
                if part == Part::ReducedLine
                    && let Some(members) = line.as_object_mut()
                {
                    members.remove("required");
                }
                line["$defs"] = schema["$defs"].take();
                schema = line;
            }
        }
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
        Arc::new(options.should_validate_formats(true).build(&schema).unwrap())
    };
    Arc::clone(compiled.entry((answers.name, part)).or_insert_with(compile))
}

/// Stops the test if what `command` wrote to standard output is JSON and not what its schema says; without a command,
/// if it is an envelope that its schema refuses.
#[track_caller]
pub(crate) fn check(command: Option<&Command>, stdout: &[u8]) {
    let argv: Vec<OsString> = command.map_or_else(Vec::new, |command| {
        std::iter::once(command.get_program()).chain(command.get_args()).map(ToOwned::to_owned).collect()
    });
    let set = |variable: &str| {
        command.is_some_and(|command| {
            command
                .get_envs()
                .any(|(name, value)| name == variable && value.is_some_and(|value| !value.is_empty()))
        })
    };
    let reduced = scan::value_of(&argv, "fields", None).is_some() || set("TOKENCTL_FIELDS");
    // What does not parse is answered with the one schema that every command has.
    let words = parse(&argv).map_or_else(|_| String::new(), |cli| cli.words);
    if let Ok(answer) = serde_json::from_slice::<Value>(stdout)
        && is_envelope(&answer)
    {
        return check_envelope(&answer, &words, reduced);
    }
    let lines = scan::value_of(&argv, "output", Some('o')).is_some_and(|format| format == "jsonl");
    let bytes = scan::value_of(&argv, "out", None).is_some_and(|path| path == "-");
    if lines && !bytes && argv.get(1).is_some_and(|word| word != "exec") && !words.starts_with("help") {
        for line in std::str::from_utf8(stdout).unwrap().lines() {
            let row: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            if is_envelope(&row) {
                check_envelope(&row, &words, false);
            } else {
                check_row(&row, &words, reduced);
            }
        }
    }
}

fn is_envelope(value: &Value) -> bool {
    value["schema"].as_str().is_some_and(|name| name.starts_with("tokenctl."))
}

#[track_caller]
fn check_envelope(answer: &Value, words: &str, reduced: bool) {
    let name = answer["schema"].as_str().unwrap();
    let answers = schemas::find(name).unwrap_or_else(|| panic!("{name} is in no registry"));
    assert!(
        words.is_empty() || answers.name == FAILURE || answers.belongs_to(words),
        "`{words}` answers with {name}, and the registry does not say so"
    );
    let part = if reduced { Part::Reduced } else { Part::Whole };
    refuse_nothing(&validator(answers, part), answer, name);
}

/// A command may have several kinds of answers: the row is one of theirs.
#[track_caller]
fn check_row(row: &Value, words: &str, reduced: bool) {
    let part = if reduced { Part::ReducedLine } else { Part::Line };
    let mut kinds = schemas::SCHEMAS
        .iter()
        .filter(|answers| !answers.listings.is_empty() && answers.belongs_to(words))
        .map(|answers| validator(answers, part))
        .peekable();
    let first = kinds.peek().cloned().unwrap_or_else(|| panic!("`{words}` has no rows: {row}"));
    if !kinds.any(|kind| kind.is_valid(row)) {
        refuse_nothing(&first, row, words);
    }
}

#[track_caller]
fn refuse_nothing(validator: &Validator, value: &Value, name: &str) {
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{name} is not what its schema says:\n{}\n{value:#}", errors.join("\n"));
}
