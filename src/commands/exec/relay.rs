//! Signals on their way to the program that runs below this process.

use std::io;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::{Handle, SignalsInfo};
use signal_hook::low_level::siginfo::{Cause, Origin};
use tokio::sync::mpsc;

use crate::app::signals::is_heard;

/// The signals that are meant for the program. Those that stop and continue a job reach it through its process group,
/// which is ours.
const RELAYED: [(i32, Signal); 6] = [
    (SIGHUP, Signal::HUP),
    (SIGINT, Signal::INT),
    (SIGQUIT, Signal::QUIT),
    (SIGTERM, Signal::TERM),
    (SIGUSR1, Signal::USR1),
    (SIGUSR2, Signal::USR2),
];

/// Signals since [`Relay::listen`]; they are heard until this is dropped.
pub(super) struct Relay {
    arriving: mpsc::UnboundedReceiver<Origin>,
    handle: Handle,
}

impl Relay {
    /// Begins to listen; a signal that is ignored here is ignored by the program, too, and stays so.
    pub(super) fn listen() -> io::Result<Self> {
        let heard = RELAYED.iter().map(|(number, _)| *number).filter(|number| is_heard(*number));
        let mut signals = SignalsInfo::<WithOrigin>::new(heard)?;
        let handle = signals.handle();
        let (sender, arriving) = mpsc::unbounded_channel();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for origin in signals.forever() {
                if sender.send(origin).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { arriving, handle })
    }

    /// Returns the next signal.
    pub(super) async fn next(&mut self) -> Origin {
        match self.arriving.recv().await {
            Some(origin) => origin,
            // The thread ends only with this.
            None => std::future::pending().await,
        }
    }

    /// Forgets the signals that have arrived: they were meant for a program that has ended.
    pub(super) fn forget(&mut self) {
        while self.arriving.try_recv().is_ok() {}
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.handle.close();
    }
}

/// Passes a signal on to the program, which has not been waited for yet.
pub(super) fn pass_on(origin: &Origin, program: Pid) {
    let signal = RELAYED.iter().find(|(number, _)| *number == origin.signal).map(|(_, signal)| *signal);
    if let Some(signal) = signal.filter(|_| is_for(origin, program)) {
        // It may have ended just now: then there is nobody left to tell.
        let _ = kill_process(program, signal);
    }
}

/// Whether the program has not had the signal already: Ctrl-C and Ctrl-\ reach every process in the terminal's
/// foreground, and so does what the program itself sends to its group.
fn is_for(origin: &Origin, program: Pid) -> bool {
    let from_keyboard = origin.cause == Cause::Kernel && matches!(origin.signal, SIGINT | SIGQUIT);
    let own = origin.process.is_some_and(|sender| sender.pid == program.as_raw_nonzero().get());
    !from_keyboard && !own
}
