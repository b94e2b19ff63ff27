//! `tokenctl company`

use clap::{Args, Subcommand};

use super::DryRun;
use super::enums::{ColumnWord, OrderWord, ProviderWord, StandingWord};
use crate::domain::ids::ConnectionName;

/// Look companies up, and disconnect them
#[derive(Debug, Subcommand)]
pub enum CompanyCommand {
    /// List companies with their state, expiry and last use
    List(CompanyListArgs),
    /// Show one company: what works, what to tell the customer, what happened lately
    Show(CompanyArgs),
    /// Give a company another name
    Rename(CompanyRenameArgs),
    /// Give a company's grants back to the vendors, and forget them
    Disconnect(CompanyDisconnectArgs),
}

/// `company list`
#[derive(Debug, Args)]
pub struct CompanyListArgs {
    /// Only with this text in the company's name, or in a name or account of its connections
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub search: Option<String>,
    /// Only companies in this state: that of the worst of their connections
    #[arg(long, value_name = "STATUS")]
    pub status: Option<StandingWord>,
    /// Only connections at this provider, and the companies that have one
    #[arg(long, value_name = "PROVIDER")]
    pub provider: Option<ProviderWord>,
    /// What comes first: the name in the alphabet, the nearest expiry, or the latest use
    #[arg(long, value_name = "BY", default_value = "name")]
    pub sort: OrderWord,
    /// Only so many
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Columns of the table, in this order [default: company,status,expires,last-used,connections]
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub columns: Vec<ColumnWord>,
}

/// One company.
#[derive(Debug, Args)]
pub struct CompanyArgs {
    /// Name or id of the company, or name of a connection without one
    pub company: String,
}

/// `company rename`
#[derive(Debug, Args)]
pub struct CompanyRenameArgs {
    /// Name or id of the company
    pub company: String,
    /// New name
    #[arg(value_name = "NEW", value_parser = super::values::company_name)]
    pub name: String,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `company disconnect`
#[derive(Debug, Args)]
pub struct CompanyDisconnectArgs {
    /// Name or id of the company
    #[arg(required_unless_present = "connection", conflicts_with = "connection")]
    pub company: Option<String>,
    /// Only this connection
    #[arg(long, value_name = "NAME")]
    pub connection: Option<ConnectionName>,
    /// Forget without asking the vendor, who goes on honouring what was given
    #[arg(long)]
    pub local_only: bool,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}
