//! What each vendor is like, as data: endpoints, algorithms, limits, error meanings, words for people.
//!
//! May import `domain` and `secret`; does no I/O. A vendor is one file with one [`Descriptor`]; adding one adds
//! a variant to [`Provider`] and an arm to [`descriptor()`] and touches no flow code.

mod descriptor;
mod endpoints;
mod expiry;
mod netsuite;
mod settings;

pub use descriptor::{
    AssertionRules, BodyEncoding, CertificateRules, ClientAuthentication, Descriptor, GrantKind, Link,
    Meaning, RefreshPolicy, Upload,
};
pub use endpoints::{EndpointError, Endpoints, endpoints, is_loopback};
pub use expiry::{days_left, vendor_expiry};
pub use settings::{MIN_ASSERTION_SECONDS, SettingsError, check_settings};

use crate::domain::connection::Provider;

/// Returns what is known of `provider`.
pub fn descriptor(provider: Provider) -> &'static Descriptor {
    match provider {
        Provider::Netsuite => &netsuite::DESCRIPTOR,
    }
}
