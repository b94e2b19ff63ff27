//! The stock tools that tokenctl is compared with.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::place::Place;

/// Which stock tools there are.
pub struct Tools {
    /// `rage`, or `age` where that is not installed.
    pub age: Option<&'static str>,
    /// The `sqlite3` shell.
    pub sqlite3: Option<&'static str>,
    /// `openssl`.
    pub openssl: Option<&'static str>,
    /// `curl`.
    pub curl: Option<&'static str>,
}

impl Tools {
    /// Looks for them and says what it found.
    pub fn find() -> Self {
        let found = |names: &[&'static str]| {
            let tool = names.iter().copied().find(|name| version(name).is_some());
            match tool {
                Some(tool) => println!("{:<10} {}", tool, version(tool).unwrap_or_default()),
                None => println!("{:<10} not installed: what is compared with it is skipped", names[0]),
            }
            tool
        };
        Self {
            age: found(&["rage", "age"]),
            sqlite3: found(&["sqlite3"]),
            openssl: found(&["openssl"]),
            curl: found(&["curl"]),
        }
    }

    /// Decrypts the vault of `place` into `state.db`.
    pub fn decrypt(&self, place: &Place) -> Option<PathBuf> {
        let state = place.path("state.db");
        let mut age = Command::new(self.age?);
        age.arg("-d").arg("-i").arg(place.identity()).arg("-o").arg(&state).arg(place.vault());
        let status = age.status().expect("age starts");
        assert!(status.success(), "age cannot open the vault");
        Some(state)
    }

    /// A command that reads `sql` from the decrypted database.
    pub fn query(&self, state: &Path, sql: &str) -> Option<Command> {
        let mut command = Command::new(self.sqlite3?);
        command.arg(state).arg(sql);
        Some(command)
    }

    /// A command that encrypts the decrypted database.
    pub fn encrypt(&self, place: &Place, state: &Path) -> Option<Command> {
        let mut command = Command::new(self.age?);
        command.arg("-r").arg(place.recipient()).arg("-o").arg(place.path("state.age")).arg(state);
        Some(command)
    }
}

fn version(tool: &str) -> Option<String> {
    let argument = if tool == "openssl" { "version" } else { "--version" };
    let output = Command::new(tool).arg(argument).output().ok().filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
}
