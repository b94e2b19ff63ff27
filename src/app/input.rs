//! Files that a user names on the command line; `-` is standard input.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use super::App;
use super::settings::IdentityChoice;
use crate::cli::values::IdentityFile;
use crate::commands::{CommandError, Exit};
use crate::ops::interact::Interact as _;
use crate::output::Hint;
use crate::secret::{Secret, SecretBytes};

/// Ten thousand connections to import are a few megabytes.
const FILE_LIMIT: usize = 64 * 1024 * 1024;

/// A private key is a few kilobytes.
const SECRET_LIMIT: usize = 1024 * 1024;

impl App {
    /// Reads a file that holds no secret; at most 64 MiB.
    pub fn read_file(&self, path: &Path) -> Result<Vec<u8>, CommandError> {
        let mut bytes = Vec::new();
        self.open_input(path)?
            .take(FILE_LIMIT as u64 + 1)
            .read_to_end(&mut bytes)
            .and_then(|_| within(bytes.len(), FILE_LIMIT))
            .map_err(|error| unreadable(path, &error))?;
        Ok(bytes)
    }

    /// Reads a secret into one allocation that is wiped; at most 1 MiB. Warns if others can read the file.
    pub fn read_secret(&self, path: &Path) -> Result<SecretBytes, CommandError> {
        // Why: a vector that grows would leave copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET_LIMIT + 1));
        self.open_input(path)?
            .take(SECRET_LIMIT as u64 + 1)
            .read_to_end(&mut bytes)
            .and_then(|_| within(bytes.len(), SECRET_LIMIT))
            .map_err(|error| unreadable(path, &error))?;
        if path != Path::new("-")
            && path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o077 != 0)
        {
            self.console.warn(&format!("{} can be read by others", path.display()));
        }
        Ok(Secret::new(std::mem::take(&mut *bytes)))
    }

    /// Whether standard input is the identity, so that nothing else can be read from it.
    pub fn identity_is_stdin(&self) -> bool {
        match &self.settings.identity {
            Some(IdentityChoice::First(file)) => *file == IdentityFile::Stdin,
            Some(IdentityChoice::Later(file)) => {
                *file == IdentityFile::Stdin && self.environment.identity().is_none()
            }
            None => false,
        }
    }

    fn open_input(&self, path: &Path) -> Result<Box<dyn Read>, CommandError> {
        if path == Path::new("-") {
            if self.identity_is_stdin() {
                return Err(CommandError::usage(
                    "standard input cannot be both the identity and another file",
                )
                .hinted(Hint::text("give one of them as a file, or as `fd:N` with `--identity-file`")));
            }
            if self.terminal.stdin {
                self.console.note("reading standard input; Ctrl-D ends it");
            }
            return Ok(Box::new(io::stdin().lock()));
        }
        match File::open(path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(unreadable(path, &error)),
        }
    }
}

/// Opens a regular file for reading, through links if it is one (dotfile managers make them), and never waits: a pipe
/// that somebody put in its place is refused.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
    }
}

fn within(length: usize, limit: usize) -> io::Result<()> {
    if length <= limit { Ok(()) } else { Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too large")) }
}

fn unreadable(path: &Path, error: &io::Error) -> CommandError {
    let what = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    CommandError::new(Exit::Usage, format!("cannot read {what}"))
        .because(error.to_string())
        .hinted(Hint::text("name a file that exists and can be read, or `-` for standard input"))
}
