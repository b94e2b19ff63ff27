//! Answers a shell that completes: quickly, silently, and without a trace.
//!
//! Names come from the vault if an identity opens it that needs nobody: a plain file, or the variable. Whatever is in
//! the way of that, there are none.

use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};

use super::config::Config;
use super::settings::{self, Settings};
use super::{Environment, Paths, identity};
use crate::cli::GlobalArgs;
use crate::cli::completion::{Names, Request, Shell};
use crate::clock::Clock;
use crate::ops::names::NamesRequest;
use crate::ops::{Place, Stop};

/// Returns the shell that asks, if one does: `COMPLETE=<shell> tokenctl -- WORDS…`, which is no command line of ours.
pub(super) fn asked(argv: &[OsString], environment: &Environment) -> Option<Shell> {
    let shell = Shell::named(&environment.text("COMPLETE")?)?;
    argv.get(1).is_some_and(|word| word == "--").then_some(shell)
}

/// Returns what the shell's script reads.
pub(super) fn answer(shell: Shell, argv: &[OsString], environment: Environment) -> String {
    // Somebody types: a bug of ours must not write over the line.
    panic::set_hook(Box::new(|_| {}));
    let answer = panic::catch_unwind(AssertUnwindSafe(|| {
        let request = Request::new(shell, argv.get(2..)?)?;
        let paths = Paths::new(&environment).ok()?;
        let flags = request.flags(&paths.home);
        let look_up = move |names, start: &str| {
            names_of(&flags, (&environment, &paths), names, start).unwrap_or_default()
        };
        Some(request.answer(Box::new(look_up), std::env::current_dir().ok().as_deref()))
    }));
    answer.ok().flatten().unwrap_or_default()
}

fn names_of(
    flags: &GlobalArgs,
    (environment, paths): (&Environment, &Paths),
    names: Names,
    start: &str,
) -> Option<Vec<String>> {
    let (file, is_named) = settings::config_file(flags, environment, paths);
    let config = Config::load(&file, is_named).ok()?;
    let settings = Settings::new(flags, environment, &config, paths).ok()?;
    let request = NamesRequest {
        identity: identity::find_at_rest(settings.identity.as_ref(), environment, paths)?,
        place: Place {
            vault: settings.vault,
            state_dir: paths.state.clone(),
            home_id: None,
            lock_timeout: settings.lock_timeout,
            command: "completion".to_owned(),
            stop: Stop::default(),
        },
        pin: settings.vault_pin,
        clock: Clock::system(),
    };
    let found = match names {
        Names::Connections => request.connections(start),
        Names::Apps => request.apps(),
        Names::Companies => request.companies(),
        Names::Recipients => request.recipients(),
    };
    found.ok()
}
