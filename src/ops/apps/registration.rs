//! Changes to what an app is registered as.

use std::collections::BTreeMap;

use url::Url;

use crate::domain::registration::Registration;
use crate::domain::settings::{ClientAuthentication, SigningAlgorithm};

/// Changes to a registration; `None` leaves a value as it is, an inner `None` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistrationChanges {
    /// Another client id.
    pub client_id: Option<String>,
    /// Another way to prove who the client is.
    pub authentication: Option<ClientAuthentication>,
    /// Other scopes.
    pub scopes: Option<Vec<String>>,
    /// Another redirect URI.
    pub redirect_uri: Option<Option<String>>,
    /// Parameters of the authorization request to add or replace.
    pub authorize_parameters: BTreeMap<String, String>,
    /// Another metadata document; what it says replaces what was known of the server.
    pub discovery: Option<Url>,
    /// Another name of the server for itself.
    pub issuer: Option<String>,
    /// Another token endpoint.
    pub token_url: Option<Option<Url>>,
    /// Another authorization endpoint.
    pub authorize_url: Option<Url>,
    /// Another device authorization endpoint.
    pub device_url: Option<Url>,
    /// Another revocation endpoint.
    pub revoke_url: Option<Url>,
    /// Another address of the harmless call.
    pub api_url: Option<Url>,
    /// Whether to use PKCE.
    pub pkce: Option<Option<bool>>,
    /// Another assertion algorithm.
    pub signing_algorithm: Option<SigningAlgorithm>,
    /// Another assertion lifetime, in seconds.
    pub assertion_seconds: Option<u32>,
    /// Other trusted hosts.
    pub trusted_hosts: Option<Vec<String>>,
}

impl RegistrationChanges {
    pub(super) fn apply(&self, registration: &mut Registration) {
        fn replace<T: Clone>(target: &mut T, change: Option<&T>) {
            if let Some(value) = change {
                target.clone_from(value);
            }
        }
        fn fill<T: Clone>(target: &mut Option<T>, change: Option<&T>) {
            if let Some(value) = change {
                *target = Some(value.clone());
            }
        }
        replace(&mut registration.client_id, self.client_id.as_ref());
        fill(&mut registration.authentication, self.authentication.as_ref());
        replace(&mut registration.scopes, self.scopes.as_ref());
        replace(&mut registration.redirect_uri, self.redirect_uri.as_ref());
        registration.authorize_parameters.extend(self.authorize_parameters.clone());
        let server = &mut registration.server;
        fill(&mut server.issuer, self.issuer.as_ref());
        replace(&mut server.token_url, self.token_url.as_ref());
        fill(&mut server.authorize_url, self.authorize_url.as_ref());
        fill(&mut server.device_url, self.device_url.as_ref());
        fill(&mut server.revoke_url, self.revoke_url.as_ref());
        fill(&mut server.api_url, self.api_url.as_ref());
        replace(&mut server.pkce, self.pkce.as_ref());
        fill(&mut registration.signing_algorithm, self.signing_algorithm.as_ref());
        replace(&mut registration.assertion_seconds, self.assertion_seconds.as_ref());
        replace(&mut registration.trusted_hosts, self.trusted_hosts.as_ref());
    }
}
