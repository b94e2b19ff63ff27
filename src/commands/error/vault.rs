//! What the vault's failures mean to the person at the keyboard.

use super::CommandError;
use crate::commands::exit::Exit;
use crate::domain::audit::AuditKind as _;
use crate::output::Hint;
use crate::vault::VaultError as E;

impl From<E> for CommandError {
    fn from(error: E) -> Self {
        let failure = Self::from_error(exit_of(&error), &error);
        hints(&error).into_iter().fold(failure, Self::hinted)
    }
}

/// Returns the exit code of a failure: the one that the audit log names it by.
pub(super) fn exit_of(error: &E) -> Exit {
    Exit::named(error.audit_kind()).unwrap_or(Exit::Failure)
}

#[expect(clippy::too_many_lines, reason = "one arm for each failure, read as a table")]
pub(super) fn hints(error: &E) -> Vec<Hint> {
    match error {
        E::Absent(_) => vec![
            Hint::command("to create one, run", ["init"]),
            Hint::command("to use another one, name it as in", ["--vault", "FILE", "vault", "info"]),
        ],
        E::Exists(_) => {
            vec![Hint::command("to create a second one beside it, run", ["--vault", "FILE", "init"])]
        }
        E::Occupied { .. } => {
            vec![Hint::text(
                "move it away, or choose another name; `vault backup` replaces a file with `--force`",
            )]
        }
        E::Io { .. } | E::Seal(_) | E::Database(_) => vec![
            Hint::text(
                "check the free space, the permissions and the health of the disk; nothing was changed",
            ),
            Hint::command("to see whether the vault is whole, run", ["vault", "check"]),
        ],
        E::Unsettled(_) => vec![
            Hint::text("check the health of the disk, and look again before you repeat the command"),
            Hint::command("to see whether the vault is whole, run", ["vault", "check"]),
        ],
        E::WrongIdentity { .. } => vec![
            Hint::command(
                "to name another identity, run it as in",
                ["--identity-file", "FILE", "vault", "info"],
            ),
            Hint::command(
                "to be let in, have an operator run",
                ["vault", "recipient", "add", "KEY", "--role=viewer"],
            ),
        ],
        E::Identity(_) => vec![Hint::command("which identities work is explained by", ["help", "security"])],
        E::Recipient(_) => {
            vec![Hint::text("a recipient is an age public key (`age1…`) or an `ssh-ed25519` public key")]
        }
        E::Untrusted(_) => vec![
            Hint::text(
                "most likely it was rekeyed: ask an operator, not whoever sent the file, for the pin that `tokenctl vault info` shows them",
            ),
            Hint::command("to name it, run it as in", ["--vault-pin", "PIN", "vault", "info"]),
            Hint::text(
                "if it was not, somebody else wrote this file: the generation before it ends in `.prev`",
            ),
        ],
        E::Damaged(_) => vec![
            Hint::text("the generation before it is beside the vault, with the ending `.prev`"),
            Hint::command("to look at that one, run", ["--vault", "FILE", "vault", "check"]),
            Hint::command("to go on from it, or from a backup, run", ["vault", "restore", "FILE"]),
        ],
        E::JournalDamaged { .. } => vec![
            Hint::text(
                "keep the file: it may hold the newest refresh token of a connection; elsewhere it is evidence, and without it the connection may have to be connected again",
            ),
            Hint::command("to see whether the rest is whole, run", ["vault", "check"]),
        ],
        E::InvalidPin(_) => {
            vec![Hint::text("a pin is one word that begins with `tkpin1`; ask an operator for `vault info`")]
        }
        E::NoPin => vec![
            Hint::text(
                "the pin is a comment line in the identity file that `init` wrote; an operator can tell it",
            ),
            Hint::command("to name it, run it as in", ["--vault-pin", "PIN", "vault", "info"]),
        ],
        E::RolledBack { .. } | E::Forked(_) => vec![
            Hint::text(
                "put the newest copy of the vault back; what was changed since then is missing in this one",
            ),
            Hint::command(
                "to go on from this one all the same, or from a backup, run",
                ["vault", "restore", "FILE"],
            ),
            Hint::text(
                "if an operator restored a backup elsewhere: ask them to repeat that with `--seen` and the generation that was seen here",
            ),
            Hint::command("what is protected, and how, is explained by", ["help", "security"]),
        ],
        E::NewerSchema { .. } | E::NewerFormat { .. } | E::NewerEntry { .. } => {
            vec![Hint::text("install the tokenctl that wrote it, or a newer one")]
        }
        E::NotOperator => vec![
            Hint::command(
                "to name an operator's identity, run it as in",
                ["--identity-file", "FILE", "vault", "info"],
            ),
            Hint::command(
                "to become one, have an operator run",
                ["vault", "recipient", "set-role", "KEY", "--role=operator"],
            ),
        ],
        E::ForeignHome(_) => vec![
            Hint::text("change it at its home; here it can be read, and client credentials can be exchanged"),
            Hint::command("to see where its home is, run", ["vault", "info"]),
            Hint::command("to make this its home for good, run", ["vault", "move-home"]),
        ],
        E::AtHome(_) => vec![
            Hint::command(
                "to give the home up, so that it can be moved, run",
                ["vault", "move-home", "--release"],
            ),
            Hint::command("to see where its home is, run", ["vault", "info"]),
        ],
        E::UnsafeFile { fix, .. } => vec![Hint::shell("to mend it, run", fix)],
        E::Locked { .. } => {
            vec![Hint::text("try again when it is done, or wait longer with `--lock-timeout 60s`")]
        }
        E::Interrupted { .. } => vec![Hint::text("nothing was changed; the same command can be repeated")],
        E::Audit(_) => vec![
            Hint::text("mend the audit log's folder (space, permissions): without a record nothing is done"),
            Hint::command("to see whether the log is whole, run", ["audit", "verify"]),
        ],
        E::AuditDamaged(_) => {
            vec![Hint::command("to see what is missing, run", ["audit", "verify"])]
        }
        E::LastOperator(_) => vec![Hint::command(
            "to add another operator first, run",
            ["vault", "recipient", "add", "KEY", "--role=operator"],
        )],
        E::NoRecipient(_) | E::RecipientExists(_) => {
            vec![Hint::command("to see all, run", ["vault", "recipient", "list"])]
        }
        E::Taken(_) | E::Gone(_) => vec![Hint::command("to see what is there, run", ["connection", "list"])],
    }
}

