//! `tokenctl help`.

use clap::Args;

/// What `help` explains.
#[derive(Debug, Args)]
pub struct HelpArgs {
    /// A command; or one of exit-codes, environment, files, output, security, headless; or schema and its name
    #[arg(value_name = "COMMAND|TOPIC")]
    pub words: Vec<String>,
}

/// The word before the name of a schema.
pub const SCHEMA: &str = "schema";

/// What can be explained beside commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// The table of exit codes.
    ExitCodes,
    /// The environment variables.
    Environment,
    /// The files that are read and written.
    Files,
    /// Formats, fields, the JSON envelope.
    Output,
    /// What is protected, how, and the limits.
    Security,
    /// CI, containers, timers.
    Headless,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 6] =
        [Self::ExitCodes, Self::Environment, Self::Files, Self::Output, Self::Security, Self::Headless];

    /// The word that users type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExitCodes => "exit-codes",
            Self::Environment => "environment",
            Self::Files => "files",
            Self::Output => "output",
            Self::Security => "security",
            Self::Headless => "headless",
        }
    }

    /// Returns the topic called `word`.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == word)
    }
}
