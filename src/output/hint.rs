//! Hints: the way out that every error and every step names.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// One piece of advice, with the command that follows it if there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Hint {
    /// What the command is good for, or the whole advice.
    text: String,
    /// The command line, quoted for a shell.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    /// The arguments after `tokenctl`, if the command is one of ours: a test feeds them to the parser.
    #[serde(skip)]
    arguments: Option<Vec<String>>,
}

impl Hint {
    /// Advice that leads to one of our own commands: `Hint::command("to drop it, run", ["rotate", "abort", name])`.
    ///
    /// A word in capitals (`ID`, `FILE`) stands for what only the reader knows.
    pub fn command<I>(text: impl Into<String>, arguments: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let arguments: Vec<String> = arguments.into_iter().map(Into::into).collect();
        let command = Some(command_line("tokenctl", &arguments));
        Self { text: text.into(), command, arguments: Some(arguments) }
    }

    /// Advice that leads to somebody else's command, which is shown as it is.
    pub fn shell(text: impl Into<String>, command: impl Into<String>) -> Self {
        Self { text: text.into(), command: Some(command.into()), arguments: None }
    }

    /// Advice without a command.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), command: None, arguments: None }
    }

    /// The command line alone, quoted for a shell.
    pub fn command_line(&self) -> Option<&str> {
        self.command.as_deref()
    }

    /// The arguments of our own command, for the test that parses every hint.
    pub fn arguments(&self) -> Option<&[String]> {
        self.arguments.as_deref()
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.command {
            Some(command) => write!(out, "{} `{command}`", self.text),
            None => out.write_str(&self.text),
        }
    }
}

/// Returns `program` and its arguments as one line that a POSIX shell takes apart again into the same words.
pub fn command_line<S: AsRef<str>>(program: &str, arguments: &[S]) -> String {
    let mut line = quoted(program).into_owned();
    for argument in arguments {
        line.push(' ');
        line.push_str(&quoted(argument.as_ref()));
    }
    line
}

/// Returns `word` so that a POSIX shell reads it as one word.
pub fn quoted(word: &str) -> Cow<'_, str> {
    let bare = |char: char| char.is_ascii_alphanumeric() || "-_./:=@%+,".contains(char);
    if !word.is_empty() && word.chars().all(bare) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', "'\\''")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_command() {
        let hint = Hint::command("to drop it, run", ["rotate", "abort", "acme"]);
        assert_eq!(hint.to_string(), "to drop it, run `tokenctl rotate abort acme`");
    }

    #[test]
    fn quotes_what_a_shell_would_read() {
        assert_eq!(
            command_line("tokenctl", &["cert", "activate", "acme", "--certificate-id=-5f $HOME'"]),
            "tokenctl cert activate acme '--certificate-id=-5f $HOME'\\'''"
        );
        assert_eq!(command_line("a", &[""]), "a ''");
    }
}
