//! Runs one command: arguments to settings, settings to [`App`], the command against signals and the deadline,
//! its result to stdout.

use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::config::Config;
#[cfg(feature = "test-hooks")]
use super::hardening;
use super::settings::{self, Settings};
use super::signals::{Interruption, Signals};
use super::{App, Environment, Inherited, Paths, Terminal, log};
use crate::cli::{self, Cli, Command, Rejection, scan};
use crate::clock::Clock;
use crate::commands::finish::{Finished, deliver, deliver_failure};
use crate::commands::{self, CommandError, Delivery, Exit, Outcome, Status};
use crate::hooks::mutant;
use crate::ops::Stop;
use crate::output::sink::write_stdout;
use crate::output::{Canvas, Format, Hint};
use crate::ui::{Console, Manner};

/// How long after the deadline the command is ended from outside. What waits until the deadline by itself, for a lock
/// or a vendor, can tell better what it waited for.
const LAST_WORD: Duration = Duration::from_millis(200);
/// How often to look whether what must come to its end has.
const LOOK: Duration = Duration::from_millis(10);
/// How long work that is already on another thread may take to end after the command has.
const GRACE: Duration = Duration::from_secs(2);

/// Runs the program; a panic becomes exit code 1 and three lines that hold no value of the program.
pub(super) fn guarded(
    argv: &[OsString],
    environment: Environment,
    terminal: Terminal,
    inherited: Inherited,
) -> Status {
    static PLACE: Mutex<Option<String>> = Mutex::new(None);
    panic::set_hook(Box::new(|info| {
        // The place alone: the message could quote a value.
        let place = info.location().map(ToString::to_string);
        *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }));
    let early = Early::new(argv, &environment, terminal);
    let (delivery, console) = (early.delivery.clone(), early.console.clone());
    let run = AssertUnwindSafe(|| early.run(argv, environment, terminal, inherited));
    let status = panic::catch_unwind(run).unwrap_or_else(|_| {
        let place = PLACE.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
        let failure = CommandError::new(Exit::Failure, "tokenctl has a bug and stopped")
            .because(format!("an assumption does not hold at {place}"))
            .hinted(Hint::text(
                "please report it with the command and the version; nothing was half written",
            ));
        deliver_failure(&delivery, &console, &failure).into()
    });
    if cli::runs_a_program(argv) { status.before_a_program() } else { status }
}

/// What is known before the arguments are parsed: enough for their errors to come in the format asked for.
struct Early {
    delivery: Delivery,
    console: Console,
}

impl Early {
    fn new(argv: &[OsString], environment: &Environment, terminal: Terminal) -> Self {
        let word =
            |long, short, variable| scan::value_of(argv, long, short).or_else(|| environment.text(variable));
        let format = word("output", Some('o'), "TOKENCTL_OUTPUT").and_then(|text| text.parse().ok());
        let format = format.filter(|format| *format == Format::Jsonl).or(cli::format_of(argv)).or(format);
        let colour = word("color", None, "TOKENCTL_COLOR").and_then(|text| text.parse().ok());
        let colour = match colour.unwrap_or_default() {
            cli::values::ColourChoice::Auto => settings::colour_of(environment),
            chosen => chosen,
        };
        let canvas = Canvas {
            width: terminal.width,
            colour: colour.on(terminal.stdout),
            unicode: environment.is_utf8(),
        };
        let manner =
            Manner { colour: colour.on(terminal.stderr), live: terminal.stderr, ..Manner::default() };
        Self {
            delivery: Delivery { format: format.unwrap_or_default(), fields: None, canvas },
            console: Console::new(manner),
        }
    }

    fn run(
        self,
        argv: &[OsString],
        environment: Environment,
        terminal: Terminal,
        inherited: Inherited,
    ) -> Status {
        let cli = match cli::parse(argv) {
            Ok(cli) => cli,
            Err(Rejection::Answer(text)) => return self.answer(&text).into(),
            Err(Rejection::Usage(usage)) => return self.fail(&usage.into()).into(),
        };
        let Cli { global, command, words } = cli;
        let assembled = assemble(&global, environment, terminal, inherited, words);
        let app = match assembled {
            Ok(app) => Arc::new(app),
            Err(failure) => return self.fail(&failure).into(),
        };
        if app.settings.verbosity > 0 {
            let (clock, console) = (app.clock.clone(), app.console.clone());
            let subscriber = log::subscriber(app.settings.verbosity, app.settings.log_format, clock, console);
            let _ = tracing::subscriber::set_global_default(subscriber); // fails only if it is called twice
        }
        match runtime(&command) {
            Ok(runtime) => {
                let result = runtime.block_on(until_done(&app, command));
                // A name that is still being looked up must not hold the process. But a program may be given the numbers of
                // descriptors at which the runtime's threads wait: they end before it takes this process's place.
                let is_program = result.as_ref().is_ok_and(Finished::is_program);
                runtime.shutdown_timeout(if is_program { GRACE } else { Duration::ZERO });
                deliver(&app, result)
            }
            Err(failure) => deliver(&app, Err(failure)),
        }
    }

    fn fail(&self, failure: &CommandError) -> Exit {
        deliver_failure(&self.delivery, &self.console, failure)
    }

    /// Writes what `--help` and `--version` ask for.
    fn answer(&self, text: &str) -> Exit {
        match write_stdout(text.as_bytes()) {
            Ok(()) => Exit::Ok,
            Err(error) => self.fail(&error.into()),
        }
    }
}

