//! A connection: one set of credentials for one customer account at one provider.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::ids::{CompanyId, ConnectionId, ConnectionName, InvalidName};

/// A vendor. What it can do and where it answers is in `providers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Oracle NetSuite, OAuth 2.0 machine to machine.
    Netsuite,
}

impl Provider {
    /// The word that users type and the vault stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Netsuite => "netsuite",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// Which of the vendor's worlds the connection lives in; the simulator is one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Environment {
    /// The customer's real account.
    Production,
    /// A sandbox account; a refresh clears its certificates.
    Sandbox,
    /// A NetSuite release-preview account.
    ReleasePreview,
    /// `tokenctl sim` on loopback; the only environment in which plain http is allowed.
    Simulator,
}

impl Environment {
    /// The world that an account id belongs to by its suffix: `_SB1` is a sandbox, `_RP` a release preview.
    pub fn of_account(account: &AccountId) -> Self {
        match account.as_str().split_once('_') {
            Some((_, suffix)) if suffix.starts_with("SB") => Self::Sandbox,
            Some((_, suffix)) if suffix.starts_with("RP") => Self::ReleasePreview,
            _ => Self::Production,
        }
    }

    /// The word that users type and the vault stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Sandbox => "sandbox",
            Self::ReleasePreview => "release-preview",
            Self::Simulator => "simulator",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// A vendor account id such as `1234567_SB1`: letters and digits with one kind of separator.
///
/// Kept in NetSuite's realm form (upper case, `_`). It becomes part of a host name, so nothing else is let in
/// (`vendors.md` 1.1: an unvalidated id sends the assertion elsewhere).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

impl AccountId {
    /// The realm form: upper case with `_`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host label: lower case with `-`.
    pub fn host_label(&self) -> String {
        self.0.to_ascii_lowercase().replace('_', "-")
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl FromStr for AccountId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let one_kind_of_separator = !(text.contains('_') && text.contains('-'));
        let parts_are_words = text
            .split(['_', '-'])
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        if one_kind_of_separator && parts_are_words && text.len() <= 40 {
            Ok(Self(text.to_ascii_uppercase().replace('-', "_")))
        } else {
            Err(InvalidName(
                "must be letters and digits with `_` or `-` between them, such as 1234567_SB1".to_owned(),
            ))
        }
    }
}

impl TryFrom<String> for AccountId {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.0
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

/// The signature algorithm of a client assertion (RFC 7518 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are the registered names")]
pub enum SigningAlgorithm {
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
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
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// The settings that take part in a token exchange: a change is proven before it replaces them.
///
/// Stored as JSON; later fields are optional, so that older rows keep their meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
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
    pub later: BTreeMap<String, serde_json::Value>,
}

impl Settings {
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

    /// SHA-256 of the settings, 64 lower-case hexadecimal digits: tells whether a token was obtained with them.
    #[expect(clippy::missing_panics_doc, reason = "it cannot: see the proof")]
    pub fn hash(&self) -> String {
        // expect: the structure holds no map with keys that are not strings, serde_json's only objection.
        let json = serde_json::to_vec(self).expect("settings are plain JSON");
        super::ids::hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &json).as_ref())
    }
}

/// Five minutes: an assertion serves one exchange.
pub fn default_assertion_seconds() -> u32 {
    300
}

/// One set of credentials for one customer account.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// Stable and opaque.
    pub id: ConnectionId,
    /// Unique, human.
    pub name: ConnectionName,
    /// The vendor.
    pub provider: Provider,
    /// The world it lives in.
    pub environment: Environment,
    /// Whether `--all` and programs may use it.
    pub enabled: bool,
    /// The company that it belongs to.
    pub company: Option<Company>,
    /// What takes part in an exchange.
    pub settings: Settings,
    /// The settings before the last change, for going back.
    pub previous_settings: Option<Settings>,
    /// The world that went with [`Connection::previous_settings`]; `None` if that change kept it.
    pub previous_environment: Option<Environment>,
    /// Free labels for selection.
    pub tags: BTreeMap<String, String>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When its row was last changed.
    pub updated_at: Timestamp,
}

/// The customer that one or more connections belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// Stable and opaque.
    pub id: CompanyId,
    /// Display name; foreign text, may repeat.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_ids_become_host_labels() {
        for (given, realm, host) in [
            ("1234567", "1234567", "1234567"),
            ("1234567_SB1", "1234567_SB1", "1234567-sb1"),
            ("tstdrv12-rp", "TSTDRV12_RP", "tstdrv12-rp"),
        ] {
            let account: AccountId = given.parse().unwrap();
            assert_eq!(account.as_str(), realm);
            assert_eq!(account.host_label(), host);
        }
    }

    #[test]
    fn account_ids_cannot_leave_the_host() {
        for id in ["", "evil.example/", "1234567.evil", "1_2-3", "_1", "1__2", "1 2", "1@2", "é", "1:2", "1#"]
        {
            assert!(id.parse::<AccountId>().is_err(), "{id:?}");
        }
    }
}
