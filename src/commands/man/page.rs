//! One page: what the command tree, the tables of the topics and the examples say about a command.

use clap::{Arg, ArgAction, Command};

use super::fields::fields;
use super::roff::{Roff, bold, escaped, italic, page_name};
use crate::app::settings::SETTINGS;
use crate::cli::examples::EXAMPLES;
use crate::commands::exit::{Exit, Retry};
use crate::commands::help::{FILES, VARIABLES};
use crate::output::schemas::{BYTES, SCHEMAS};

/// The day of the release that the pages belong to.
const DATE: &str = "2026-11-29";

/// A command, and what it is below.
pub(super) struct Subject<'a> {
    pub(super) command: &'a Command,
    pub(super) path: Vec<String>,
}

impl Subject<'_> {
    /// The page's name, such as `tokenctl-rotate-confirm`.
    pub(super) fn name(&self) -> String {
        named(&self.path)
    }

    fn is_root(&self) -> bool {
        self.path.is_empty()
    }

    /// The page as troff.
    pub(super) fn page(&self) -> String {
        let mut page = Roff::page(&self.name(), DATE, env!("CARGO_PKG_VERSION"));
        let about = self.command.get_about().map(ToString::to_string).unwrap_or_default();
        page.section("NAME");
        page.troff(&format!("{} \\- {}", escaped(&self.name()), escaped(&lower_first(&about))));
        self.synopsis(&mut page);
        self.description(&mut page, &about);
        self.commands(&mut page);
        self.options(&mut page);
        self.examples(&mut page);
        self.exit_status(&mut page);
        files(&mut page, self.is_root());
        environment(&mut page, self.is_root());
        self.json_fields(&mut page);
        self.see_also(&mut page);
        page.finish()
    }

    fn synopsis(&self, page: &mut Roff) {
        page.section("SYNOPSIS");
        let mut line = bold(&[&["tokenctl".to_owned()], &self.path[..]].concat().join(" "));
        line.push_str(" [\\fIOPTION\\fR]...");
        for option in own(self.command).filter(|arg| !arg.is_positional() && arg.is_required_set()) {
            line.push(' ');
            line.push_str(&spelled(option));
        }
        for arg in self.command.get_positionals().filter(|arg| !arg.is_hide_set()) {
            let value = italic(&value_name(arg));
            let many =
                if arg.get_num_args().is_some_and(|range| range.max_values() > 1) { "..." } else { "" };
            let dashes = if arg.is_last_set() { "\\-\\- " } else { "" };
            let text = format!("{dashes}{value}{many}");
            let (open, close) = if arg.is_required_set() { ("", "") } else { ("[", "]") };
            line.extend([" ", open, &text, close]);
        }
        if self.command.has_subcommands() {
            line.push_str(" \\fICOMMAND\\fR");
        }
        page.troff(&line);
    }

    fn description(&self, page: &mut Roff, about: &str) {
        page.section("DESCRIPTION");
        let long = self.command.get_long_about().map(ToString::to_string);
        let text = long.unwrap_or_else(|| about.to_owned());
        // The first line of a command's help has no period; on a page it is a sentence.
        let (first, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
        page.text(&format!("{}.", first.trim_end_matches('.')));
        if !rest.is_empty() {
            page.paragraph();
            page.paragraphs(rest);
        }
    }

    fn commands(&self, page: &mut Roff) {
        if !self.command.has_subcommands() {
            return;
        }
        page.section("COMMANDS");
        for below in self.command.get_subcommands() {
            let name = named(&[&self.path[..], &[below.get_name().to_owned()]].concat());
            page.term(&page_name(&name), &below.get_about().map(ToString::to_string).unwrap_or_default());
        }
    }

    fn options(&self, page: &mut Roff) {
        let positionals: Vec<_> = self.command.get_positionals().filter(|arg| !arg.is_hide_set()).collect();
        if !positionals.is_empty() {
            page.section("ARGUMENTS");
            for arg in positionals {
                argument(page, arg);
            }
        }
        let options: Vec<_> = own(self.command).filter(|arg| !arg.is_positional()).collect();
        let mut headings: Vec<Option<&str>> = options.iter().map(|arg| arg.get_help_heading()).collect();
        headings.dedup();
        for heading in headings {
            page.section(&heading.unwrap_or("Options").to_uppercase());
            let below = options.iter().filter(|arg| arg.get_help_heading() == heading);
            below.for_each(|arg| argument(page, arg));
        }
        page.section("GLOBAL OPTIONS");
        let globals = self.command.get_arguments().filter(|arg| arg.is_global_set());
        if self.is_root() {
            page.text("Every command knows them, before its own words or after.");
            globals.for_each(|arg| argument(page, arg));
        } else {
            let flags: Vec<_> = globals.filter_map(Arg::get_long).map(|long| format!("`--{long}`")).collect();
            page.text(&format!("As described in `tokenctl`(1): {}.", flags.join(", ")));
        }
    }

    fn examples(&self, page: &mut Roff) {
        let own: Vec<_> = EXAMPLES.iter().filter(|example| example.command == self.path.as_slice()).collect();
        if own.is_empty() {
            return;
        }
        page.section("EXAMPLES");
        for (index, example) in own.into_iter().enumerate() {
            if index > 0 {
                page.paragraph();
            }
            page.text(&format!("{}:", example.about));
            page.literal(&example.lines(66));
        }
    }

    /// The codes that the command can end with: some are of one command alone.
    fn exit_status(&self, page: &mut Roff) {
        page.section("EXIT STATUS");
        let words = self.path.join(" ");
        for exit in Exit::ALL {
            let is_possible = match exit {
                Exit::NotStarted | Exit::CannotExecute | Exit::ProgramNotFound => words == "exec",
                Exit::Expiring => words == "verify",
                Exit::NotDue => words == "rotate due",
                _ => true,
            };
            if is_possible || self.is_root() {
                // Only `verify` has a meaning of its own for success.
                let meaning = match (exit, words.as_str()) {
                    (_, "verify" | "") => exit.meaning(),
                    (Exit::Ok, _) => "done",
                    _ => exit.meaning(),
                };
                let again = if exit.retry() == Retry::Yes { "; trying again can help" } else { "" };
                let term = format!("\\fB{}\\fR ({})", exit.code(), escaped(exit.name()));
                page.term(&term, &format!("{}{again}", upper_first(meaning)));
            }
        }
    }

    /// The members of each answer that the command gives, and when it gives none.
    fn json_fields(&self, page: &mut Roff) {
        let words = self.path.join(" ");
        let answers: Vec<_> = SCHEMAS.iter().filter(|answers| answers.belongs_to(&words)).collect();
        let bytes = BYTES.iter().find(|(command, _)| *command == words);
        if self.command.has_subcommands() || (answers.is_empty() && bytes.is_none()) {
            return;
        }
        page.section("JSON FIELDS");
        if let Some((_, what)) = bytes {
            page.text(&format!("It prints {what}."));
        }
        for (index, answer) in answers.iter().enumerate() {
            if index > 0 || bytes.is_some() {
                page.paragraph();
            }
            let name = answer.name;
            page.text(&format!(
                "`data` of `tokenctl.{name}` (`--output=json`; all of it: `tokenctl help schema {name}`):"
            ));
            for field in fields(answer) {
                page.term(&bold(&field.name), &field.meaning);
            }
        }
    }

    fn see_also(&self, page: &mut Roff) {
        let mut others = Vec::new();
        if let Some((_, above)) = self.path.split_last() {
            others.push(named(above));
            if !above.is_empty() {
                others.push("tokenctl".to_owned());
            }
        }
        others.extend(["tokenctl-help".to_owned(), "tokenctl-status".to_owned()]);
        others.retain(|name| *name != self.name());
        page.section("SEE ALSO");
        let last = others.len() - 1;
        for (index, name) in others.iter().enumerate() {
            page.raw(&format!("{}{}", page_name(name), if index == last { "" } else { "," }));
        }
        page.paragraph();
        page.text(
            "`tokenctl help` explains the topics exit-codes, environment, files, output, security and headless.",
        );
    }
}

