//! Questions on a terminal. Only the console asks; it knows whether anybody is there.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use console::Term;
use dialoguer::{Confirm, Password};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

use crate::ops::interact::NoAnswer;
use crate::secret::{Secret, SecretString};

/// How soon a signal is noticed while somebody is asked.
const GLANCE: Duration = Duration::from_millis(50);

/// Asks for yes or no on stderr; anything but `y` is no.
pub(super) fn confirm(question: String) -> Result<bool, NoAnswer> {
    asked(move || Confirm::new().with_prompt(question).default(false).wait_for_newline(true).interact_opt())
        .map(|answer| answer.unwrap_or(false))
}

/// Asks for a passphrase on stderr without echo.
pub(super) fn passphrase(prompt: String) -> Result<Option<SecretString>, NoAnswer> {
    let typed = asked(move || {
        let typed = Password::new().with_prompt(prompt).allow_empty_password(true).report(false).interact();
        typed.map(Secret::new)
    })?;
    Ok(Some(typed).filter(|typed| !typed.expose().is_empty()))
}

/// Waits for an answer or a signal, whichever comes first, and leaves the terminal as it was.
///
/// Why: reading a terminal is restarted after a signal, so Ctrl-C would be heard only after the answer, and a
/// second one would end the process while the terminal still hides what is typed.
fn asked<T: Send + 'static>(
    ask: impl FnOnce() -> dialoguer::Result<T> + Send + 'static,
) -> Result<T, NoAnswer> {
    let broken = |error: &dyn ToString| NoAnswer::Terminal(error.to_string());
    let signals = Glance::new().map_err(|error| broken(&error))?;
    let before = tcgetattr(io::stdin()).map_err(|error| broken(&error))?;
    let (answered, answer) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("prompt".to_owned())
        .spawn(move || drop(answered.send(ask())))
        .map_err(|error| broken(&error))?;
    let outcome = loop {
        match answer.recv_timeout(GLANCE) {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(dialoguer::Error::IO(error))) if error.kind() == io::ErrorKind::Interrupted => {
                break NoAnswer::Interrupted;
            }
            Ok(Err(error)) => break broken(&error),
            Err(RecvTimeoutError::Disconnected) => break broken(&"the prompt failed"),
            Err(RecvTimeoutError::Timeout) if signals.seen() => break NoAnswer::Interrupted,
            Err(RecvTimeoutError::Timeout) => {}
        }
    };
    restore(&before);
    Err(outcome)
}

/// Brings back echo and cursor, and gives the shell's prompt a line of its own. Nothing is left to do if the
/// terminal is gone.
fn restore(before: &Termios) {
    let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
    let terminal = Term::stderr();
    let _ = terminal.show_cursor().and_then(|()| terminal.write_line(""));
}

/// Whether a signal has come since; the handlers that end the command see it as well.
struct Glance {
    seen: Arc<AtomicBool>,
    handlers: Vec<SigId>,
}

impl Glance {
    fn new() -> io::Result<Self> {
        let mut glance = Self { seen: Arc::default(), handlers: Vec::new() };
        for number in [SIGHUP, SIGINT, SIGTERM] {
            glance.handlers.push(flag::register(number, Arc::clone(&glance.seen))?);
        }
        Ok(glance)
    }

    fn seen(&self) -> bool {
        self.seen.load(Ordering::SeqCst)
    }
}

impl Drop for Glance {
    fn drop(&mut self) {
        for handler in self.handlers.drain(..) {
            low_level::unregister(handler);
        }
    }
}
