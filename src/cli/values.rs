//! Value parsers: text becomes a type here, and nowhere below.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::Timestamp;

use crate::domain::audit::Action;
use crate::output::Format;

/// Where the identity comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityFile {
    /// A file.
    Path(PathBuf),
    /// Standard input (`-`).
    Stdin,
    /// An inherited file descriptor (`fd:N`).
    Descriptor(u32),
}

impl fmt::Display for IdentityFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(out, "{}", path.display()),
            Self::Stdin => out.write_str("standard input"),
            Self::Descriptor(number) => write!(out, "file descriptor {number}"),
        }
    }
}

/// Whether text is, or holds, a private key: it is never quoted.
pub fn looks_secret(text: &str) -> bool {
    text.to_ascii_uppercase().contains("AGE-SECRET-KEY-") || text.contains("PRIVATE KEY")
}

/// Parses what names a recipient or a vault: anything but a private key.
pub fn public_text(text: &str) -> Result<String, String> {
    if looks_secret(text) {
        Err("this is a private key; name the public key that belongs to it, and keep this one secret"
            .to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// Parses `--identity-file`.
pub fn identity_file(text: &str) -> Result<IdentityFile, String> {
    match (text, text.strip_prefix("fd:")) {
        ("", _) => Err("it must name a file".to_owned()),
        _ if looks_secret(text) => {
            Err("this is a private key, not a file that holds one: put the key into TOKENCTL_IDENTITY"
                .to_owned())
        }
        ("-", _) => Ok(IdentityFile::Stdin),
        (_, Some(number)) => number
            .parse()
            .map(IdentityFile::Descriptor)
            .map_err(|_| "after `fd:` goes the number of an open file descriptor".to_owned()),
        (path, None) => Ok(IdentityFile::Path(path.into())),
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// The words that can be typed.
            pub const WORDS: &[&str] = &[$($word,)+];
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("it is one of {}", Self::WORDS.join(", "))),
                }
            }
        }
    };
}

words! {
    /// When to use colour.
    ColourChoice {
        /// On a terminal, unless the environment says otherwise.
        #[default]
        Auto = "auto",
        /// Even into a pipe.
        Always = "always",
        /// Not at all.
        Never = "never",
    }
}

words! {
    /// How the log is written.
    LogFormat {
        /// For people.
        #[default]
        Text = "text",
        /// One JSON object per event.
        Json = "json",
    }
}

impl ColourChoice {
    /// Whether to use colour on a stream that is, or is not, a terminal.
    pub fn on(self, terminal: bool) -> bool {
        match self {
            Self::Auto => terminal,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// Parses `--output`.
pub fn format() -> impl TypedValueParser<Value = Format> {
    parsed(&Format::ALL.map(Format::as_str))
}

/// Parses `--color`.
pub fn colour() -> impl TypedValueParser<Value = ColourChoice> {
    parsed(ColourChoice::WORDS)
}

/// Parses `--log-format`.
pub fn log_format() -> impl TypedValueParser<Value = LogFormat> {
    parsed(LogFormat::WORDS)
}

/// Returns a parser that lists `words` in help and completion, and parses one of them.
pub fn parsed<T>(words: &[&'static str]) -> impl TypedValueParser<Value = T> + use<T>
where
    T: FromStr<Err: fmt::Display> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words.iter().copied())
        .try_map(|word| word.parse::<T>().map_err(|error| error.to_string()))
}

/// Parses a duration: numbers with the units ms, s, m, h, d or w in a row, such as `90s`, `1h30m`, `7d`.
pub fn duration(text: &str) -> Result<Duration, String> {
    const HELP: &str = "a duration is a number and a unit, such as 500ms, 30s, 5m, 12h, 7d or 1h30m";
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit()).ok_or(HELP)?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|char: char| char.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let millis: u64 = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => return Err(HELP.to_owned()),
        };
        let number: u64 = number.parse().map_err(|_| HELP)?;
        let part = number.checked_mul(millis).ok_or("it is too long")?;
        total = total.checked_add(Duration::from_millis(part)).ok_or("it is too long")?;
        rest = tail;
    }
    match text {
        "" => Err(HELP.to_owned()),
        // A hundred years: no deadline overflows a clock.
        _ if total > Duration::from_hours(24 * 36_525) => Err("it is too long".to_owned()),
        _ => Ok(total),
    }
}

