//! Ctrl-C and friends: the first one rolls back, the second one ends the process at once.
//!
//! That holds until another program takes the process over ([`Interruption::seal`]) or gets the signals itself
//! ([`Interruption::hand_over`]).

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use signal_hook::{SigId, flag, low_level};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::commands::Exit;

/// The signals that end a command.
const ENDING: [(i32, Exit); 3] = [
    (signal_hook::consts::SIGHUP, Exit::HungUp),
    (signal_hook::consts::SIGINT, Exit::Interrupted),
    (signal_hook::consts::SIGTERM, Exit::Terminated),
];

/// What a signal that ends commands does at the moment; clones are one.
#[derive(Debug, Clone, Default)]
pub struct Interruption(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// The first signal's number.
    number: Arc<AtomicUsize>,
    /// Raised by the first signal; the next one ends the process.
    arrived: Arc<AtomicBool>,
    handlers: Mutex<Vec<SigId>>,
    handed_over: AtomicBool,
}

impl Interruption {
    /// Returns how the signal that has arrived ends the command, even if nobody awaited it.
    pub fn arrived(&self) -> Option<Exit> {
        self.0.arrived.load(Ordering::SeqCst).then(|| self.exit())
    }

    /// From now on the first signal ends the process at once, as it would end a program that is about to take it over.
    ///
    /// Fails with the way to end if a signal has arrived already: none is lost between the two programs.
    pub fn seal(&self) -> Result<(), Exit> {
        if self.0.arrived.swap(true, Ordering::SeqCst) { Err(self.exit()) } else { Ok(()) }
    }

    /// From now on signals do nothing to the command: whoever calls this listens itself, and began before.
    ///
    /// Fails with the way to end if a signal has arrived already.
    pub fn hand_over(&self) -> Result<(), Exit> {
        self.0.handed_over.store(true, Ordering::SeqCst);
        for handler in self.0.handlers.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            low_level::unregister(handler);
        }
        self.arrived().map_or(Ok(()), Err)
    }

    /// Whether somebody else listens.
    pub fn is_handed_over(&self) -> bool {
        self.0.handed_over.load(Ordering::SeqCst)
    }

    fn exit(&self) -> Exit {
        let number = self.0.number.load(Ordering::SeqCst);
        let known = ENDING.into_iter().find(|(ending, _)| usize::try_from(*ending) == Ok(number));
        known.map_or(Exit::Terminated, |(_, exit)| exit)
    }

    fn register(&self, number: i32, exit: Exit) -> io::Result<()> {
        let State { number: first, arrived, handlers, .. } = &*self.0;
        let value = usize::try_from(number).map_err(io::Error::other)?;
        // The order counts: the first signal finds the flag down, passes, leaves its number and raises it; the second
        // one finds it up and ends the process although the command hangs in something that does not await.
        handlers.lock().unwrap_or_else(PoisonError::into_inner).extend([
            flag::register_conditional_shutdown(number, i32::from(exit.code()), Arc::clone(arrived))?,
            flag::register_usize(number, Arc::clone(first), value)?,
            flag::register(number, Arc::clone(arrived))?,
        ]);
        Ok(())
    }
}

/// Waits for the signals that end a command.
pub struct Signals {
    /// None for a signal that is ignored.
    streams: [Option<Signal>; 3],
}

impl Signals {
    /// Starts listening; needs a runtime.
    pub fn listen(interruption: &Interruption) -> io::Result<Self> {
        // Whoever starts a command under nohup(1) wants it to outlive the terminal: listening would undo that.
        for (number, exit) in ENDING.into_iter().filter(|(number, _)| is_heard(*number)) {
            interruption.register(number, exit)?;
        }
        let [hang_up, interrupt, terminate] = ENDING
            .map(|(number, _)| is_heard(number).then(|| signal(SignalKind::from_raw(number))).transpose());
        Ok(Self { streams: [hang_up?, interrupt?, terminate?] })
    }

    /// Returns how the next signal ends the command.
    pub async fn next(&mut self) -> Exit {
        let [hang_up, interrupt, terminate] = &mut self.streams;
        tokio::select! {
            () = heard(hang_up) => Exit::HungUp,
            () = heard(interrupt) => Exit::Interrupted,
            () = heard(terminate) => Exit::Terminated,
        }
    }
}

async fn heard(stream: &mut Option<Signal>) {
    match stream {
        Some(stream) => drop(stream.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether a signal does something here: this process was not told to ignore it by whoever started it.
pub fn is_heard(number: i32) -> bool {
    static IGNORED: OnceLock<u64> = OnceLock::new();
    IGNORED.get_or_init(ignored) & (1 << (number - 1)) == 0
}

/// Returns the signals that are ignored, one bit each, the lowest for signal 1.
///
/// Source: proc_pid_status(5), `SigIgn`. Asking sigaction(2) would need unsafe code.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
