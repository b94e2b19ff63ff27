//! `tokenctl init` and `tokenctl vault`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::DryRun;
use super::enums::RoleWord;
use super::values;

/// `init`
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Operator's public key (age1… or ssh-ed25519 …) instead of making an identity; repeatable
    #[arg(long = "recipient", value_name = "KEY", value_parser = values::public_text)]
    pub recipients: Vec<String>,
    /// Where the new identity goes; with --recipient one is made only if this is given
    #[arg(long, value_name = "F")]
    pub identity_out: Option<PathBuf>,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// Care for the vault
#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    /// Show what the vault is, where its home is and who can open it
    Info,
    /// Read everything and say whether it holds together
    Check,
    /// Copy the vault into one file, journal included, and open that completely
    Backup(BackupArgs),
    /// Manage who can open the vault
    #[command(subcommand)]
    Recipient(RecipientCommand),
}

/// `vault backup`
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// File to write, or a folder in which it is named after the vault and its generation
    #[arg(value_name = "OUT|DIR")]
    pub out: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    pub force: bool,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `vault recipient`
#[derive(Debug, Subcommand)]
pub enum RecipientCommand {
    /// Let somebody open the vault
    Add(RecipientAddArgs),
    /// List who can open the vault
    List,
    /// Change what a recipient may see; a demotion rekeys the vault
    SetRole(SetRoleArgs),
    /// Keep a recipient from opening the vault; an operator's removal rekeys it
    Remove(RecipientArgs),
}

/// `vault recipient add`
#[derive(Debug, Args)]
pub struct RecipientAddArgs {
    /// Public key: age1… or ssh-ed25519 …
    #[arg(value_parser = values::public_text)]
    pub key: String,
    /// What the recipient may see
    #[arg(long, value_name = "ROLE")]
    pub role: RoleWord,
    /// Whose key it is
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `vault recipient set-role`
#[derive(Debug, Args)]
pub struct SetRoleArgs {
    /// The recipient's public key, fingerprint or label
    #[arg(value_parser = values::public_text)]
    pub recipient: String,
    /// The new role
    #[arg(long, value_name = "ROLE")]
    pub role: RoleWord,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `vault recipient remove`
#[derive(Debug, Args)]
pub struct RecipientArgs {
    /// The recipient's public key, fingerprint or label
    #[arg(value_parser = values::public_text)]
    pub recipient: String,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}
