//! Sends a person to an address: it is shown in every case, and opened where somebody would see it.

use super::browser::{self, Launch};
use super::{Console, Surroundings};
use crate::ops::interact::{Interact as _, Visit};

/// How addresses are opened.
#[derive(Debug, Clone)]
pub struct Browsing {
    /// Where the command runs.
    pub surroundings: Surroundings,
    /// Whether a browser may be opened at all.
    pub wanted: bool,
    /// The umask that the user set.
    pub umask: u32,
    /// Variables that a browser must not inherit.
    pub hidden: Vec<String>,
}

impl Browsing {
    /// Shows the address on a line of its own and opens it, or says why not.
    pub(super) fn visit(&self, console: &Console, visit: &Visit<'_>) {
        console.note("open this address in a browser:");
        let address = visit.address.expose();
        // Proof that it is harmless: what is not visible ASCII is escaped in a URL. It is neither cut nor redacted,
        // since what is missing of it cannot be guessed.
        console.write_part(&format!("\n  {address}\n\n"));
        if let Some(forward) = visit.port.and_then(|port| self.surroundings.forward(port)) {
            console.note("for a browser on the machine in front of you, run this there first:");
            console.note(&format!("  {forward}"));
        }
        if visit.port.is_some() && self.surroundings.must_paste() {
            console.note(
                "a browser outside of this container does not come back by itself: paste where it ends",
            );
        }
        if !self.wanted {
            return;
        }
        match self.surroundings.browser() {
            Ok(program) => {
                let launch = Launch { program, umask: self.umask, hidden: &self.hidden };
                if let Err(error) = browser::open(&launch, visit.address) {
                    console.note(&format!("no browser could be opened: {error}"));
                }
            }
            Err(why) => console.note(&format!("no browser is opened: {why}")),
        }
    }
}
