//! A token that somebody presents: in a file, on standard input, alone or in its link.

use std::path::Path;

use zeroize::Zeroizing;

use crate::app::App;
use crate::commands::CommandError;
use crate::secret::{Secret, SecretString};

/// Reads the token in the file; a link is reduced to what it carries.
pub(super) fn read(app: &App, path: &Path) -> Result<SecretString, CommandError> {
    let text = app.read_secret(path)?.into_text();
    let text = text.ok_or_else(|| CommandError::usage("the file holds no token: it is not text"))?;
    let token = token_in(text.expose());
    if token.is_empty() {
        return Err(CommandError::usage("the file holds no token: it is empty"));
    }
    Ok(Secret::new(token.to_owned()))
}

/// Returns what a link carries, or the text, without the white space around it.
pub(super) fn token_in(text: &str) -> &str {
    let text = text.trim();
    let carried = ["#token=", "?token=", "&token="].into_iter().find_map(|mark| text.split_once(mark));
    match carried {
        Some((page, rest)) if page.starts_with("https://") => {
            rest.split(['&', '#']).next().unwrap_or(rest).trim()
        }
        _ => text,
    }
}

/// Joins `parts` in one allocation: a buffer that grows would leave copies behind.
pub(super) fn joined(parts: &[&str]) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_reduced_to_its_token() {
        for text in [
            "a.b.c",
            " a.b.c\n",
            "https://app.example/#token=a.b.c",
            "https://app.example/?token=a.b.c",
            "https://app.example/?l=de&token=a.b.c&utm_source=mail",
            "https://app.example/?token=a.b.c#top\r\n",
            "https://app.example/?token=a.b.c\r#top",
        ] {
            assert_eq!(token_in(text), "a.b.c", "{text}");
        }
        assert_eq!(token_in("http://x/#token=a.b.c"), "http://x/#token=a.b.c");
        assert_eq!(token_in("a b.c"), "a b.c");
    }
}