#[cfg(test)]
pub(super) fn one_of_each() -> Vec<E> {
    use std::io;
    let io =
        || E::Io { action: "write", path: "/v/vault.age".into(), source: io::ErrorKind::StorageFull.into() };
    vec![
        E::Absent("/v/vault.age".into()),
        E::Exists("/v/vault.age".into()),
        E::Occupied { path: "/b/vault-7.age".into(), why: "it is there already".into() },
        io(),
        E::Unsettled(Box::new(io())),
        E::WrongIdentity { tried: 2 },
        E::Identity("ssh-rsa keys are refused".into()),
        E::Recipient("`x` is no recipient".into()),
        E::Damaged("chunk 3".into()),
        E::JournalDamaged { path: "/v/vault.age.journal/1.1".into(), why: "does not open" },
        E::Untrusted("another key".into()),
        E::NoPin,
        E::RolledBack { found: 3, seen: 7 },
        E::Forked(7),
        E::NewerSchema { found: 9, known: 1 },
        E::NewerEntry { path: "/v/vault.age.journal/ab.1".into(), kind: "grant".into(), version: 2 },
        E::NotOperator,
        E::ForeignHome("it is at vm-1".into()),
        E::AtHome("/v/vault.age".into()),
        E::UnsafeFile {
            path: "/v/vault.age".into(),
            problem: "can be written by others (mode 0666)".into(),
            fix: "chmod go-w /v/vault.age".into(),
        },
        E::Locked { what: "the vault".into(), holder: "pid 7".into() },
        E::Interrupted { what: "the vault".into() },
        E::Audit(Box::new(io())),
        E::AuditDamaged("record 8".into()),
        E::LastOperator("this is the last operator".into()),
        E::NoRecipient("age1x".into()),
        E::RecipientExists("age1x".into()),
        E::Taken("the name `acme` is taken".into()),
        E::Database(rusqlite::Error::InvalidQuery),
        E::Seal("no generator".into()),
    ]
}
