//! Identifiers and names: parsed once, typed from then on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a name or an identifier was refused; the text completes "`value` …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidName(pub(crate) String);

/// Returns `COUNT` random bytes of the operating system's as lower-case hex.
///
/// Why not the provider's generator: when it is first used it gathers the jitter of the processor for some 25 ms, five
/// times what a cached token takes; keys and signatures are worth that, an id is not.
pub(crate) fn random_hex<const COUNT: usize>() -> String {
    const { assert!(COUNT <= 256, "the system gives no more at once") };
    let mut bytes = [0_u8; COUNT];
    // expect: getrandom(2) always gives up to 256 bytes whole once the system has started, and has no other failure.
    let given = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .expect("the system's random generator works");
    assert_eq!(given, COUNT, "getrandom(2) gives up to 256 bytes whole");
    hex(&bytes)
}

/// Returns `bytes` as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        // Its digits in place, not in a string: listings hold tens of thousands of ids, and look things up by them.
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 32]);

        impl $name {
            /// Returns a fresh id of 128 random bits.
            #[expect(clippy::new_without_default, reason = "every call returns a different id")]
            pub fn new() -> Self {
                random_hex::<16>().parse().expect("16 bytes are 32 digits")
            }

            /// The id as 32 hexadecimal digits.
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(&self.0).expect("digits are text")
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let digits: Option<[u8; 32]> = text.as_bytes().try_into().ok();
                digits
                    .filter(|digits| digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')))
                    .map(Self)
                    .ok_or_else(|| InvalidName("is not an id of 32 hexadecimal digits".to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.as_str().to_owned()
            }
        }
    };
}

random_id! {
    /// Names a connection in the journal, the locks and the audit log; survives renaming.
    ConnectionId
}
random_id! {
    /// Names a company; its display name may repeat.
    CompanyId
}
random_id! {
    /// Names an app; survives renaming.
    AppId
}
random_id! {
    /// Names a grant that came and could not be kept where it belongs.
    QuarantineId
}
random_id! {
    /// Names one key of a connection.
    KeyId
}
random_id! {
    /// Names a vault for as long as it lives.
    VaultId
}
random_id! {
    /// Names whatever has entries in the journal: a connection, by its own id, or what a later version keeps there.
    OwnerId
}
random_id! {
    /// Ties an audit request to its outcome.
    OperationId
}
random_id! {
    /// Names an invitation; its token's `jti`.
    InvitationId
}

impl From<&ConnectionId> for OwnerId {
    fn from(id: &ConnectionId) -> Self {
        Self(id.0)
    }
}

impl From<&OwnerId> for ConnectionId {
    fn from(id: &OwnerId) -> Self {
        Self(id.0)
    }
}

macro_rules! human_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 1 to 64 letters, digits, `.`, `_` and `-`, starting with a letter or digit. Two names that differ only in case
        /// are the same name.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.eq_ignore_ascii_case(&other.0)
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.0.to_ascii_lowercase().cmp(&other.0.to_ascii_lowercase())
            }
        }

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.0.to_ascii_lowercase().hash(state);
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let well_formed = (1..=64).contains(&text.len())
                    && text.starts_with(|first: char| first.is_ascii_alphanumeric())
                    && text.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-'));
                if well_formed {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidName(
                        "must be 1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit"
                            .to_owned(),
                    ))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

human_name! {
    /// The unique, human name of a connection.
    ConnectionName
}
human_name! {
    /// The unique, human name of an app.
    AppName
}

/// The id that the vendor gave a certificate (the JWT `kid` at NetSuite): opaque, may start with `-`.
///
/// Visible ASCII, at most 256 characters, so that it can stand in a JOSE header, a URL path (escaped) and a
/// terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CertificateId(String);

impl CertificateId {
    /// The id, exactly as the vendor wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl FromStr for CertificateId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if (1..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName("must be 1 to 256 visible ASCII characters".to_owned()))
        }
    }
}

impl TryFrom<String> for CertificateId {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<CertificateId> for String {
    fn from(id: CertificateId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_without_case() {
        let lower: ConnectionName = "acme".parse().unwrap();
        let upper: ConnectionName = "ACME".parse().unwrap();
        assert_eq!(lower, upper);
        assert_eq!(upper.as_str(), "ACME");
    }

    #[test]
    fn hostile_names_are_refused() {
        for name in ["", "-rf", "a b", "a/b", "../x", "a\u{1b}[31m", "a\u{202e}b", "=cmd()", &"a".repeat(65)]
        {
            assert!(name.parse::<ConnectionName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn certificate_ids_are_opaque() {
        for id in ["-5f3a", "--all", "a=b", "&%$"] {
            assert_eq!(id.parse::<CertificateId>().unwrap().as_str(), id);
        }
        assert!("a b".parse::<CertificateId>().is_err());
    }

    #[test]
    fn ids_are_distinct_and_parse_back() {
        let id = ConnectionId::new();
        assert_ne!(id, ConnectionId::new());
        assert_eq!(id.to_string().parse::<ConnectionId>().unwrap(), id);
    }
}
