//! A failure as the outside sees it: three lines for people, one object for programs.

use schemars::JsonSchema;
use serde::Serialize;

use super::hint::Hint;
use super::sanitize::safe_line;

/// What `commands::error` hands over; a view, so that output knows nothing of kinds.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Problem<'a> {
    /// The exit code.
    pub code: u8,
    /// The exit code's name, such as `not-found`.
    pub kind: &'a str,
    /// Whether the same command can succeed later without anybody acting.
    pub retry: bool,
    /// What happened.
    pub message: &'a str,
    /// Why, outermost cause first.
    pub causes: &'a [String],
    /// What helps.
    pub hints: &'a [Hint],
}

impl<'a> Problem<'a> {
    /// The lines for people: `error: …`, `  cause: …`, `hint: …`, each harmless.
    pub fn lines(self) -> impl Iterator<Item = (Part, String)> + use<'a> {
        let message = (Part::Error, safe_line(self.message).into_owned());
        let causes = self.causes.iter().map(|cause| (Part::Cause, safe_line(cause).into_owned()));
        let hints = self.hints.iter().map(|hint| (Part::Hint, safe_line(&hint.to_string()).into_owned()));
        std::iter::once(message).chain(causes).chain(hints)
    }
}

/// Which of the three lines one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What happened.
    Error,
    /// Why.
    Cause,
    /// What helps.
    Hint,
    /// Something to know although nothing failed.
    Warning,
}

impl Part {
    /// The word before the colon, with its indentation.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Cause => "  cause",
            Self::Hint => "hint",
            Self::Warning => "warning",
        }
    }
}
