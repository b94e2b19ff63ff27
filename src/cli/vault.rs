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
    /// Put a backup in the vault's place, and make this its home
    ///
    /// The backup is opened completely first, and trusted by the same pin as the vault. What it replaces becomes the
    /// previous generation. Whatever the journal beside it knows that is newer, refresh tokens above all, counts. Every
    /// grant that rotates is uncertain then: its token may have been spent since.
    Restore(RestoreArgs),
    /// Replace the vault's keys and seal every secret anew; everybody else needs the new pin
    ///
    /// Killed before its commit it has changed nothing; killed after it, the next run finishes what is left.
    Rekey(RekeyArgs),
    /// Make this the place where the vault is written
    ///
    /// First at the old home, with --release: from then on nobody writes the vault. Then copy the vault file, and the
    /// folder of the audit log beside it if it is to go on, and run this at the new place. Where the old home is lost,
    /// it works without: then every grant that rotates is uncertain, and the old place must never write again.
    MoveHome(MoveHomeArgs),
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

/// `vault restore`
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup
    #[arg(value_name = "BACKUP")]
    pub backup: PathBuf,
    /// Newest generation that any other machine has seen, so that they all follow
    #[arg(long, value_name = "N")]
    pub seen: Option<u64>,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `vault rekey`
#[derive(Debug, Args)]
pub struct RekeyArgs {
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `vault move-home`
#[derive(Debug, Args)]
pub struct MoveHomeArgs {
    /// Give the vault up where its home is, so that another place can take it over
    #[arg(long)]
    pub release: bool,
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
