//! What the user wants: flag before environment before config file before default.

use std::path::PathBuf;
use std::time::Duration;

use super::config::Config;
use super::{Environment, Paths};
use crate::cli::GlobalArgs;
use crate::cli::values::{self, ColourChoice, IdentityFile, LogFormat};
use crate::commands::CommandError;
use crate::output::{Format, Hint};

/// One setting under its three names; `help environment` is generated from [`SETTINGS`].
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The flag.
    pub flag: &'static str,
    /// The environment variable.
    pub variable: &'static str,
    /// The key in the config file; empty if it has none.
    pub key: &'static str,
    /// What it says, with its default.
    pub meaning: &'static str,
}

const fn setting(
    flag: &'static str,
    variable: &'static str,
    key: &'static str,
    meaning: &'static str,
) -> Setting {
    Setting { flag, variable, key, meaning }
}

const VAULT: Setting =
    setting("--vault", "TOKENCTL_VAULT", "vault", "the vault ($XDG_DATA_HOME/tokenctl/vault.age)");
const VAULT_PIN: Setting =
    setting("--vault-pin", "TOKENCTL_VAULT_PIN", "vault-pin", "the key that must have signed the vault");
const IDENTITY_FILE: Setting = setting(
    "--identity-file",
    "TOKENCTL_IDENTITY_FILE",
    "identity-file",
    "the identity: a file, - for stdin, fd:N for a descriptor",
);
const CONFIG: Setting =
    setting("--config", "TOKENCTL_CONFIG", "", "the config file ($XDG_CONFIG_HOME/tokenctl/config.toml)");
const OUTPUT: Setting =
    setting("--output", "TOKENCTL_OUTPUT", "output", "table, json, jsonl, csv or plain (table)");
const FIELDS: Setting =
    setting("--fields", "TOKENCTL_FIELDS", "", "the fields to show, between commas (all)");
const QUIET: Setting = setting("--quiet", "TOKENCTL_QUIET", "quiet", "1 for errors and warnings only (0)");
const VERBOSE: Setting =
    setting("--verbose", "TOKENCTL_VERBOSE", "verbose", "1 logs steps, 2 logs details (0)");
const LOG_FORMAT: Setting =
    setting("--log-format", "TOKENCTL_LOG_FORMAT", "log-format", "text or json (text)");
const COLOR: Setting = setting("--color", "TOKENCTL_COLOR", "color", "auto, always or never (auto)");
const NO_INPUT: Setting = setting("--no-input", "TOKENCTL_NO_INPUT", "no-input", "1 never to ask (0)");
const TIMEOUT: Setting =
    setting("--timeout", "TOKENCTL_TIMEOUT", "timeout", "for each exchange with a vendor (30s)");
const DEADLINE: Setting =
    setting("--deadline", "TOKENCTL_DEADLINE", "deadline", "for the whole command (10m)");
const LOCK_TIMEOUT: Setting =
    setting("--lock-timeout", "TOKENCTL_LOCK_TIMEOUT", "lock-timeout", "for the vault's lock (10s)");

/// Every setting, in the order of the help.
pub const SETTINGS: &[Setting] = &[
    VAULT,
    VAULT_PIN,
    IDENTITY_FILE,
    CONFIG,
    OUTPUT,
    FIELDS,
    QUIET,
    VERBOSE,
    LOG_FORMAT,
    COLOR,
    NO_INPUT,
    TIMEOUT,
    DEADLINE,
    LOCK_TIMEOUT,
];

/// Where the identity is to be looked for first, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityChoice {
    /// The flag or `TOKENCTL_IDENTITY_FILE`: before everything else.
    First(IdentityFile),
    /// The config file: after `TOKENCTL_IDENTITY` and systemd's credential.
    Later(IdentityFile),
}

