//! Ctrl-C and friends: the first one rolls back, the second one ends the process at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::flag;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::commands::Exit;

/// The signals that end a command.
const ENDING: [(i32, Exit); 3] = [
    (signal_hook::consts::SIGHUP, Exit::HungUp),
    (signal_hook::consts::SIGINT, Exit::Interrupted),
    (signal_hook::consts::SIGTERM, Exit::Terminated),
];

/// Waits for the signals that end a command.
pub struct Signals {
    /// None for a signal that is ignored.
    streams: [Option<Signal>; 3],
    arrived: Arc<AtomicBool>,
}

impl Signals {
    /// Starts listening; needs a runtime.
    pub fn listen() -> io::Result<Self> {
        let arrived = Arc::new(AtomicBool::new(false));
        // Whoever starts a command under nohup(1) wants it to outlive the terminal: listening would undo that.
        let ignored = ignored();
        let is_heard = |number: i32| ignored & (1 << (number - 1)) == 0;
        for (number, exit) in ENDING.into_iter().filter(|(number, _)| is_heard(*number)) {
            // The order counts: the first signal finds the flag down, passes, and raises it; the second one finds
            // it up and ends the process although the command hangs in something that does not await.
            flag::register_conditional_shutdown(number, i32::from(exit.code()), Arc::clone(&arrived))?;
            flag::register(number, Arc::clone(&arrived))?;
        }
        let [hang_up, interrupt, terminate] = ENDING
            .map(|(number, _)| is_heard(number).then(|| signal(SignalKind::from_raw(number))).transpose());
        Ok(Self { streams: [hang_up?, interrupt?, terminate?], arrived })
    }

    /// Returns how the first signal ends the command.
    pub async fn first(&mut self) -> Exit {
        let [hang_up, interrupt, terminate] = &mut self.streams;
        tokio::select! {
            () = heard(hang_up) => Exit::HungUp,
            () = heard(interrupt) => Exit::Interrupted,
            () = heard(terminate) => Exit::Terminated,
        }
    }

    /// Whether a signal has arrived, even if nobody awaited it.
    pub fn arrived(&self) -> bool {
        self.arrived.load(Ordering::SeqCst)
    }
}

async fn heard(stream: &mut Option<Signal>) {
    match stream {
        Some(stream) => drop(stream.recv().await),
        None => std::future::pending().await,
    }
}

/// Returns the signals that this process was told to ignore, one bit each, the lowest for signal 1.
///
/// Source: proc_pid_status(5), `SigIgn`. Asking sigaction(2) would need unsafe code.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
