//! The door to what the vault reads; see `crate::fuzzing`.

use std::path::Path;

use super::highwater::Mark;
use super::trailer::{Commit, FOOTER, Footer};
use super::{audit_log, journal, reader};
use crate::fuzzing::Target;

/// What belongs to `vault`.
pub(crate) const TARGETS: &[Target] = &[
    ("trailer", trailer),
    ("high_water_mark", high_water_mark),
    ("journal_entry", journal::fuzzing::entry),
    ("audit_log", audit_log::fuzzing::log),
    ("database_pages", reader::fuzzing::pages),
    ("vault_file", reader::fuzzing::file),
];

/// The end of a plaintext: hashes and footer.
fn trailer(bytes: &[u8]) {
    let Some((hashes, footer)) = bytes.split_last_chunk::<FOOTER>() else { return };
    // A plaintext of that length, and the one that the footer itself asks for.
    let image = footer[4..].first_chunk().map_or(0, |length| u64::from_be_bytes(*length));
    let fitting =
        image.div_ceil(64 * 1024).saturating_mul(32).saturating_add(FOOTER as u64).saturating_add(image);
    for length in [bytes.len() as u64, fitting] {
        match Footer::parse(footer, length) {
            Ok(footer) => {
                assert_eq!(footer.image_length.checked_add(footer.trailer_length()), Some(length));
                assert!(footer.verify(hashes).is_err(), "nobody signed this");
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

fn high_water_mark(bytes: &[u8]) {
    let Ok(mark) = serde_json::from_slice::<Mark>(bytes) else { return };
    for path in [Path::new("/v/vault.age"), Path::new("/v/vault.age.prev")] {
        let known = mark.pins_for(path);
        assert!(known.pins.len() <= 2);
        let _ = mark.is_previous(path);
    }
    for generation in [0, 1, 5, u64::MAX] {
        let commit = Commit { vault: [7; 16], generation, parent: [9; 32] };
        let _ = mark.admit(&commit, &[3; 32]).map_err(|error| error.to_string());
    }
    let json = serde_json::to_vec(&mark).expect("a mark is plain JSON");
    assert_eq!(serde_json::from_slice::<Mark>(&json).ok(), Some(mark));
}