/// What the user wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The vault's file.
    pub vault: PathBuf,
    /// The key that must have signed it, if the user said so.
    pub vault_pin: Option<String>,
    /// Where the identity is, if the user said so.
    pub identity: Option<IdentityChoice>,
    /// The format of stdout.
    pub output: Format,
    /// The fields to show; `None` for all.
    pub fields: Option<Vec<String>>,
    /// Errors and warnings only.
    pub quiet: bool,
    /// 0 nothing, 1 steps, 2 details.
    pub verbosity: u8,
    /// How the log is written.
    pub log_format: LogFormat,
    /// When to use colour, before the terminal is asked.
    pub color: ColourChoice,
    /// Never ask.
    pub no_input: bool,
    /// Every question is answered with yes.
    pub yes: bool,
    /// For each exchange with a vendor.
    pub timeout: Duration,
    /// `--timeout` as it was typed: for whoever waits for a person, whom the other places do not mean.
    pub patience: Option<Duration>,
    /// For the whole command.
    pub deadline: Duration,
    /// For the locks of vault and audit log.
    pub lock_timeout: Duration,
}

/// Returns the config file to read, and whether it was asked for by name.
pub fn config_file(flags: &GlobalArgs, environment: &Environment, paths: &Paths) -> (PathBuf, bool) {
    match flags.config.clone().or_else(|| environment.path(CONFIG.variable)) {
        Some(path) => (path, true),
        None => (paths.config.join("config.toml"), false),
    }
}

impl Settings {
    /// Decides every setting. A value that does not parse is a usage error that names where it came from.
    pub fn new(
        flags: &GlobalArgs,
        environment: &Environment,
        config: &Config,
        paths: &Paths,
    ) -> Result<Self, CommandError> {
        check_names(environment)?;
        let below = Below { environment, config };
        let path = |text: &str| {
            paths.from_config(text).ok_or("a path in it is absolute or starts with `~/`".to_owned())
        };
        let words =
            |text: &str| Ok::<_, String>(text.split(',').map(|word| word.trim().to_owned()).collect());
        let vault = match flags.vault.clone().or_else(|| environment.path(VAULT.variable)) {
            Some(path) => Some(path),
            None => below.configured(VAULT, path)?,
        };
        // `-v` and `-q` on the command line both overrule what the layers below say about the other.
        let spoken = flags.quiet || flags.verbose > 0;
        let lower = |level: Option<u8>| if spoken { None } else { level };
        Ok(Self {
            vault: vault.unwrap_or_else(|| paths.data.join("vault.age")),
            vault_pin: below.or(flags.vault_pin.clone(), VAULT_PIN, values::public_text)?,
            identity: identity(flags, &below, paths)?,
            output: below.or(flags.output, OUTPUT, str::parse)?.unwrap_or_default(),
            fields: below.or(flags.fields.clone(), FIELDS, words)?,
            quiet: flags.quiet || (!spoken && below.or(None, QUIET, values::switch)?.unwrap_or(false)),
            verbosity: lower(below.or(None, VERBOSE, verbosity)?).unwrap_or(flags.verbose),
            log_format: below.or(flags.log_format, LOG_FORMAT, str::parse)?.unwrap_or_default(),
            color: match below.or(flags.color, COLOR, str::parse)?.unwrap_or_default() {
                ColourChoice::Auto => colour_of(environment),
                chosen => chosen,
            },
            no_input: below.or(flags.no_input.then_some(true), NO_INPUT, values::switch)?.unwrap_or(false),
            yes: flags.yes,
            timeout: below
                .or(flags.timeout, TIMEOUT, values::positive_duration)?
                .unwrap_or(Duration::from_secs(30)),
            patience: flags.timeout,
            deadline: below
                .or(flags.deadline, DEADLINE, values::positive_duration)?
                .unwrap_or(Duration::from_mins(10)),
            lock_timeout: below
                .or(flags.lock_timeout, LOCK_TIMEOUT, values::duration)?
                .unwrap_or(Duration::from_secs(10)),
        })
    }

