//! Measures whole processes of the release binary and prints ratios against stock tools, taken in the same run.
//!
//! `cargo benchmark [quick] [keep] [WORK…]` builds the binary, makes the vaults (1, 1,000 and 10,000 connections with 4096-bit
//! keys, certificates, tokens, QuickBooks grants) in temporary folders, and prints a line for each work as soon as it is
//! known. `quick` takes smaller vaults and fewer runs, `keep` leaves the folders behind; works are named by the words in [`WORKS`]. Nothing here is a test:
//! a target that is missed is printed, and the exit code stays 0.
#![allow(clippy::disallowed_methods, reason = "a stopwatch and throw-away files; the bans are the program's")]

mod fixture;
mod measure;
mod place;
mod tools;
mod vendor;
mod works;

use std::time::Instant;

use fixture::Pairs;
use place::{Binary, Place};
use tools::Tools;
use vendor::Vendor;
use works::{Bench, cryptography, invitations, reading, vendors, writing};

/// What can be asked for.
const WORKS: [&str; 8] = ["start", "token", "list", "commit", "key", "invite", "verify", "refresh"];

fn main() {
    let mut asked: Vec<String> = std::env::args().skip(1).collect();
    let quick = asked.iter().any(|word| word == "quick");
    asked.retain(|word| word != "quick" && word != "keep");
    if let Some(unknown) = asked.iter().find(|word| !WORKS.contains(&word.as_str())) {
        eprintln!("`{unknown}` is no work; there are: quick, keep, {}", WORKS.join(", "));
        std::process::exit(2);
    }
    let wants = |work: &str| asked.is_empty() || asked.iter().any(|word| word == work);

    let bench = Bench { binary: Binary::build(), tools: Tools::find(), runs: if quick { 11 } else { 41 } };
    let sizes: &[usize] = if quick { &[1, 1_000] } else { &[1, 1_000, 10_000] };
    let pairs = Pairs::make();
    if wants("start") {
        reading::process_start(&bench, &Place::new(&bench.binary));
    }
    if ["token", "list", "commit"].into_iter().any(&wants) {
        on_vaults(&bench, sizes, &pairs, &wants);
    }
    if wants("key") {
        cryptography::keys(&bench, if quick { 5 } else { 25 });
    }
    if wants("invite") {
        invitations::mint_and_check(if quick { 50 } else { 300 });
    }
    let vendor = Vendor::start();
    if wants("verify") {
        vendors::verify_all(&bench, &vendor, if quick { 100 } else { 1_000 }, &pairs);
    }
    if wants("refresh") {
        vendors::refresh(&bench, &vendor, if quick { 100 } else { 1_000 });
    }
}

fn on_vaults(bench: &Bench, sizes: &[usize], pairs: &Pairs, wants: &dyn Fn(&str) -> bool) {
    let start = Instant::now();
    let vaults: Vec<_> =
        sizes.iter().map(|count| (*count, fixture::vault(&bench.binary, *count, pairs))).collect();
    for (count, place) in &vaults {
        let length = std::fs::metadata(place.vault()).map_or(0, |metadata| metadata.len());
        let folder = place.path("");
        println!("    a vault of {count} connections: {} KiB, {}", length / 1024, folder.display());
    }
    println!("    made in {:.0} s", start.elapsed().as_secs_f64());
    if wants("token") {
        reading::cached_token(bench, &vaults);
    }
    let Some((count, largest)) = vaults.last() else { return };
    if wants("list") {
        reading::listings(bench, *count, largest);
    }
    if wants("commit") {
        writing::commit(bench, *count, largest);
    }
}
