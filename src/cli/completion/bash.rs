//! How Bash quotes: its completion gets the line as it was typed, and inserts answers as they are.
//!
//! Source: bash(1), QUOTING and Programmable Completion.

/// A line up to the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Its words without quotes; the last one is being typed and may be empty.
    pub(super) words: Vec<String>,
    /// What of the last word is not replaced by an answer, without quotes: Bash takes words apart at `=` and `:`, too.
    kept: String,
    /// The quote that is open where an answer goes.
    open: Option<char>,
}

impl Line {
    /// Takes a line apart; `replaced` is its end, which an answer takes the place of.
    pub(super) fn parse(line: &str, replaced: &str) -> Option<Self> {
        let raw = split(line);
        let (kept, open) = unquoted(raw.last()?.strip_suffix(replaced)?);
        let words: Vec<_> = raw.into_iter().map(|word| unquoted(word).0).collect();
        (words.len() > 1).then_some(Self { words, kept, open })
    }

    /// Returns what is to be inserted for the whole word `value`; `None` if it cannot be.
    pub(super) fn insert(&self, value: &str) -> Option<String> {
        quoted(value.strip_prefix(&self.kept)?, self.open)
    }
}

/// Returns the words of a line as they were typed; the last one may be empty.
fn split(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    loop {
        let end = word_end(rest);
        words.push(&rest[..end]);
        if end == rest.len() {
            return words;
        }
        rest = rest[end..].trim_start();
    }
}

/// Where the word ends that `text` begins with: at the first blank that is not quoted.
fn word_end(text: &str) -> usize {
    let mut open = None;
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match (open, char) {
            (None, char) if char.is_whitespace() => return at,
            (None, '\'' | '"') => open = Some(char),
            (Some(quote), char) if quote == char => open = None,
            (None | Some('"'), '\\') => drop(chars.next()),
            _ => {}
        }
    }
    text.len()
}

/// Returns `text` as the shell would read it, and the quote that is still open.
pub(super) fn unquoted(text: &str) -> (String, Option<char>) {
    let mut plain = String::with_capacity(text.len());
    let mut open = None;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match (open, char) {
            (None, '\'' | '"') => open = Some(char),
            (Some(quote), char) if quote == char => open = None,
            (None, '\\') => plain.extend(chars.next()),
            (Some('"'), '\\') => match chars.next() {
                Some(next) if "$`\"\\".contains(next) => plain.push(next),
                Some(next) => plain.extend(['\\', next]),
                None => {}
            },
            (_, char) => plain.push(char),
        }
    }
    (plain, open)
}

/// Returns `text` so that the shell reads it as it is, after the quote `open`; `None` if there is no such way.
fn quoted(text: &str, open: Option<char>) -> Option<String> {
    let mut line = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        match (open, char) {
            (Some('\''), '\'') => line.push_str("'\\''"),
            // Between double quotes nothing keeps it from naming a command of the history.
            (Some('"'), '!') => return None,
            (Some('"'), '$' | '`' | '"' | '\\') => line.extend(['\\', char]),
            (Some(_), char) => line.push(char),
            (None, char) if char.is_alphanumeric() || "_./:=@%+,-".contains(char) => line.push(char),
            (None, char) => line.extend(['\\', char]),
        }
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_taken_apart() {
        for (line, words) in [
            ("t ", vec!["t", ""]),
            ("t a", vec!["t", "a"]),
            ("t  a  b ", vec!["t", "a", "b", ""]),
            ("t 'a b' c", vec!["t", "a b", "c"]),
            ("t 'a b", vec!["t", "a b"]),
            (r#"t "a \"b" c\ d"#, vec!["t", "a \"b", "c d"]),
            (r"t a\", vec!["t", "a"]),
            (r#"t "a\b"#, vec!["t", "a\\b"]),
        ] {
            let replaced = split(line).last().copied().unwrap().to_owned();
            assert_eq!(Line::parse(line, &replaced).unwrap().words, words, "{line}");
        }
        assert_eq!(Line::parse("t", "t"), None, "the program itself");
        assert_eq!(Line::parse("t a", "b"), None, "not its end");
    }

    #[test]
    fn an_answer_takes_the_place_of_what_bash_replaces() {
        let insert = |line, replaced, value| Line::parse(line, replaced).unwrap().insert(value);
        assert_eq!(insert("t Ac", "Ac", "Acme Ltd").unwrap(), r"Acme\ Ltd");
        assert_eq!(insert(r"t Acme\ L", r"Acme\ L", "Acme Ltd").unwrap(), r"Acme\ Ltd");
        assert_eq!(insert("t 'Acme L", "Acme L", "Acme Ltd").unwrap(), "Acme Ltd");
        assert_eq!(insert("t 'O", "O", "O'Neill").unwrap(), r"O'\''Neill");
        assert_eq!(insert("t --company=Ac", "Ac", "--company=Acme Ltd").unwrap(), r"Acme\ Ltd");
        assert_eq!(insert("t --company=", "", "--company=$HOME").unwrap(), r"\$HOME");
        assert_eq!(insert("t \"A", "A", "A$(b)`c`").unwrap(), r"A\$(b)\`c\`");
        assert_eq!(insert("t \"A", "A", "A!b"), None);
        assert_eq!(insert("t --company=", "", "--else=x"), None);
        assert_eq!(insert("t ", "", "~root").unwrap(), r"\~root");
    }

    proptest! {
        #[test]
        fn what_is_inserted_is_read_as_it_was(value in "[ -~é]{0,12}", open in prop::option::of(prop::sample::select(vec!['\'', '"']))) {
            if let Some(text) = quoted(&value, open) {
                let line = format!("{}{text}", open.map(String::from).unwrap_or_default());
                prop_assert_eq!(unquoted(&line), (value, open));
            }
        }

        #[test]
        fn no_line_breaks_it(line in any::<String>(), replaced in any::<String>()) {
            let _ = Line::parse(&line, &replaced);
        }
    }
}
