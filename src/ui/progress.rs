//! Progress that appears late or not at all: nothing flickers for what is done in a moment.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::ops::interact::{Progress, Silent};

/// How long something takes before anybody wonders.
const DELAY: Duration = Duration::from_millis(250);

/// How often a bar that does not advance shows that it is alive.
const TICK: Duration = Duration::from_millis(100);

/// Starts a bar of `total` steps, or a spinner for a single one; `label` is harmless.
pub(super) fn start(bars: &MultiProgress, total: u64, label: &str) -> Box<dyn Progress> {
    if bars.is_hidden() {
        return Box::new(Silent);
    }
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
    let template = if total > 1 { "{spinner} {msg} {bar:20} {pos}/{len}" } else { "{spinner} {msg}" };
    // expect: both templates are constants, and the tests draw them.
    bar.set_style(ProgressStyle::with_template(template).expect("a valid template"));
    bar.set_message(label.to_owned());
    let (done, waiting) = mpsc::channel::<()>();
    let (late, bars) = (bar.clone(), bars.clone());
    let appear = move || {
        // Dropping the sender ends the wait early, and nothing is ever drawn.
        if waiting.recv_timeout(DELAY) == Err(RecvTimeoutError::Timeout) {
            let late = bars.add(late);
            late.enable_steady_tick(TICK);
        }
    };
    match thread::Builder::new().name("progress".to_owned()).spawn(appear) {
        Ok(thread) => Box::new(Late { bar, done: Some(done), thread: Some(thread) }),
        Err(_) => Box::new(Silent),
    }
}

struct Late {
    bar: ProgressBar,
    done: Option<Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Progress for Late {
    fn advance(&self, steps: u64) {
        self.bar.inc(steps);
    }

    fn describe(&self, label: &str) {
        self.bar.set_message(crate::output::sanitize::safe_line(label).into_owned());
    }
}

impl Drop for Late {
    fn drop(&mut self) {
        drop(self.done.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // it cannot be drawn after it was cleared
        }
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn bars() -> (MultiProgress, Screen) {
        let screen = Screen::default();
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        (MultiProgress::with_draw_target(target), screen)
    }

    #[test]
    fn a_moment_shows_nothing() {
        let (bars, screen) = bars();
        let progress = start(&bars, 3, "making keys");
        progress.advance(3);
        drop(progress);
        assert_eq!(*screen.0.lock().unwrap(), "");
    }

    #[test]
    fn what_takes_longer_is_shown() {
        let (bars, screen) = bars();
        let progress = start(&bars, 3, "making keys");
        let seen = (0..200).any(|_| {
            thread::sleep(Duration::from_millis(25)); // a poll of the condition, not a guess at its time
            screen.0.lock().unwrap().contains("making keys")
        });
        drop(progress);
        assert!(seen);
    }
}
