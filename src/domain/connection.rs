//! A connection: one set of credentials for one customer account at one provider.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{AppId, CompanyId, ConnectionId, ConnectionName, InvalidName};
use super::settings::Settings;

/// A vendor. What it can do and where it answers is in `providers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Oracle NetSuite, OAuth 2.0 machine to machine.
    Netsuite,
    /// Intuit QuickBooks Online.
    Quickbooks,
    /// Pax8.
    Pax8,
    /// Any server that follows the standards.
    Oauth2,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 4] = [Self::Netsuite, Self::Quickbooks, Self::Pax8, Self::Oauth2];

    /// The word that users type and the vault stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Netsuite => "netsuite",
            Self::Quickbooks => "quickbooks",
            Self::Pax8 => "pax8",
            Self::Oauth2 => "oauth2",
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
    /// The app that it belongs to; a NetSuite connection has none.
    pub app: Option<AppId>,
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
