use std::path::Path;

use super::*;
use crate::commands::Exit;

fn decide(flags: &GlobalArgs, variables: &[(&str, &str)], config: &str) -> Result<Settings, CommandError> {
    let variables = variables.iter().copied().chain([("HOME", "/home/u")]);
    let environment = Environment::new(variables.map(|(name, value)| (name.into(), value.into())));
    let paths = Paths::new(&environment)?;
    Settings::new(flags, &environment, &Config::parse(config)?, &paths)
}

#[test]
fn defaults() {
    let settings = decide(&GlobalArgs::default(), &[], "").unwrap();
    assert_eq!(settings.vault, Path::new("/home/u/.local/share/tokenctl/vault.age"));
    assert_eq!(settings.output, Format::Table);
    assert_eq!(settings.timeout, Duration::from_secs(30));
    assert_eq!(settings.deadline, Duration::from_mins(10));
    assert_eq!(settings.lock_timeout, Duration::from_secs(10));
}

#[test]
fn flag_before_environment_before_config() {
    let config = "output = 'csv'\nvault = '~/c.age'\ntimeout = '1s'";
    let settings = decide(&GlobalArgs::default(), &[], config).unwrap();
    assert_eq!((settings.output, settings.vault.as_path()), (Format::Csv, Path::new("/home/u/c.age")));

    let variables = [("TOKENCTL_OUTPUT", "json"), ("TOKENCTL_VAULT", "e.age"), ("TOKENCTL_TIMEOUT", "2s")];
    let settings = decide(&GlobalArgs::default(), &variables, config).unwrap();
    assert_eq!((settings.output, settings.vault.as_path()), (Format::Json, Path::new("e.age")));
    assert_eq!(settings.timeout, Duration::from_secs(2));

    let flags = GlobalArgs {
        output: Some(Format::Plain),
        vault: Some("f.age".into()),
        timeout: Some(Duration::from_secs(3)),
        ..GlobalArgs::default()
    };
    let settings = decide(&flags, &variables, config).unwrap();
    assert_eq!((settings.output, settings.vault.as_path()), (Format::Plain, Path::new("f.age")));
    assert_eq!(settings.timeout, Duration::from_secs(3));
}

#[test]
fn a_wrong_value_names_its_origin() {
    let error = decide(&GlobalArgs::default(), &[("TOKENCTL_TIMEOUT", "30")], "").unwrap_err();
    assert_eq!(error.exit(), Exit::Usage);
    assert_eq!(error.problem().message, "`30` is not a value of TOKENCTL_TIMEOUT");
    let error = decide(&GlobalArgs::default(), &[], "output = 'xml'").unwrap_err();
    assert_eq!(error.problem().message, "`xml` is not a value of output in the config file");
    let error = decide(&GlobalArgs::default(), &[], "vault = 'here.age'").unwrap_err();
    assert_eq!(error.problem().causes, ["a path in it is absolute or starts with `~/`"]);
}

#[test]
fn an_empty_variable_is_unset() {
    let settings = decide(&GlobalArgs::default(), &[("TOKENCTL_OUTPUT", ""), ("NO_COLOR", "")], "").unwrap();
    assert_eq!((settings.output, settings.color), (Format::Table, ColourChoice::Auto));
}

#[test]
fn a_misspelt_variable_is_noticed_and_a_foreign_one_is_not() {
    let error = decide(&GlobalArgs::default(), &[("TOKENCTL_OUTPT", "json")], "").unwrap_err();
    assert_eq!(error.hints()[0].to_string(), "did you mean TOKENCTL_OUTPUT?");
    assert!(decide(&GlobalArgs::default(), &[("TOKENCTL_VERSION_IN_CI", "1")], "").is_ok());
}

#[test]
fn colour() {
    for (variables, flag, terminal, expected) in [
        (&[][..], None, true, true),
        (&[], None, false, false),
        (&[("NO_COLOR", "1")], None, true, false),
        (&[("CLICOLOR_FORCE", "1")], None, false, true),
        (&[("CLICOLOR_FORCE", "0")], None, false, false),
        (&[("TERM", "dumb")], None, true, false),
        (&[("NO_COLOR", "1")], Some(ColourChoice::Always), false, true),
        (&[], Some(ColourChoice::Never), true, false),
    ] {
        let flags = GlobalArgs { color: flag, ..GlobalArgs::default() };
        let settings = decide(&flags, variables, "").unwrap();
        assert_eq!(settings.colour(terminal), expected, "{variables:?} {flag:?} {terminal}");
    }
}

#[test]
fn the_louder_word_of_the_command_line_wins() {
    let verbose = GlobalArgs { verbose: 2, ..GlobalArgs::default() };
    let settings = decide(&verbose, &[("TOKENCTL_QUIET", "1")], "").unwrap();
    assert_eq!((settings.quiet, settings.verbosity), (false, 2));
    let quiet = GlobalArgs { quiet: true, ..GlobalArgs::default() };
    let settings = decide(&quiet, &[("TOKENCTL_VERBOSE", "2")], "").unwrap();
    assert_eq!((settings.quiet, settings.verbosity), (true, 0));
}

/// The table, the flags and their help name the same variables.
#[test]
fn every_global_flag_has_its_setting() {
    let tree = crate::cli::tree();
    for setting in SETTINGS {
        let flag = tree.get_arguments().find(|arg| arg.get_long() == setting.flag.strip_prefix("--"));
        let help = flag.and_then(|arg| arg.get_help()).map(ToString::to_string).unwrap_or_default();
        assert!(help.replace('\n', " ").contains(setting.variable), "{}: {help}", setting.flag);
        let name = setting.flag.trim_start_matches("--");
        assert_eq!(setting.variable, format!("TOKENCTL_{}", name.to_uppercase().replace('-', "_")));
        assert!(setting.key.is_empty() || setting.key == name);
    }
    let consent = ["yes", "help", "version"];
    for arg in tree.get_arguments().filter_map(|arg| arg.get_long()).filter(|long| !consent.contains(long)) {
        assert!(SETTINGS.iter().any(|setting| setting.flag == format!("--{arg}")), "--{arg}");
    }
}