    /// Whether to use colour on a stream that is, or is not, a terminal.
    pub fn colour(&self, terminal: bool) -> bool {
        self.color.on(terminal)
    }
}

/// What the environment says about colour (no-color.org, bixense.com/clicolors).
pub fn colour_of(environment: &Environment) -> ColourChoice {
    let set = |name| environment.text(name).is_some();
    if set("NO_COLOR") {
        ColourChoice::Never
    } else if environment.text("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        ColourChoice::Always
    } else if environment.text("TERM").as_deref() == Some("dumb") {
        ColourChoice::Never
    } else {
        ColourChoice::Auto
    }
}

fn identity(
    flags: &GlobalArgs,
    below: &Below<'_>,
    paths: &Paths,
) -> Result<Option<IdentityChoice>, CommandError> {
    let parse = |text: &str| match values::identity_file(text)? {
        IdentityFile::Path(_) => paths
            .from_config(text)
            .map(IdentityFile::Path)
            .ok_or_else(|| "a path in it is absolute or starts with `~/`".to_owned()),
        other => Ok(other),
    };
    let first = match flags.identity_file.clone() {
        Some(file) => Some(file),
        None => below.variable(IDENTITY_FILE, values::identity_file)?,
    };
    match first {
        Some(file) => Ok(Some(IdentityChoice::First(file))),
        None => Ok(below.configured(IDENTITY_FILE, parse)?.map(IdentityChoice::Later)),
    }
}

fn verbosity(text: &str) -> Result<u8, String> {
    text.parse().ok().filter(|level| *level <= 3).ok_or_else(|| "it is 0, 1 or 2".to_owned())
}

/// The layers below the flags.
struct Below<'a> {
    environment: &'a Environment,
    config: &'a Config,
}

impl Below<'_> {
    fn or<T>(
        &self,
        flag: Option<T>,
        setting: Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, CommandError> {
        if flag.is_some() {
            return Ok(flag);
        }
        match self.variable(setting, &parse)? {
            Some(value) => Ok(Some(value)),
            None => self.configured(setting, parse),
        }
    }

    fn variable<T>(
        &self,
        setting: Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, CommandError> {
        let Some(text) = self.environment.text(setting.variable) else { return Ok(None) };
        parse(&text).map(Some).map_err(|why| wrong(&text, setting.variable, why))
    }

    fn configured<T>(
        &self,
        setting: Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, CommandError> {
        let Some(text) = self.config.get(setting.key) else { return Ok(None) };
        parse(text).map(Some).map_err(|why| wrong(text, &format!("{} in the config file", setting.key), why))
    }
}

fn wrong(text: &str, origin: &str, why: String) -> CommandError {
    CommandError::usage(format!("`{text}` is not a value of {origin}"))
        .because(why)
        .hinted(Hint::command("settings and their values are listed by", ["help", "environment"]))
}

/// Our variables that are not settings: the identity's own, the home's, and those of the tests.
const OTHER_VARIABLES: [&str; 4] =
    ["TOKENCTL_IDENTITY", "TOKENCTL_HOME_ID", "TOKENCTL_TEST_NOW", "TOKENCTL_TEST_MUTANTS"];

/// Refuses a variable that is one letter off: it was meant to do something. An unrelated one is none of ours.
fn check_names(environment: &Environment) -> Result<(), CommandError> {
    let ours = || SETTINGS.iter().map(|setting| setting.variable).chain(OTHER_VARIABLES);
    for name in environment.names().filter(|name| name.starts_with("TOKENCTL_")) {
        if ours().any(|known| known == name) {
            continue;
        }
        if let Some(known) = ours().find(|known| strsim::damerau_levenshtein(known, name) == 1) {
            return Err(CommandError::usage(format!("there is no variable {name}"))
                .hinted(Hint::text(format!("did you mean {known}?"))));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
