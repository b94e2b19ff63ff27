//! `tokenctl help`: commands from the command tree, topics from `commands/help/`.

use serde::Serialize;
use serde_json::Value;

use super::{CommandError, Exit, Finished, Outcome};
use crate::app::App;
use crate::app::settings::SETTINGS;
use crate::cli::help::{HelpArgs, Topic};
use crate::cli::{nearest, tree};
use crate::output::{Column, Hint, Listing, Report, Table, View, to_value};

/// Explains what `args` name, or everything.
pub(super) fn run(_app: &App, args: &HelpArgs) -> Outcome {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    if let [word] = words[..]
        && let Some(topic) = Topic::named(word)
    {
        return Ok(Finished::report(topic_report(topic)));
    }
    let mut command = tree();
    command.build();
    let mut command = &mut command;
    for word in &words {
        let known: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
        command = command.find_subcommand_mut(word).ok_or_else(|| unknown(&words, word, &known))?;
    }
    let text = command.render_long_help().to_string();
    Ok(Finished::report(HelpReport { subject: words.join(" "), text, table: HelpTable::default() }))
}

fn unknown(words: &[&str], word: &str, known: &[String]) -> CommandError {
    let topics = Topic::ALL.map(Topic::as_str);
    let known = known.iter().map(String::as_str).chain(topics);
    let failure =
        CommandError::new(Exit::Usage, format!("there is no command or topic `{}`", words.join(" ")));
    let failure = match nearest(word, known) {
        Some(nearest) => failure.hinted(Hint::text(format!("did you mean `{nearest}`?"))),
        None => failure,
    };
    failure
        .because(format!("the topics are {}", topics.join(", ")))
        .hinted(Hint::command("to see every command, run", ["help"]))
}

fn topic_report(topic: Topic) -> HelpReport {
    let (text, table) = match topic {
        Topic::ExitCodes => (include_str!("help/exit-codes.txt"), exit_codes()),
        Topic::Environment => (include_str!("help/environment.txt"), environment()),
        Topic::Files => (include_str!("help/files.txt"), HelpTable::default()),
        Topic::Output => (include_str!("help/output.txt"), HelpTable::default()),
        Topic::Security => (include_str!("help/security.txt"), HelpTable::default()),
        Topic::Headless => (include_str!("help/headless.txt"), HelpTable::default()),
    };
    HelpReport { subject: topic.as_str().to_owned(), text: text.to_owned(), table }
}

fn exit_codes() -> HelpTable {
    let rows = Exit::ALL.iter().map(|exit| {
        to_value(&ExitCodeRow {
            code: exit.code(),
            name: exit.name(),
            meaning: exit.meaning(),
            retry: exit.retry().as_str(),
        })
    });
    HelpTable { fields: &["code", "name", "retry", "meaning"], rows: rows.collect() }
}

fn environment() -> HelpTable {
    let rows = SETTINGS.iter().map(|setting| {
        to_value(&SettingRow {
            flag: setting.flag,
            variable: setting.variable,
            key: setting.key,
            meaning: setting.meaning,
        })
    });
    HelpTable { fields: &["variable", "flag", "key", "meaning"], rows: rows.collect() }
}

#[derive(Serialize)]
struct ExitCodeRow {
    code: u8,
    name: &'static str,
    meaning: &'static str,
    retry: &'static str,
}

#[derive(Serialize)]
struct SettingRow {
    flag: &'static str,
    variable: &'static str,
    key: &'static str,
    meaning: &'static str,
}

/// A topic's table, generated from the enum that the program runs on.
#[derive(Default)]
struct HelpTable {
    fields: &'static [&'static str],
    rows: Vec<Value>,
}

struct HelpReport {
    subject: String,
    text: String,
    table: HelpTable,
}

#[derive(Serialize)]
struct HelpData<'a> {
    subject: &'a str,
    text: &'a str,
    rows: &'a [Value],
}

impl Report for HelpReport {
    fn schema(&self) -> &'static str {
        "help/1"
    }

    fn data(&self) -> Value {
        to_value(&HelpData { subject: &self.subject, text: &self.text, rows: &self.table.rows })
    }

    fn view(&self) -> View {
        let view = View::new().text(self.text.clone());
        if self.table.rows.is_empty() {
            return view;
        }
        let columns = self.table.fields.iter().map(|field| {
            let column = Column::new(field.to_uppercase());
            if *field == "meaning" { column.wraps() } else { column }
        });
        let mut table = Table::new(columns, "");
        for row in &self.table.rows {
            let cell =
                |field: &&str| crate::output::listing::cell_text(row.get(*field).unwrap_or(&Value::Null));
            table.row(self.table.fields.iter().map(cell));
        }
        view.table(table)
    }

    fn listing(&self) -> Listing {
        if self.table.rows.is_empty() {
            Listing::single(&["subject", "text"])
        } else {
            Listing::of("rows", self.table.fields)
        }
    }
}
