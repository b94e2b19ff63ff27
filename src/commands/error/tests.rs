use super::*;
use crate::vault::VaultError;

fn shown(error: &CommandError) -> String {
    let lines: Vec<String> =
        error.problem().lines().map(|(part, line)| format!("{}: {line}", part.label())).collect();
    lines.join("\n") + "\n"
}

#[test]
fn three_lines() {
    let error = CommandError::new(Exit::Rejected, "NetSuite still rejects certificate 5f3a (invalid_client)")
        .doing("cannot confirm the rotation for `acme`")
        .hinted(Hint::command("the upload can take a minute; retry with", ["rotate", "confirm", "acme"]))
        .hinted(Hint::command("to keep the old certificate, run", ["rotate", "abort", "acme"]));
    insta::assert_snapshot!(shown(&error), @"
    error: cannot confirm the rotation for `acme`
      cause: NetSuite still rejects certificate 5f3a (invalid_client)
    hint: the upload can take a minute; retry with `tokenctl rotate confirm acme`
    hint: to keep the old certificate, run `tokenctl rotate abort acme`
    ");
}

#[test]
fn foreign_text_is_harmless_in_an_error() {
    let error = CommandError::new(Exit::Rejected, "the vendor says no").because("\u{1b}[2J::error::\nx");
    assert_eq!(shown(&error), "error: the vendor says no\n  cause: \\u{1b}[2J::error::\\nx\n");
}

fn told(error: VaultError) -> String {
    let failure = CommandError::from(error);
    format!("[{}]\n{}", failure.exit().name(), shown(&failure))
}

#[test]
#[expect(clippy::too_many_lines, reason = "one snapshot, so that the texts are read side by side")]
fn every_failure_of_the_vault() {
    let all: Vec<String> = super::vault::one_of_each().into_iter().map(told).collect();
    insta::assert_snapshot!(all.join(""), @"
    [vault]
    error: there is no vault at /v/vault.age
    hint: to create one, run `tokenctl init`
    hint: to use another one, name it as in `tokenctl --vault FILE vault info`
    [refused]
    error: there is a vault at /v/vault.age already
    hint: to create a second one beside it, run `tokenctl --vault FILE init`
    [refused]
    error: /b/vault-7.age is not replaced: it is there already
    hint: move it away, or choose another name; `vault backup` replaces a file with `--force`
    [vault]
    error: cannot write /v/vault.age
      cause: no storage space
    hint: check the free space, the permissions and the health of the disk; nothing was changed
    hint: to see whether the vault is whole, run `tokenctl vault check`
    [vault]
    error: the change may or may not survive a power cut: the vault was replaced, and its folder cannot be synced
      cause: cannot write /v/vault.age
      cause: no storage space
    hint: check the health of the disk, and look again before you repeat the command
    hint: to see whether the vault is whole, run `tokenctl vault check`
    [vault]
    error: none of the 2 identities opens the vault
    hint: to name another identity, run it as in `tokenctl --identity-file FILE vault info`
    hint: to be let in, have an operator run `tokenctl vault recipient add KEY --role=viewer`
    [vault]
    error: ssh-rsa keys are refused
    hint: which identities work is explained by `tokenctl help security`
    [usage]
    error: `x` is no recipient
    hint: a recipient is an age public key (`age1…`) or an `ssh-ed25519` public key
    [vault]
    error: the vault is damaged: chunk 3
    hint: the generation before it is beside the vault, with the ending `.prev`
    hint: to look at that one, run `tokenctl --vault FILE vault check`
    hint: to go on from it, or from a backup, run `tokenctl vault restore FILE`
    [vault]
    error: the journal entry /v/vault.age.journal/1.1 does not open
    hint: keep the file: it may hold the newest refresh token of a connection; elsewhere it is evidence, and without it the connection may have to be connected again
    hint: to see whether the rest is whole, run `tokenctl vault check`
    [vault]
    error: the vault is not signed by the key that you trust: another key
    hint: most likely it was rekeyed: ask an operator, not whoever sent the file, for the pin that `tokenctl vault info` shows them
    hint: to name it, run it as in `tokenctl --vault-pin PIN vault info`
    hint: if it was not, somebody else wrote this file: the generation before it ends in `.prev`
    [vault]
    error: nothing says which key must have signed the vault
    hint: the pin is a comment line in the identity file that `init` wrote; an operator can tell it
    hint: to name it, run it as in `tokenctl --vault-pin PIN vault info`
    [vault]
    error: the vault was rolled back: it is generation 3, but generation 7 was seen here
    hint: put the newest copy of the vault back; what was changed since then is missing in this one
    hint: to go on from this one all the same, or from a backup, run `tokenctl vault restore FILE`
    hint: if an operator restored a backup elsewhere: ask them to repeat that with `--seen` and the generation that was seen here
    hint: what is protected, and how, is explained by `tokenctl help security`
    [vault]
    error: the vault was forked: generation 7 is not the one that was seen here
    hint: put the newest copy of the vault back; what was changed since then is missing in this one
    hint: to go on from this one all the same, or from a backup, run `tokenctl vault restore FILE`
    hint: if an operator restored a backup elsewhere: ask them to repeat that with `--seen` and the generation that was seen here
    hint: what is protected, and how, is explained by `tokenctl help security`
    [vault]
    error: the vault has schema 9, this tokenctl knows 1
    hint: install the tokenctl that wrote it, or a newer one
    [vault]
    error: /v/vault.age.journal/ab.1 was written by a newer tokenctl: it holds `grant`, version 2
    hint: install the tokenctl that wrote it, or a newer one
    [refused]
    error: your role is viewer: secrets and changes need the role operator
    hint: to name an operator's identity, run it as in `tokenctl --identity-file FILE vault info`
    hint: to become one, have an operator run `tokenctl vault recipient set-role KEY --role=operator`
    [refused]
    error: this is not the vault's home: it is at vm-1
    hint: change it at its home; here it can be read, and client credentials can be exchanged
    hint: to see where its home is, run `tokenctl vault info`
    hint: to make this its home for good, run `tokenctl vault move-home`
    [conflict]
    error: this is the vault's home already: /v/vault.age
    hint: to give the home up, so that it can be moved, run `tokenctl vault move-home --release`
    hint: to see where its home is, run `tokenctl vault info`
    [refused]
    error: /v/vault.age can be written by others (mode 0666)
    hint: to mend it, run `chmod go-w /v/vault.age`
    [locked]
    error: the vault is locked by pid 7
    hint: try again when it is done, or wait longer with `--lock-timeout 60s`
    [interrupted]
    error: interrupted while waiting for the vault
    hint: nothing was changed; the same command can be repeated
    [refused]
    error: the audit log cannot be written, so nothing was done
      cause: cannot write /v/vault.age
      cause: no storage space
    hint: mend the audit log's folder (space, permissions): without a record nothing is done
    hint: to see whether the log is whole, run `tokenctl audit verify`
    [vault]
    error: the audit log is damaged: record 8
    hint: to see what is missing, run `tokenctl audit verify`
    [refused]
    error: this is the last operator
    hint: to add another operator first, run `tokenctl vault recipient add KEY --role=operator`
    [not-found]
    error: there is no recipient age1x
    hint: to see all, run `tokenctl vault recipient list`
    [conflict]
    error: age1x is a recipient already
    hint: to see all, run `tokenctl vault recipient list`
    [conflict]
    error: the name `acme` is taken
    hint: to see what is there, run `tokenctl connection list`
    [vault]
    error: the vault's database failed
      cause: Query is not read-only
    hint: check the free space, the permissions and the health of the disk; nothing was changed
    hint: to see whether the vault is whole, run `tokenctl vault check`
    [vault]
    error: cannot seal a value: no generator
    hint: check the free space, the permissions and the health of the disk; nothing was changed
    hint: to see whether the vault is whole, run `tokenctl vault check`
    ");
}

/// A kind that is no exit code's name would end as 1.
#[test]
fn every_kind_is_the_name_of_an_exit_code() {
    use crate::domain::audit::AuditKind as _;
    for error in super::vault::one_of_each() {
        assert!(Exit::named(error.audit_kind()).is_some(), "{error:?}");
    }
    let outcomes =
        ["proven", "failed", "missing", "rejected", "conflict", "unreachable", "refused", "expired"];
    for word in outcomes {
        let outcome = serde_json::from_value(word.into()).unwrap();
        let failure = crate::vault::Failure {
            failed_at: "2027-01-01T00:00:00Z".parse().unwrap(),
            error: String::new(),
            outcome,
        };
        let error = crate::ops::OpsError::SharedFailure(failure);
        assert!(Exit::named(error.audit_kind()).is_some(), "{word}");
    }
}

#[test]
fn hints_lead_somewhere() {
    for error in super::vault::one_of_each() {
        let failure = CommandError::from(error);
        assert!(!failure.hints().is_empty(), "{failure:?}");
        for arguments in failure.hints().iter().filter_map(Hint::arguments) {
            assert_eq!(crate::cli::check(arguments), Ok(()));
        }
    }
}
