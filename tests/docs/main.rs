//! What people read is true: pages and scripts are those that the binary makes, help and README name commands that
//! exist, and commands in hints parse.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test stops where its world is not as expected, and says what it skips"
)]

mod help;
mod hints;
mod pages;
mod readme;
mod shells;
mod typos;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The binary without an environment.
fn tokenctl(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tokenctl"));
    command.args(arguments).env_clear().env("HOME", "/nonexistent");
    command
}

fn output(mut command: Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The words of every command, `[]` for the program itself.
fn commands() -> Vec<Vec<String>> {
    fn gather(command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
        found.push(path.to_vec());
        for below in command.get_subcommands() {
            gather(below, &[path, &[below.get_name().to_owned()]].concat(), found);
        }
    }
    let mut found = Vec::new();
    gather(&tokenctl::cli::tree(), &[], &mut found);
    found
}

/// Every file below a folder of the repository that ends like this.
fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let below = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            found.extend(files(&below, end));
        } else if path.to_str().unwrap().ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Whether a tool is there; where it must be, that it is not there is a failure.
fn has(tool: &str) -> bool {
    let found =
        Command::new("sh").args(["-c", "command -v \"$0\" >/dev/null", tool]).status().unwrap().success();
    if !found {
        assert!(std::env::var_os("TOKENCTL_REQUIRE_TOOLS").is_none(), "{tool} is not installed");
        println!("skipped: {tool} is not installed");
    }
    found
}

/// Takes a command line apart as a shell would, up to a pipe, a redirection or a comment.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut open = None;
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        match (open, char) {
            (None, ' ') => words.extend(word.take()),
            (None, '#' | '|' | '>' | '&' | ')' | ';') if word.is_none() => return words,
            (None, ')' | ';') => break,
            (None, '\'' | '"') => {
                word.get_or_insert_default();
                open = Some(char);
            }
            (Some(quote), char) if char == quote => open = None,
            (None, '\\') => word.get_or_insert_default().extend(chars.next()),
            (_, char) => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    words
}
