//! Finds a flag's value in arguments that may not parse: even a usage error comes in the format asked for.

use std::ffi::OsString;

/// Returns the last value of the flag `--long` (or `-short`) in `argv`, wherever it stands before `--`.
pub fn value_of(argv: &[OsString], long: &str, short: Option<char>) -> Option<String> {
    let mut found = None;
    let mut words = argv.iter().skip(1).map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        let attached = if let Some(name) = word.strip_prefix("--") {
            match name.split_once('=') {
                Some((name, value)) if name == long => Some(value.to_owned()),
                None if name == long => Some(String::new()),
                _ => None,
            }
        } else {
            word.strip_prefix('-').zip(short).and_then(|(cluster, short)| value_in_cluster(cluster, short))
        };
        match attached {
            Some(value) if value.is_empty() => found = words.next().map(Into::into).or(found),
            Some(value) => found = Some(value),
            None => {}
        }
    }
    found
}

/// In `qvojson` or `vo=json` returns `json`; in `vo` returns nothing, for the value is the next word.
fn value_in_cluster(cluster: &str, short: char) -> Option<String> {
    /// Short flags without a value, which may stand before one that has one.
    const SWITCHES: [char; 6] = ['q', 'v', 'y', 'n', 'h', 'V'];
    let rest = cluster.trim_start_matches(SWITCHES).strip_prefix(short)?;
    Some(rest.strip_prefix('=').unwrap_or(rest).to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn output(line: &str) -> Option<String> {
        let argv: Vec<OsString> = line.split(' ').map(Into::into).collect();
        value_of(&argv, "output", Some('o'))
    }

    #[test]
    fn every_spelling() {
        for line in [
            "t --output json x",
            "t x --output=json",
            "t -o json",
            "t -ojson",
            "t -o=json",
            "t -vvo json",
            "t -qojson",
            "t -o csv -o json",
        ] {
            assert_eq!(output(line).as_deref(), Some("json"), "{line}");
        }
        for line in ["t", "t -- -o json", "t --outputs json", "t -x json", "t -o"] {
            assert_eq!(output(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_arguments_break_it(argv in proptest::collection::vec(any::<String>(), 0..6)) {
            let argv: Vec<OsString> = argv.into_iter().map(Into::into).collect();
            let _ = value_of(&argv, "output", Some('o'));
        }
    }
}
