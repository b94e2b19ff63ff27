//! Checks that clap has no word for: values that look like flags, and command lines that hints name.

use std::ffi::OsString;

use clap::CommandFactory as _;

use super::usage::{Rejection, Usage, command_path};
use crate::output::Hint;

/// Refuses `--certificate-id --yes`: in the spaced form a flag of ours is never a value.
///
/// Values that a vendor chose may start with `-`, so their flags take anything (`allow_hyphen_values`); a
/// forgotten value would swallow the next flag silently. `--certificate-id=--yes` says that it is meant.
pub(super) fn spaced_values(tree: &clap::Command, argv: &[OsString]) -> Result<(), Rejection> {
    let command = command_path(tree, argv).last;
    let flags = || tree.get_arguments().chain(command.get_arguments());
    for pair in argv.windows(2) {
        let (flag, value) = (pair[0].to_string_lossy(), pair[1].to_string_lossy());
        if flag == "--" {
            break;
        }
        let Some(name) = flag.strip_prefix("--") else { continue };
        let takes_anything =
            flags().any(|arg| arg.get_long() == Some(name) && arg.is_allow_hyphen_values_set());
        let is_ours = value == "--"
            || value.strip_prefix("--").is_some_and(|rest| {
                let word = rest.split('=').next().unwrap_or(rest);
                word == "help" || word == "version" || flags().any(|arg| arg.get_long() == Some(word))
            })
            || value.strip_prefix('-').is_some_and(|rest| {
                let mut chars = rest.chars();
                let short = chars.next().filter(|_| chars.next().is_none());
                short.is_some_and(|char| char == 'h' || flags().any(|arg| arg.get_short() == Some(char)))
            });
        if takes_anything && is_ours {
            return Err(Rejection::Usage(
                Usage::new(format!("`{flag}` needs a value"))
                    .because(format!("the next word, `{value}`, is a flag"))
                    .hinted(Hint::text(format!("if it is the value, write `{flag}={value}`"))),
            ));
        }
    }
    Ok(())
}

/// Checks that `arguments`, without the program's name, are a command of ours.
pub fn check(arguments: &[String]) -> Result<(), String> {
    let argv = std::iter::once("tokenctl".to_owned()).chain(arguments.iter().cloned());
    match super::Cli::command().try_get_matches_from(argv) {
        Ok(_) => Ok(()),
        Err(error) if !error.use_stderr() => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ArgAction, Command};

    use super::*;

    fn tree() -> Command {
        let id = Arg::new("id").long("certificate-id").allow_hyphen_values(true);
        let yes = Arg::new("yes").long("yes").short('y').global(true).action(ArgAction::SetTrue);
        Command::new("tokenctl").arg(yes).subcommand(Command::new("activate").arg(Arg::new("name")).arg(id))
    }

    #[test]
    fn a_value_may_start_with_a_hyphen_unless_it_is_a_flag() {
        for (line, fine) in [
            ("t activate acme --certificate-id -5f3a", true),
            ("t activate acme --certificate-id --all", true),
            ("t activate acme --certificate-id=--yes", true),
            ("t activate acme --certificate-id=-y", true),
            ("t activate acme --certificate-id --yes", false),
            ("t activate acme --certificate-id --yes=1", false),
            ("t activate acme --certificate-id -y", false),
            ("t activate acme --certificate-id --help", false),
            ("t activate acme --certificate-id --", false),
            ("t activate -- --certificate-id --yes", true),
        ] {
            let argv: Vec<OsString> = line.split(' ').map(Into::into).collect();
            assert_eq!(spaced_values(&tree(), &argv).is_ok(), fine, "{line}");
        }
    }
}
