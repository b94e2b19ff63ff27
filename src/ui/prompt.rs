//! Questions on a terminal. Only the console asks; it knows whether anybody is there.

use std::io;

use dialoguer::{Confirm, Password};

use crate::ops::interact::NoAnswer;
use crate::secret::{Secret, SecretString};

/// Asks for yes or no on stderr; anything but `y` is no.
pub(super) fn confirm(question: &str) -> Result<bool, NoAnswer> {
    let asked = Confirm::new().with_prompt(question).default(false).wait_for_newline(true).interact_opt();
    match asked {
        Ok(answer) => Ok(answer.unwrap_or(false)),
        Err(dialoguer::Error::IO(error)) if error.kind() == io::ErrorKind::Interrupted => {
            Err(NoAnswer::Interrupted)
        }
        Err(error) => Err(NoAnswer::Terminal(error.to_string())),
    }
}

/// Asks for a passphrase on stderr without echo.
pub(super) fn passphrase(prompt: &str) -> Option<SecretString> {
    let typed = Password::new().with_prompt(prompt).allow_empty_password(true).report(false).interact();
    typed.ok().map(Secret::new).filter(|typed| !typed.expose().is_empty())
}
