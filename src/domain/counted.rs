//! Numbers of things in sentences.

use std::fmt::Display;

/// Returns a number with what is counted: `1 key`, `2 keys`, `0 entries`.
///
/// `noun` is one of them, whose plural is regular; a number that is `1` as text is one.
pub fn counted(number: impl Display, noun: &str) -> String {
    let number = number.to_string();
    if number == "1" {
        return format!("{number} {noun}");
    }
    match noun.strip_suffix('y') {
        // As in `company`, unlike `day` and `key`.
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{number} {stem}ies"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        for (number, noun, text) in [
            (1, "key", "1 key"),
            (2, "key", "2 keys"),
            (0, "entry", "0 entries"),
            (-1, "day", "-1 days"),
            (11, "company", "11 companies"),
        ] {
            assert_eq!(counted(number, noun), text);
        }
    }
}
