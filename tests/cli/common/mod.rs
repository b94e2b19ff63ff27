//! A hermetic place to run the binary in: empty environment, home of its own, a fixed clock.

pub(crate) mod books;
pub(crate) mod filters;
pub(crate) mod login;
pub(crate) mod proof;
pub(crate) mod scene;
pub(crate) mod schemas;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A home folder that lasts as long as the test.
pub(crate) struct Place {
    home: tempfile::TempDir,
}

/// What a run left: shown as one text for snapshots.
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file below the home, mode 0600.
    pub(crate) fn put(&self, path: &str, text: &str) -> PathBuf {
        let path = self.home().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode).unwrap();
        path
    }

    /// The binary in this place, with nothing on stdin.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tokenctl"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home())
            .env("TOKENCTL_TEST_NOW", "2027-03-01T12:00:00Z")
            .current_dir(self.home())
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.finish(&mut self.command(arguments))
    }

    #[track_caller]
    pub(crate) fn finish(&self, command: &mut Command) -> Ran {
        let output = command.output().unwrap();
        if command.get_program() == env!("CARGO_BIN_EXE_tokenctl") {
            schemas::check(Some(command), &output.stdout);
        }
        self.ran(&output)
    }

    #[track_caller]
    pub(crate) fn normalise(&self, output: &Output) -> Ran {
        schemas::check(None, &output.stdout);
        self.ran(output)
    }

    fn ran(&self, output: &Output) -> Ran {
        let home = self.home().display().to_string();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().replace(&home, "[HOME]");
        Ran { stdout: text(&output.stdout), stderr: text(&output.stderr), code: output.status.code() }
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or_else(|| "signal".to_owned(), |code| code.to_string());
        write!(out, "{}--- stderr\n{}--- exit {code}", self.stdout, self.stderr)
    }
}
