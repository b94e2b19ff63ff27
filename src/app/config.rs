//! The config file: TOML with the keys of [`SETTINGS`], nothing else.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;

use super::input::open_regular;
use super::settings::SETTINGS;
use crate::cli::nearest;
use crate::commands::{CommandError, Exit};
use crate::hooks::mutant;
use crate::output::Hint;
use crate::output::sink::check_mode;

/// A config file is a few lines; more than 64 KiB is something else.
const LIMIT: u64 = 64 * 1024;

/// The settings of a config file, as text: their values are parsed where the flags' values are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config(BTreeMap<String, String>);

impl Config {
    /// Reads the file at `path`; without one there are no settings, unless it was asked for by name (`required`).
    ///
    /// A file that others can write is refused (exit 9): it says which vault to trust.
    pub fn load(path: &Path, required: bool) -> Result<Self, CommandError> {
        let failed = |error: &io::Error| {
            CommandError::new(Exit::Usage, format!("cannot read the config file {}", path.display()))
                .because(error.to_string())
                .hinted(Hint::command("where it is looked for is explained by", ["help", "files"]))
        };
        let file = match open_regular(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !required => return Ok(Self::default()),
            Err(error) => return Err(failed(&error)),
        };
        check_mode(path, &file, false).map_err(|error| failed(&error))??;
        let mut text = String::new();
        file.take(LIMIT + 1).read_to_string(&mut text).map_err(|error| failed(&error))?;
        if text.len() as u64 > LIMIT {
            return Err(failed(&io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 64 KiB")));
        }
        Self::parse(&text)
            .map_err(|error| error.doing(format!("the config file {} is wrong", path.display())))
    }

    /// Parses the text of a config file.
    pub fn parse(text: &str) -> Result<Self, CommandError> {
        let table: toml::Table = toml::from_str(text).map_err(|error| malformed(text, &error))?;
        let mut settings = BTreeMap::new();
        for (key, value) in table {
            if !SETTINGS.iter().any(|setting| setting.key == key && !key.is_empty()) {
                return Err(unknown(&key));
            }
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Boolean(switch) => switch.to_string(),
                toml::Value::Integer(number) => number.to_string(),
                _ => return Err(CommandError::usage(format!("`{key}` is neither text, number nor switch"))),
            };
            settings.insert(key, text);
        }
        Ok(Self(settings))
    }

    /// Returns a setting as text.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}

fn malformed(text: &str, error: &toml::de::Error) -> CommandError {
    assert!(!mutant("panic-on-malformed"), "a seeded bug");
    // The message alone: the parser's own rendering quotes the file.
    let line = error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
    CommandError::usage(format!("line {line}: {}", error.message()))
        .hinted(Hint::command("the keys are listed by", ["help", "environment"]))
}

fn unknown(key: &str) -> CommandError {
    let failure = CommandError::usage(format!("there is no setting `{key}`"));
    let keys = SETTINGS.iter().map(|setting| setting.key).filter(|key| !key.is_empty());
    match nearest(key, keys) {
        Some(word) => failure.hinted(Hint::text(format!("did you mean `{word}`?"))),
        None => failure.hinted(Hint::command("the keys are listed by", ["help", "environment"])),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn settings_are_text() {
        let config = Config::parse("timeout = '45s'\nno-input = true\nverbose = 1\n").unwrap();
        assert_eq!(config.get("timeout"), Some("45s"));
        assert_eq!(config.get("no-input"), Some("true"));
        assert_eq!(config.get("verbose"), Some("1"));
    }

    #[test]
    fn the_nearest_key_is_suggested() {
        let error = Config::parse("time-out = '45s'").unwrap_err();
        assert_eq!(error.hints()[0].to_string(), "did you mean `timeout`?");
        assert!(Config::parse("yes = true").is_err(), "consent has no key");
        assert!(Config::parse("'' = true").is_err());
        assert!(Config::parse("fields = 'name'").is_err(), "no two commands have the same fields");
    }

    #[test]
    fn broken_toml_names_the_line_and_quotes_nothing() {
        let error = Config::parse("output = 'json'\nvault = \u{1b}[31m").unwrap_err();
        let problem = error.problem();
        assert!(problem.message.starts_with("line 2: "), "{}", problem.message);
    }

    #[test]
    fn a_file_that_others_can_write_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        assert_eq!(Config::load(&path, false).unwrap(), Config::default());
        assert_eq!(Config::load(&path, true).unwrap_err().exit(), Exit::Usage);
        #[expect(clippy::disallowed_methods, reason = "a fixture")]
        std::fs::write(&path, "output = 'json'").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(Config::load(&path, false).unwrap_err().exit(), Exit::Refused);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(Config::load(&path, false).unwrap().get("output"), Some("json"));
    }

    /// A setting at its end must not be lost in silence.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a fixture")]
    fn a_large_file_is_refused_and_not_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        let filled = |size: usize| format!("output = 'json'\n#{}\n", "x".repeat(size - 18));
        std::fs::write(&path, filled(65_536)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(Config::load(&path, false).unwrap().get("output"), Some("json"));
        std::fs::write(&path, filled(65_537)).unwrap();
        assert_eq!(Config::load(&path, false).unwrap_err().exit(), Exit::Usage);
    }
}
