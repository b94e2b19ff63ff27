//! The door to the files of invitations and to presented links; see `crate::fuzzing`.

use super::mint_file::{self, MintDefaults};
use super::presented;

pub(in crate::commands) fn mint_file(bytes: &[u8]) {
    let defaults = MintDefaults { ttl_seconds: None, email_in_token: false };
    let Ok(rows) = mint_file::parse(bytes, &defaults) else { return };
    assert!(!rows.is_empty(), "a file without rows is an error");
    for (index, (number, row)) in rows.into_iter().enumerate() {
        assert_eq!(number, index + 1);
        match row {
            Ok(request) => assert!(!request.company.as_str().is_empty()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

pub(in crate::commands) fn presented(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let token = presented::token_in(&text);
    assert!(text.contains(token));
    assert_eq!(token, token.trim());
}
