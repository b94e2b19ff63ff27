//! The examples of the long help, as data: tests parse every one of them, and run those that need nothing.

use crate::output::hint::command_line;

/// One example of a command.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// The command that it belongs to, such as `["rotate", "confirm"]`.
    pub command: &'static [&'static str],
    /// What it does, imperative, without a period.
    pub about: &'static str,
    /// The arguments after `tokenctl`.
    pub arguments: &'static [&'static str],
}

/// Every example, in the order of the help.
pub const EXAMPLES: &[Example] = &[
    Example { command: &["help"], about: "Explain the exit codes", arguments: &["help", "exit-codes"] },
    Example {
        command: &["help"],
        about: "List the exit codes for a script",
        arguments: &["help", "exit-codes", "-o", "plain", "--fields", "code,name"],
    },
];

/// Adds the examples to the long help of the commands below `root`.
pub fn attach(root: clap::Command) -> clap::Command {
    attach_below(root, &mut Vec::new())
}

fn attach_below(command: clap::Command, path: &mut Vec<String>) -> clap::Command {
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    let mut command = command;
    for name in names {
        path.push(name.clone());
        let below = &mut *path;
        command = command.mut_subcommand(name, |subcommand| attach_below(subcommand, below));
        path.pop();
    }
    let own: Vec<String> = EXAMPLES
        .iter()
        .filter(|example| example.command == path.as_slice())
        .map(|example| format!("  {}:\n    $ {}", example.about, command_line("tokenctl", example.arguments)))
        .collect();
    if own.is_empty() { command } else { command.after_long_help(format!("Examples:\n{}", own.join("\n\n"))) }
}
