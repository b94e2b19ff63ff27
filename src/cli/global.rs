//! Flags that every command knows. What they mean together with the environment and the config file is decided
//! in `app::settings`; their texts stand here.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};

use super::values::{self, ColourChoice, IdentityFile, LogFormat};
use crate::output::Format;

/// The global flags as they were typed.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Use this vault [env: TOKENCTL_VAULT]
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub vault: Option<PathBuf>,

    /// Trust only a vault that was signed by this key [env: TOKENCTL_VAULT_PIN]
    #[arg(long, global = true, value_name = "PIN", hide_short_help = true, value_parser = values::public_text)]
    pub vault_pin: Option<String>,

    /// Open the vault with the identity in this file, `-` for stdin, `fd:N` for a descriptor
    /// [env: TOKENCTL_IDENTITY_FILE]
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true, value_parser = values::identity_file)]
    pub identity_file: Option<IdentityFile>,

    /// Read settings from this file [env: TOKENCTL_CONFIG]
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub config: Option<PathBuf>,

    /// Write the report as table, json, jsonl, csv or plain [env: TOKENCTL_OUTPUT]
    #[arg(short, long, global = true, value_name = "FORMAT", value_parser = values::format())]
    pub output: Option<Format>,

    /// Show only these fields, in this order [env: TOKENCTL_FIELDS]
    #[arg(long, global = true, value_name = "FIELD,…", value_delimiter = ',', hide_short_help = true)]
    pub fields: Option<Vec<String>>,

    /// Say nothing but errors and warnings [env: TOKENCTL_QUIET]
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Log what is done to stderr; twice for details [env: TOKENCTL_VERBOSE]
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// Write the log as text or json [env: TOKENCTL_LOG_FORMAT]
    #[arg(long, global = true, value_name = "FORMAT", hide_short_help = true, value_parser = values::log_format())]
    pub log_format: Option<LogFormat>,

    /// Use colour: auto, always or never [env: TOKENCTL_COLOR, NO_COLOR, CLICOLOR_FORCE]
    #[arg(long, global = true, value_name = "WHEN", hide_short_help = true, value_parser = values::colour())]
    pub color: Option<ColourChoice>,

    /// Never ask; fail with exit code 2 instead [env: TOKENCTL_NO_INPUT]
    #[arg(long, global = true, hide_short_help = true)]
    pub no_input: bool,

    /// Answer every question with yes
    #[arg(short, long, global = true)]
    pub yes: bool,

    /// Give each exchange with a vendor this long, 30s unless set [env: TOKENCTL_TIMEOUT]
    #[arg(long, global = true, value_name = "DURATION", hide_short_help = true, value_parser = values::positive_duration)]
    pub timeout: Option<Duration>,

    /// Give the whole command this long, 10m unless set [env: TOKENCTL_DEADLINE]
    #[arg(long, global = true, value_name = "DURATION", hide_short_help = true, value_parser = values::positive_duration)]
    pub deadline: Option<Duration>,

    /// Wait this long for the vault's lock, 10s unless set [env: TOKENCTL_LOCK_TIMEOUT]
    #[arg(long, global = true, value_name = "DURATION", hide_short_help = true, value_parser = values::duration)]
    pub lock_timeout: Option<Duration>,
}

/// For every command that changes something.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct DryRun {
    /// Show what would be done and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}
