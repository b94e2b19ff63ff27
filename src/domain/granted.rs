//! What a vendor's token tells of the mapping behind it, for comparing two keys of one connection.

use serde::{Deserialize, Serialize};

use super::connection::AccountId;
use super::settings::Settings;

/// Read from an access token without verifying it: good for a comparison, never for trust.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The role id.
    pub role: Option<String>,
    /// The entity (user) id.
    pub entity: Option<String>,
    /// The company (account) id.
    pub company: Option<String>,
    /// The scopes, sorted.
    pub scopes: Vec<String>,
    /// The integration's Application ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
}

/// Returns what differs between the old key's token and the new one's, for people.
pub fn differences(old: &Granted, new: &Granted) -> Vec<String> {
    let mut found = Vec::new();
    for (what, old, new) in [
        ("role", &old.role, &new.role),
        ("entity", &old.entity, &new.entity),
        ("company", &old.company, &new.company),
    ] {
        if let (Some(old), Some(new)) = (old, new)
            && old != new
        {
            found.push(format!("{what} {new} instead of {old}"));
        }
    }
    if old.scopes != new.scopes {
        found.push(format!("scopes {} instead of {}", new.scopes.join(" "), old.scopes.join(" ")));
    }
    found
}

/// Returns where the token contradicts the settings, for people.
pub fn contradictions(found: &Granted, settings: &Settings) -> Vec<String> {
    let Some(settings) = settings.netsuite() else { return Vec::new() };
    // The vendor may spell its account id otherwise; one that is none says nothing.
    let account = found.company.as_ref().and_then(|company| company.parse::<AccountId>().ok());
    let elsewhere = account
        .filter(|account| *account != settings.account)
        .map(|account| format!("account {account} instead of {}", settings.account));
    let mapped = [("role", &settings.role, &found.role), ("entity", &settings.entity, &found.entity)]
        .into_iter()
        .filter_map(|(what, wanted, found)| match (wanted, found) {
            (Some(wanted), Some(found)) if wanted != found => {
                Some(format!("{what} {found} instead of {wanted}"))
            }
            _ => None,
        });
    elsewhere.into_iter().chain(mapped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(role: &str, entity: &str) -> Granted {
        Granted {
            role: Some(role.to_owned()),
            entity: Some(entity.to_owned()),
            company: Some("1234567".to_owned()),
            scopes: vec!["rest_webservices".to_owned()],
            application: None,
        }
    }

    #[test]
    fn the_same_mapping_has_no_differences() {
        assert_eq!(differences(&granted("1000", "42"), &granted("1000", "42")), Vec::<String>::new());
    }

    #[test]
    fn another_role_is_named() {
        assert_eq!(differences(&granted("1000", "42"), &granted("3", "42")), ["role 3 instead of 1000"]);
    }

    #[test]
    fn what_the_token_does_not_tell_is_no_difference() {
        let silent = Granted { role: None, ..granted("1000", "42") };
        assert_eq!(differences(&granted("1000", "42"), &silent), Vec::<String>::new());
    }
}
