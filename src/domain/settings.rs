//! What takes part in a token exchange besides secrets: a change is proven before it counts.
//!
//! Stored as JSON; later fields are optional, so that older rows keep their meaning, and what a later version
//! stored is kept as it is.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::connection::{AccountId, Provider};
use super::registration::Registration;

/// How a connection comes to an access token (RFC 6749 section 1.3); how a person gave it, if one had to, is the
/// provider's matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantKind {
    /// RFC 6749 section 4.4: the exchange may be repeated at will.
    ClientCredentials,
    /// RFC 6749 section 6: the refresh token that a person's consent brought.
    RefreshToken,
}

impl GrantKind {
    /// The word that users type and the vault stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client-credentials",
            Self::RefreshToken => "refresh-token",
        }
    }
}

impl fmt::Display for GrantKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// How a client proves who it is (RFC 6749 section 2.3, RFC 7523 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuthentication {
    /// The client secret as HTTP Basic, form-urlencoded before base64 (RFC 6749 section 2.3.1).
    ClientSecretBasic,
    /// The client secret in the form (RFC 6749 section 2.3.1).
    ClientSecretPost,
    /// The client secret in a JSON body, which no RFC knows and Pax8 demands.
    ClientSecretJson,
    /// A signed assertion (RFC 7523 section 2.2).
    PrivateKeyJwt,
    /// A public client: its id alone, and PKCE (RFC 7636).
    None,
}

impl ClientAuthentication {
    /// The word that users type and the vault stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client-secret-basic",
            Self::ClientSecretPost => "client-secret-post",
            Self::ClientSecretJson => "client-secret-json",
            Self::PrivateKeyJwt => "private-key-jwt",
            Self::None => "none",
        }
    }

    /// Whether it needs a client secret.
    pub fn needs_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJson)
    }
}

impl fmt::Display for ClientAuthentication {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// How the scopes stand in the client assertion (`vendors.md` 1.2: Oracle's prose and samples differ).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopeStyle {
    /// A JSON array, as in Oracle's samples.
    #[default]
    Array,
    /// One string with commas, as in Oracle's prose.
    Comma,
}

impl ScopeStyle {
    /// The word that users type and the vault stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Comma => "comma",
        }
    }
}

/// What the assertion's `sub` claim says (RFC 7523 section 3 demands it; NetSuite does not list it).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectClaim {
    /// No `sub`, as NetSuite documents.
    #[default]
    Omit,
    /// `sub` repeats the client id, as RFC 7523 section 3 demands.
    ClientId,
}

impl SubjectClaim {
    /// The word that users type and the vault stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Omit => "omit",
            Self::ClientId => "client-id",
        }
    }
}

/// The signature algorithm of a client assertion (RFC 7518 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are the registered names")]
pub enum SigningAlgorithm {
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    RS256,
    RS384,
    RS512,
}

impl SigningAlgorithm {
    /// The registered name, as in the JOSE header.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// The settings of a NetSuite connection, which has an integration record of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetsuiteSettings {
    /// The vendor's account id.
    pub account: AccountId,
    /// The integration record's client id (`iss` of the assertion).
    pub client_id: String,
    /// The scopes asked for, in the order given.
    pub scopes: Vec<String>,
    /// How the scopes stand in the assertion.
    #[serde(default)]
    pub scope_style: ScopeStyle,
    /// What `sub` says.
    #[serde(default)]
    pub subject: SubjectClaim,
    /// The assertion's algorithm if not the key's default (PS256; ES256 and ES384 by curve).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_algorithm: Option<SigningAlgorithm>,
    /// Lifetime of an assertion, in seconds; under 3600 at NetSuite.
    #[serde(default = "default_assertion_seconds")]
    pub assertion_seconds: u32,
    /// The entity (user) id that the certificate is mapped to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// The role id that the certificate is mapped to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Overrides the token endpoint that the account id leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_url: Option<Url>,
    /// Overrides the certificate endpoint that the account id and the client id lead to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_url: Option<Url>,
    /// Hosts outside the vendor's domains that the operator trusts by name, lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_hosts: Vec<String>,
    /// What a later version stored: kept as it is, so that an older one loses nothing by writing the row.
    #[serde(flatten)]
    pub later: BTreeMap<String, Value>,
}

impl NetsuiteSettings {
    /// The settings that nobody asked to be otherwise.
    pub fn new(account: AccountId, client_id: String) -> Self {
        Self {
            account,
            client_id,
            scopes: vec!["restlets".to_owned(), "rest_webservices".to_owned()],
            scope_style: ScopeStyle::default(),
            subject: SubjectClaim::default(),
            signing_algorithm: None,
            assertion_seconds: default_assertion_seconds(),
            entity: None,
            role: None,
            token_url: None,
            certificate_url: None,
            trusted_hosts: Vec::new(),
            later: BTreeMap::new(),
        }
    }
}

