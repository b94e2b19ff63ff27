//! The program that is run: its environment, its descriptors, and how it takes this process's place.
//!
//! It inherits what this process was started with, less every stale token and whatever opens the vault.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use command_fds::{CommandFdExt as _, FdMapping};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::process::{Resource, getrlimit};

use super::variables::Variables;
use crate::app::hardening::Undone;
use crate::app::settings::IdentityChoice;
use crate::app::{App, Environment};
use crate::cli::values::{IdentityFile, identity_file};
use crate::commands::error::CommandError;
use crate::commands::exit::Exit;
use crate::ops::tokens::Issued;
use crate::output::Hint;
use crate::output::sanitize::safe;

/// The variable that tells the number of the tokens' descriptor.
const DESCRIPTOR: &str = "TOKENCTL_TOKEN_FD";
/// The variable that tells where `--live` answers.
pub(super) const SOCKET: &str = "TOKENCTL_SOCKET";

/// A program that is ready to be run.
pub struct Launch {
    command: Command,
    descriptors: Vec<FdMapping>,
}

impl Launch {
    /// The program with its arguments, in the environment of this process without what it must not inherit.
    pub(super) fn new(app: &App, program: &[OsString]) -> Self {
        let (name, arguments) =
            program.split_first().map_or((OsStr::new(""), &[][..]), |(name, rest)| (name, rest));
        let mut command = Command::new(name);
        command.args(arguments);
        for name in app.environment.present().filter(|name| is_stale(name, &app.environment)) {
            command.env_remove(name);
        }
        let mut descriptors = Vec::new();
        for number in identity_descriptors(app) {
            if number == 0 {
                // A redirected file could be read once more.
                command.stdin(Stdio::null());
            } else if let Ok(nothing) = File::open("/dev/null") {
                descriptors.push(FdMapping { parent_fd: nothing.into(), child_fd: number });
            }
        }
        Self { command, descriptors }
    }

    /// Hands the tokens over: in the variables or, each ended by a line feed, by the descriptor `number`. The variables
    /// of their expiries are set in either case.
    pub(super) fn hand_over(
        &mut self,
        all: &[Issued],
        variables: &[Variables],
        number: Option<i32>,
    ) -> Result<(), CommandError> {
        for (issued, variables) in all.iter().zip(variables) {
            self.command.env(&variables.expires_at, issued.token.facts.expires_at.to_string());
            if number.is_none() {
                self.command.env(&variables.token, issued.token.value.expose());
            }
        }
        let Some(number) = number else { return Ok(()) };
        let file = memory_file(all).map_err(|error| {
            CommandError::from_error(Exit::Failure, &error)
                .doing("cannot hand the token over in a descriptor")
        })?;
        self.command.env(DESCRIPTOR, number.to_string());
        self.descriptors.retain(|mapping| mapping.child_fd != number);
        self.descriptors.push(FdMapping { parent_fd: file, child_fd: number });
        Ok(())
    }

    /// Tells the program where `--live` answers.
    pub(super) fn answer_at(&mut self, socket: &Path) {
        self.command.env(SOCKET, socket);
    }

    /// Becomes the program; returns only why that is not possible.
    pub(crate) fn replace(mut self, app: &App) -> CommandError {
        if let Err(error) = self.map_descriptors() {
            return error;
        }
        if let Err(exit) = app.interruption.seal() {
            return CommandError::interrupted(exit);
        }
        tracing::info!("becoming the program");
        let _undone = Undone::new(app.inherited);
        let error = self.command.exec();
        self.failure(&error)
    }

    /// Starts the program below this process; nothing else is to be under way.
    pub(super) fn start(mut self, app: &App) -> Result<tokio::process::Child, CommandError> {
        self.map_descriptors()?;
        let _undone = Undone::new(app.inherited);
        let mut command = tokio::process::Command::from(self.command);
        command.spawn().map_err(|error| failure(command.as_std(), &error))
    }

    fn map_descriptors(&mut self) -> Result<(), CommandError> {
        let descriptors = std::mem::take(&mut self.descriptors);
        if descriptors.is_empty() {
            return Ok(());
        }
        match self.command.fd_mappings(descriptors) {
            Ok(_) => Ok(()),
            Err(error) => Err(CommandError::from_error(Exit::Failure, &error)),
        }
    }

    fn failure(&self, error: &io::Error) -> CommandError {
        failure(&self.command, error)
    }
}

