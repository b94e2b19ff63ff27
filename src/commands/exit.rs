//! Exit codes: one table, the same in every output format.

/// Whether the same command can succeed later without anybody acting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Nothing failed, or the question does not arise.
    Unasked,
    /// A person must act first.
    No,
    /// Trying again later can help.
    Yes,
}

impl Retry {
    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unasked => "",
            Self::No => "no",
            Self::Yes => "yes",
        }
    }
}

macro_rules! exits {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $name:literal, $retry:ident, $meaning:literal;)+) => {
        /// How a command ended. The numbers are an interface: they never change their meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Exit { $(#[doc = $meaning] $variant = $code,)+ }

        impl Exit {
            /// Every way to end, in the order of the codes.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The way to end that has this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|exit| exit.name() == name)
            }

            /// The process's exit status.
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// The name in JSON errors.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it means, for the table.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }

            /// Whether trying again can help.
            pub const fn retry(self) -> Retry {
                match self { $(Self::$variant => Retry::$retry,)+ }
            }
        }
    };
}

exits! {
    Ok = 0, "ok", Unasked, "done; for `verify`: every selected connection positively proven";
    Failure = 1, "failure", Unasked, "anything unclassified (seeing it often is a bug)";
    Usage = 2, "usage", No, "bad or missing arguments, input needed under `--no-input`, an empty selection";
    NotFound = 3, "not-found", No, "no such connection, company, key, invitation";
    Rejected = 4, "rejected", No,
        "the vendor refused (invalid_client, invalid_grant, access_denied …): a person must act";
    Conflict = 5, "conflict", No,
        "wrong state: key exists, rotation already or not in progress, someone else won";
    Unreachable = 6, "unreachable", Yes, "DNS, TLS, timeout, 5xx, 429 after the retries";
    Locked = 7, "locked", Yes, "a lock was not free within `--lock-timeout` (the message names the holder)";
    Vault = 8, "vault", No, "the vault cannot be opened, read, written or trusted";
    Refused = 9, "refused", No,
        "local policy: unsafe file mode, unwritable audit log, weak key, overwrite, token to a terminal, role too low, not the vault's home, untrusted host";
    Expiring = 10, "expiring", No, "valid but inside the warning window (only with `--fail-on expiring`)";
    NotDue = 11, "not-due", Unasked, "`rotate due`: nothing to do";
    Expired = 12, "expired", No, "credential or invitation expired, revoked or used up";
    Partial = 13, "partial", No,
        "a batch with mixed outcomes (all alike: that code; expiring counts as ok, and 10 only if nothing is worse); the JSON has a code per item";
    NotStarted = 125, "not-started", No,
        "`exec`: tokenctl failed before it ran the program; the JSON error has the code of this table";
    CannotExecute = 126, "cannot-execute", No, "`exec`: the program was found and cannot be executed";
    ProgramNotFound = 127, "program-not-found", No, "`exec`: the program was not found";
    HungUp = 129, "hung-up", Yes, "interrupted by SIGHUP, after a clean roll-back";
    Interrupted = 130, "interrupted", Yes, "interrupted by SIGINT (Ctrl-C), after a clean roll-back";
    Terminated = 143, "terminated", Yes, "interrupted by SIGTERM, after a clean roll-back";
}

/// What the process's exit status tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// How the command ended.
    Own(Exit),
    /// How the program ended that `exec` ran: its exit status, or 128 and the number of the signal that ended it.
    Program(u8),
}

impl Status {
    /// The status of a command that runs a program: what failed of our own before that is [`Exit::NotStarted`], so that
    /// it cannot be mistaken for the program's.
    ///
    /// A signal ends both alike, and env(1) has codes of its own for a program that cannot be run.
    pub fn before_a_program(self) -> Self {
        use Exit::{CannotExecute, HungUp, Interrupted, Ok, ProgramNotFound, Terminated};
        match self {
            Self::Own(Ok | CannotExecute | ProgramNotFound | HungUp | Interrupted | Terminated)
            | Self::Program(_) => self,
            Self::Own(_) => Self::Own(Exit::NotStarted),
        }
    }
}

impl From<Exit> for Status {
    fn from(exit: Exit) -> Self {
        Self::Own(exit)
    }
}

impl From<Status> for std::process::ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Own(exit) => exit.code(),
            Status::Program(code) => code,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the product's table, in order: scripts know them.
    #[test]
    fn the_interface_stays() {
        let table: Vec<String> = Exit::ALL
            .iter()
            .map(|exit| format!("{} {} {}", exit.code(), exit.name(), exit.retry().as_str()))
            .collect();
        assert_eq!(
            table,
            [
                "0 ok ",
                "1 failure ",
                "2 usage no",
                "3 not-found no",
                "4 rejected no",
                "5 conflict no",
                "6 unreachable yes",
                "7 locked yes",
                "8 vault no",
                "9 refused no",
                "10 expiring no",
                "11 not-due ",
                "12 expired no",
                "13 partial no",
                "125 not-started no",
                "126 cannot-execute no",
                "127 program-not-found no",
                "129 hung-up yes",
                "130 interrupted yes",
                "143 terminated yes",
            ]
        );
    }
}
