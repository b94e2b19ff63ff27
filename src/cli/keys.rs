//! `tokenctl keygen` and `tokenctl key`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::DryRun;
use super::enums::AlgorithmWord;
use crate::domain::ids::{CertificateId, ConnectionName};

/// `keygen`
#[derive(Debug, Args)]
pub struct KeygenArgs {
    /// Name of the connection
    #[arg(required_unless_present = "all_missing", conflicts_with = "all_missing")]
    pub name: Option<ConnectionName>,
    /// Make a key for every enabled connection that has none, on all cores, in one commit
    #[arg(long)]
    pub all_missing: bool,
    /// The pair that is wanted.
    #[command(flatten)]
    pub key: KeyArgs,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// The key pair and certificate that are wanted.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// Kind of key [default: rsa-4096, or the active key's kind in a rotation]
    #[arg(long, value_name = "ALGORITHM")]
    pub algorithm: Option<AlgorithmWord>,
    /// Validity of the certificate in days, at most 730 for NetSuite [default: 730]
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
    /// Common name of the certificate [default: account id and connection name]
    #[arg(long, value_name = "TEXT")]
    pub common_name: Option<String>,
}

/// Manage private keys
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Take over a key pair that the vendor already accepts; proven by a live exchange first
    Import(KeyImportArgs),
}

/// `key import`
#[derive(Debug, Args)]
pub struct KeyImportArgs {
    /// Name of the connection
    pub name: ConnectionName,
    /// Private key, PEM (PKCS#8, PKCS#1 or SEC 1, not encrypted); `-` reads standard input
    #[arg(long, value_name = "F|-")]
    pub key_file: PathBuf,
    /// Certificate, PEM or DER
    #[arg(long, value_name = "F")]
    pub cert_file: PathBuf,
    /// Id that the vendor gave the certificate (write --certificate-id=ID: it may start with `-`) [default: the JWK's thumbprint, where the vendor gives none]
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub certificate_id: Option<CertificateId>,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}
