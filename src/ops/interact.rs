//! How operations talk to people without knowing whether there are any.

use std::pin::Pin;

use crate::secret::SecretString;

/// Why a question was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoAnswer {
    /// Nobody can be asked: `--no-input`, or no terminal.
    #[error("nobody can be asked: {question}")]
    Unattended {
        /// What would have been asked.
        question: String,
    },
    /// Nobody can be asked for a passphrase: `--no-input`, or no terminal.
    #[error("nobody can be asked for the {prompt}")]
    NoPassphrase {
        /// What would have been asked for, such as "passphrase for identity.txt".
        prompt: String,
    },
    /// The question was answered with Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The terminal failed.
    #[error("cannot ask: {0}")]
    Terminal(String),
}

/// A conversation with the person who runs the command; `Silent` where there is none.
pub trait Interact: Send + Sync {
    /// Asks a question that can be answered with yes or no; `--yes` has answered it already.
    fn confirm(&self, question: &str) -> Result<bool, NoAnswer>;

    /// Asks for a passphrase without showing it; `None` if nothing was typed.
    fn passphrase(&self, prompt: &str) -> Result<Option<SecretString>, NoAnswer>;

    /// Shows that `total` steps are under way, if they take long enough for anybody to wonder.
    fn progress(&self, total: u64, label: &str) -> Box<dyn Progress>;

    /// Tells what is happening.
    fn note(&self, text: &str);

    /// Tells of something that deserves attention; it is part of the report, too.
    fn warn(&self, text: &str);

    /// Shows an address that the person is to visit, whatever else is quiet, and opens it where that makes sense.
    fn visit(&self, visit: &Visit<'_>);

    /// Begins to read what the person pastes; `None` if nobody is there to paste anything. Asks for nothing yet.
    ///
    /// With `demanded` the person said so beforehand, and standard input need not be a terminal.
    fn paste(&self, prompt: &str, demanded: bool) -> Option<Box<dyn Pasting>>;
}

/// Where a person is sent.
#[derive(Clone, Copy)]
pub struct Visit<'a> {
    /// The address. It may hold a `state`: shown, never logged.
    pub address: &'a SecretString,
    /// The port of this machine that the browser comes back to, if one is listened on.
    pub port: Option<u16>,
}

/// The line to come, or `None` once no more can come.
pub type NextLine<'a> = Pin<Box<dyn Future<Output = Option<SecretString>> + Send + 'a>>;

/// Reads lines while other things happen; the prompt goes away when it is dropped.
pub trait Pasting: Send {
    /// Returns the next line. May be dropped and called anew without losing anything.
    fn next(&mut self) -> NextLine<'_>;

    /// Shows the prompt, for the first time or once more.
    fn ask(&mut self);
}

/// Work under way; ends when dropped.
pub trait Progress: Send + Sync {
    /// Counts `steps` more as done.
    fn advance(&self, steps: u64);

    /// Says what is being done now.
    fn describe(&self, label: &str);
}

/// A conversation with nobody: for the broker and for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Interact for Silent {
    fn confirm(&self, question: &str) -> Result<bool, NoAnswer> {
        Err(NoAnswer::Unattended { question: question.to_owned() })
    }

    fn passphrase(&self, prompt: &str) -> Result<Option<SecretString>, NoAnswer> {
        Err(NoAnswer::NoPassphrase { prompt: prompt.to_owned() })
    }

    fn progress(&self, _total: u64, _label: &str) -> Box<dyn Progress> {
        Box::new(Self)
    }

    fn note(&self, _text: &str) {}

    fn warn(&self, _text: &str) {}

    fn visit(&self, _visit: &Visit<'_>) {}

    fn paste(&self, _prompt: &str, _demanded: bool) -> Option<Box<dyn Pasting>> {
        None
    }
}

impl Progress for Silent {
    fn advance(&self, _steps: u64) {}

    fn describe(&self, _label: &str) {}
}
