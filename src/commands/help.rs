//! `tokenctl help`: commands from the command tree, topics from `commands/help/`.

mod tables;

use serde::Serialize;
use serde_json::Value;

pub(super) use tables::{FILES, VARIABLES};

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
        if command.find_subcommand(word).is_none() {
            return Err(unknown(&args.words, word, command, true));
        }
        // expect: it was found two lines above.
        command = command.find_subcommand_mut(word).expect("a subcommand that is there");
    }
    let text = command.render_long_help().to_string();
    Ok(Finished::report(HelpReport { subject: words.join(" "), text, table: HelpTable::default() }))
}

/// What to say of a word that is none of the commands below `command`, nor, where those count, a topic.
pub(super) fn unknown(
    words: &[String],
    word: &str,
    command: &clap::Command,
    with_topics: bool,
) -> CommandError {
    let topics = Topic::ALL.map(Topic::as_str);
    let known = command.get_subcommands().map(clap::Command::get_name);
    let known: Vec<&str> = known.chain(topics.into_iter().filter(|_| with_topics)).collect();
    let kind = if with_topics { "command or topic" } else { "command" };
    let failure = CommandError::new(Exit::Usage, format!("there is no {kind} `{}`", words.join(" ")));
    let failure = match nearest(word, known) {
        Some(nearest) => failure.hinted(Hint::text(format!("did you mean `{nearest}`?"))),
        None => failure,
    };
    let failure = match with_topics {
        true => failure.because(format!("the topics are {}", topics.join(", "))),
        false => failure,
    };
    failure.hinted(Hint::command("to see every command, run", ["help"]))
}

fn topic_report(topic: Topic) -> HelpReport {
    let (text, table) = match topic {
        Topic::ExitCodes => (include_str!("help/exit-codes.txt"), exit_codes()),
        Topic::Environment => (include_str!("help/environment.txt"), environment()),
        Topic::Files => (include_str!("help/files.txt"), files()),
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
    let settings = SETTINGS.iter().map(|setting| SettingRow {
        flag: setting.flag,
        variable: setting.variable,
        key: setting.key,
        meaning: setting.meaning,
    });
    let others =
        VARIABLES.iter().map(|&(variable, meaning)| SettingRow { flag: "", variable, key: "", meaning });
    let rows = settings.chain(others).map(|row| to_value(&row)).collect();
    HelpTable { fields: &["variable", "flag", "key", "meaning"], rows }
}

fn files() -> HelpTable {
    let rows = FILES.iter().map(|file| to_value(&FileRow { path: file.path, meaning: file.meaning }));
    HelpTable { fields: &["path", "meaning"], rows: rows.collect() }
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

#[derive(Serialize)]
struct FileRow {
    path: &'static str,
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
