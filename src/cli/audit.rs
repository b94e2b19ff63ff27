//! `tokenctl audit`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::domain::ids::ConnectionName;

/// Read the audit log: who did what and who took which token
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List operations, newest last
    List(AuditListArgs),
    /// Check the chain of records against the vault's anchor
    Verify,
    /// Write the records as they are stored, one JSON object a line
    Export(AuditExportArgs),
}

/// Choosing records.
#[derive(Debug, Args)]
pub struct AuditListArgs {
    /// Only since then: an RFC 3339 time, a date, or a duration back such as 7d
    #[arg(long, value_name = "WHEN", value_parser = super::values::since)]
    pub since: Option<super::values::Since>,
    /// Only about this connection
    #[arg(long, value_name = "NAME")]
    pub connection: Option<ConnectionName>,
    /// Only this action, such as key.create, or every action of a noun, such as rotation
    #[arg(long, value_name = "ACTION", value_parser = super::values::action)]
    pub action: Option<String>,
}

/// `audit export`
#[derive(Debug, Args)]
pub struct AuditExportArgs {
    /// Which ones.
    #[command(flatten)]
    pub filter: AuditListArgs,
    /// File to write; `-` is standard output
    #[arg(long, value_name = "F|-", default_value = "-")]
    pub out: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    pub force: bool,
}
