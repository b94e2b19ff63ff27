//! The door to the files of grants; see `crate::fuzzing`.

use super::takeover_file;
use crate::ops::takeover::Source;
use crate::secret::Secret;

pub(in crate::commands) fn takeover(bytes: &[u8]) {
    let Ok(rows) = takeover_file::parse(&Secret::new(bytes.to_vec())) else { return };
    assert!(!rows.is_empty(), "a file without rows is an error");
    for row in rows {
        match row.parsed.map(|takeover| takeover.source) {
            Ok(Source::Token(token)) => {
                let token = token.expose();
                assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
            }
            Ok(_) => panic!("a file holds tokens"),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
