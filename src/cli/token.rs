//! `tokenctl token`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::DryRun;
use super::connection::FilterArgs;
use crate::domain::ids::{AppName, ConnectionName, QuarantineId};

/// Hand out access tokens
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Print a valid access token: the cached one, or a new one
    Get(GetArgs),
    /// Renew tokens without printing them
    Refresh(RefreshArgs),
    /// Give a connection's grant back to the vendor, and forget it
    Revoke(RevokeArgs),
    /// Take over grants that another system holds
    Import(Box<ImportArgs>),
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

/// `token refresh`
#[derive(Debug, Args)]
pub struct RefreshArgs {
    /// Names of the connections
    #[arg(conflicts_with_all = ["all", "company", "tag"])]
    pub names: Vec<ConnectionName>,
    /// Every enabled connection
    #[arg(long, conflicts_with_all = ["company", "tag"])]
    pub all: bool,
    /// Which ones.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Only those whose token is due: missing, expired, or about to expire
    #[arg(long)]
    pub due: bool,
    /// How soon a token must expire to be due [default: 5m, at most half of its lifetime]
    #[arg(long, value_name = "DUR", value_parser = super::values::duration, requires = "due")]
    pub within: Option<Duration>,
    /// Vendors that are asked at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub parallel: u16,
}

/// `token revoke`
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// Name of the connection
    pub name: ConnectionName,
    /// Forget without asking the vendor, who goes on honouring what was given
    #[arg(long)]
    pub local_only: bool,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `token import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Name of the connection; it is added if it is not there
    #[arg(required_unless_present = "from", conflicts_with = "from")]
    pub name: Option<ConnectionName>,
    /// File with the refresh token; `-` reads standard input
    #[arg(long, value_name = "FILE", required_unless_present_any = ["from", "quarantined"], conflicts_with_all = ["from", "quarantined"])]
    pub refresh_token_file: Option<PathBuf>,
    /// A grant that was kept apart, by its id in `app show`
    #[arg(long, value_name = "ID", conflicts_with = "from")]
    pub quarantined: Option<QuarantineId>,
    /// The app that the grant was given to; needed for a connection that is not there yet
    #[arg(long, value_name = "APP", conflicts_with = "from")]
    pub app: Option<AppName>,
    /// The customer's account that the grant is for, such as a QuickBooks realm id
    #[arg(long, value_name = "ID", conflicts_with = "from")]
    pub realm: Option<String>,
    /// Company that the connection belongs to
    #[arg(long, value_name = "TEXT", conflicts_with = "from")]
    pub company: Option<String>,
    /// Many at once: CSV with a header line, or JSON Lines, with name, app, realm, company and refresh_token; `-` reads
    /// standard input
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Store the grants without refreshing them once
    #[arg(long)]
    pub unproven: bool,
    /// Vendors that are asked at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub parallel: u16,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
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
    /// A kubectl exec credential (client.authentication.k8s.io/v1)
    ExecCredential,
}
