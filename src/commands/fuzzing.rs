//! The door to the files that commands read; see `crate::fuzzing`.

use super::{import_file, invite, token};
use crate::domain::settings::Settings;
use crate::fuzzing::Target;

/// What belongs to `commands`.
pub(crate) const TARGETS: &[Target] = &[
    ("connection_import", connection_import),
    ("token_takeover", token::fuzzing::takeover),
    ("mint_file", invite::fuzzing::mint_file),
    ("presented_token", invite::fuzzing::presented),
];

fn connection_import(bytes: &[u8]) {
    let Ok(rows) = import_file::parse(bytes) else { return };
    assert!(!rows.is_empty(), "a file without rows is an error");
    for (index, row) in rows.into_iter().enumerate() {
        assert_eq!(row.row, index + 1);
        match row.parsed {
            // The settings are stored as JSON and must come back.
            Ok(new) => {
                let json = serde_json::to_string(&new.settings).expect("settings are representable in JSON");
                let again = Settings::from_json(new.provider, &json);
                assert_eq!(again.ok(), Some(new.settings));
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
