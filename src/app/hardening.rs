//! What the process does for its secrets before it does anything else (`architecture.md` section 3), and how it is
//! undone for another program.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::fs::Mode;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit, umask,
};
use signal_hook::consts::SIGXFSZ;

use super::signals::is_heard;

/// What the process was started with.
#[derive(Debug, Clone, Copy)]
pub struct Inherited {
    /// The umask of the user.
    pub umask: u32,
    /// How large core dumps may be.
    pub core_limit: Rlimit,
}

/// No core dumps, no tracing by the same account, files for nobody else; returns what was there before.
///
/// Each step is worth having without the others, so a kernel that refuses one (a sandbox may) stops nothing.
pub(super) fn harden() -> Inherited {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let core_limit = getrlimit(Resource::Core);
    forbid_cores(core_limit);
    // A full quota (RLIMIT_FSIZE) is then an error of write(2), which is rolled back, instead of a death. Where it is
    // one already, a program that is run is to find it so.
    if is_heard(SIGXFSZ) {
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    }
    Inherited { umask: umask(Mode::from_raw_mode(0o077)).as_raw_mode(), core_limit }
}

/// Why not the upper limit: it could not be given back to a program that is run.
fn forbid_cores(found: Rlimit) {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), ..found });
}

/// Lets an unprivileged tracer see what system calls are about: for fault injection.
#[cfg(feature = "test-hooks")]
pub(super) fn let_others_trace() {
    let _ = set_dumpable_behavior(DumpableBehavior::Dumpable);
}

/// As long as this is there, what this process starts or becomes finds what this process found.
///
/// The rest needs nothing: a program's start makes it dumpable again and takes every signal handler away (execve(2)).
pub struct Undone(Inherited);

impl Undone {
    /// Undoes what `harden` did, for the whole process: nothing else is to be under way.
    pub fn new(inherited: Inherited) -> Self {
        umask(Mode::from_raw_mode(inherited.umask));
        let _ = setrlimit(Resource::Core, inherited.core_limit);
        Self(inherited)
    }
}

impl Drop for Undone {
    fn drop(&mut self) {
        umask(Mode::from_raw_mode(0o077));
        forbid_cores(self.0.core_limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_hard_unless_it_is_undone() {
        let before = umask(Mode::empty());
        umask(before);
        let limit = getrlimit(Resource::Core);
        let inherited = harden();
        assert_eq!((inherited.umask, inherited.core_limit), (before.as_raw_mode(), limit));
        assert_eq!(rustix::process::dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
        assert_eq!(getrlimit(Resource::Core), Rlimit { current: Some(0), ..limit });
        let undone = Undone::new(inherited);
        assert_eq!(getrlimit(Resource::Core), limit);
        drop(undone);
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        umask(before); // other tests of this process have expectations
    }
}
