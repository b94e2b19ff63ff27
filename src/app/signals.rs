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
    streams: [Signal; 3],
    arrived: Arc<AtomicBool>,
}

impl Signals {
    /// Starts listening; needs a runtime.
    pub fn listen() -> io::Result<Self> {
        let arrived = Arc::new(AtomicBool::new(false));
        for (number, exit) in ENDING {
            // The order counts: the first signal finds the flag down, passes, and raises it; the second one finds
            // it up and ends the process although the command hangs in something that does not await.
            flag::register_conditional_shutdown(number, i32::from(exit.code()), Arc::clone(&arrived))?;
            flag::register(number, Arc::clone(&arrived))?;
        }
        let [hang_up, interrupt, terminate] = ENDING.map(|(number, _)| signal(SignalKind::from_raw(number)));
        Ok(Self { streams: [hang_up?, interrupt?, terminate?], arrived })
    }

    /// Returns how the first signal ends the command.
    pub async fn first(&mut self) -> Exit {
        let [hang_up, interrupt, terminate] = &mut self.streams;
        tokio::select! {
            _ = hang_up.recv() => Exit::HungUp,
            _ = interrupt.recv() => Exit::Interrupted,
            _ = terminate.recv() => Exit::Terminated,
        }
    }

    /// Whether a signal has arrived, even if nobody awaited it.
    pub fn arrived(&self) -> bool {
        self.arrived.load(Ordering::SeqCst)
    }
}
