//! `tokenctl completion`: the scripts that tell the shells to ask us.

use super::finish::Finished;
use crate::cli::completion::{CompletionArgs, Shell};

/// Prints the script of a shell.
pub(super) fn run(args: &CompletionArgs) -> Finished {
    Finished::bytes(script(args.shell).as_bytes().to_vec())
}

fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("../../completions/tokenctl.bash"),
        Shell::Zsh => include_str!("../../completions/_tokenctl"),
        Shell::Fish => include_str!("../../completions/tokenctl.fish"),
        Shell::PowerShell => include_str!("../../completions/tokenctl.ps1"),
        Shell::Elvish => include_str!("../../completions/tokenctl.elv"),
    }
}
