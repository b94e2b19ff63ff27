//! `tokenctl doctor`

use std::path::PathBuf;

use clap::Args;

use super::enums::TriedKeyWord;
use crate::domain::ids::{CertificateId, ConnectionName};

/// What the long help says.
pub const LONG: &str = "Say what is wrong, why, and what helps

Looks at this machine, the vault and the vendors' hosts and, for the connections that are named, at everything that \
is stored of them and at what their vendor says now; then no other vendor's host is asked. Where a NetSuite \
connection is refused, whatever is wrong with it the vendor's answer is the same: doctor asks again with one thing \
changed, asks for other connections of the account, which host that account has, and for the vendor's list of \
certificates. It says how sure it is. It changes nothing, sends no refresh token, and what it asks is in the audit log.";

/// `doctor`
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct DoctorArgs {
    /// Names of the connections to look at
    #[arg(conflicts_with = "all")]
    pub names: Vec<ConnectionName>,
    /// Look at every enabled connection
    #[arg(long)]
    pub all: bool,
    /// Ask nobody: look at what is here
    #[arg(long)]
    pub offline: bool,
    /// Key to try [default: the pending one with --certificate-id, else the active one]
    #[arg(long, value_name = "KEY", requires = "names")]
    pub key: Option<TriedKeyWord>,
    /// Certificate id to try with it, without storing it (write --certificate-id=ID: it may start with `-`)
    #[arg(long, value_name = "ID", allow_hyphen_values = true, requires = "names")]
    pub certificate_id: Option<CertificateId>,
    /// Write everything that support needs to this file, without secrets
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Leave the names of connections, companies and accounts in the bundle
    #[arg(long, requires = "bundle")]
    pub with_names: bool,
    /// Replace a bundle that is there
    #[arg(long, requires = "bundle")]
    pub force: bool,
}
