//! Registered clients (the metadata of RFC 7591 section 2, as far as it matters here).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::{Host, Url};

use crate::sim::error::SimError;
use crate::sim::jwk::{self, Jwk};
use crate::sim::random;

/// How a client authenticates; the words are those of OpenID Connect Core section 9, but for the JSON body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// `Authorization: Basic`, form-urlencoded below the base64.
    #[default]
    ClientSecretBasic,
    /// In the form.
    ClientSecretPost,
    /// In a JSON body that takes the form's place.
    ClientSecretJson,
    /// An assertion signed with a registered key (RFC 7523).
    PrivateKeyJwt,
    /// Not at all: a public client.
    None,
}

impl Authentication {
    pub(super) const ALL: [Self; 5] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::ClientSecretJson,
        Self::PrivateKeyJwt,
        Self::None,
    ];
}

/// What a client may ask the token endpoint for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 section 4.1.
    AuthorizationCode,
    /// RFC 6749 section 6.
    RefreshToken,
    /// RFC 6749 section 4.4.
    ClientCredentials,
    /// RFC 8628.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code", alias = "device_code")]
    DeviceCode,
}

impl GrantType {
    pub(super) const ALL: [Self; 4] =
        [Self::AuthorizationCode, Self::RefreshToken, Self::ClientCredentials, Self::DeviceCode];

    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "authorization_code" => Self::AuthorizationCode,
            "refresh_token" => Self::RefreshToken,
            "client_credentials" => Self::ClientCredentials,
            "urn:ietf:params:oauth:grant-type:device_code" => Self::DeviceCode,
            _ => return None,
        })
    }
}

/// A client to register.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewClient {
    /// The client id; a random one without it.
    pub client_id: Option<String>,
    /// How it authenticates.
    pub authentication: Authentication,
    /// The client secret; a random one without it, where it needs one.
    pub client_secret: Option<String>,
    /// The JWK set with its public keys, for `private_key_jwt`.
    pub jwks: Option<Value>,
    /// The one algorithm of its assertions; any of RS, PS and ES that fits the key without it.
    pub signing_algorithm: Option<String>,
    /// What it may ask for; everything without it, but client credentials for public clients.
    pub grant_types: Option<Vec<GrantType>>,
    /// The redirect URIs; on loopback with http the port is free (RFC 8252 section 7.3).
    pub redirect_uris: Vec<String>,
    /// The scopes that it may have; `openid`, `read` and `write` without it.
    pub scopes: Option<Vec<String>>,
    /// The `audience` that its client-credentials requests must name, as some servers demand.
    pub audience: Option<String>,
}

/// A registered client. Its secret is test data and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientEntry {
    /// The client id.
    pub client_id: String,
    /// How it authenticates.
    pub authentication: Authentication,
    /// The client secret, where it has one.
    pub client_secret: Option<String>,
    /// The one algorithm of its assertions.
    pub signing_algorithm: Option<String>,
    /// What it may ask for.
    pub grant_types: Vec<GrantType>,
    /// The redirect URIs.
    pub redirect_uris: Vec<String>,
    /// The scopes that it may have.
    pub scopes: Vec<String>,
    /// The `audience` that its client-credentials requests must name.
    pub audience: Option<String>,
}

/// A client with the keys of its set.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) entry: ClientEntry,
    pub(super) keys: Vec<Jwk>,
}

impl Client {
    /// Registers a client, or says what is wrong with it.
    pub(super) fn register(new: NewClient) -> Result<Self, SimError> {
        let authentication = new.authentication;
        let has_secret = !matches!(authentication, Authentication::PrivateKeyJwt | Authentication::None);
        let keys = match (&new.jwks, authentication) {
            (Some(set), Authentication::PrivateKeyJwt) => read_keys(set)?,
            (None, Authentication::PrivateKeyJwt) => {
                return Err(SimError::Refused("private_key_jwt needs a JWK set".to_owned()));
            }
            _ => Vec::new(),
        };
        if let Some(uri) = new.redirect_uris.iter().find(|uri| !acceptable(uri)) {
            return Err(SimError::Refused(format!(
                "the redirect URI {uri} is not an absolute URL without a fragment"
            )));
        }
        let public = authentication == Authentication::None;
        let all =
            GrantType::ALL.into_iter().filter(|kind| !(public && *kind == GrantType::ClientCredentials));
        let default_scopes = || ["openid", "read", "write"].map(str::to_owned).to_vec();
        let entry = ClientEntry {
            client_id: new.client_id.unwrap_or_else(|| random::text(18)),
            authentication,
            client_secret: has_secret.then(|| new.client_secret.unwrap_or_else(|| random::text(30))),
            signing_algorithm: new.signing_algorithm,
            grant_types: new.grant_types.unwrap_or_else(|| all.collect()),
            redirect_uris: new.redirect_uris,
            scopes: new.scopes.unwrap_or_else(default_scopes),
            audience: new.audience,
        };
        Ok(Self { entry, keys })
    }

    pub(super) fn may(&self, grant: GrantType) -> bool {
        self.entry.grant_types.contains(&grant)
    }

    /// Returns the scopes of a request: all of the client's if it names none, `None` if it may not have them.
    pub(super) fn scopes(&self, requested: Option<&String>) -> Option<Vec<String>> {
        let Some(requested) = requested else { return Some(self.entry.scopes.clone()) };
        let scopes: Vec<String> =
            requested.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
        scopes.iter().all(|scope| self.entry.scopes.contains(scope)).then_some(scopes)
    }

    /// Whether it may be answered at `uri`.
    pub(super) fn accepts_redirect(&self, uri: &str) -> bool {
        self.entry.redirect_uris.iter().any(|known| known == uri || same_but_for_port(known, uri))
    }
}

pub(super) fn read_keys(set: &Value) -> Result<Vec<Jwk>, SimError> {
    jwk::set(set).map_err(|why| SimError::Refused(why.to_owned()))
}

fn acceptable(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| url.fragment().is_none() && !url.cannot_be_a_base())
}

/// Source: RFC 8252 section 7.3 and RFC 9700 section 4.1.3: any port on loopback, everything else exactly.
fn same_but_for_port(known: &str, uri: &str) -> bool {
    let without_port = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        let loopback = match url.host()? {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        (url.scheme() == "http" && loopback && url.set_port(None).is_ok()).then_some(url)
    };
    without_port(known).is_some_and(|known| without_port(uri) == Some(known))
}
