//! R18: a vendor that is slow, or never ends, costs neither more time than was given nor memory.

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::time::Duration;

use tokenctl::clock::Clock;
use tokenctl::sim::Fault;

use crate::common::proof::reached;
use crate::office::{Desk, Office, in_parallel};
use crate::server::{answer, http, serve};

/// What the process may ever have had in memory: 64 MB, in KiB as the kernel counts.
const MEMORY: u64 = 64_000_000 / 1024;

/// What may come on top of the time that was given.
const GRACE: Duration = Duration::from_secs(1);

/// When a run is given up: well past every limit and its grace.
const PATIENCE: Duration = Duration::from_millis(3500);

/// A way of never being done, or of being too much.
type Burden = (&'static str, fn(&Desk<'_>));

/// They make us wait.
const SLOW: &[Burden] = &[
    ("slow headers", |at| at.arm(Fault::SlowHeaders { milliseconds: 60_000 })),
    ("slow body", |at| at.arm(Fault::SlowBody { milliseconds: 60_000 })),
    ("drip", |at| at.arm(Fault::Drip { milliseconds: 50 })),
    ("endless interim answers", |at| forever(at, "", b"HTTP/1.1 103 Early Hints\r\n\r\n")),
    ("silence", |at| at.lead_to(&serve(|_| std::thread::park()))),
    ("silence instead of TLS", |at| {
        at.lead_to(&serve(|_| std::thread::park()).replace("http:", "https:"));
    }),
];