/// Says why a program cannot be run, with env(1)'s exit codes.
fn failure(command: &Command, error: &io::Error) -> CommandError {
    let program = command.get_program().to_string_lossy();
    let (exit, hint) = if error.kind() == io::ErrorKind::NotFound {
        (
            Exit::ProgramNotFound,
            "name a program that is on PATH, or its path; a script's interpreter must exist, too",
        )
    } else {
        (Exit::CannotExecute, "see whether it is a program and may be executed")
    };
    CommandError::new(exit, format!("cannot run `{}`", safe(&program)))
        .because(error.to_string())
        .hinted(Hint::text(hint))
}

/// Whether a variable is not passed on: another run's tokens and socket, and what opens the vault or named a descriptor
/// that did.
fn is_stale(name: &str, environment: &Environment) -> bool {
    match name {
        "TOKENCTL_IDENTITY" | "TOKENCTL_TOKEN" | SOCKET => true,
        "TOKENCTL_IDENTITY_FILE" => {
            environment.text(name).is_some_and(|file| named_descriptor(&file).is_some())
        }
        _ => name.starts_with("TOKENCTL_TOKEN_"),
    }
}

/// The inherited descriptors that the flag, the variable or the config file reads an identity from.
fn identity_descriptors(app: &App) -> BTreeSet<i32> {
    let set = match &app.settings.identity {
        Some(IdentityChoice::First(file) | IdentityChoice::Later(file)) => descriptor_of(file),
        None => None,
    };
    let variable = app.environment.text("TOKENCTL_IDENTITY_FILE").and_then(|file| named_descriptor(&file));
    let is_open = |number: &i32| Path::new(&format!("/proc/self/fd/{number}")).symlink_metadata().is_ok();
    set.into_iter().chain(variable).filter(is_open).collect()
}

fn named_descriptor(file: &str) -> Option<i32> {
    descriptor_of(&identity_file(file).ok()?)
}

/// The descriptor that an identity is read from; a shell's process substitution names one as a path.
fn descriptor_of(file: &IdentityFile) -> Option<i32> {
    match file {
        IdentityFile::Stdin => Some(0),
        IdentityFile::Descriptor(number) => i32::try_from(*number).ok(),
        IdentityFile::Path(path) => {
            let path = path.to_str()?;
            let number = ["/dev/fd/", "/proc/self/fd/"].iter().find_map(|folder| path.strip_prefix(folder));
            if path == "/dev/stdin" { Some(0) } else { number?.parse().ok() }
        }
    }
}

/// Returns a file in memory with the tokens, a line each, that can be read and no longer changed.
fn memory_file(all: &[Issued]) -> io::Result<OwnedFd> {
    let memory = memfd_create("tokenctl-token", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut file = File::from(memory);
    for issued in all {
        file.write_all(issued.token.value.expose().as_bytes())?;
        file.write_all(b"\n")?;
    }
    file.rewind()?;
    fcntl_add_seals(&file, SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE)?;
    Ok(file.into())
}

/// Refuses a descriptor's number that the system will not give.
pub(super) fn check_descriptor(number: Option<i32>) -> Result<(), CommandError> {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    match number.and_then(|number| u64::try_from(number).ok()) {
        Some(number) if number >= limit => Err(CommandError::usage(format!(
            "descriptor {number} is beyond the limit of open files, {limit}"
        ))
        .hinted(Hint::text("choose a smaller one, such as `--token-fd 3`"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_by_every_name() {
        for (file, number) in [
            ("-", Some(0)),
            ("fd:3", Some(3)),
            ("/dev/fd/63", Some(63)),
            ("/proc/self/fd/7", Some(7)),
            ("/dev/stdin", Some(0)),
            ("/dev/fd/x", None),
            ("identity.txt", None),
            ("fd:x", None),
        ] {
            assert_eq!(named_descriptor(file), number, "{file}");
        }
    }

    #[test]
    fn what_is_not_passed_on() {
        let environment = |file: &str| Environment::new([("TOKENCTL_IDENTITY_FILE".into(), file.into())]);
        let plain = environment("/home/ann/identity.txt");
        for name in
            ["TOKENCTL_IDENTITY", "TOKENCTL_TOKEN", "TOKENCTL_TOKEN_ACME_EXPIRES_AT", "TOKENCTL_SOCKET"]
        {
            assert!(is_stale(name, &plain), "{name}");
        }
        for name in ["TOKENCTL_VAULT", "TOKENCTL_IDENTITY_FILE", "TOKENCTL_TOKENS"] {
            assert!(!is_stale(name, &plain), "{name}");
        }
        assert!(is_stale("TOKENCTL_IDENTITY_FILE", &environment("fd:3")));
        assert!(is_stale("TOKENCTL_IDENTITY_FILE", &environment("-")));
    }
}
