//! Where things are, by the XDG base directory specification.

use std::path::{Path, PathBuf};

use super::Environment;
use crate::commands::{CommandError, Exit};
use crate::output::Hint;

/// The folders of this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// `$XDG_DATA_HOME/tokenctl`: the vault.
    pub data: PathBuf,
    /// `$XDG_STATE_HOME/tokenctl`: what was seen on this machine.
    pub state: PathBuf,
    /// `$XDG_CONFIG_HOME/tokenctl`: identity and settings.
    pub config: PathBuf,
    /// `$XDG_RUNTIME_DIR`, which lasts as long as the user is logged in, if there is one.
    pub runtime: Option<PathBuf>,
    /// The home folder, for `~/` in the config file.
    pub home: PathBuf,
}

impl Paths {
    /// Returns the folders; a base directory that is not absolute is ignored, as the specification demands.
    pub fn new(environment: &Environment) -> Result<Self, CommandError> {
        let home = environment.path("HOME").filter(|home| home.is_absolute());
        let home = home.or_else(|| etcetera::home_dir().ok()).ok_or_else(|| {
            CommandError::new(Exit::Usage, "there is no home folder")
                .because("HOME is not set, and the system does not know one for this user")
                .hinted(Hint::text("set HOME to an absolute path"))
        })?;
        let base = |variable, default| {
            let set = environment.path(variable).filter(|path| path.is_absolute());
            set.unwrap_or_else(|| home.join(default)).join("tokenctl")
        };
        Ok(Self {
            data: base("XDG_DATA_HOME", ".local/share"),
            state: base("XDG_STATE_HOME", ".local/state"),
            config: base("XDG_CONFIG_HOME", ".config"),
            runtime: environment.path("XDG_RUNTIME_DIR").filter(|path| path.is_absolute()),
            home,
        })
    }

    /// Returns a path of the config file: absolute, or below the home folder; `None` for any other.
    ///
    /// Nothing is read from the current directory because a file said so.
    pub fn from_config(&self, text: &str) -> Option<PathBuf> {
        match text.strip_prefix("~/") {
            Some(rest) => Some(self.home.join(rest)),
            None => Some(Path::new(text)).filter(|path| path.is_absolute()).map(Path::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_directories() {
        let variables = [("HOME", "/home/u"), ("XDG_DATA_HOME", "/data"), ("XDG_STATE_HOME", "relative")];
        let environment = Environment::new(variables.map(|(name, value)| (name.into(), value.into())));
        let paths = Paths::new(&environment).unwrap();
        assert_eq!(paths.data, Path::new("/data/tokenctl"));
        assert_eq!(paths.state, Path::new("/home/u/.local/state/tokenctl"));
        assert_eq!(paths.config, Path::new("/home/u/.config/tokenctl"));
        assert_eq!(paths.from_config("~/v.age").unwrap(), Path::new("/home/u/v.age"));
        assert_eq!(paths.from_config("v.age"), None);
    }
}
