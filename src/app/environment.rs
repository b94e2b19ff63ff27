//! A snapshot of the variables that concern us, taken once.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;

use crate::secret::{Secret, SecretString};

/// The variable that holds an identity itself; it is kept apart from the others, as a secret.
const IDENTITY: &str = "TOKENCTL_IDENTITY";

/// Variables of others that we heed.
const FOREIGN: [&str; 27] = [
    "HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "CREDENTIALS_DIRECTORY",
    "LC_ALL",
    "LC_CTYPE",
    "LANG",
    "NO_COLOR",
    "CLICOLOR_FORCE",
    "TERM",
    "SSH_CONNECTION",
    "SSH_TTY",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "USER",
    "LOGNAME",
    "COMPLETE",
];

/// Our variables and the few of others that we heed. An empty variable counts as unset.
#[derive(Default)]
pub struct Environment {
    values: BTreeMap<String, OsString>,
    /// The names that begin as ours do, with a value or without.
    present: BTreeSet<String>,
    identity: Option<SecretString>,
    /// `TOKENCTL_IDENTITY` is set to something that is not UTF-8.
    broken_identity: bool,
}

impl Environment {
    /// Takes what concerns us out of `variables`.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            let Ok(name) = name.into_string() else { continue };
            if name.starts_with("TOKENCTL_") {
                environment.present.insert(name.clone());
            }
            if value.is_empty() {
            } else if name == IDENTITY {
                environment.identity = Secret::new(value.into_encoded_bytes()).into_text();
                environment.broken_identity = environment.identity.is_none();
            } else if name.starts_with("TOKENCTL_") || FOREIGN.contains(&name.as_str()) {
                environment.values.insert(name, value);
            }
        }
        environment
    }

    /// Returns a variable as text; what is not UTF-8 is replaced, and then refused by the parser of its value.
    pub fn text(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// Returns a variable as a path.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.values.get(name).map(PathBuf::from)
    }

    /// Whether the locale is a UTF-8 one, by the variable that decides (POSIX, section 8.2).
    pub fn is_utf8(&self) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| self.text(name));
        let charset = locale.map(|locale| locale.to_ascii_lowercase().replace('-', ""));
        charset.is_some_and(|charset| charset.contains("utf8"))
    }

    /// The variables that lead requests through a proxy, or around it; their values may hold a password.
    pub fn proxies(&self) -> Vec<String> {
        self.values.keys().filter(|name| name.to_ascii_uppercase().ends_with("_PROXY")).cloned().collect()
    }

    /// The identity that stands in `TOKENCTL_IDENTITY` itself.
    pub fn identity(&self) -> Option<&SecretString> {
        self.identity.as_ref()
    }

    /// Whether `TOKENCTL_IDENTITY` is set to something that cannot be an identity.
    pub fn has_broken_identity(&self) -> bool {
        self.broken_identity
    }

    /// The names that begin as ours do, those without a value included: what a program that we run might inherit.
    pub fn present(&self) -> impl Iterator<Item = &str> {
        self.present.iter().map(String::as_str)
    }

    /// The names of our variables, for spotting the misspelt ones.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_decides_the_locale() {
        for (variables, utf8) in [
            (&[][..], false),
            (&[("LANG", "en_GB.UTF-8")], true),
            (&[("LANG", "C.utf8")], true),
            (&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "C")], false),
            (&[("LANG", "C"), ("LC_CTYPE", "de_AT.UTF-8")], true),
            (&[("LC_ALL", ""), ("LANG", "C.UTF-8")], true),
        ] {
            let pairs = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
            assert_eq!(Environment::new(pairs).is_utf8(), utf8, "{variables:?}");
        }
    }
}
