//! Completion: what a shell may offer for the word that is being typed.
//!
//! A shell runs `COMPLETE=<shell> tokenctl -- WORDS…` (the scripts in `completions/` do), the last word being the one
//! that is typed. `clap_complete`'s engine finds what belongs there; names of the vault come from whoever asks
//! ([`LookUp`]). What a shell would expand and what cannot be seen is never offered.

mod bash;
mod offers;
mod write;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueEnum};

pub use offers::Names;

use super::help::{SCHEMA, Topic};
use super::{GlobalArgs, scan, values, whole};
use crate::output::sanitize::is_hostile;
use crate::output::schemas::SCHEMAS;
use bash::Line;

/// `completion`
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// Shell that is to complete
    pub shell: Shell,
}

/// A shell that completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU Bash 4.4 or newer
    Bash,
    /// Z shell
    Zsh,
    /// fish 3.4 or newer
    Fish,
    /// PowerShell 7
    #[value(name = "powershell")]
    PowerShell,
    /// Elvish
    Elvish,
}

impl Shell {
    /// Returns the shell that `COMPLETE` names.
    pub fn named(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }

    /// Whether its script completes files by itself where nothing is offered.
    fn knows_files(self) -> bool {
        matches!(self, Self::Bash | Self::Zsh)
    }
}

/// Returns names of a kind that the vault holds, those that begin with a text at least.
pub type LookUp = dyn Fn(Names, &str) -> Vec<String> + Send + Sync;

/// Something that can be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    value: String,
    help: Option<String>,
}

/// A command line that is being typed.
#[derive(Debug)]
pub struct Request {
    shell: Shell,
    /// The program's name, the words, and what there is of the one that is typed; without their quotes.
    words: Vec<OsString>,
    /// How the line looks to Bash, which leaves the quotes to us.
    line: Option<Line>,
}

impl Request {
    /// Takes apart what the script of `shell` passes on; `None` if that is not what it should be.
    pub fn new(shell: Shell, passed: &[OsString]) -> Option<Self> {
        if shell == Shell::Bash {
            let [line, replaced] = passed else { return None };
            let line = Line::parse(line.to_str()?, replaced.to_str()?)?;
            let words = line.words.iter().map(Into::into).collect();
            return Some(Self { shell, words, line: Some(line) });
        }
        let (last, before) = passed.split_last()?;
        let mut words = before.to_vec();
        words.push(match (shell, last.to_str()) {
            // It may drop an empty word: this one never is.
            (Shell::PowerShell, Some(last)) => bash::unquoted(last.strip_prefix('=')?).0.into(),
            (Shell::Fish, Some(last)) => bash::unquoted(last).0.into(),
            _ => last.clone(),
        });
        (words.len() > 1).then_some(Self { shell, words, line: None })
    }

    /// The global flags that say which vault is meant, as far as they have been typed; `home` stands for `~`.
    pub fn flags(&self, home: &Path) -> GlobalArgs {
        let (_, typed) = self.words.split_last().unwrap_or((&self.words[0], &[]));
        let text = |long| {
            let text = scan::value_of(typed, long, None)?;
            Some(match text.strip_prefix("~/") {
                Some(rest) => home.join(rest).display().to_string(),
                None => text,
            })
        };
        GlobalArgs {
            vault: text("vault").map(Into::into),
            vault_pin: text("vault-pin"),
            identity_file: text("identity-file").and_then(|text| values::identity_file(&text).ok()),
            config: text("config").map(Into::into),
            ..GlobalArgs::default()
        }
    }

    /// Returns what the shell's script expects: one candidate a line.
    pub fn answer(self, look_up: Box<LookUp>, folder: Option<&Path>) -> String {
        let found = self.candidates(look_up, folder);
        write::lines(self.shell, self.line.as_ref(), &found)
    }

    fn candidates(&self, look_up: Box<LookUp>, folder: Option<&Path>) -> Vec<Candidate> {
        let Some((last, before)) = self.words.split_last() else { return Vec::new() };
        let typed = last.to_string_lossy();
        let is_flag = typed.starts_with('-');
        if let Some(subjects) = subjects(before)
            && !is_flag
        {
            return subjects.into_iter().filter(|subject| subject.value.starts_with(&*typed)).collect();
        }
        let wants_files = Arc::new(AtomicBool::new(false));
        let offers = offers::Offers {
            look_up: look_up.into(),
            left_to_shell: self.shell.knows_files().then(|| Arc::clone(&wants_files)),
        };
        let mut tree = offers::attach(whole(), &offers);
        let found = clap_complete::engine::complete(&mut tree, self.words.clone(), before.len(), folder);
        let mut found: Vec<_> = found.unwrap_or_default().iter().filter_map(candidate).collect();
        // What is typed all day has a long name; and flags are for who asks for them, or where there is nothing else.
        found.retain(|candidate| !is_short(&candidate.value) || candidate.value == typed);
        if !is_flag && found.iter().any(|candidate| !candidate.value.starts_with('-')) {
            found.retain(|candidate| !candidate.value.starts_with('-'));
        }
        if wants_files.load(Ordering::Relaxed) && !is_flag { Vec::new() } else { found }
    }
}

fn candidate(found: &clap_complete::CompletionCandidate) -> Option<Candidate> {
    let value = found.get_value().to_str().filter(|value| !value.chars().any(is_hostile))?;
    let help = found.get_help().and_then(|help| help.to_string().lines().next().map(str::to_owned));
    Some(Candidate { value: value.to_owned(), help })
}

fn is_short(value: &str) -> bool {
    value.starts_with('-') && !value.starts_with("--") && value.chars().count() == 2
}

/// After `help` or `man`: what can be explained; `None` for any other command.
fn subjects(before: &[OsString]) -> Option<Vec<Candidate>> {
    let word = |value: &str| Candidate { value: value.to_owned(), help: None };
    let mut words = before.iter().skip(1).filter(|word| !word.as_encoded_bytes().starts_with(b"-"));
    let by = words.next().filter(|word| *word == "help" || *word == "man")?;
    let words: Vec<_> = words.collect();
    if by == "help" && words == [SCHEMA] {
        return Some(SCHEMAS.iter().map(|answers| word(answers.name)).collect());
    }
    let mut command = whole();
    for word in &words {
        command = command.find_subcommand(OsStr::new(word))?.clone();
    }
    let commands = command.get_subcommands().map(|below| Candidate {
        value: below.get_name().to_owned(),
        help: below.get_about().map(ToString::to_string),
    });
    let topics = Topic::ALL.map(Topic::as_str).into_iter().chain([SCHEMA]);
    let topics = topics.filter(|_| by == "help" && words.is_empty()).map(word);
    Some(commands.chain(topics).collect())
}

#[cfg(test)]
mod tests;
