//! The rules of help texts.

use clap::Command;

use crate::commands;

/// What a command may be asked to do: the first word of its help.
const VERBS: &[&str] = &[
    "Add",
    "Allow",
    "Care",
    "Change",
    "Check",
    "Choose",
    "Connect",
    "Copy",
    "Create",
    "Destroy",
    "Diagnose",
    "Draw",
    "Drop",
    "Erase",
    "Expire",
    "Explain",
    "Find",
    "Forget",
    "Give",
    "Guard",
    "Hand",
    "Invite",
    "Keep",
    "Let",
    "List",
    "Look",
    "Make",
    "Manage",
    "Mint",
    "Move",
    "Note",
    "Print",
    "Prove",
    "Put",
    "Read",
    "Redeem",
    "Reencrypt",
    "Refresh",
    "Remove",
    "Renew",
    "Replace",
    "Restore",
    "Run",
    "Say",
    "Seal",
    "See",
    "Set",
    "Show",
    "Take",
    "Tell",
    "Use",
    "Validate",
    "Verify",
    "Write",
];

/// Words for which the product has another one.
const OTHER_WORDS: &[&str] = &[
    "tenant",
    "organization",
    "organisation",
    "keystore",
    "wallet",
    "keypair",
    "private certificate",
    "public certificate",
    "invite token",
    "invitation token",
    "data store",
    "secret store",
    "renewal token",
];

fn find(words: &[String]) -> Command {
    let mut root = tokenctl::cli::tree().term_width(80);
    root.build();
    let mut command = root;
    for word in words {
        command = command.find_subcommand(word).unwrap().clone();
    }
    command.term_width(80)
}

#[test]
fn first_lines_are_imperative() {
    let mut wrong = Vec::new();
    for words in commands() {
        let command = find(&words);
        let about = command.get_about().unwrap().to_string();
        let verb = about.split([' ', ',']).next().unwrap();
        if !VERBS.contains(&verb) {
            wrong.push(format!("`{}`: `{verb}` is no verb of the list: {about}", words.join(" ")));
        }
        assert!(!about.ends_with('.') && !about.contains('\n'), "{about}");
        assert!(about.chars().count() <= 120, "too long for a line: {about}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_product_s_words_are_used() {
    for words in commands() {
        let help = find(&words).render_long_help().to_string().to_lowercase();
        for other in OTHER_WORDS {
            assert!(!help.contains(other), "`{}`: {other}: {help}", words.join(" "));
        }
    }
}

/// The long help has what the short one has, the examples, and the global flags that are rare.
#[test]
fn short_and_long_differ() {
    for words in commands() {
        let mut command = find(&words);
        let short = command.render_help().to_string();
        let long = command.render_long_help().to_string();
        let name = words.join(" ");
        assert!(short.lines().count() < long.lines().count(), "{name}");
        assert!(!short.contains("Examples:"), "{name}: {short}");
        assert!(!short.contains("--lock-timeout") && long.contains("--lock-timeout"), "{name}: {short}");
        assert!(short.contains("--output"), "{name}: {short}");
        for arg in command.get_arguments().filter(|arg| !arg.is_global_set()) {
            let Some(flag) = arg.get_long() else { continue };
            assert!(short.contains(&format!("--{flag}")), "{name}: --{flag} is missing in {short}");
        }
    }
}

#[test]
fn help_fits_the_terminal() {
    let mut wrong = Vec::new();
    for words in commands() {
        let mut command = find(&words);
        for (kind, help) in [("-h", command.render_help()), ("--help", command.render_long_help())] {
            for line in help.to_string().lines() {
                let columns = tokenctl::output::sanitize::width(line);
                // The usage is one line by clap's choice; one long word (a key, a link) cannot be broken.
                let is_one_word = line.split_whitespace().filter(|word| *word != "\\").count() <= 2;
                if columns > 80 && !is_one_word && !line.starts_with("Usage:") {
                    wrong.push(format!("{} {kind}, {columns} columns: {line}", words.join(" ")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "lines that do not fit:\n{}", wrong.join("\n"));
}
