//! One commit: against encrypting the same file.

use tokenctl::domain::audit::{Action, AuditEvent};
use tokenctl::vault::VaultError;

use std::fs;
use std::io::{BufWriter, Write as _};
use std::time::{Duration, Instant};

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
    let line = |work: &str, ours, (whose, theirs): (&str, Duration)| {
        let work = format!("{work}, {count} connections");
        let against = Some((format!("{whose}, encrypting the same"), theirs));
        report(&Line { work, ours, against, target: Target::Ratio(1.5) });
    };
    line("one commit, in an open vault", open.median(), (age, theirs.median()));
    line("one commit, as a process", whole.median(), (age, theirs.median()));
    if age != "rage" {
        // What `rage` would run, without its process around it.
        let [library] = in_turns(5, [&mut || encrypt_by_library(place)]);
        line("one commit, in an open vault", open.median(), ("rage's library", library.median()));
    }
}

/// Encrypts the decrypted database with the library that `rage` is made of.
fn encrypt_by_library(place: &Place) -> Duration {
    let recipient: age::x25519::Recipient = place.recipient().parse().expect("an age recipient");
    let start = Instant::now();
    let plain = fs::read(place.path("state.db")).expect("the decrypted database");
    let file = fs::File::create(place.path("state.age")).expect("a file");
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients).expect("a recipient");
    let mut writer = encryptor.wrap_output(BufWriter::new(file)).expect("a header");
    writer.write_all(&plain).expect("the file");
    writer.finish().and_then(|mut file| file.flush()).expect("the file");
    start.elapsed()
}
