//! Which vendor's which endpoint a request is for: what calls are counted by and faults aim at.

use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::netsuite;

/// A simulated vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// Oracle NetSuite, OAuth 2.0 machine to machine.
    Netsuite,
}

impl Vendor {
    /// Every vendor that can be simulated.
    pub const ALL: [Self; 1] = [Self::Netsuite];

    /// The word in paths, rules and counts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Netsuite => "netsuite",
        }
    }
}

/// An endpoint by its purpose; the words are shared by all vendors that have such an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// Where tokens are handed out.
    Token,
    /// Lists the certificates of an integration.
    CertificateList,
    /// Uploads a certificate.
    CertificateCreate,
    /// Revokes a certificate.
    CertificateRevoke,
    /// Something that a bearer token opens.
    Resource,
}

/// One endpoint of one customer account at one vendor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) vendor: Vendor,
    pub(super) account: String,
    pub(super) endpoint: Endpoint,
}

impl Target {
    /// Returns what a request is for, or `None` for a path that belongs to no vendor's endpoint.
    pub(super) fn of(method: &Method, path: &str) -> Option<Self> {
        let mut segments = path.strip_prefix('/')?.split('/');
        let vendor_word = segments.next()?;
        let vendor = Vendor::ALL.into_iter().find(|vendor| vendor.as_str() == vendor_word)?;
        let account = canonical_account(segments.next()?);
        let rest: Vec<&str> = segments.collect();
        let endpoint = match vendor {
            Vendor::Netsuite => netsuite::classify(method, &rest)?,
        };
        Some(Self { vendor, account, endpoint })
    }
}

/// Returns the one spelling under which an account is kept: `1234567-sb1` and `1234567_SB1` are one account.
pub(super) fn canonical_account(text: &str) -> String {
    text.to_ascii_uppercase().replace('-', "_")
}
