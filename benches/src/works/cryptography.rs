//! Keys: against `openssl`.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PSS_SHA256;

use super::{Bench, report, skip};
use crate::fixture::{Pairs, name};
use crate::measure::{Line, Target, Times, once};
use crate::place::{Binary, Place};

fn connections(binary: &Binary, count: usize) -> Place {
    let place = Place::new(binary);
    let rows = (0..count).map(|number| format!("{},1234567,client-{number}\n", name(number)));
    let csv = place.put("netsuite.csv", &format!("name,account,client_id\n{}", rows.collect::<String>()));
    place.run(&["connection", "import", &csv]);
    place
}

/// One key at a time, and many at once.
pub fn keys(bench: &Bench, count: usize) {
    let Some(openssl) = bench.tools.openssl else { return skip("RSA-4096 key", "openssl is not installed") };
    let place = connections(&bench.binary, count);
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..count {
        times[0].push(place.time(&["keygen", &name(number)]));
        let mut genpkey = Command::new(openssl);
        genpkey.args([
            "genpkey",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:4096",
            "-out",
            "/dev/null",
        ]);
        times[1].push(once(&mut genpkey));
    }
    let [ours, theirs] = times.map(Times::new);
    report(&Line {
        work: format!("RSA-4096 key, mean of {count}"),
        ours: ours.mean(),
        against: Some(("openssl genpkey".to_owned(), theirs.mean())),
        target: Target::Ratio(0.7),
    });
    let many = connections(&bench.binary, count);
    let each = many.time(&["keygen", "--all-missing", "--deadline=30m"]) / u32::try_from(count).unwrap_or(1);
    report(&Line {
        work: format!("RSA-4096 key, each of {count} at once"),
        ours: each,
        against: Some(("one at a time".to_owned(), ours.mean())),
        target: Target::Open,
    });
}

/// What `count` keys cost that are imported and sign once each, on all cores: the least that a verification can take.
pub fn bare_signatures(pairs: &Pairs, count: usize) -> Duration {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let start = Instant::now();
    thread::scope(|scope| {
        for worker in 0..workers {
            scope.spawn(move || {
                let random = SystemRandom::new();
                for number in (worker..count).step_by(workers) {
                    let pkcs8 = pairs.0[number % pairs.0.len()].0.pkcs8();
                    let key = KeyPair::from_pkcs8(pkcs8.expose()).expect("a key");
                    let mut signature = vec![0; key.public_modulus_len()];
                    key.sign(&RSA_PSS_SHA256, &random, b"an assertion", &mut signature).expect("a signature");
                }
            });
        }
    });
    start.elapsed()
}
