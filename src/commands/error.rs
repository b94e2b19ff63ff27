//! The one place that turns failures into kinds, hints and exit codes.

use std::error::Error;

use super::exit::{Exit, Retry};
use crate::cli::usage::Usage;
use crate::ops::OpsError;
use crate::ops::interact::NoAnswer;
use crate::output::sanitize::redacted;
use crate::output::sink::{SinkError, UnsafeMode};
use crate::output::{Hint, Problem, UnknownField};

/// A failure with a way out: what happened, why, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    exit: Exit,
    what: String,
    causes: Vec<String>,
    hints: Vec<Hint>,
}

impl CommandError {
    /// A failure that says what happened: lower case, present tense, no trailing period.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, what: redacted(&what.into()).into_owned(), causes: Vec::new(), hints: Vec::new() }
    }

    /// A failure of the arguments.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// A typed error with its chain of sources.
    pub fn from_error(exit: Exit, error: &dyn Error) -> Self {
        let mut failure = Self::new(exit, error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            failure = failure.because(cause.to_string());
            source = cause.source();
        }
        failure
    }

    /// A signal ended the command.
    pub fn interrupted(exit: Exit) -> Self {
        Self::new(exit, "interrupted; nothing is left half done")
    }

    /// The kind and hints of an operation's failure that is part of a report.
    pub fn of_operation(error: &OpsError) -> Self {
        ops::describe(error)
    }

    /// Adds why, below what is known already. What the line above says is not said again.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        let cause = redacted(&cause.into()).into_owned();
        if self.causes.last().unwrap_or(&self.what) != &cause {
            self.causes.push(cause);
        }
        self
    }

    /// Says what could not be done; what was said so far becomes its cause.
    #[must_use]
    pub fn doing(mut self, what: impl Into<String>) -> Self {
        let inner = std::mem::replace(&mut self.what, redacted(&what.into()).into_owned());
        self.causes.insert(0, inner);
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn hinted(mut self, hint: Hint) -> Self {
        self.hints.push(hint);
        self
    }

    /// What happened and why, where it is told beside something worse.
    pub fn in_one_line(&self) -> String {
        std::iter::once(&self.what).chain(&self.causes).map(String::as_str).collect::<Vec<_>>().join(": ")
    }

    /// How the process ends.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The ways out.
    pub fn hints(&self) -> &[Hint] {
        &self.hints
    }

    /// As the outside sees it.
    pub fn problem(&self) -> Problem<'_> {
        Problem {
            code: self.exit.code(),
            kind: self.exit.name(),
            retry: self.exit.retry() == Retry::Yes,
            message: &self.what,
            causes: &self.causes,
            hints: &self.hints,
        }
    }
}

impl From<Usage> for CommandError {
    fn from(usage: Usage) -> Self {
        let failure = usage.causes.into_iter().fold(Self::usage(usage.what), Self::because);
        usage.hints.into_iter().fold(failure, Self::hinted)
    }
}

impl From<NoAnswer> for CommandError {
    fn from(error: NoAnswer) -> Self {
        match error {
            NoAnswer::Interrupted => Self::new(Exit::Interrupted, "interrupted; nothing was changed"),
            NoAnswer::Terminal(_) => Self::from_error(Exit::Failure, &error),
            NoAnswer::NoPassphrase { .. } => Self::from_error(Exit::Usage, &error).hinted(Hint::text(
                "run it on a terminal, or use an identity without a passphrase that only this account can read",
            )),
            NoAnswer::Unattended { .. } => Self::from_error(Exit::Usage, &error)
                .hinted(Hint::text("to answer with yes beforehand, add `--yes`")),
        }
    }
}

impl From<SinkError> for CommandError {
    fn from(error: SinkError) -> Self {
        match error {
            SinkError::Exists(_) => Self::from_error(Exit::Refused, &error)
                .hinted(Hint::text("to replace it, add `--force`; to keep it, choose another name")),
            SinkError::NotAFile(_) => {
                Self::from_error(Exit::Refused, &error).hinted(Hint::text("choose a path that is not in use"))
            }
            SinkError::Io { .. } | SinkError::Stdout(_) => Self::from_error(Exit::Failure, &error)
                .hinted(Hint::text("check the free space and the folder's permissions")),
        }
    }
}

impl From<UnsafeMode> for CommandError {
    fn from(error: UnsafeMode) -> Self {
        let path = error.path.display().to_string();
        let fix = crate::output::hint::command_line("chmod", &[error.fix, &path]);
        Self::from_error(Exit::Refused, &error).hinted(Hint::shell("to mend it, run", fix))
    }
}

impl From<UnknownField> for CommandError {
    fn from(error: UnknownField) -> Self {
        let nearest = crate::cli::nearest(&error.name, error.known.iter().copied());
        let failure = Self::from_error(Exit::Usage, &error)
            .because(format!("`--fields` chooses from {}", error.known.join(", ")));
        match nearest {
            Some(word) => failure.hinted(Hint::text(format!("did you mean `--fields {word}`?"))),
            None => failure
                .hinted(Hint::command("what formats and fields do is explained by", ["help", "output"])),
        }
    }
}

mod grants;
mod invite;
mod login;
mod ops;
mod vault;

#[cfg(test)]
mod tests;
