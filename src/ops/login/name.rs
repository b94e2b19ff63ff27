//! A name for a connection that nobody named: by what the company is called.

use crate::domain::ids::ConnectionName;
use crate::vault::{Rows, VaultError};

/// Characters of a name that is made, but for a number behind it.
const LONGEST: usize = 40;

/// Returns the words of `text` as a name: lower case, `-` between them; `None` if nothing is left of it.
fn base(text: &str) -> Option<String> {
    let mut name = String::new();
    for char in text.chars().flat_map(char::to_lowercase) {
        match letters(char) {
            "" if char.is_ascii_alphanumeric() => name.push(char),
            // An apostrophe does not part words.
            "" if matches!(char, '\'' | '’') => {}
            "" if name.is_empty() || name.ends_with('-') => {}
            "" => name.push('-'),
            plain => name.push_str(plain),
        }
    }
    name.truncate(LONGEST); // all of it is ASCII
    let name = name.trim_end_matches('-').to_owned();
    Some(name).filter(|name| !name.is_empty())
}

/// How the Latin letters of western Europe are written without marks; nothing for what is none of them.
fn letters(char: char) -> &'static str {
    match char {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'ì' | 'í' | 'î' | 'ï' | 'ī' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ő' | 'ō' => "o",
        'ö' | 'ø' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' => "s",
        'ß' => "ss",
        'ţ' | 'ť' => "t",
        'ù' | 'ú' | 'û' | 'ů' | 'ű' | 'ū' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => "",
    }
}

/// Returns a name that no connection has yet, by the first of `texts` that gives one.
pub(super) fn unused<'a>(
    rows: &Rows<'_>,
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<ConnectionName, VaultError> {
    let base = texts.into_iter().find_map(base).unwrap_or_else(|| "connection".to_owned());
    for number in 1_u32.. {
        let name = if number == 1 { base.clone() } else { format!("{base}-{number}") };
        // expect: `base` is 1 to 40 letters, digits and dashes that begin with no dash; the rest is a dash and digits.
        let name: ConnectionName = name.parse().expect("a name of letters, digits and dashes");
        if rows.connection(&name)?.is_none() {
            return Ok(name);
        }
    }
    // Not in this world: four billion connections.
    Err(VaultError::Taken(format!("every name like `{base}` is in use")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_readable() {
        for (text, name) in [
            ("Acme Ltd", "acme-ltd"),
            ("  Müller & Söhne GmbH. ", "mueller-soehne-gmbh"),
            ("Sandbox Company_US_1", "sandbox-company-us-1"),
            ("Bob's Café", "bobs-cafe"),
            ("O’Neill", "oneill"),
            ("--rf /", "rf"),
            ("\u{202e}evil\u{1b}[31m", "evil-31m"),
            ("=cmd()", "cmd"),
            ("株式会社 ABC", "abc"),
        ] {
            assert_eq!(base(text).as_deref(), Some(name), "{text:?}");
        }
        assert_eq!(base("株式会社"), None);
        assert_eq!(base(""), None);
        assert_eq!(base(&"long name ".repeat(20)).unwrap().len(), 39);
    }

    proptest! {
        #[test]
        fn whatever_a_company_is_called_the_name_is_one(text in any::<String>()) {
            if let Some(name) = base(&text) {
                prop_assert!(name.parse::<ConnectionName>().is_ok(), "{}", name);
                let numbered = name.clone() + "-4294967295";
                prop_assert!(numbered.parse::<ConnectionName>().is_ok(), "{}", numbered);
            }
        }
    }
}
