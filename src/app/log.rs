//! Diagnostics for `-v`: events of ours, one harmless line each, to stderr.

use std::fmt;
use std::io;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::cli::values::LogFormat;
use crate::clock::Clock;
use crate::output::sanitize::{safe, safe_json};
use crate::ui::Console;

/// Returns a subscriber that writes events at `verbosity` (1 steps, 2 details, 3 everything) through `console`.
///
/// Only our own events: what HTTP libraries log at debug level holds headers.
pub fn subscriber(
    verbosity: u8,
    format: LogFormat,
    clock: Clock,
    console: Console,
) -> Box<dyn tracing::Subscriber + Send + Sync> {
    let level = match verbosity {
        0 | 1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let filter = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level);
    let layer =
        tracing_subscriber::fmt::layer().with_timer(Now(clock)).with_writer(Lines { console, format });
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Text => Box::new(registry.with(layer.with_ansi(false).with_target(false))),
        LogFormat::Json => Box::new(registry.with(layer.with_ansi(false).json().flatten_event(true))),
    }
}

struct Now(Clock);

impl FormatTime for Now {
    fn format_time(&self, out: &mut Writer<'_>) -> fmt::Result {
        write!(out, "{}", self.0.now())
    }
}

#[derive(Clone)]
struct Lines {
    console: Console,
    format: LogFormat,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Contract of tracing-subscriber: every event is one call of `write`, ended by a line feed.
impl io::Write for Lines {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let line = match self.format {
            LogFormat::Text => safe(text),
            LogFormat::Json => safe_json(text),
        };
        self.console.write_log(&format!("{line}\n"));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
