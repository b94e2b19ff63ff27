//! Where identities and settings come from, and what must not come out of them.

use std::process::Command;

use crate::common::{Place, Ran};

/// Opens nothing: the bytes 1 to 32 as an age identity would be written, without a checksum that holds.
const KEY: &str = "AGE-SECRET-KEY-1QYPQXPQ9QCRSSZG2PVXQ6RS0ZQG3YYC5Z5TPWXQERGD3C8G7RUSQQQQQQ";

fn fifo(place: &Place, path: &str) {
    let path = place.home().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Runs a command that must not wait: `timeout` ends it with 124.
fn promptly(place: &Place, arguments: &[&str]) -> Ran {
    let program = place.command(&[]).get_program().to_owned();
    let mut command = Command::new("timeout");
    command.arg("20").arg(program).args(arguments).env_clear().env("HOME", place.home());
    command.env("PATH", "/usr/bin:/bin").stdin(std::process::Stdio::null());
    place.finish(&mut command)
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_refused_at_once() {
    let place = Place::new();
    fifo(&place, ".config/tokenctl/config.toml");
    insta::assert_snapshot!(promptly(&place, &["help"]), @"
    --- stderr
    error: cannot read the config file [HOME]/.config/tokenctl/config.toml
      cause: it is not a regular file
    hint: where it is looked for is explained by `tokenctl help files`
    --- exit 2
    ");
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, Some(0));
    let own = place.home().join(".config/tokenctl/identity.txt");
    let kept = place.home().join("kept.txt");
    std::fs::rename(&own, &kept).unwrap();
    fifo(&place, ".config/tokenctl/identity.txt");
    insta::assert_snapshot!(promptly(&place, &["vault", "info"]), @"
    --- stderr
    error: cannot open the vault
      cause: cannot read the identity from [HOME]/.config/tokenctl/identity.txt
      cause: it is not a regular file
    hint: where identities are looked for is explained by `tokenctl help security`
    --- exit 8
    ");
    std::fs::remove_file(&own).unwrap();
    std::os::unix::fs::symlink(&kept, &own).unwrap();
    assert_eq!(place.run(&["vault", "info"]).code, Some(0), "dotfile managers make links");
}

#[test]
fn a_mistyped_label_gets_a_suggestion() {
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, Some(0));
    let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let added = place.run(&["vault", "recipient", "add", key, "--role=viewer", "--label=support desk"]);
    assert_eq!(added.code, Some(0), "{added}");
    insta::assert_snapshot!(place.run(&["vault", "recipient", "remove", "suport desk", "--yes"]), @"
    --- stderr
    error: cannot remove the recipient
      cause: there is no recipient `suport desk`
    hint: did you mean `support desk`?
    --- exit 3
    ");
    let unlike = place.run(&["vault", "recipient", "set-role", "zzz", "--role=viewer"]);
    assert!(unlike.stderr.contains("tokenctl vault recipient list"), "{unlike}");
}

#[test]
fn a_private_key_in_the_wrong_place_is_not_repeated() {
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, Some(0));
    let commands: [&[&str]; 8] = [
        &["vault", "recipient", "remove", KEY],
        &["vault", "recipient", "add", KEY, "--role=viewer"],
        &["vault", "recipient", "set-role", KEY, "--role=viewer"],
        &["init", "--recipient", KEY],
        &["--vault-pin", KEY, "vault", "info"],
        &["--identity-file", KEY, "vault", "info"],
        &["connection", "show", KEY],
        &[KEY],
    ];
    for arguments in commands {
        for format in ["table", "json"] {
            let ran = place.run(&[&["-o", format], arguments].concat());
            assert_eq!(ran.code, Some(2), "{ran}");
            assert!(!ran.to_string().contains(&KEY[..24]), "{ran}");
        }
    }
    for variable in ["TOKENCTL_IDENTITY_FILE", "TOKENCTL_VAULT_PIN"] {
        let ran = place.finish(place.command(&["vault", "info", "-o", "json"]).env(variable, KEY));
        assert_eq!(ran.code, Some(2), "{ran}");
        assert!(!ran.to_string().contains(&KEY[..24]), "{ran}");
    }
    let ran = place.finish(place.command(&["vault", "info"]).env("TOKENCTL_IDENTITY_FILE", KEY));
    insta::assert_snapshot!(ran, @"
    --- stderr
    error: `AGE-SECRET-KEY-…` is not a value of TOKENCTL_IDENTITY_FILE
      cause: this is a private key, not a file that holds one: put the key into TOKENCTL_IDENTITY
    hint: settings and their values are listed by `tokenctl help environment`
    --- exit 2
    ");
}

#[test]
fn an_identity_variable_that_is_misspelt_or_no_text_is_refused() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, Some(0));
    let ran = place.finish(place.command(&["vault", "info"]).env("TOKENCTL_IDENTTY", KEY));
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("did you mean TOKENCTL_IDENTITY?"), "{ran}");
    let broken = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    let ran = place.finish(place.command(&["vault", "info"]).env("TOKENCTL_IDENTITY", broken));
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("TOKENCTL_IDENTITY does not hold text"), "{ran}");
}

#[test]
fn standard_input_serves_one() {
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, Some(0));
    let identity = std::fs::File::open(place.home().join(".config/tokenctl/identity.txt")).unwrap();
    let mut command = place.command(&["--identity-file", "-", "connection", "import", "-"]);
    let ran = place.finish(command.stdin(identity));
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.stderr.contains("standard input cannot be both"), "{ran}");
}

#[test]
fn a_passphrase_that_nobody_can_type_is_a_usage_error() {
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, Some(0));
    let locked = include_str!("../../src/vault/identity/ssh-ed25519-locked");
    place.put("locked", locked);
    let ran = place.run(&["--no-input", "--identity-file", "locked", "vault", "info"]);
    insta::assert_snapshot!(ran, @"
    --- stderr
    error: cannot open the vault
      cause: nobody can be asked for the passphrase for locked
    hint: run it on a terminal, or use an identity without a passphrase that only this account can read
    --- exit 2
    ");
}

/// What cannot be made durable is taken back, with everything that belongs to it.
#[test]
fn an_init_that_cannot_last_leaves_nothing_behind() {
    let place = Place::new();
    let mut command = place.command(&["init"]);
    let ran = place.finish(command.env("TOKENCTL_TEST_MUTANTS", "fail-after-switch"));
    insta::assert_snapshot!(ran, @"
    --- stderr
    error: cannot create the vault
      cause: cannot sync [HOME]/.local/share/tokenctl
      cause: a seeded failure
    hint: check the free space, the permissions and the health of the disk; nothing was changed
    hint: to see whether the vault is whole, run `tokenctl vault check`
    --- exit 8
    ");
    assert_eq!(place.run(&["init"]).code, Some(0));
}
