//! What the process does for its secrets before it does anything else (`architecture.md` section 3).

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask};

/// No core dumps, no tracing by the same account, files for nobody else; returns the umask of the user.
///
/// Each step is worth having without the others, so a kernel that refuses one (a sandbox may) stops nothing.
pub(super) fn harden() -> u32 {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // A full quota (RLIMIT_FSIZE) is then an error of write(2), which is rolled back, instead of a death.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false)));
    umask(Mode::from_raw_mode(0o077)).as_raw_mode()
}

/// Lets an unprivileged tracer see what system calls are about: for fault injection.
#[cfg(feature = "test-hooks")]
pub(super) fn let_others_trace() {
    let _ = set_dumpable_behavior(DumpableBehavior::Dumpable);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_hard() {
        let before = umask(Mode::empty());
        umask(before);
        assert_eq!(harden(), before.as_raw_mode());
        assert_eq!(rustix::process::dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
        assert_eq!(rustix::process::getrlimit(Resource::Core).current, Some(0));
        umask(before); // other tests of this process have expectations
    }
}