fn named(path: &[String]) -> String {
    [&["tokenctl".to_owned()], path].concat().join("-")
}

/// What is the command's own.
fn own(command: &Command) -> impl Iterator<Item = &Arg> {
    let is_common = |arg: &Arg| {
        arg.is_global_set()
            || arg.is_hide_set()
            || matches!(
                arg.get_action(),
                ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
            )
    };
    command.get_arguments().filter(move |arg| !is_common(arg))
}

fn value_name(arg: &Arg) -> String {
    match arg.get_value_names() {
        Some(names) => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        None => arg.get_id().as_str().to_uppercase(),
    }
}

/// `-o, --output FORMAT`
fn spelled(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| bold(&format!("-{short}")));
    let long = arg.get_long().map(|long| bold(&format!("--{long}")));
    let flags: Vec<_> = [short, long].into_iter().flatten().collect();
    let takes_value = arg.get_action().takes_values();
    let value = if takes_value { format!(" {}", italic(&value_name(arg))) } else { String::new() };
    format!("{}{value}", flags.join(", "))
}

fn argument(page: &mut Roff, arg: &Arg) {
    let term = if arg.is_positional() { italic(&value_name(arg)) } else { spelled(arg) };
    let help = arg.get_long_help().or_else(|| arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut text = help;
    let takes_value = arg.get_action().takes_values();
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if takes_value && !defaults.is_empty() && !arg.is_hide_default_value_set() {
        text = format!("{text} [default: {}]", defaults.join(","));
    }
    page.term(&term, &text);
    if !takes_value || arg.is_hide_possible_values_set() {
        return;
    }
    let values: Vec<_> =
        arg.get_possible_values().into_iter().filter(|value| value.get_help().is_some()).collect();
    if !values.is_empty() {
        page.raw(".RS");
        for value in values {
            let help = value.get_help().map(ToString::to_string).unwrap_or_default();
            page.term(&bold(value.get_name()), &help);
        }
        page.raw(".RE");
    }
}

/// All files on the page of the program; on the others those that every command touches.
fn files(page: &mut Roff, all: bool) {
    page.section("FILES");
    for file in FILES.iter().filter(|file| all || file.usual) {
        page.term(&italic(file.path), &upper_first(file.meaning));
    }
    if !all {
        page.paragraph();
        page.text("`tokenctl help files` has the others.");
    }
}

/// All variables on the page of the program; on the others their names.
fn environment(page: &mut Roff, all: bool) {
    page.section("ENVIRONMENT");
    if all {
        for setting in SETTINGS {
            let meaning = format!("As `{}`: {}", setting.flag, setting.meaning);
            page.term(&bold(setting.variable), &meaning);
        }
        for (name, meaning) in VARIABLES {
            page.term(&bold(name), &upper_first(meaning));
        }
    } else {
        let names: Vec<_> = SETTINGS
            .iter()
            .map(|setting| format!("`{}` (`{}`)", setting.variable, setting.flag))
            .chain(["`TOKENCTL_IDENTITY` (the identity itself)".to_owned()])
            .collect();
        page.text(&format!("Instead of flags: {}.", names.join(", ")));
        page.paragraph();
        page.text("`tokenctl help environment` explains them and the others.");
    }
}

/// `Print the …` as a page's one-line summary: `print the …`. A name keeps its capitals.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if chars.clone().next().is_some_and(char::is_lowercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

/// The first word of a sentence, unless it is code.
fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
