//! `tokenctl token`

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::domain::ids::ConnectionName;

/// Hand out access tokens
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Print a valid access token: the cached one, or a new one
    Get(GetArgs),
}

/// `token get`
#[derive(Debug, Args)]
pub struct GetArgs {
    /// Name of the connection
    pub name: ConnectionName,
    /// Remaining lifetime that the token must have [default: 5m, at most half of its lifetime]
    #[arg(long, value_name = "DUR", value_parser = super::values::duration)]
    pub min_ttl: Option<Duration>,
    /// Ask the vendor even if the cached token is good
    #[arg(long)]
    pub refresh: bool,
    /// How the token is printed [default: raw, or json with --output json or jsonl]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<TokenFormat>,
    /// Print it even to a terminal
    #[arg(long)]
    pub show: bool,
}

/// `token get --format`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TokenFormat {
    /// The token and a newline
    Raw,
    /// An `Authorization` header line
    Header,
    /// A shell assignment, quoted
    Env,
    /// The JSON envelope with token and expiry
    Json,
}
