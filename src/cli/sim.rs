//! `tokenctl sim` and `tokenctl demo`

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `sim`
#[derive(Debug, Args)]
pub struct SimArgs {
    /// Loopback address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Vendors to simulate [default: all]
    #[arg(long, value_name = "VENDOR")]
    pub vendor: Vec<SimulatedVendor>,
    /// Faults to arm at the start: JSON or TOML, as the control API takes them
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}

/// `sim --vendor`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SimulatedVendor {
    /// NetSuite: token and certificate endpoints
    Netsuite,
    /// QuickBooks Online: consent page, token, revocation and CompanyInfo endpoints
    Quickbooks,
    /// Pax8: token endpoint
    Pax8,
    /// A server that follows the RFCs: every grant and client authentication
    Oauth2,
}

/// `demo`
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Keep the demo's vault and identity in this new folder
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}
