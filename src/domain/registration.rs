//! An app as a vendor has it registered, and where its server answers.
//!
//! Stored as JSON; later fields are optional, and what a later version stored is kept as it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::settings::{ClientAuthentication, SigningAlgorithm, default_assertion_seconds};

/// An app as the vendor has it registered, but for the client secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// The client id.
    pub client_id: String,
    /// How the client proves who it is, if not in the vendor's usual way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<ClientAuthentication>,
    /// The scopes asked for; empty means the vendor's usual ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Where the vendor sends a person's browser back to, character by character as it is registered there: vendors
    /// compare it as text, which a parsed URL would not give back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// Further parameters of the authorization request, such as an audience.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub authorize_parameters: BTreeMap<String, String>,
    /// The server, where it is not the provider's own.
    #[serde(default, skip_serializing_if = "Server::is_empty")]
    pub server: Server,
    /// The assertion's algorithm if not the key's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_algorithm: Option<SigningAlgorithm>,
    /// Lifetime of an assertion, in seconds.
    #[serde(default = "default_assertion_seconds")]
    pub assertion_seconds: u32,
    /// Hosts outside the vendor's domains that the operator trusts by name, lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_hosts: Vec<String>,
    /// What a later version stored.
    #[serde(flatten)]
    pub later: BTreeMap<String, Value>,
}

/// Where an authorization server answers: what an operator said, or what its metadata said when it was read (RFC 8414,
/// OpenID Connect Discovery). A part that is missing is the provider's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// The metadata document that the rest was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery: Option<Url>,
    /// Its name for itself, compared character by character with `iss` of a callback (RFC 9207).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Where tokens are handed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_url: Option<Url>,
    /// Where a person consents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorize_url: Option<Url>,
    /// Where a person without a browser here begins (RFC 8628).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_url: Option<Url>,
    /// Where a grant is given back (RFC 7009).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoke_url: Option<Url>,
    /// Where a token is good for a harmless call: the vendor's API or `userinfo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_url: Option<Url>,
    /// Whether it takes PKCE with S256 (RFC 7636); `None` if it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pkce: Option<bool>,
    /// Whether its callbacks carry `iss` (RFC 9207 section 3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub names_itself: bool,
}

impl Server {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Registration {
    /// A registration with nothing but its client id.
    pub fn new(client_id: String) -> Self {
        Self {
            client_id,
            authentication: None,
            scopes: Vec::new(),
            redirect_uri: None,
            authorize_parameters: BTreeMap::new(),
            server: Server::default(),
            signing_algorithm: None,
            assertion_seconds: default_assertion_seconds(),
            trusted_hosts: Vec::new(),
            later: BTreeMap::new(),
        }
    }
}
