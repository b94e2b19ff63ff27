//! `tokenctl rotate`

use clap::{Args, Subcommand};

use super::DryRun;
use super::connection::{ChangeArgs, NameArgs};
use super::keys::KeyArgs;
use crate::domain::ids::{CertificateId, ConnectionName};

/// Replace a connection's key with an overlap in which the vendor accepts both
#[derive(Debug, Subcommand)]
pub enum RotateCommand {
    /// Make a new pending key and certificate beside the active one
    Initiate(InitiateArgs),
    /// Show where a rotation stands and the next command
    Status(NameArgs),
    /// Prove the pending key by a live exchange, then switch to it
    Confirm(ConfirmArgs),
    /// Drop the pending key
    Abort(ChangeArgs),
    /// Prove the previous key, then swap it with the active one; repeating it swaps again
    Rollback(ChangeArgs),
    /// Prove the active key, then destroy the previous one
    Retire(ChangeArgs),
}

/// `rotate initiate`
#[derive(Debug, Args)]
pub struct InitiateArgs {
    /// Name of the connection
    pub name: ConnectionName,
    /// The pair that is wanted.
    #[command(flatten)]
    pub key: KeyArgs,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `rotate confirm`
#[derive(Debug, Args)]
pub struct ConfirmArgs {
    /// Name of the connection
    pub name: ConnectionName,
    /// Id that the vendor gave the pending certificate (write --certificate-id=ID: it may start with `-`)
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub certificate_id: Option<CertificateId>,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}