fn assemble(
    flags: &cli::GlobalArgs,
    environment: Environment,
    terminal: Terminal,
    inherited: Inherited,
    command: String,
) -> Result<App, CommandError> {
    let clock = clock(&environment)?;
    let paths = Paths::new(&environment)?;
    let (config, named) = settings::config_file(flags, &environment, &paths);
    let settings = Settings::new(flags, &environment, &Config::load(&config, named)?, &paths)?;
    let console = Console::new(Manner {
        quiet: settings.quiet,
        verbose: settings.verbosity > 0,
        yes: settings.yes,
        attended: terminal.stdin && terminal.stderr && !settings.no_input,
        unasked: settings.no_input,
        live: terminal.stderr,
        colour: settings.colour(terminal.stderr),
    });
    let deadline = clock.instant() + settings.deadline;
    Ok(App {
        clock,
        paths,
        config,
        settings,
        terminal,
        console,
        environment,
        inherited,
        command,
        stop: Stop::default(),
        interruption: Interruption::default(),
        deadline,
    })
}

#[cfg(feature = "test-hooks")]
fn clock(environment: &Environment) -> Result<Clock, CommandError> {
    if let Some(names) = environment.text("TOKENCTL_TEST_MUTANTS") {
        crate::hooks::seed(&names);
    }
    if mutant("traceable") {
        hardening::let_others_trace();
    }
    let Some(text) = environment.text("TOKENCTL_TEST_NOW") else { return Ok(Clock::system()) };
    let now = text.parse().map_err(|error: jiff::Error| {
        CommandError::usage("TOKENCTL_TEST_NOW is no RFC 3339 time").because(error.to_string())
    })?;
    Ok(Clock::manual(now))
}

#[cfg(not(feature = "test-hooks"))]
#[expect(clippy::unnecessary_wraps, reason = "the tests' clock can fail")]
fn clock(_environment: &Environment) -> Result<Clock, CommandError> {
    Ok(Clock::system())
}

fn runtime(command: &Command) -> Result<Runtime, CommandError> {
    // For fault injection: strace counts system calls per thread.
    let mut builder =
        if mutant("traceable") { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    if !commands::is_wide(command) {
        // One for the command, which may block, and one for what it waits for: on a machine of many cores, starting a
        // thread for each would take longer than the command.
        builder.worker_threads(2);
    }
    builder
        .enable_all()
        .build()
        .map_err(|error| CommandError::from_error(Exit::Failure, &error).doing("cannot start the runtime"))
}

/// Runs the command until it is done, a signal ends it or its time is up; then it is dropped, and with it every
/// lock, transaction and temporary file that it holds.
///
/// It runs on a thread of its own, because what it does with the vault blocks: signals are heard all the same.
async fn until_done(app: &Arc<App>, command: Command) -> Outcome {
    let mut signals = Signals::listen(&app.interruption).map_err(|error| {
        CommandError::from_error(Exit::Failure, &error).doing("cannot listen for signals")
    })?;
    tracing::info!(vault = %app.settings.vault.display(), "running a command");
    let limit = (!commands::is_open_ended(&command)).then_some(app.settings.deadline);
    let shared = Arc::clone(app);
    let mut work = tokio::spawn(async move {
        seeded_bugs().await;
        commands::dispatch(&shared, command).await
    });
    let deadline = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit + LAST_WORD).await,
            None => std::future::pending().await,
        }
    };
    let failure = tokio::select! {
        biased;
        done = &mut work => return match done {
            // A question that Ctrl-C answered, or a call that it cut short: the signal is the reason, not they.
            Ok(Err(failure)) => Err(app.interruption.arrived().map_or(failure, CommandError::interrupted)),
            Ok(done) => done,
            // Nobody aborts it before this, so it panicked: that is reported where all panics are.
            Err(error) => panic::resume_unwind(error.into_panic()),
        },
        exit = ending(&mut signals, &app.interruption) => CommandError::interrupted(exit),
        () = deadline => CommandError::new(Exit::Unreachable, "the command took too long and was stopped")
            .because(format!("its deadline of {:?} is over", app.settings.deadline))
            .hinted(Hint::text("to give it longer, add `--deadline 30m`")),
    };
    app.stop.raise();
    // A vendor was asked what it answers only once: its answer becomes durable before anything is broken off. It comes
    // or fails within the time of one exchange; a second signal ends the process at once.
    while app.stop.is_awaited() && !work.is_finished() {
        tokio::time::sleep(LOOK).await;
    }
    work.abort();
    // What blocks (a commit that is being written) comes to its end first, if that is near. What was done is told as
    // such: nobody may read that it was rolled back.
    match tokio::time::timeout(GRACE, work).await {
        Ok(Ok(Ok(finished))) => Ok(finished),
        _ => Err(failure),
    }
}

/// Commands that panic, wait for ever, or hang without awaiting: for the tests of this module.
async fn seeded_bugs() {
    assert!(!mutant("panic-in-command"), "a seeded bug with a secret: hunter2");
    if mutant("wait-in-command") {
        std::future::pending::<()>().await;
    }
    if mutant("hang-in-command") {
        std::thread::park();
    }
}

/// Returns how the first signal that is meant for the command ends it.
async fn ending(signals: &mut Signals, interruption: &Interruption) -> Exit {
    loop {
        let exit = signals.next().await;
        if !interruption.is_handed_over() {
            return exit;
        }
    }
}
