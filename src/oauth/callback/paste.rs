//! The pasted way back: for where the browser cannot reach the listener.

use url::{Position, Url};
use zeroize::Zeroizing;

use super::query::Parameters;
use super::transaction::{Redirect, Stray, Transaction};
use crate::secret::SecretString;

/// The longest text that is looked at, in bytes.
const LONGEST: usize = 32 * 1024;

/// Why a pasted text is not taken. It says nothing of the text's contents but the place, which is ours to know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasteError {
    /// Nothing but white space.
    #[error("nothing was pasted")]
    Empty,
    /// More than 32 KiB.
    #[error("that is too long to be an address")]
    TooLong,
    /// Neither an address nor a query: a code alone, most likely.
    #[error("that is not a whole address: a code alone does not tell which login it belongs to")]
    NotAnAddress,
    /// The login page's own address.
    #[error("that is the address of the login page itself: log in there first, then copy where it leads")]
    LoginPage,
    /// An address of another place.
    #[error("that address does not begin with {expected}")]
    OtherPlace {
        /// The redirect URI.
        expected: String,
    },
    /// The right place, and nothing in it: the page after the redirect, or an address that was cut off.
    #[error("that address holds no answer: it must have `code=` and `state=` in it")]
    NoAnswer,
    /// An answer, but not the one that is waited for.
    #[error("that address is not the one that is waited for: {0}")]
    Stray(#[from] Stray),
}

pub(super) fn read(transaction: &Transaction, text: &SecretString) -> Result<Redirect, PasteError> {
    if text.expose().len() > LONGEST {
        return Err(PasteError::TooLong);
    }
    let text = cleaned(text.expose());
    if text.is_empty() {
        return Err(PasteError::Empty);
    }
    let whole = text.split_once('?').map_or(text.as_str(), |(_, query)| query);
    if Parameters::read(whole, None).is_request() {
        return Err(PasteError::LoginPage);
    }
    let query = query_of(&text, &transaction.expectation().places)?;
    if Parameters::read(query, None).holds_nothing() {
        return Err(PasteError::NoAnswer);
    }
    Ok(transaction.judge(query)?)
}

/// Returns the query of an address at one of `places`, or of what is left of one; without fragment.
fn query_of<'a>(text: &'a str, places: &[Url]) -> Result<&'a str, PasteError> {
    // RFC 6749 section 4.1.2: the answer is in the query. Some servers add an empty fragment.
    let text = text.split('#').next().unwrap_or_default();
    let (before, query) = match text.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (text, None),
    };
    if before.is_empty() {
        return query.ok_or(PasteError::NoAnswer);
    }
    if query.is_none() && before.contains('=') && !before.contains("://") {
        return Ok(before); // a query without its question mark
    }
    let other_place = || match places.first() {
        Some(place) => PasteError::OtherPlace { expected: place.to_string() },
        None => PasteError::NotAnAddress,
    };
    if before.starts_with('/') {
        let known = places.iter().any(|place| place.path() == before);
        return if known { query.ok_or(PasteError::NoAnswer) } else { Err(other_place()) };
    }
    // A browser's address bar leaves the scheme out for people, and some copy it so.
    let known = |address: &Url| {
        places.iter().any(|place| place[..Position::AfterPath] == address[..Position::AfterPath])
    };
    let address = match Url::parse(text) {
        Ok(address) if address.has_host() => Some(address),
        _ => places.iter().find_map(|place| {
            Url::parse(&format!("{}://{text}", place.scheme())).ok().filter(|address| known(address))
        }),
    };
    match (address, query) {
        (Some(address), Some(query)) if known(&address) => Ok(query),
        (Some(address), None) if below(&address, places) => Err(PasteError::NoAnswer),
        (Some(_), _) => Err(other_place()),
        (None, _) => Err(PasteError::NotAnAddress),
    }
}

/// Whether an address lies at or below one of `places`, as our own pages do.
fn below(address: &Url, places: &[Url]) -> bool {
    places.iter().any(|place| {
        address[..Position::AfterPath].starts_with(place[..Position::AfterPath].trim_end_matches('/'))
    })
}

/// Takes off what terminals, mail programs, shells and copied HTML put around and into an address.
fn cleaned(text: &str) -> Zeroizing<String> {
    // Bracketed paste (xterm): a terminal may wrap what is pasted in these.
    let text = Zeroizing::new(text.replace("\u{1b}[200~", "").replace("\u{1b}[201~", ""));
    let mut bare = Zeroizing::new(String::with_capacity(text.len()));
    // An address holds none of these unescaped (RFC 3986 section 2); line breaks come from wrapped windows, and
    // backslashes from shells that quote `?`, `&` and `=` while pasting.
    bare.extend(text.chars().filter(|char| {
        !(char.is_whitespace() || char.is_control() || matches!(char, '\\' | '\u{feff}' | '\u{200b}'))
    }));
    let bare = Zeroizing::new(bare.replace("&amp;", "&"));
    let quotes = ['"', '\'', '`', '<', '>', '“', '”', '‘', '’', '«', '»'];
    Zeroizing::new(bare.trim_matches(quotes).to_owned())
}

#[cfg(test)]
#[path = "paste_tests.rs"]
mod tests;