/// Parses a duration that is not zero.
pub fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be longer than nothing".to_owned()),
        duration => Ok(duration),
    }
}

/// Parses a tag `KEY=VALUE`: the key has letters, digits, `.`, `_`, `-`; the value is anything.
pub fn tag(text: &str) -> Result<(String, String), String> {
    let well_formed = |key: &str| {
        !key.is_empty() && key.chars().all(|char| char.is_ascii_alphanumeric() || "._-".contains(char))
    };
    match text.split_once('=') {
        Some((key, value)) if well_formed(key) => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a tag is KEY=VALUE; the key has letters, digits, `.`, `_` and `-`".to_owned()),
    }
}

/// Parses a company's new name: any text that can be seen.
pub fn company_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() { Err("a company must have a name".to_owned()) } else { Ok(name.to_owned()) }
}

/// A point in the past, given as such or as the time since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// An RFC 3339 time, or the beginning of a day in UTC.
    Time(Timestamp),
    /// This long ago.
    Ago(Duration),
}

impl Since {
    /// The point that is meant, seen from `now`.
    pub fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Time(time) => time,
            Self::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
        }
    }
}

/// Parses `--since`: an RFC 3339 time, a date, or a duration back.
pub fn since(text: &str) -> Result<Since, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(Since::Time(time));
    }
    if let Ok(start) = format!("{text}T00:00:00Z").parse::<Timestamp>() {
        return Ok(Since::Time(start));
    }
    duration(text).map(Since::Ago).map_err(|_| {
        "it is an RFC 3339 time, a date such as 2026-11-22, or a duration back such as 7d".to_owned()
    })
}

/// Parses `--action`: an action such as `key.create`, or the noun before its dot; a word that matches nothing would
/// look like an empty log.
pub fn action(text: &str) -> Result<String, String> {
    let known = Action::ALL.iter().map(|action| action.as_str());
    let mut nouns: Vec<&str> = known.clone().filter_map(|word| word.split('.').next()).collect();
    if known.clone().any(|word| word == text) || nouns.contains(&text) {
        return Ok(text.to_owned());
    }
    nouns.dedup();
    Err(match super::nearest(text, known.chain(nouns.iter().copied())) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("it is one of {}, or one of their actions such as key.create", nouns.join(", ")),
    })
}

/// Parses a switch of the environment or the config file.
pub fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("it is 1 or 0, true or false, yes or no, on or off".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations() {
        for (text, millis) in
            [("30s", 30_000), ("500ms", 500), ("1h30m", 5_400_000), ("7d", 604_800_000), ("0s", 0)]
        {
            assert_eq!(duration(text).unwrap(), Duration::from_millis(millis), "{text}");
        }
        for text in ["", "30", "s", "-5s", "1.5h", "5 m", "5M", "99999999999999999999s", "999999w", "5m "] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(positive_duration("0s").is_err());
        assert!(duration(&format!("{}ms", u64::MAX).repeat(1100)).is_err(), "no sum overflows");
    }

    #[test]
    fn tags() {
        assert_eq!(tag("env=prod=1").unwrap(), ("env".into(), "prod=1".into()));
        assert_eq!(tag("env=").unwrap().1, "");
        assert!(tag("=x").is_err() && tag("env").is_err() && tag("a b=c").is_err());
    }

    #[test]
    fn identity_files() {
        assert_eq!(identity_file("-").unwrap(), IdentityFile::Stdin);
        assert_eq!(identity_file("fd:3").unwrap(), IdentityFile::Descriptor(3));
        assert!(identity_file("fd:x").is_err() && identity_file("").is_err());
    }

    proptest! {
        #[test]
        fn no_text_breaks_a_parser(text in any::<String>()) {
            let _ = (duration(&text), tag(&text), identity_file(&text), switch(&text));
        }
    }
}
