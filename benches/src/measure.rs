//! Times of whole processes, taken in turns so that what disturbs one disturbs the other.

use std::fmt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What several runs of one thing took.
#[derive(Debug, Clone)]
pub struct Times(Vec<Duration>);

impl Times {
    /// `times` must not be empty.
    pub fn new(mut times: Vec<Duration>) -> Self {
        times.sort();
        Self(times)
    }

    /// The time that half of the runs stayed below.
    pub fn median(&self) -> Duration {
        self.0[self.0.len() / 2]
    }

    /// The fastest run.
    pub fn best(&self) -> Duration {
        self.0[0]
    }

    /// The arithmetic mean.
    pub fn mean(&self) -> Duration {
        self.0.iter().sum::<Duration>() / u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }
}

/// Milliseconds with as many digits as mean something.
pub fn milliseconds(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 100.0 { format!("{ms:.2} ms") } else { format!("{ms:.0} ms") }
}

impl fmt::Display for Times {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} (best {})", milliseconds(self.median()), milliseconds(self.best()))
    }
}

/// Runs a process to its end and returns how long that took; panics with its words if it fails.
pub fn once(command: &mut Command) -> Duration {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let took = start.elapsed();
    if !status.success() {
        let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output();
        panic!("{command:?} ended with {status}; once more it said {output:?}");
    }
    took
}

/// Takes the times of several processes in turns, `runs` each, after two that do not count.
pub fn in_turns<const N: usize>(runs: usize, mut take: [&mut dyn FnMut() -> Duration; N]) -> [Times; N] {
    let mut times = [const { Vec::new() }; N];
    for run in 0..runs + 2 {
        for (take, times) in take.iter_mut().zip(&mut times) {
            let took = take();
            if run >= 2 {
                times.push(took);
            }
        }
    }
    times.map(Times::new)
}

/// One line of the report.
pub struct Line {
    /// What was done.
    pub work: String,
    /// What it took.
    pub ours: Duration,
    /// What it is compared with, and what that took.
    pub against: Option<(String, Duration)>,
    /// What it should not exceed.
    pub target: Target,
}

/// What is to be reached.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// So many times what it is compared with.
    Ratio(f64),
    /// So long.
    Within(Duration),
    /// Nothing is: the number is for information.
    Open,
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = self.against.as_ref().map(|(_, theirs)| self.ours.as_secs_f64() / theirs.as_secs_f64());
        write!(out, "{:<58} {:>10}", self.work, milliseconds(self.ours))?;
        match (&self.against, ratio) {
            (Some((what, theirs)), Some(ratio)) => {
                let theirs = milliseconds(*theirs);
                write!(out, "  {ratio:>6.2} x {what} ({theirs})")?;
            }
            _ => write!(out, "  {:>8}", "")?,
        }
        let met = match (self.target, ratio) {
            (Target::Ratio(most), Some(ratio)) => Some((format!("{most} x"), ratio <= most)),
            (Target::Within(most), _) => Some((milliseconds(most), self.ours <= most)),
            _ => None,
        };
        match met {
            Some((target, met)) => write!(out, "  target {target}: {}", if met { "met" } else { "MISSED" }),
            None => Ok(()),
        }
    }
}
