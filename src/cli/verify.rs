//! `tokenctl verify`

use clap::{Args, ValueEnum};

use super::connection::FilterArgs;
use super::enums::TriedKeyWord;
use crate::domain::ids::{CertificateId, ConnectionName};

/// `verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Names of the connections
    #[arg(conflicts_with_all = ["all", "company", "tag"])]
    pub names: Vec<ConnectionName>,
    /// Every enabled connection
    #[arg(long, conflicts_with_all = ["company", "tag"])]
    pub all: bool,
    /// Which ones.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Key to try; a pending one is tried without storing the result
    #[arg(long, value_name = "KEY")]
    pub key: Option<TriedKeyWord>,
    /// Certificate id to try with it, without storing it (write --certificate-id=ID: it may start with `-`)
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub certificate_id: Option<CertificateId>,
    /// Days left below which a certificate counts as expiring
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub warn_days: u32,
    /// What is a failure besides a missing proof
    #[arg(long, value_name = "WHAT")]
    pub fail_on: Option<FailOn>,
    /// Exchanges that run at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub parallel: u16,
}

/// `verify --fail-on`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Certificates inside the warning window: exit 10
    Expiring,
}
