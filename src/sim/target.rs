//! Which vendor's which endpoint a request is for: what calls are counted by and faults aim at.

use axum::http::{HeaderMap, Method, Uri};
use serde::{Deserialize, Serialize};

use super::state::World;
use super::{netsuite, oauth2, pax8, quickbooks};

/// A simulated vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// Oracle NetSuite, OAuth 2.0 machine to machine.
    Netsuite,
    /// Intuit QuickBooks Online.
    Quickbooks,
    /// Pax8.
    Pax8,
    /// Any server that follows the RFCs.
    Oauth2,
}

impl Vendor {
    /// Every vendor that can be simulated.
    pub const ALL: [Self; 4] = [Self::Netsuite, Self::Quickbooks, Self::Pax8, Self::Oauth2];

    /// The word in paths, rules and counts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Netsuite => "netsuite",
            Self::Quickbooks => "quickbooks",
            Self::Pax8 => "pax8",
            Self::Oauth2 => "oauth2",
        }
    }

    /// Returns the one spelling under which an account of this vendor is kept.
    pub(super) fn canonical(self, account: &str) -> String {
        match self {
            Self::Netsuite => canonical_account(account),
            Self::Quickbooks | Self::Pax8 | Self::Oauth2 => account.to_owned(),
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
    /// Tells which hosts an account has.
    Addresses,
    /// Something that a bearer token opens.
    Resource,
    /// The page on which a person consents.
    Authorize,
    /// Where a token is given back.
    Revoke,
    /// Where the other endpoints are read from.
    Discovery,
    /// Who a company is.
    CompanyInfo,
    /// Where a token is looked up.
    Introspect,
    /// Where a device asks for its codes.
    DeviceAuthorization,
    /// The page on which a person lets a device in.
    DeviceVerification,
}

/// A request as it arrives, read to its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
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
    pub(super) fn of(world: &World, arrival: &Arrival<'_>) -> Option<Self> {
        if let Some(account) = netsuite::asked_for(arrival.uri) {
            let account = Vendor::Netsuite.canonical(&account);
            return Some(Self { vendor: Vendor::Netsuite, account, endpoint: Endpoint::Addresses });
        }
        let path = arrival.uri.path();
        let mut segments = oauth2::rooted(path).unwrap_or(path).strip_prefix('/')?.split('/');
        let vendor_word = segments.next()?;
        let vendor = Vendor::ALL.into_iter().find(|vendor| vendor.as_str() == vendor_word)?;
        let path: Vec<&str> = segments.collect();
        let (account, endpoint) = match vendor {
            Vendor::Netsuite => {
                let (account, rest) = path.split_first()?;
                ((*account).to_owned(), netsuite::classify(arrival.method, rest)?)
            }
            Vendor::Quickbooks => quickbooks::classify(world, arrival, &path)?,
            Vendor::Pax8 => pax8::classify(world, arrival, &path)?,
            Vendor::Oauth2 => oauth2::classify(arrival.uri.path(), &path)?,
        };
        Some(Self { vendor, account: vendor.canonical(&account), endpoint })
    }
}

/// Returns the one spelling under which an account is kept: `1234567-sb1` and `1234567_SB1` are one account.
pub(super) fn canonical_account(text: &str) -> String {
    text.to_ascii_uppercase().replace('-', "_")
}