/// Five minutes: an assertion serves one exchange.
pub fn default_assertion_seconds() -> u32 {
    300
}

/// The settings of a connection that belongs to an app: what is its own beside the app's [`Registration`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberSettings {
    /// How it comes to its tokens.
    pub grant: GrantKind,
    /// The customer's account at the vendor, such as a QuickBooks realm id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
    /// The audience asked for, where the vendor wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// The scopes asked for instead of the app's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// What a later version stored.
    #[serde(flatten)]
    pub later: BTreeMap<String, Value>,
}

impl MemberSettings {
    /// Settings with nothing but the way to the tokens.
    pub fn new(grant: GrantKind) -> Self {
        Self { grant, realm: None, audience: None, scopes: Vec::new(), later: BTreeMap::new() }
    }
}

/// What takes part in the exchanges of one connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Settings {
    /// All of it is the connection's own.
    Netsuite(Box<NetsuiteSettings>),
    /// The rest is its app's.
    Member(MemberSettings),
}

impl From<NetsuiteSettings> for Settings {
    fn from(settings: NetsuiteSettings) -> Self {
        Self::Netsuite(Box::new(settings))
    }
}

impl From<MemberSettings> for Settings {
    fn from(settings: MemberSettings) -> Self {
        Self::Member(settings)
    }
}

impl Settings {
    /// Reads what is stored for a connection of `provider`.
    pub fn from_json(provider: Provider, json: &str) -> serde_json::Result<Self> {
        match provider {
            Provider::Netsuite => serde_json::from_str::<NetsuiteSettings>(json).map(Into::into),
            Provider::Quickbooks | Provider::Pax8 | Provider::Oauth2 => {
                serde_json::from_str::<MemberSettings>(json).map(Into::into)
            }
        }
    }

    /// The settings of a NetSuite connection, if it is one.
    pub fn netsuite(&self) -> Option<&NetsuiteSettings> {
        match self {
            Self::Netsuite(settings) => Some(settings),
            Self::Member(_) => None,
        }
    }

    /// As [`Settings::netsuite`], to be changed.
    pub fn netsuite_mut(&mut self) -> Option<&mut NetsuiteSettings> {
        match self {
            Self::Netsuite(settings) => Some(settings),
            Self::Member(_) => None,
        }
    }

    /// The settings of a connection that belongs to an app, if it does.
    pub fn member(&self) -> Option<&MemberSettings> {
        match self {
            Self::Netsuite(_) => None,
            Self::Member(settings) => Some(settings),
        }
    }

    /// How the connection comes to its tokens.
    pub fn grant(&self) -> GrantKind {
        self.member().map_or(GrantKind::ClientCredentials, |member| member.grant)
    }

    /// What the customer's account is called at the vendor: account id or realm.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Netsuite(settings) => Some(settings.account.as_str()),
            Self::Member(settings) => settings.realm.as_deref(),
        }
    }

    /// Hosts outside the vendor's domains that this connection's own settings trust.
    pub fn trusted_hosts(&self) -> &[String] {
        self.netsuite().map_or(&[], |settings| &settings.trusted_hosts)
    }
}

/// Returns the SHA-256 of what takes part in an exchange, 64 lower-case hexadecimal digits: tells whether a token was
/// obtained with it.
///
/// Of a registration only what makes another token counts: a new redirect URI must not make every company refresh.
#[expect(clippy::missing_panics_doc, reason = "it cannot: see the proof")]
pub fn settings_hash(settings: &Settings, registration: Option<&Registration>) -> String {
    #[derive(Serialize)]
    struct OfApp<'a> {
        client_id: &'a str,
        authentication: Option<ClientAuthentication>,
        scopes: &'a [String],
        token_url: Option<&'a Url>,
    }
    // expect: the structures hold no map with keys that are not strings, serde_json's only objection.
    let mut json = serde_json::to_vec(settings).expect("settings are plain JSON");
    if let Some(registration) = registration {
        let of_app = OfApp {
            client_id: &registration.client_id,
            authentication: registration.authentication,
            // A grant keeps the scopes that a person consented to.
            scopes: match settings.grant() {
                GrantKind::ClientCredentials => &registration.scopes,
                GrantKind::RefreshToken => &[],
            },
            token_url: registration.server.token_url.as_ref(),
        };
        json.push(b'\n');
        // expect: as above.
        json.extend(serde_json::to_vec(&of_app).expect("a registration is plain JSON"));
    }
    super::ids::hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &json).as_ref())
}
