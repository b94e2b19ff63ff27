//! Process start, and commands that read: against the `sqlite3` shell reading the same from the decrypted database.

use std::process::Command;
use std::time::Duration;

use super::{Bench, report, skip};
use crate::fixture::name;
use crate::measure::{Line, Target, in_turns, milliseconds, once};
use crate::place::Place;

/// What any process costs.
pub fn process_start(bench: &Bench, place: &Place) {
    let Some(age) = bench.tools.age else { return skip("process start", "age is not installed") };
    for argument in ["--version", "--help"] {
        let [ours, theirs] = in_turns(
            bench.runs,
            [&mut || place.time(&[argument]), &mut || once(Command::new(age).arg("--version"))],
        );
        report(&Line {
            work: format!("process start, {argument}"),
            ours: ours.median(),
            against: Some((format!("{age} --version"), theirs.median())),
            target: Target::Ratio(1.2),
        });
    }
}

/// A cached token: the row, the journal, the audit record; against the row.
pub fn cached_token(bench: &Bench, vaults: &[(usize, Place)]) {
    let mut medians = Vec::new();
    for (count, place) in vaults {
        let wanted = name(count / 2);
        let state = bench.tools.decrypt(place);
        let sql = format!(
            "SELECT hex(sealed_token) FROM tokens JOIN connections ON id = connection_id WHERE name = '{wanted}'"
        );
        let query = state.and_then(|state| bench.tools.query(&state, &sql));
        let Some(mut query) = query else {
            return skip("cached token get", "age or sqlite3 is not installed");
        };
        let get = ["token", "get", &wanted];
        let [ours, theirs] = in_turns(bench.runs, [&mut || place.time(&get), &mut || once(&mut query)]);
        medians.push(ours.median());
        report(&Line {
            work: format!("cached token get, {count} connections"),
            ours: ours.median(),
            against: Some(("sqlite3".to_owned(), theirs.median())),
            target: Target::Ratio(1.5),
        });
    }
    if let (Some(first), Some(last)) = (medians.first(), medians.last()) {
        let growth = last.as_secs_f64() / first.as_secs_f64();
        println!(
            "    from the smallest vault to the largest: {} to {}, {growth:.2} x",
            milliseconds(*first),
            milliseconds(*last)
        );
    }
}

/// Single rows and listings of the largest vault.
pub fn listings(bench: &Bench, count: usize, place: &Place) {
    let wanted = name(count / 2);
    let time = |work: &str, arguments: &[&str], runs: usize, target: Target| {
        let [ours] = in_turns(runs, [&mut || place.time(arguments)]);
        report(&Line {
            work: format!("{work}, {count} connections"),
            ours: ours.median(),
            against: None,
            target,
        });
    };
    let list = |ms| Target::Within(Duration::from_millis(ms));
    time("connection show", &["connection", "show", &wanted], bench.runs, Target::Open);
    time("app list", &["app", "list"], bench.runs, Target::Open);
    time("connection list", &["connection", "list"], 11, list(150));
    time("connection list as JSON", &["connection", "list", "-o", "json"], 11, Target::Open);
    time("status", &["status"], 11, Target::Open);
    if place.knows(&["company", "list"]) {
        time("company list", &["company", "list"], 11, list(150));
    } else {
        skip("company list", "this binary has no such command");
    }
    completion(count, place);
}

/// The names that a shell asks for, by the protocol of `clap_complete`.
fn completion(count: usize, place: &Place) {
    let work = format!("names for completion, {count} connections");
    let ask = || {
        let mut command = place.command(&["--", "tokenctl", "connection", "show", "customer-"]);
        command.env("COMPLETE", "fish").env("_CLAP_COMPLETE_INDEX", "3");
        command
    };
    let answer = ask().output().expect("the program starts");
    if !String::from_utf8_lossy(&answer.stdout).contains(&name(0)) {
        return skip(&work, "this binary completes no names");
    }
    let [ours] = in_turns(21, [&mut || once(&mut ask())]);
    let target = Target::Within(Duration::from_millis(50));
    report(&Line { work, ours: ours.median(), against: None, target });
}
