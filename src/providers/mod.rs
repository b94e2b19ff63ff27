//! What each vendor is like, as data: endpoints, algorithms, limits, error meanings, words for people.
//!
//! May import `domain` and `secret`; does no I/O. A vendor is one file with one [`Descriptor`]; adding one adds
//! a variant to [`Provider`] and an arm to [`descriptor()`] and touches no flow code.

mod descriptor;
mod endpoints;
mod expiry;
mod netsuite;
mod oauth2;
mod pax8;
mod plan;
mod quickbooks;
mod settings;

pub use descriptor::{
    AssertionRules, Blame, CertificateRules, Consent, Descriptor, HarmlessCall, Link, Meaning, Pkce, Realm,
    Redirects, Revocation, Upload,
};
pub use endpoints::{EndpointError, EndpointRequest, Endpoints, discovery_url, endpoints, is_loopback};
pub use expiry::{days_left, expiry_of, vendor_expiry};
pub use plan::{AssertionPlan, Plan, PlanError, check, plan};
pub use settings::{MIN_ASSERTION_SECONDS, SettingsError};

use crate::domain::connection::Provider;

/// Returns what is known of `provider`.
pub fn descriptor(provider: Provider) -> &'static Descriptor {
    match provider {
        Provider::Netsuite => &netsuite::DESCRIPTOR,
        Provider::Quickbooks => &quickbooks::DESCRIPTOR,
        Provider::Pax8 => &pax8::DESCRIPTOR,
        Provider::Oauth2 => &oauth2::DESCRIPTOR,
    }
}
