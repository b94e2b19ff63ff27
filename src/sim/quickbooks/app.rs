//! Registered apps and the redirect URIs that they may have (`vendors.md` 2.5).

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Which of an app's two pairs of keys this is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keys {
    /// For real companies: redirect URIs are https, on a name.
    Production,
    /// For sandboxes: `http://localhost` as well.
    #[default]
    Development,
}

/// An app to register.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewApp {
    /// The client id; a random one without it.
    pub client_id: Option<String>,
    /// The client secret; a random one without it.
    pub client_secret: Option<String>,
    /// Production or development keys.
    pub keys: Keys,
    /// The redirect URIs, each to be matched character by character.
    pub redirect_uris: Vec<String>,
}

/// A registered app. Its secret is test data and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppEntry {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
    /// Production or development keys.
    pub keys: Keys,
    /// The redirect URIs.
    pub redirect_uris: Vec<String>,
}

/// Returns why the developer portal does not take `uri`, or nothing.
pub(super) fn objection(keys: Keys, uri: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(uri) else { return Some("is not an absolute URL") };
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => return Some("has an IP address for a host"),
        None => return Some("has no host"),
    };
    // Source: RFC 6749 section 3.1.2: no fragment.
    if url.fragment().is_some() {
        return Some("has a fragment");
    }
    match (keys, url.scheme()) {
        (Keys::Production, _) if local => Some("is on localhost, which is for development keys"),
        (_, "https") => None,
        (Keys::Development, "http") if local => None,
        _ => Some("does not begin with https"),
    }
}
