//! The race for the answer: the browser against whoever pastes, and both against the clock.

use std::future::pending;
use std::time::{Duration, Instant};

use tokio::time::{Instant as Deadline, sleep_until};

use crate::oauth::callback::{Callback, PasteError, Redirect, Stray, Transaction};
use crate::ops::LoginError;
use crate::ops::interact::{Interact, Pasting};
use crate::secret::SecretString;

/// Whoever may bring the answer.
pub(super) struct Race<'a> {
    pub(super) interact: &'a dyn Interact,
    pub(super) transaction: &'a Transaction,
    pub(super) pasting: Option<Box<dyn Pasting>>,
    /// When it is over, and how long that is from the beginning.
    pub(super) until: Instant,
    pub(super) patience: Duration,
}

impl Race<'_> {
    /// Returns the first genuine answer; what is pasted and is none costs nothing.
    pub(super) async fn run(mut self, mut callback: Option<&mut Callback>) -> Result<Redirect, LoginError> {
        loop {
            if callback.is_none() && self.pasting.is_none() {
                return Err(LoginError::NotPasted);
            }
            let line = tokio::select! {
                biased;
                redirect = browser(callback.as_deref_mut()) => return Ok(redirect),
                line = pasted(self.pasting.as_mut()) => line,
                () = sleep_until(Deadline::from_std(self.until)) => return Err(LoginError::TimedOut(self.patience)),
            };
            let Some(line) = line else {
                self.pasting = None;
                continue;
            };
            match self.transaction.paste(&line) {
                Ok(redirect) => return Ok(redirect),
                // The browser was faster: its answer is on its way.
                Err(PasteError::Stray(Stray::Used)) if callback.is_some() => {}
                // Somebody pressed Enter to see whether anything happens.
                Err(PasteError::Empty) => self.ask(),
                Err(error) => {
                    self.interact.note(&error.to_string());
                    self.ask();
                }
            }
        }
    }

    pub(super) fn ask(&mut self) {
        if let Some(pasting) = &mut self.pasting {
            pasting.ask();
        }
    }
}

async fn browser(callback: Option<&mut Callback>) -> Redirect {
    match callback {
        Some(callback) => callback.next().await,
        None => pending().await,
    }
}

async fn pasted(pasting: Option<&mut Box<dyn Pasting>>) -> Option<SecretString> {
    match pasting {
        Some(pasting) => pasting.next().await,
        None => pending().await,
    }
}
