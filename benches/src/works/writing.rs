//! One commit: against encrypting the same file.

use tokenctl::domain::audit::{Action, AuditEvent};
use tokenctl::vault::VaultError;

use std::time::Instant;

use super::{Bench, report, skip};
use crate::fixture::name;
use crate::measure::{Line, Target, in_turns, once};
use crate::place::Place;

/// A commit as a whole process (which reads, verifies, writes, syncs and records) and in an open vault, against `age`,
/// which reads and writes.
pub fn commit(bench: &Bench, count: usize, place: &Place) {
    let encrypt = bench.tools.decrypt(place).and_then(|state| {
        Some((bench.tools.encrypt(place, &state)?, place.path("state.age"), bench.tools.age?))
    });
    let Some((mut encrypt, out, age)) = encrypt else { return skip("one commit", "age is not installed") };
    let wanted = name(count / 2);
    let mut on = false;
    let vault = place.open();
    let [whole, open, theirs] = in_turns(
        11,
        [
            &mut || {
                on = !on;
                place.time(&["connection", if on { "disable" } else { "enable" }, &wanted])
            },
            &mut || {
                // The process above committed meanwhile: what is read again is not part of a commit.
                let event = AuditEvent::new(Action::VaultAnchor);
                vault.transact::<_, VaultError>(&event, |_| Ok(())).expect("a commit");
                let start = Instant::now();
                vault.transact::<_, VaultError>(&event, |_| Ok(())).expect("a commit");
                start.elapsed()
            },
            &mut || {
                let _ = std::fs::remove_file(&out);
                once(&mut encrypt)
            },
        ],
    );
    let against = || Some((format!("{age}, encrypting the same"), theirs.median()));
    let line = |work: &str, ours| {
        let work = format!("{work}, {count} connections");
        report(&Line { work, ours, against: against(), target: Target::Ratio(1.5) });
    };
    line("one commit, in an open vault", open.median());
    line("one commit, as a process", whole.median());
}
