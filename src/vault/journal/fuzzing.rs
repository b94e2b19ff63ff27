//! The door to the documents of entries; see `crate::fuzzing`.

use super::EntryName;
use super::entry::{Entry, accesses_document, grant_document, token_document};

/// A document as it is found behind a good signature, and a file name.
pub(in crate::vault) fn entry(bytes: &[u8]) {
    if let Ok(name) = std::str::from_utf8(bytes)
        && let Some(entry) = EntryName::parse(name)
    {
        assert_eq!(entry.file_name(), name, "an entry has one name");
    }
    let Some(written) = rewritten(bytes) else { return };
    let again = rewritten(&written).expect("what we write we read");
    assert_eq!(again, written, "nothing is lost by reading and writing");
}

fn rewritten(body: &[u8]) -> Option<Vec<u8>> {
    let document = match Entry::read(body).ok()? {
        Entry::AccessToken(token) => token_document(&token),
        Entry::Grant(grant, token) => grant_document(&grant, token.as_ref()),
        Entry::Accesses(window) => accesses_document(&window),
    };
    Some(document.expect("an entry is plain JSON").to_vec())
}
