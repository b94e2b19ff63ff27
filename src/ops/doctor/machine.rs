//! What this machine is like, as far as that can be in the way.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::domain::health::{Ailment, Check, Fix, clock_problem, mode_problem};

/// What is known of this machine before a vault is opened.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The time.
    pub now: Timestamp,
    /// Where the config file is, or would be.
    pub config: PathBuf,
    /// The identity file, if the identity is in one.
    pub identity: Option<PathBuf>,
    /// Where the identity was found, in words; `None` if there is none.
    pub identity_origin: Option<String>,
    /// Why the identity that was found cannot be read.
    pub identity_problem: Option<String>,
    /// The vault file.
    pub vault: PathBuf,
    /// The folder of what was seen on this machine.
    pub state: PathBuf,
    /// The variables that lead requests through a proxy.
    pub proxies: Vec<String>,
}

/// Looks at this machine.
pub fn machine(facts: &Machine) -> Check {
    let parts = vec![clock(facts), config(facts), identity(facts), state(facts), proxies(facts)];
    Check::group("environment", "this machine", parts)
}

/// Compares the clock with the files that were written here: none of them comes from the future.
fn clock(facts: &Machine) -> Check {
    let modified = |path: &PathBuf| {
        let seconds = path.metadata().ok()?.mtime();
        Timestamp::from_second(seconds).ok()
    };
    let seen = [Some(&facts.vault), facts.identity.as_ref()].into_iter().flatten().filter_map(modified);
    let now = format!("{:.0}", facts.now);
    match clock_problem(facts.now, seen) {
        None => Check::ok("clock", now),
        Some(later) => Check::warning("clock", format!("{now}, but a file here was written at {later:.0}"))
            .because("this machine's clock is behind, or was ahead when the file was written")
            .fix(Fix::Shell(
                "set the clock by the network:".to_owned(),
                "timedatectl set-ntp true".to_owned(),
            )),
    }
}

fn config(facts: &Machine) -> Check {
    let path = facts.config.display();
    match facts.config.symlink_metadata() {
        Err(_) => Check::ok("config", format!("there is no config file at {path}")),
        Ok(found) => match mode_problem(found.mode(), true) {
            None => Check::ok("config", path.to_string()),
            Some(problem) => Check::warning("config", format!("{path} {problem}"))
                .because("whoever can write it chooses the vault and the identity")
                .fix(chmod("go-w", &facts.config)),
        },
    }
}

fn identity(facts: &Machine) -> Check {
    if let Some(problem) = &facts.identity_problem {
        return Check::failed("identity", Ailment::Refused, problem.clone())
            .because("an identity that cannot be read, or that others can read, is not used");
    }
    let Some(origin) = &facts.identity_origin else {
        return Check::failed("identity", Ailment::Vault, "there is no identity to open the vault with")
            .because("neither a flag nor the environment names one, and none is in its usual place")
            .fix(Fix::run("where an identity is looked for is explained by", ["help", "files"]));
    };
    let Some(path) = &facts.identity else { return Check::ok("identity", format!("from {origin}")) };
    match path.metadata() {
        Ok(found) => match mode_problem(found.mode(), false) {
            None => Check::ok("identity", path.display().to_string()),
            Some(problem) => {
                Check::failed("identity", Ailment::Refused, format!("{} {problem}", path.display()))
                    .because("whoever has it and the vault has every secret")
                    .fix(chmod("600", path))
            }
        },
        Err(error) => Check::failed("identity", Ailment::Vault, format!("{}: {error}", path.display()))
            .because("it cannot be looked at"),
    }
}

fn state(facts: &Machine) -> Check {
    let path = facts.state.display();
    match facts.state.metadata() {
        Err(_) => Check::warning("state", format!("there is no {path}"))
            .because("nothing was remembered here yet, so a vault that was rolled back would not be noticed"),
        Ok(found) => match mode_problem(found.mode(), true) {
            None => Check::ok("state", path.to_string()),
            Some(problem) => Check::warning("state", format!("{path} {problem}"))
                .because("whoever can write it can hide that the vault was rolled back")
                .fix(chmod("go-w", &facts.state)),
        },
    }
}

fn proxies(facts: &Machine) -> Check {
    if facts.proxies.is_empty() {
        return Check::ok("proxy", "none is set");
    }
    Check::ok("proxy", format!("{} set: requests to vendors go by it", facts.proxies.join(", ")))
}

pub(super) fn chmod(mode: &str, path: &Path) -> Fix {
    // Hints quote what a shell would read; here the path is quoted for one.
    let path = path.display().to_string().replace('\'', "'\\''");
    Fix::Shell("run".to_owned(), format!("chmod {mode} '{path}'"))
}
