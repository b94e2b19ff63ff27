//! What a caller may add to a token: nothing that means something already.

use std::fmt;
use std::str::FromStr;

use crate::domain::ids::InvalidName;

/// How many claims may be added, and how long a value may be.
pub const MOST_CLAIMS: usize = 16;
const LONGEST_VALUE: usize = 512;

/// Names that the issuer, a standard or a library gives a meaning to; compared without case.
///
/// Sources: RFC 7519 section 4.1, RFC 8693 sections 4.1 to 4.4, RFC 9068 section 2.2, RFC 7800, OpenID Connect Core
/// sections 2 and 5.1, and what SAP's libraries read (`vendors.md` 4.2).
const RESERVED: &[&str] = &[
    // RFC 7519
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    // OAuth
    "scope",
    "scopes",
    "client_id",
    "azp",
    "act",
    "may_act",
    "cnf",
    "roles",
    "groups",
    "entitlements",
    "authorization_details",
    "token_introspection",
    "token_use",
    "typ",
    "alg",
    "kid",
    // OpenID Connect
    "nonce",
    "auth_time",
    "acr",
    "amr",
    "at_hash",
    "c_hash",
    "s_hash",
    "sid",
    "events",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "email",
    "email_verified",
    // XSUAA
    "cid",
    "zid",
    "ext_attr",
    "ext_cxt",
    "ext_ctx",
    "az_attr",
    "grant_type",
    "authorities",
    "rev_sig",
    "origin",
    "user_id",
    "user_name",
    "user_uuid",
    "app_tid",
    "ias_iss",
    "sap_id_type",
    "service_instance_id",
    "subaccountid",
    "serviceinstanceid",
    "jku",
    "sap_gid",
    // ours
    "invitation_id",
    "supplier_email",
    "requester_id",
    "company_name",
    "purpose",
    "allowed_uses",
    "state",
];

/// Prefixes that libraries read as a whole.
const RESERVED_PREFIXES: [&str; 2] = ["xs.", "sap_"];

/// The name of a claim that a caller adds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimName(String);

impl ClaimName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl FromStr for ClaimName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let well_formed = (1..=64).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.chars().all(|char| char.is_ascii_alphanumeric() || "._-:/".contains(char));
        if !well_formed {
            return Err(InvalidName(
                "must be 1 to 64 letters, digits, `.`, `_`, `-`, `:` or `/`, starting with a letter"
                    .to_owned(),
            ));
        }
        let name = text.to_ascii_lowercase();
        // `__proto__` cannot be written; these two can, and break readers in JavaScript.
        let reserved = RESERVED.contains(&name.as_str())
            || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || ["constructor", "prototype"].contains(&name.as_str());
        if reserved {
            return Err(InvalidName("is a reserved claim: it is set by the issuer alone".to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Parses the value of a claim: text of one line.
pub fn value(text: &str) -> Result<String, InvalidName> {
    if text.chars().count() <= LONGEST_VALUE && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(InvalidName(format!("must be at most {LONGEST_VALUE} characters in one line")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_claims_are_refused_in_any_case() {
        for name in [
            "iss",
            "AUD",
            "Exp",
            "scope",
            "cid",
            "xs.user.attributes",
            "XS.x",
            "state",
            "email",
            "constructor",
        ] {
            let error = name.parse::<ClaimName>().unwrap_err();
            assert!(error.to_string().contains("reserved"), "{name}");
        }
        for name in RESERVED {
            assert!(name.parse::<ClaimName>().is_err(), "{name}");
        }
    }

    #[test]
    fn other_names_are_free() {
        for name in ["po_number", "cost-center", "https://example.com/claims/x", "region"] {
            assert_eq!(name.parse::<ClaimName>().unwrap().as_str(), name);
        }
        for name in ["", "1a", "a b", "__proto__", "ä", "a\"b", &"a".repeat(65)] {
            assert!(name.parse::<ClaimName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn values_are_one_line() {
        assert!(value("anything = fine ✓").is_ok() && value("").is_ok());
        assert!(value("a\nb").is_err() && value(&"a".repeat(513)).is_err());
    }
}
