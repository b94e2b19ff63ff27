//! What asks vendors, through the simulator in this process, which shares the machine with what is measured.

use std::process::Command;
use std::time::{Duration, Instant};

use super::cryptography::bare_signatures;
use super::{Bench, report, skip};
use crate::fixture::{Pairs, name};
use crate::measure::{Line, Target, Times, in_turns, milliseconds};
use crate::place::Place;
use crate::vendor::Vendor;

fn generation(place: &Place) -> u64 {
    place.open().generation().expect("it opens")
}

/// `verify --all`, against what the signatures alone cost.
pub fn verify_all(bench: &Bench, vendor: &Vendor, count: usize, pairs: &Pairs) {
    let place = vendor.netsuite(&bench.binary, count, pairs);
    let [ours, least] = in_turns(
        3,
        [&mut || place.time(&["verify", "--all", "--deadline=10m"]), &mut || bare_signatures(pairs, count)],
    );
    report(&Line {
        work: format!("verify --all, {count} connections"),
        ours: ours.median(),
        against: Some((format!("{count} keys imported, 1 signature each"), least.median())),
        target: Target::Ratio(1.5),
    });
    let [one] = in_turns(11, [&mut || place.time(&["token", "get", &name(1), "--refresh"])]);
    let before = std::fs::read(place.vault()).expect("the vault");
    place.run(&["token", "get", &name(2), "--refresh"]);
    let kept = std::fs::read(place.vault()).expect("the vault") == before;
    report(&Line {
        work: format!("a cache miss, {count} connections"),
        ours: one.median(),
        against: None,
        target: Target::Open,
    });
    println!(
        "    its writes: {}",
        if kept { "the journal's and the audit log's, no commit" } else { "A WHOLE COMMIT" }
    );
}

/// One refresh, against the bare exchange; and all of them.
pub fn refresh(bench: &Bench, vendor: &Vendor, count: usize) {
    let (place, app) = vendor.quickbooks(&bench.binary, count);
    let all = ["token", "refresh", "--all", "--due", "--deadline=10m"];
    let before = generation(&place);
    let due = place.time(&all);
    let commits = generation(&place) - before;
    let again = ["token", "refresh", "--all", "--deadline=10m"];
    let times = Times::new((0..2).map(|_| place.time(&again)).chain([due]).collect());
    report(&Line {
        work: format!("token refresh --all, {count} due connections"),
        ours: times.median(),
        against: None,
        target: Target::Open,
    });
    let each = times.median() / u32::try_from(count).unwrap_or(1);
    println!("    {} each, {commits} commit(s) in all", milliseconds(each));

    let Some(curl) = bench.tools.curl else { return skip("one refresh", "curl is not installed") };
    let url = vendor.simulator.control().quickbooks().token_url();
    let (_, mut token) = vendor.company(&app, "bare");
    let user = format!("{}:{}", app.client_id, app.client_secret);
    let mut bare = || {
        let mut post = Command::new(curl);
        post.args(["-sf", "--noproxy", "*", "-u", &user, "-d", "grant_type=refresh_token"]);
        post.arg("--data-urlencode").arg(format!("refresh_token={token}")).arg(&url);
        let start = Instant::now();
        let output = post.output().expect("curl starts");
        let took = start.elapsed();
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("an answer");
        answer["refresh_token"].as_str().expect("a refresh token").clone_into(&mut token);
        took
    };
    let mut number = 0;
    let mut ours = || -> Duration {
        number = (number + 1) % count;
        place.time(&["token", "refresh", &name(number)])
    };
    let [ours, theirs] = in_turns(11.min(count), [&mut ours, &mut bare]);
    report(&Line {
        work: format!("token refresh of one, {count} connections"),
        ours: ours.median(),
        against: Some(("curl, the bare exchange".to_owned(), theirs.median())),
        target: Target::Open,
    });
}
