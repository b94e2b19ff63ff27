//! The one writer of stderr.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressDrawTarget};

use super::paste::Prompt;
use super::visit::Browsing;
use super::{progress, prompt};
use crate::ops::interact::{Interact, NoAnswer, Pasting, Progress, Visit};
use crate::output::problem::Part;
use crate::output::sanitize::{redacted, safe_line};
use crate::output::table::toned;
use crate::output::{Hint, Problem, Tone};
use crate::secret::SecretString;

/// How to talk, and whether anybody listens.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent switches")]
pub struct Manner {
    /// Errors and warnings only.
    pub quiet: bool,
    /// The log is on stderr; progress would be torn by it.
    pub verbose: bool,
    /// Every question is answered with yes.
    pub yes: bool,
    /// Somebody can be asked: stdin and stderr are terminals and `--no-input` is not set.
    pub attended: bool,
    /// `--no-input` is set: standard input is not read, whatever it is.
    pub unasked: bool,
    /// stderr is a terminal.
    pub live: bool,
    /// Colour is wanted on stderr.
    pub colour: bool,
}

/// The conversation with the person at the terminal, or with the log of a CI job. Clones talk to the same one.
#[derive(Debug, Clone)]
pub struct Console {
    manner: Manner,
    bars: MultiProgress,
    warnings: Arc<Mutex<Vec<String>>>,
    /// Somebody answered with Ctrl-C: the command is about to end and asks nothing more.
    interrupted: Arc<AtomicBool>,
    /// How addresses are opened; none are without it.
    browsing: Option<Arc<Browsing>>,
}

impl Console {
    /// A conversation in the given manner.
    pub fn new(manner: Manner) -> Self {
        let shown = manner.live && !manner.quiet && !manner.verbose;
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self {
            manner,
            bars: MultiProgress::with_draw_target(target),
            warnings: Arc::default(),
            interrupted: Arc::default(),
            browsing: None,
        }
    }

    /// The same conversation with somebody who can be sent to an address.
    #[must_use]
    pub fn browsing(&self, browsing: Browsing) -> Self {
        Self { browsing: Some(Arc::new(browsing)), ..self.clone() }
    }

    /// What was warned of so far, for the report.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says what failed, why, and what helps.
    pub fn problem(&self, problem: &Problem<'_>) {
        let lines = problem.lines().map(|(part, line)| self.labelled(part, &line));
        self.write(&lines.collect::<String>());
    }

    /// Says what to do next, unless it is to be quiet.
    pub fn hint(&self, hint: &Hint) {
        if !self.manner.quiet {
            self.write(&self.labelled(Part::Hint, &safe_line(&hint.to_string())));
        }
    }

    /// Writes bytes of a log line between, not into, the progress bars.
    pub fn write_log(&self, line: &str) {
        self.write(line);
    }

    /// Writes harmless text as it is, line ends included.
    pub(super) fn write_part(&self, harmless: &str) {
        self.write(harmless);
    }

    fn labelled(&self, part: Part, harmless: &str) -> String {
        let tone = match part {
            Part::Error => Tone::Bad,
            Part::Warning => Tone::Warning,
            Part::Hint => Tone::Good,
            Part::Cause => Tone::Dim,
        };
        format!("{} {harmless}\n", toned(&format!("{}:", part.label()), tone, self.manner.colour))
    }

    fn ask<T>(&self, question: impl FnOnce() -> Result<T, NoAnswer>) -> Result<T, NoAnswer> {
        if self.interrupted.load(Ordering::SeqCst) {
            return Err(NoAnswer::Interrupted);
        }
        let answer = self.bars.suspend(question);
        self.interrupted.fetch_or(matches!(answer, Err(NoAnswer::Interrupted)), Ordering::SeqCst);
        answer
    }

    fn write(&self, text: &str) {
        // Nobody is left to tell if stderr is gone; the exit code still does.
        self.bars.suspend(|| {
            let _ = std::io::stderr().lock().write_all(text.as_bytes());
        });
    }
}

impl Interact for Console {
    fn confirm(&self, question: &str) -> Result<bool, NoAnswer> {
        if self.manner.yes {
            return Ok(true);
        }
        if !self.manner.attended {
            return Err(NoAnswer::Unattended { question: question.to_owned() });
        }
        self.ask(|| prompt::confirm(safe_line(question).into_owned()))
    }

    fn passphrase(&self, prompt: &str) -> Result<Option<SecretString>, NoAnswer> {
        if !self.manner.attended {
            return Err(NoAnswer::NoPassphrase { prompt: prompt.to_owned() });
        }
        self.ask(|| prompt::passphrase(safe_line(prompt).into_owned()))
    }

    fn progress(&self, total: u64, label: &str) -> Box<dyn Progress> {
        progress::start(&self.bars, total, &safe_line(label))
    }

    fn note(&self, text: &str) {
        if !self.manner.quiet {
            self.write(&format!("{}\n", safe_line(text)));
        }
    }

    fn warn(&self, text: &str) {
        self.write(&self.labelled(Part::Warning, &safe_line(text)));
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(redacted(text).into_owned());
    }

    fn visit(&self, visit: &Visit<'_>) {
        if let Some(browsing) = &self.browsing {
            browsing.visit(self, visit);
        }
    }

    fn paste(&self, prompt: &str, demanded: bool) -> Option<Box<dyn Pasting>> {
        if !self.manner.attended && (!demanded || self.manner.unasked) {
            return None;
        }
        let prompt = Prompt::begin(self.clone(), safe_line(prompt).into_owned(), self.manner.attended);
        match prompt {
            Ok(prompt) => Some(Box::new(prompt)),
            Err(error) => {
                self.note(&format!("nothing can be pasted: {error}"));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_without_a_terminal() {
        let console = Console::new(Manner::default());
        assert!(matches!(console.confirm("remove `acme`?"), Err(NoAnswer::Unattended { .. })));
        assert!(matches!(console.passphrase("passphrase"), Err(NoAnswer::NoPassphrase { .. })));
        let willing = Console::new(Manner { yes: true, ..Manner::default() });
        assert_eq!(willing.confirm("remove `acme`?"), Ok(true));
    }

    #[test]
    fn warnings_are_part_of_the_report() {
        let console = Console::new(Manner::default());
        console.clone().warn("the vault has only one operator");
        assert_eq!(console.warnings(), ["the vault has only one operator"]);
    }
}
