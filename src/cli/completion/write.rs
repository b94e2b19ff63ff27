//! Candidates as each shell's script reads them.

use super::bash::Line;
use super::{Candidate, Shell};

/// Returns one candidate a line, ready to be inserted.
pub(super) fn lines(shell: Shell, line: Option<&Line>, found: &[Candidate]) -> String {
    let mut text = String::new();
    for Candidate { value, help } in found {
        let help = help.as_deref();
        let entry = match shell {
            Shell::Bash => line.and_then(|line| line.insert(value)),
            Shell::Zsh => Some(match help {
                Some(help) => format!("{}:{help}", described(value)),
                None => described(value),
            }),
            Shell::Fish => Some(with_tab(value, help)),
            Shell::PowerShell => Some(with_tab(&powershell(value), help)),
            Shell::Elvish => Some(value.clone()),
        };
        if let Some(entry) = entry {
            text.push_str(&entry);
            text.push('\n');
        }
    }
    text
}

fn with_tab(value: &str, help: Option<&str>) -> String {
    help.map_or_else(|| value.to_owned(), |help| format!("{value}\t{help}"))
}

/// A value for zsh's `_describe`, where a colon begins the description. zsh quotes it by itself.
fn described(value: &str) -> String {
    value.replace('\\', "\\\\").replace(':', "\\:")
}

/// A value that PowerShell reads as it is. It takes typographic quotes for quotes, too.
///
/// Source: about_Quoting_Rules.
fn powershell(value: &str) -> String {
    let bare = |char: char| char.is_ascii_alphanumeric() || "-_./=+".contains(char);
    if !value.is_empty() && value.chars().all(bare) {
        return value.to_owned();
    }
    let mut quoted = String::from("'");
    for char in value.chars() {
        if "'\u{2018}\u{2019}\u{201a}\u{201b}".contains(char) {
            quoted.push(char);
        }
        quoted.push(char);
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_reads_what_was_meant() {
        let found = [
            Candidate { value: "acme".to_owned(), help: Some("help: it".to_owned()) },
            Candidate { value: "O’Neill: a\\b $x".to_owned(), help: None },
        ];
        let line = Line::parse("t ", "");
        assert_eq!(lines(Shell::Bash, line.as_ref(), &found), "acme\nO\\’Neill:\\ a\\\\b\\ \\$x\n");
        assert_eq!(lines(Shell::Zsh, None, &found), "acme:help: it\nO’Neill\\: a\\\\b $x\n");
        assert_eq!(lines(Shell::Fish, None, &found), "acme\thelp: it\nO’Neill: a\\b $x\n");
        assert_eq!(lines(Shell::PowerShell, None, &found), "acme\thelp: it\n'O’’Neill: a\\b $x'\n");
        assert_eq!(lines(Shell::Elvish, None, &found), "acme\nO’Neill: a\\b $x\n");
    }
}
