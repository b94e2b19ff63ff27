use super::*;
use crate::commands::CommandError;

fn argv(line: &str) -> Vec<OsString> {
    std::iter::once("tokenctl")
        .chain(line.split(' ').filter(|word| !word.is_empty()))
        .map(Into::into)
        .collect()
}

#[test]
fn the_tree_is_sound() {
    tree().debug_assert();
}

#[test]
fn accepted() {
    for line in [
        "help",
        "help exit-codes",
        "help -o json",
        "-o json help",
        "-ojson help",
        "--output=plain help exit-codes --fields code,name",
        "help -vv --log-format json --color never",
        "--timeout 5s --deadline 1h30m --lock-timeout 0s help",
        "--identity-file - help",
        "--identity-file fd:3 help",
        "--vault v.age --vault-pin PIN --config c.toml --no-input -y -q help",
        "--vault status token get token --timeout 5s",
        "token --vault status get acme -q",
    ] {
        assert!(parse(&argv(line)).is_ok(), "{line}");
    }
}

#[test]
fn a_global_flag_counts_wherever_it_stands() {
    for line in [
        "-o json token get acme",
        "token -o json get acme",
        "token get -o json acme",
        "token get acme -o json",
    ] {
        assert_eq!(parse(&argv(line)).unwrap().global.output, Some(Format::Json), "{line}");
    }
    let outer_and_inner = parse(&argv("--timeout 1s token --timeout 2s get --timeout 3s acme")).unwrap();
    assert_eq!(outer_and_inner.global.timeout, Some(std::time::Duration::from_secs(3)));
}

#[test]
fn answered() {
    for line in ["--help", "-h", "--version", "-V", "help --help"] {
        assert!(matches!(parse(&argv(line)), Err(Rejection::Answer(_))), "{line}");
    }
}

#[test]
fn rejected() {
    let table: Vec<String> = [
        "",
        "hepl",
        "--ouput json help",
        "-o xml help",
        "-o jsno help",
        "--output",
        "--timeout 30 help",
        "--timeout 0s help",
        "--identity-file fd:x help",
        "--log-format yaml help",
        "-o json -o csv help",
        "--yes=1 help",
        "help --dry-run",
        "--vault",
    ]
    .into_iter()
    .map(|line| match parse(&argv(line)) {
        Err(Rejection::Usage(usage)) => {
            let error = CommandError::from(usage);
            let lines = error.problem().lines().map(|(part, text)| format!("  {}: {text}\n", part.label()));
            format!("{}\n{}", format!("$ tokenctl {line}").trim_end(), lines.collect::<String>())
        }
        other => panic!("{line}: {other:?}"),
    })
    .collect();
    insta::assert_snapshot!(table.join(""), @"
    $ tokenctl
      error: a command is missing
      hint: for the usage, run `tokenctl --help`
    $ tokenctl hepl
      error: there is no command `hepl`
      hint: did you mean `help`?
      hint: for the usage, run `tokenctl --help`
    $ tokenctl --ouput json help
      error: there is no flag `--ouput` here
      hint: did you mean `--output`?
      hint: for the usage, run `tokenctl help --help`
    $ tokenctl -o xml help
      error: `xml` is not a value of `--output`
        cause: it is one of table, json, jsonl, csv, plain
      hint: for the usage, run `tokenctl help --help`
    $ tokenctl -o jsno help
      error: `jsno` is not a value of `--output`
        cause: it is one of table, json, jsonl, csv, plain
      hint: did you mean `json`?
      hint: for the usage, run `tokenctl help --help`
    $ tokenctl --output
      error: `--output` needs a value
      hint: for the usage, run `tokenctl --help`
    $ tokenctl --timeout 30 help
      error: `30` is not a value of `--timeout`
        cause: a duration is a number and a unit, such as 500ms, 30s, 5m, 12h, 7d or 1h30m
      hint: for the usage, run `tokenctl help --help`
    $ tokenctl --timeout 0s help
      error: `0s` is not a value of `--timeout`
        cause: it must be longer than nothing
      hint: for the usage, run `tokenctl help --help`
    $ tokenctl --identity-file fd:x help
      error: `fd:x` is not a value of `--identity-file`
        cause: after `fd:` goes the number of an open file descriptor
      hint: for the usage, run `tokenctl help --help`
    $ tokenctl --log-format yaml help
      error: `yaml` is not a value of `--log-format`
        cause: it is one of text, json
      hint: for the usage, run `tokenctl help --help`
    $ tokenctl -o json -o csv help
      error: `--output` can be given only once
      hint: for the usage, run `tokenctl help --help`
    $ tokenctl --yes=1 help
      error: `--yes` has a value too many
      hint: for the usage, run `tokenctl help --help`
    $ tokenctl help --dry-run
      error: there is no flag `--dry-run` here
      hint: for the usage, run `tokenctl help --help`
    $ tokenctl --vault
      error: `--vault` needs a value
      hint: for the usage, run `tokenctl --help`
    ");
}

#[test]
fn every_command_has_an_example_and_every_example_parses() {
    fn leaves(command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
        for below in command.get_subcommands() {
            let path = [path, &[below.get_name().to_owned()]].concat();
            if below.has_subcommands() {
                leaves(below, &path, found);
            } else {
                found.push(path);
            }
        }
    }
    let mut commands = Vec::new();
    leaves(&tree(), &[], &mut commands);
    for command in &commands {
        let example = examples::EXAMPLES.iter().find(|example| example.command == command.as_slice());
        assert!(example.is_some(), "`{}` has no example", command.join(" "));
    }
    for example in examples::EXAMPLES {
        assert!(
            commands.iter().any(|command| example.command == command.as_slice()),
            "{:?}",
            example.command
        );
        let arguments: Vec<String> = example.arguments.iter().map(ToString::to_string).collect();
        assert_eq!(check(&arguments), Ok(()));
        assert!(!example.about.ends_with('.'));
    }
}

/// The rules of the interface: imperative first lines without a period, long names, no secret as a value.
#[test]
fn help_is_linted() {
    fn lint(command: &clap::Command) {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty() && !about.ends_with('.'), "{}: {about}", command.get_name());
        assert!(about.starts_with(char::is_uppercase), "{}: {about}", command.get_name());
        for arg in command.get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                !help.is_empty() && !help.ends_with('.'),
                "{} {}: {help}",
                command.get_name(),
                arg.get_id()
            );
            if let Some(long) = arg.get_long() {
                let secret = ["secret", "password", "passphrase", "token", "private-key"].contains(&long);
                assert!(!secret, "--{long}: secrets are never flag values");
            }
        }
        command.get_subcommands().for_each(lint);
    }
    lint(&tree());
}

mod arbitrary {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_arguments_break_the_parser(words in proptest::collection::vec("[-a-z=,:/\u{1b}é]{0,12}", 0..6)) {
            let argv: Vec<OsString> =
                std::iter::once("tokenctl".to_owned()).chain(words).map(Into::into).collect();
            let _ = parse(&argv);
        }
    }
}