/// They are more than anybody can take; each keeps a core busy.
const LARGE: &[Burden] = &[
    ("endless body", |at| at.arm(Fault::EndlessBody {})),
    ("redirect loop", |at| at.arm(Fault::Redirect { status: 302, location: None })),
    ("deep JSON", |at| at.arm(Fault::DeepJson { depth: 500_000 })),
    ("deep JSON to the limit", |at| {
        let body = format!("{{\"a\":{}", "[".repeat(1024 * 1024 - 5));
        at.lead_to(&answer(http(200, "application/json", &body)));
    }),
    ("many members", |at| {
        let body = format!("{{{}\"a\":1}}", "\"a\":1,".repeat(150_000));
        at.lead_to(&answer(http(200, "application/json", &body)));
    }),
    ("endless body of small pieces", |at| forever(at, "HTTP/1.1 200 OK\r\n\r\n{", b" ")),
    ("endless body that repeats itself", |at| forever(at, "HTTP/1.1 200 OK\r\n\r\n", &[b'['; 65_536])),
    ("endless refusal", |at| forever(at, "HTTP/1.1 400 Bad Request\r\n\r\n", &[b'x'; 65_536])),
    ("endless header", |at| forever(at, "HTTP/1.1 200 OK\r\nx: ", &[b'x'; 65_536])),
    ("endless headers", |at| forever(at, "HTTP/1.1 200 OK\r\n", b"x: y\r\n")),
    ("endless status line", |at| forever(at, "HTTP/1.1 200 ", &[b'x'; 65_536])),
    ("endless chunk extension", |at| {
        forever(at, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;", &[b'x'; 65_536]);
    }),
    ("endless trailers", |at| {
        forever(at, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n");
    }),
];

/// Sends `start` and then `piece` for as long as anybody takes it.
fn forever(at: &Desk<'_>, start: &'static str, piece: &'static [u8]) {
    at.lead_to(&serve(move |stream| {
        let mut next = stream.write_all(start.as_bytes());
        while next.is_ok() {
            next = stream.write_all(piece);
        }
    }));
}

/// What a run cost.
struct Cost {
    code: Option<i32>,
    time: Duration,
    /// KiB at its peak.
    memory: u64,
    text: String,
}

/// Runs `verify` and looks at its peak of memory until it is gone.
fn measure(at: &Desk<'_>, flags: &[&str], mutants: &str) -> Cost {
    let clock = Clock::system();
    let start = clock.instant();
    let mut child = at
        .office
        .command(&[&["verify", &at.name, "-o", "json"], flags].concat())
        .env("TOKENCTL_TEST_MUTANTS", mutants)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut memory = 0;
    let status = loop {
        // A zombie has no such line any more: its last glance stands.
        memory = peak(child.id()).unwrap_or(memory);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(2)); // between two glances at a process that cannot be awaited
    };
    let time = start.elapsed();
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    Cost { code: status.code(), time, memory, text }
}

/// The most that a process has had in memory so far, in KiB (proc(5), `VmHWM`).
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// What is asked for, and how long that is.
type Limit = (&'static str, Duration);

const LIMITS: [Limit; 2] =
    [("--timeout=1s", Duration::from_secs(1)), ("--deadline=2s", Duration::from_secs(2))];

/// Runs every burden with each limit; returns what went over a limit, and the worst that was seen.
fn sweep(
    burdens: &[Burden],
    limits: &[Limit],
    at_once: usize,
    mutants: &str,
) -> (Vec<String>, Duration, u64) {
    let office = Office::new();
    let desks = office.desks(burdens.len());
    let seen = std::sync::Mutex::new((Vec::new(), Duration::ZERO, 0));
    in_parallel(desks.iter().zip(burdens).collect(), at_once, |(desk, (what, arrange))| {
        arrange(desk);
        for (flag, limit) in limits {
            let Cost { code, time, memory, text } = measure(desk, &[flag], mutants);
            let mut seen = seen.lock().unwrap();
            let overtime = time.saturating_sub(*limit);
            seen.1 = seen.1.max(overtime);
            seen.2 = seen.2.max(memory);
            // A refusal counts by its status, however long its body is.
            let expected = if *what == "endless refusal" { 4 } else { 6 };
            if code != Some(expected) || overtime > GRACE || !(1..=MEMORY).contains(&memory) {
                seen.0.push(format!("{what} {flag}: code {code:?} after {time:?} with {memory} KiB\n{text}"));
            }
        }
    });
    seen.into_inner().unwrap()
}

#[test]
fn a_slow_vendor_costs_no_more_time_than_given() {
    let (found, overtime, memory) = sweep(SLOW, &LIMITS, SLOW.len(), "");
    let number =
        format!("{} slow vendors with 2 limits: at most {overtime:.1?} over, {memory} KiB", SLOW.len());
    reached("R18", number, found.len());
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

#[test]
fn an_endless_vendor_costs_no_more_memory_than_allowed() {
    let (found, overtime, memory) = sweep(LARGE, &LIMITS, 2, "");
    let number =
        format!("{} endless vendors with 2 limits: at most {overtime:.1?} over, {memory} KiB", LARGE.len());
    reached("R18", number, found.len());
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

/// What others were found to be is not lost with the one that does not answer.
#[test]
fn the_deadline_leaves_time_to_report() {
    let office = Office::new();
    let desks = office.desks(3);
    desks[1].arm(Fault::SlowHeaders { milliseconds: 60_000 });
    let ran = office.run(&["verify", "--all", "--deadline=4s", "-o", "json"]);
    let data = &ran.expect_code(13).json()["data"];
    let codes: Vec<_> = (0..3).map(|row| data["connections"][row]["code"].as_u64()).collect();
    assert_eq!((codes, &data["recorded"]), (vec![Some(0), Some(6), Some(0)], &true.into()), "{ran}");
}

/// Without the caps the same sweep must find something.
#[test]
fn the_sweep_finds_seeded_bugs() {
    assert!(!sweep(&SLOW[..1], &LIMITS[..1], 1, "no-timeout").0.is_empty(), "no-timeout is not found");
    let endless = LARGE.iter().position(|(what, _)| *what == "endless body that repeats itself").unwrap();
    let endless = &LARGE[endless..=endless];
    assert!(!sweep(endless, &LIMITS[..1], 1, "no-answer-cap").0.is_empty(), "no-answer-cap is not found");
}
