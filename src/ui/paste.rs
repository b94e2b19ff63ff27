//! Lines that somebody pastes while other things happen.
//!
//! Reading blocks, so a thread of its own does it. Nobody waits for that thread: whatever else ends the command ends it.

use std::io::{self, Read};
use std::thread;

use rustix::termios::{QueueSelector, tcflush};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use zeroize::Zeroizing;

use super::Console;
use crate::ops::interact::{NextLine, Pasting};
use crate::secret::{Secret, SecretString};

/// The longest line kept, in bytes: whoever judges it takes less. A terminal itself cuts lines at 4095 bytes
/// (termios(3), canonical mode), which is several times what vendors send.
const LONGEST: usize = 64 * 1024;

/// A prompt under which lines are read.
pub(super) struct Prompt {
    console: Console,
    text: String,
    on_terminal: bool,
    asked: bool,
    lines: UnboundedReceiver<SecretString>,
}

impl Prompt {
    /// Begins to read standard input; on a terminal, `text` is shown when it is asked for. It is harmless text.
    pub(super) fn begin(console: Console, text: String, on_terminal: bool) -> io::Result<Self> {
        let (sender, lines) = unbounded_channel();
        thread::Builder::new()
            .name("paste".to_owned())
            .spawn(move || read(&mut io::stdin().lock(), &sender))?;
        Ok(Self { console, text, on_terminal, asked: false, lines })
    }
}

impl Pasting for Prompt {
    fn next(&mut self) -> NextLine<'_> {
        Box::pin(self.lines.recv())
    }

    fn ask(&mut self) {
        if self.on_terminal {
            self.asked = true;
            self.console.write_part(&format!("{}: ", self.text));
        }
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        if self.asked {
            // What was pasted too late must not become the shell's next command: it may hold a code. A terminal that
            // is gone keeps nothing.
            let _ = tcflush(io::stdin(), QueueSelector::IFlush);
            self.console.write_part("\n");
        }
    }
}

/// Sends every line of `input`, the last one without its line feed, until nobody wants more.
fn read(input: &mut impl Read, lines: &UnboundedSender<SecretString>) {
    let mut line = Line::new();
    // Read straight into memory that is wiped: what a buffered reader read ahead would stay behind in its buffer.
    let mut piece = Zeroizing::new([0_u8; 4096]);
    loop {
        let count = match input.read(piece.as_mut_slice()) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        for &byte in &piece[..count] {
            if byte != b'\n' {
                line.push(byte);
            } else if lines.send(line.take()).is_err() {
                return;
            }
        }
    }
    if !line.0.is_empty() {
        let _ = lines.send(line.take());
    }
}

/// A line under way, in one allocation that is never outgrown.
struct Line(Zeroizing<Vec<u8>>);

impl Line {
    fn new() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(LONGEST)))
    }

    fn push(&mut self, byte: u8) {
        if self.0.len() < LONGEST {
            self.0.push(byte);
        }
    }

    /// An address is ASCII: what is not UTF-8 is none, and comes out as an empty line.
    fn take(&mut self) -> SecretString {
        let bytes = std::mem::take(&mut *std::mem::replace(&mut *self, Self::new()).0);
        Secret::new(bytes).into_text().unwrap_or_else(|| Secret::new(String::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(text: &[u8]) -> Vec<String> {
        let (sender, mut lines) = unbounded_channel();
        read(&mut &*text, &sender);
        drop(sender);
        std::iter::from_fn(|| lines.blocking_recv()).map(|line| line.expose().clone()).collect()
    }

    #[test]
    fn lines_come_one_by_one_and_the_last_without_its_end() {
        assert_eq!(lines_of(b"one\ntwo\n"), ["one", "two"]);
        assert_eq!(lines_of(b"\none"), ["", "one"]);
        assert_eq!(lines_of(b""), Vec::<String>::new());
        assert_eq!(lines_of(b"\xff\none"), ["", "one"]);
    }

    #[test]
    fn an_endless_line_is_cut() {
        let long = vec![b'a'; 3 * LONGEST];
        assert_eq!(lines_of(&long)[0].len(), LONGEST);
    }

    #[test]
    fn reading_ends_once_nobody_wants_more() {
        let (sender, lines) = unbounded_channel();
        drop(lines);
        // An input without end: to come back at all is the point.
        read(&mut io::repeat(b'\n'), &sender);
    }
}
