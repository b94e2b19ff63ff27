//! `tokenctl help`: commands from the command tree, topics from `commands/help/`, schemas from their registry.

mod tables;

pub(super) use tables::{FILES, VARIABLES};

use super::{CommandError, Exit, Finished, Outcome};
use crate::app::App;
use crate::app::settings::SETTINGS;
use crate::cli::help::{HelpArgs, SCHEMA, Topic};
use crate::cli::{nearest, tree};
use crate::output::Hint;
use crate::output::json;
use crate::output::reports::help::{ExitCodeRow, FileRow, Help, HelpRow, SchemaRow, SettingRow};
use crate::output::schemas::{self, BYTES, SCHEMAS};

/// Explains what `args` name, or everything.
pub(super) fn run(_app: &App, args: &HelpArgs) -> Outcome {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    if let [word] = words[..]
        && let Some(topic) = Topic::named(word)
    {
        return Ok(Finished::report(topic_report(topic)));
    }
    if let [SCHEMA, names @ ..] = &words[..] {
        return schema(names);
    }
    let mut command = tree();
    let mut command = &mut command;
    for word in &words {
        if command.find_subcommand(word).is_none() {
            return Err(unknown(&args.words, word, command, true));
        }
        // expect: it was found two lines above.
        command = command.find_subcommand_mut(word).expect("a subcommand that is there");
    }
    let text = command.render_long_help().to_string();
    Ok(Finished::report(Help::text(words.join(" "), text)))
}

/// What to say of a word that is none of the commands below `command`, nor, where those count, a topic.
pub(super) fn unknown(
    words: &[String],
    word: &str,
    command: &clap::Command,
    with_topics: bool,
) -> CommandError {
    let topics = Topic::ALL.map(Topic::as_str);
    let explained = topics.into_iter().chain([SCHEMA]).filter(|_| with_topics);
    let known = command.get_subcommands().map(clap::Command::get_name).chain(explained);
    let kind = if with_topics { "command or topic" } else { "command" };
    let failure = CommandError::new(Exit::Usage, format!("there is no {kind} `{}`", words.join(" ")));
    let failure = match nearest(word, known) {
        Some(nearest) => failure.hinted(Hint::text(format!("did you mean `{nearest}`?"))),
        None => failure,
    };
    let failure =
        if with_topics { failure.because(format!("the topics are {}", topics.join(", "))) } else { failure };
    failure.hinted(Hint::command("to see every command, run", ["help"]))
}

fn topic_report(topic: Topic) -> Help {
    let (text, rows) = match topic {
        Topic::ExitCodes => (include_str!("help/exit-codes.txt"), exit_codes()),
        Topic::Environment => (include_str!("help/environment.txt"), environment()),
        Topic::Files => (include_str!("help/files.txt"), files()),
        Topic::Output => (include_str!("help/output.txt"), answers()),
        Topic::Security => (include_str!("help/security.txt"), Vec::new()),
        Topic::Headless => (include_str!("help/headless.txt"), Vec::new()),
    };
    Help { rows, ..Help::text(topic.as_str(), text) }
}

fn exit_codes() -> Vec<HelpRow> {
    let rows = Exit::ALL.iter().map(|exit| ExitCodeRow {
        code: exit.code(),
        name: exit.name(),
        meaning: exit.meaning(),
        retry: exit.retry().as_str(),
    });
    rows.map(HelpRow::ExitCode).collect()
}

fn environment() -> Vec<HelpRow> {
    let settings = SETTINGS.iter().map(|setting| SettingRow {
        flag: setting.flag,
        variable: setting.variable,
        key: setting.key,
        meaning: setting.meaning,
    });
    let others =
        VARIABLES.iter().map(|&(variable, meaning)| SettingRow { flag: "", variable, key: "", meaning });
    settings.chain(others).map(HelpRow::Setting).collect()
}

fn files() -> Vec<HelpRow> {
    FILES.iter().map(|file| HelpRow::File(FileRow { path: file.path, meaning: file.meaning })).collect()
}

/// Every schema with its commands, then the commands that print bytes.
fn answers() -> Vec<HelpRow> {
    let schemas = SCHEMAS.iter().map(|answers| {
        let listing = answers.listings.first();
        SchemaRow {
            schema: Some(answers.name),
            commands: answers.commands.to_vec(),
            prints: None,
            rows: listing.and_then(|listing| listing.rows),
            fields: listing.map_or(&[][..], |listing| listing.fields),
        }
    });
    let bytes = BYTES.iter().map(|(command, prints)| SchemaRow {
        schema: None,
        commands: vec![command],
        prints: Some(prints),
        rows: None,
        fields: &[],
    });
    schemas.chain(bytes).map(HelpRow::Schema).collect()
}

/// Prints a JSON Schema; without a name, the same as `help output`.
fn schema(words: &[&str]) -> Outcome {
    let name = match words {
        [] => return Ok(Finished::report(topic_report(Topic::Output))),
        [name] => name,
        _ => return Err(CommandError::usage("`help schema` takes one name")),
    };
    if let Some(answers) = schemas::find(name) {
        return Ok(Finished::bytes(json::document(&answers.schema()).into_bytes()));
    }
    let bare = |name: &'static str| name.split_once('/').map_or(name, |(word, _)| word);
    let known = SCHEMAS.iter().flat_map(|answers| [answers.name, bare(answers.name)]);
    let failure = CommandError::new(Exit::Usage, format!("there is no schema `{name}`"));
    let failure = match nearest(name, known) {
        Some(nearest) => {
            failure.hinted(Hint::command(format!("did you mean `{nearest}`? run"), ["help", SCHEMA, nearest]))
        }
        None => failure,
    };
    Err(failure.hinted(Hint::command("to see every schema, run", ["help", Topic::Output.as_str()])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        for below in command.get_subcommands() {
            let path = format!("{path} {}", below.get_name()).trim_start().to_owned();
            if below.has_subcommands() {
                leaves(below, &path, found);
            } else {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_command_has_a_schema_or_prints_bytes_and_no_other_is_named() {
        let mut commands = Vec::new();
        leaves(&tree(), "", &mut commands);
        let unknown: Vec<_> = commands.iter().filter(|command| !schemas::is_known(command)).collect();
        assert!(unknown.is_empty(), "missing in output::schemas: {unknown:?}");
        let exists = |words: &str| {
            let tree = tree();
            let below = |command: &clap::Command, word| command.find_subcommand(word).cloned();
            words.split(' ').try_fold(tree, |command, word| below(&command, word)).is_some()
        };
        let named =
            SCHEMAS.iter().flat_map(|answers| answers.commands).chain(BYTES.iter().map(|(words, _)| words));
        let strange: Vec<_> = named.filter(|words| **words != "help schema" && !exists(words)).collect();
        assert!(strange.is_empty(), "no such commands: {strange:?}");
    }
}
