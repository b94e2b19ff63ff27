//! What was wrong with a command line, in three lines instead of clap's own words.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::output::Hint;

/// Why a command line was not turned into a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// Help or the version was asked for: data for stdout, and success.
    Answer(String),
    /// The command line is wrong (exit 2).
    Usage(Usage),
}

/// What is wrong with a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// What is wrong.
    pub what: String,
    /// Why, if the words do not tell.
    pub causes: Vec<String>,
    /// What to type instead.
    pub hints: Vec<Hint>,
}

impl Usage {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), causes: Vec::new(), hints: Vec::new() }
    }

    pub(super) fn because(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    pub(super) fn hinted(mut self, hint: Hint) -> Self {
        self.hints.push(hint);
        self
    }
}

/// Returns the word of `known` that `word` was probably meant to be.
///
/// The measure and the threshold are clap's own, so that names and flags are treated alike.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().map(|other| (strsim::jaro(word, other), other));
    scored.filter(|(score, _)| *score > 0.7).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, other)| other)
}

/// The command that a command line names, as far as it can be followed.
pub(super) struct CommandPath<'tree> {
    /// The deepest command found.
    pub(super) last: &'tree clap::Command,
    /// Its words.
    pub(super) words: Vec<String>,
}

/// Follows the words of `argv` down the tree; a word that is no subcommand is passed over.
pub(super) fn command_path<'tree>(tree: &'tree clap::Command, argv: &[OsString]) -> CommandPath<'tree> {
    let mut path = CommandPath { last: tree, words: Vec::new() };
    for word in argv.iter().skip(1).take_while(|word| *word != "--") {
        if let Some(below) = path.last.find_subcommand(word) {
            path.last = below;
            path.words.push(below.get_name().to_owned());
        }
    }
    path
}

/// Turns clap's error into ours; `tree` is built as far as `argv` leads.
pub(super) fn explain(error: &clap::Error, tree: &clap::Command, argv: &[OsString]) -> Rejection {
    if !error.use_stderr() {
        return Rejection::Answer(error.render().to_string());
    }
    let text = |kind| error.get(kind).map(words).unwrap_or_default();
    let (argument, value) = (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue));
    let usage = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            Usage::new(format!("there is no command `{}`", text(ContextKind::InvalidSubcommand)))
        }
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            Usage::new(format!("there is no flag `{argument}` here"))
        }
        ErrorKind::UnknownArgument => Usage::new(format!("`{argument}` is one word too many")),
        ErrorKind::InvalidValue if value.is_empty() => Usage::new(format!("`{argument}` needs a value")),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let usage = Usage::new(format!("`{value}` is not a value of `{argument}`"));
            match (std::error::Error::source(error), error.get(ContextKind::ValidValue).map(words)) {
                // A parser that knows its words better than clap does.
                (Some(source), _) if source.to_string().starts_with("did you mean") => {
                    usage.hinted(Hint::text(source.to_string()))
                }
                (Some(source), _) => usage.because(source.to_string()),
                (None, Some(valid)) => usage.because(format!("it is one of {valid}")),
                (None, None) => usage,
            }
        }
        ErrorKind::MissingRequiredArgument => {
            let usage = Usage::new(format!("`{argument}` is missing"));
            if goes_last(tree, argv, &argument) { usage.because("it goes after `--`") } else { usage }
        }
        ErrorKind::ArgumentConflict if text(ContextKind::PriorArg) == argument => {
            Usage::new(format!("`{argument}` can be given only once"))
        }
        ErrorKind::ArgumentConflict => {
            Usage::new(format!("`{argument}` cannot be used with `{}`", text(ContextKind::PriorArg)))
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Usage::new("a command is missing")
        }
        ErrorKind::TooManyValues => Usage::new(format!("`{argument}` has a value too many")),
        ErrorKind::WrongNumberOfValues | ErrorKind::TooFewValues => {
            Usage::new(format!("`{argument}` has the wrong number of values"))
        }
        ErrorKind::NoEquals => Usage::new(format!("`{argument}` needs its value after `=`")),
        ErrorKind::InvalidUtf8 => Usage::new("an argument is not valid UTF-8".to_owned()),
        _ => Usage::new("the arguments cannot be understood".to_owned()),
    };
    let usage = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue]
        .into_iter()
        .filter_map(|kind| error.get(kind))
        .fold(usage, |usage, word| usage.hinted(Hint::text(format!("did you mean `{}`?", best(word)))));
    let mut help = command_path(tree, argv).words;
    help.push("--help".to_owned());
    Rejection::Usage(usage.hinted(Hint::command("for the usage, run", help)))
}

/// Whether an argument of the command that is named takes what follows `--`.
fn goes_last(tree: &clap::Command, argv: &[OsString], argument: &str) -> bool {
    let is_it = |arg: &clap::Arg| arg.is_last_set() && bare(&arg.to_string()) == argument;
    command_path(tree, argv).last.get_arguments().any(is_it)
}

fn words(value: &ContextValue) -> String {
    match value {
        ContextValue::String(word) => bare(word),
        ContextValue::Strings(words) => words.iter().map(|word| bare(word)).collect::<Vec<_>>().join(", "),
        ContextValue::StyledStr(text) => text.to_string(),
        ContextValue::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// clap sorts by likeness, the best last.
fn best(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(words) => words.last().map(|word| bare(word)).unwrap_or_default(),
        other => words(other),
    }
}

/// `--output <FORMAT>` is called `--output` in a sentence; `<NAME>` is called `NAME`.
fn bare(word: &str) -> String {
    let flag = word.split(" <").next().unwrap_or(word);
    flag.trim_start_matches('<').trim_end_matches("...").trim_end_matches('>').to_owned()
}
