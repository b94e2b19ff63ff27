//! A snapshot of the variables that concern us, taken once.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;

use crate::secret::{Secret, SecretString};

/// The variable that holds an identity itself; it is kept apart from the others, as a secret.
const IDENTITY: &str = "TOKENCTL_IDENTITY";

/// Variables of others that we heed.
const FOREIGN: [&str; 16] = [
    "HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "CREDENTIALS_DIRECTORY",
    "NO_COLOR",
    "CLICOLOR_FORCE",
    "TERM",
    "SSH_CONNECTION",
    "SSH_TTY",
    "DISPLAY",
    "WAYLAND_DISPLAY",
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
