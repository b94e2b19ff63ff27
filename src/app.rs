//! The program: what it finds when it starts, and how it runs one command.
//!
//! The only module that reads the environment. [`App`] is assembled once and handed to every command; the parts
//! are pure functions of arguments, environment and config file, so that tests need no process.

mod completion;
pub mod config;
pub mod environment;
pub mod hardening;
pub mod identity;
mod input;
pub mod log;
pub mod paths;
mod run;
pub mod settings;
pub mod signals;
mod surroundings;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

pub use environment::Environment;
pub use hardening::Inherited;
pub use paths::Paths;
pub use settings::Settings;
pub use signals::Interruption;

use crate::clock::Clock;
use crate::commands::{CommandError, Delivery, Exit};
use crate::ops::{IdentityText, Stop};
use crate::output::Canvas;
use crate::output::sink::{Audience, write_stdout};
use crate::ui::Console;

/// Everything that a command may need to know about where it runs.
pub struct App {
    /// The time.
    pub clock: Clock,
    /// Where things are.
    pub paths: Paths,
    /// Where the config file is, or would be.
    pub config: PathBuf,
    /// What the user wants.
    pub settings: Settings,
    /// What stdin, stdout and stderr are.
    pub terminal: Terminal,
    /// The conversation; `ops` take it as `&dyn Interact`.
    pub console: Console,
    /// The environment, as far as it concerns us.
    pub environment: Environment,
    /// What the process was started with.
    pub inherited: Inherited,
    /// The command's words without its values, for those who wait for its locks.
    pub command: String,
    /// Breaks off the waits for locks when the command is to end.
    pub stop: Stop,
    /// What a signal does at the moment.
    pub interruption: Interruption,
    /// When the command's time is up.
    pub deadline: Instant,
}

/// What the standard streams are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminal {
    /// Somebody can type.
    pub stdin: bool,
    /// Somebody reads the data.
    pub stdout: bool,
    /// Somebody reads the conversation.
    pub stderr: bool,
    /// Columns of stdout, if it is a terminal.
    pub width: Option<usize>,
}

impl Terminal {
    fn detect() -> Self {
        let stdout = std::io::stdout().is_terminal();
        // A terminal that does not tell its width (a serial line) is taken for the classic 80 columns.
        let columns =
            || console::Term::stdout().size_checked().map_or(80, |(_, columns)| usize::from(columns));
        Self {
            stdin: std::io::stdin().is_terminal(),
            stdout,
            stderr: std::io::stderr().is_terminal(),
            width: stdout.then(columns),
        }
    }
}

impl App {
    /// How results are written.
    pub fn delivery(&self) -> Delivery {
        Delivery {
            format: self.settings.output,
            fields: self.settings.fields.clone(),
            canvas: Canvas {
                width: self.terminal.width,
                colour: self.settings.colour(self.terminal.stdout),
                unicode: self.environment.is_utf8(),
            },
        }
    }

    /// When exchanges and waits end: early enough before the deadline for their results to be stored and shown.
    ///
    /// A quarter of the time that was given is kept for that, a second at most.
    pub fn last_call(&self) -> Instant {
        let kept = (self.settings.deadline / 4).min(Duration::from_secs(1));
        self.deadline.checked_sub(kept).unwrap_or(self.deadline)
    }

    /// Reads the identity that the search finds first; `None` if there is none anywhere.
    ///
    /// Reading stdin or a descriptor consumes it: ask once.
    pub fn identity(&self) -> Result<Option<IdentityText>, CommandError> {
        identity::find(self.settings.identity.as_ref(), &self.environment, &self.paths)
    }

    /// This program, for running itself.
    pub fn executable(&self) -> Result<PathBuf, CommandError> {
        std::env::current_exe().map_err(|error| {
            CommandError::from_error(Exit::Failure, &error).doing("cannot find this program")
        })
    }

    /// Where programs are looked for.
    #[expect(clippy::disallowed_methods, reason = "the environment is read here")]
    pub fn search_path(&self) -> Option<OsString> {
        std::env::var_os("PATH")
    }

    /// Makes the folders of these files, readable by their owner alone, if they are not there; ends with `exit` where that
    /// cannot be done.
    pub fn prepare_folders(&self, files: &[&Path], exit: Exit) -> Result<(), CommandError> {
        for folder in
            files.iter().filter_map(|file| file.parent()).filter(|folder| !folder.as_os_str().is_empty())
        {
            let failed = |error: std::io::Error| {
                CommandError::from_error(exit, &error).doing(format!("cannot make {}", folder.display()))
            };
            let missing: Vec<_> = folder.ancestors().take_while(|above| !above.exists()).collect();
            std::fs::create_dir_all(folder).map_err(failed)?;
            // A new name lasts once the folder that holds it is on disk, from the outermost in.
            for above in missing.iter().rev().filter_map(|made| made.parent()) {
                let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
                std::fs::File::open(above).and_then(|above| above.sync_all()).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// For files that everybody may read, such as certificates.
    pub fn everybody(&self) -> Audience {
        Audience::Everybody { umask: self.inherited.umask }
    }
}

/// Runs the program on the arguments and the environment of this process.
#[expect(clippy::disallowed_methods, reason = "the environment is read here, once")]
pub fn main() -> ExitCode {
    let inherited = hardening::harden();
    let argv: Vec<_> = std::env::args_os().collect();
    let environment = Environment::new(std::env::vars_os());
    if let Some(shell) = completion::asked(&argv, &environment) {
        let answer = completion::answer(shell, &argv, environment);
        // A shell that does not listen any more needs nothing.
        let _ = write_stdout(answer.as_bytes());
        return ExitCode::SUCCESS;
    }
    run::guarded(&argv, environment, Terminal::detect(), inherited).into()
}
