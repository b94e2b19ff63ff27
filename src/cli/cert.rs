//! `tokenctl cert`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::DryRun;
use super::connection::FilterArgs;
use super::enums::KeyWord;
use crate::domain::ids::{CertificateId, ConnectionName};

/// Manage certificates
#[derive(Debug, Subcommand)]
pub enum CertCommand {
    /// Write a certificate, byte for byte the same each time
    Export(ExportArgs),
    /// Show a certificate
    Show(ShowArgs),
    /// List the certificates of all connections with the expiry that counts
    List(FilterArgs),
    /// Make the first key active, or give the active one a new certificate id; proven by a live exchange first
    Activate(ActivateArgs),
}

/// `cert export`
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Name of the connection
    pub name: ConnectionName,
    /// Which key's certificate [default: pending if there is one, else active]
    #[arg(long, value_name = "KEY")]
    pub key: Option<KeyWord>,
    /// How the certificate is written
    #[arg(long, value_name = "FORMAT", default_value = "pem")]
    pub format: CertificateFormat,
    /// File to write; `-` is standard output
    #[arg(long, value_name = "F|-", default_value = "-")]
    pub out: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    pub force: bool,
}

/// `cert export --format`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CertificateFormat {
    /// The stored text
    Pem,
    /// The bytes that the text encodes
    Der,
    /// The public key as a JSON Web Key
    Jwk,
}

/// `cert show`
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Name of the connection
    pub name: ConnectionName,
    /// Which key's certificate [default: pending if there is one, else active]
    #[arg(long, value_name = "KEY")]
    pub key: Option<KeyWord>,
}

/// `cert activate`
#[derive(Debug, Args)]
pub struct ActivateArgs {
    /// Name of the connection
    pub name: ConnectionName,
    /// Id that the vendor gave the certificate (write --certificate-id=ID: it may start with `-`) [default: the JWK's thumbprint, where the vendor gives none]
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub certificate_id: Option<CertificateId>,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}
