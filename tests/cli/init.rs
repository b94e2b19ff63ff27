use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::common::Place;
use crate::common::filters::filtered;

pub(crate) fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

/// An identity that stock age makes, and its public key.
pub(crate) fn age_identity(place: &Place, file: &str) -> String {
    let text = String::from_utf8(Command::new("age-keygen").output().unwrap().stdout).unwrap();
    place.put(file, &text);
    text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned()
}

#[test]
fn makes_vault_and_identity_and_says_what_to_back_up() {
    let _filters = filtered();
    let place = Place::new();
    let ran = place.run(&["init"]);
    insta::assert_snapshot!(ran, @"
    created

    vault     [HOME]/.local/share/tokenctl/vault.age
    identity  [HOME]/.config/tokenctl/identity.txt
    pin       [PIN]
    operator  [AGE KEY]

    Back up, apart from each other:
      [HOME]/.local/share/tokenctl/vault.age: useless without an identity that opens it
      [HOME]/.config/tokenctl/identity.txt: whoever has it and the vault has every secret
    --- stderr
    warning: there is only one operator: if that identity is lost, so is every secret
    hint: to let a second operator in, run `tokenctl vault recipient add KEY --role=operator`
    hint: to add a connection, run `tokenctl connection add netsuite NAME --account=ID --client-id=ID`
    --- exit 0
    ");
    let vault = place.home().join(".local/share/tokenctl/vault.age");
    let identity = place.home().join(".config/tokenctl/identity.txt");
    assert_eq!((mode(&vault), mode(&identity)), (0o600, 0o600));
    let identity = std::fs::read_to_string(identity).unwrap();
    assert!(identity.contains("AGE-SECRET-KEY-1"));
    let pin = identity.lines().find_map(|line| line.strip_prefix("# tokenctl-vault-pin: ")).unwrap();
    assert!(ran.stdout.contains(pin), "the pin is printed and kept in the identity file");
    assert!(!ran.to_string().contains("AGE-SECRET-KEY"), "{ran}");
    assert!(std::fs::read(vault).unwrap().starts_with(b"age-encryption.org/v1\n"));
}

#[test]
fn a_recipient_with_a_key_of_its_own_needs_no_identity() {
    let _filters = filtered();
    let place = Place::new();
    let key = age_identity(&place, "own.txt");
    let ran = place.run(&["init", "--recipient", &key]);
    insta::assert_snapshot!(ran, @"
    created

    vault     [HOME]/.local/share/tokenctl/vault.age
    pin       [PIN]
    operator  [AGE KEY]

    Back up, apart from each other:
      [HOME]/.local/share/tokenctl/vault.age: useless without an identity that opens it
    --- stderr
    warning: there is only one operator: if that identity is lost, so is every secret
    hint: to let a second operator in, run `tokenctl vault recipient add KEY --role=operator`
    hint: to add a connection, run `tokenctl connection add netsuite NAME --account=ID --client-id=ID`
    --- exit 0
    ");
    assert!(!place.home().join(".config/tokenctl/identity.txt").exists());
    let pin = ran.stdout.split_whitespace().find(|word| word.starts_with("tkpin1")).unwrap().to_owned();
    let info = ["--identity-file", "own.txt", "vault", "info"];
    assert_eq!(place.run(&info).code, Some(0), "the machine that made it remembers the pin");
    std::fs::remove_dir_all(place.home().join(".local/state")).unwrap();
    let without = place.run(&info);
    assert_eq!(without.code, Some(8), "no pin, no trust: {without}");
    assert_eq!(place.run(&[&info[..], &["--vault-pin", &pin]].concat()).code, Some(0));
}

#[test]
fn two_operators_are_no_reason_to_warn() {
    let place = Place::new();
    let key = age_identity(&place, "own.txt");
    let ran = place.run(&["init", "--recipient", &key, "--identity-out", "mine.txt"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(!ran.stderr.contains("only one operator"), "{ran}");
    let info = place.run(&["--identity-file", "mine.txt", "vault", "info"]);
    assert_eq!(info.code, Some(0), "{info}");
    assert_eq!(info.stdout.matches("age1").count(), 2, "{info}");
}

#[test]
fn an_ssh_key_can_be_the_operator() {
    let place = Place::new();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "me@here", "-f"])
        .arg(place.home().join("id"))
        .status();
    assert!(made.unwrap().success());
    let public = std::fs::read_to_string(place.home().join("id.pub")).unwrap();
    let ran = place.run(&["init", "--recipient", public.trim()]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let pin = ran.stdout.split_whitespace().find(|word| word.starts_with("tkpin1")).unwrap().to_owned();
    let check = place.run(&["--identity-file", "id", "--vault-pin", &pin, "vault", "check"]);
    assert_eq!(check.code, Some(0), "{check}");
}

#[test]
fn what_is_no_recipient_is_refused() {
    let _filters = filtered();
    let place = Place::new();
    insta::assert_snapshot!(place.run(&["init", "--recipient", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7"]), @"
    --- stderr
    error: cannot create the vault
      cause: ssh-rsa keys are not accepted; use an age key or an ssh-ed25519 key
    hint: a recipient is an age public key (`age1…`) or an `ssh-ed25519` public key
    --- exit 2
    ");
    insta::assert_snapshot!(place.run(&["init", "--recipient", "bob"]), @"
    --- stderr
    error: cannot create the vault
      cause: a recipient is `age1…` or `ssh-ed25519 AAAA…`
    hint: a recipient is an age public key (`age1…`) or an `ssh-ed25519` public key
    --- exit 2
    ");
    assert!(!place.home().join(".local").exists());
}

#[test]
fn a_folder_that_cannot_be_made_is_the_vaults_failure() {
    let _filters = filtered();
    let place = Place::new();
    place.put(".local/share", "in the way");
    insta::assert_snapshot!(place.run(&["init"]), @"
    --- stderr
    error: cannot create the vault
      cause: cannot make [HOME]/.local/share/tokenctl
      cause: Not a directory (os error)
    --- exit 8
    ");
}

#[test]
fn nothing_is_overwritten() {
    let _filters = filtered();
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, Some(0));
    let vault = place.home().join(".local/share/tokenctl/vault.age");
    let before = std::fs::read(&vault).unwrap();
    insta::assert_snapshot!(place.run(&["init"]), @"
    --- stderr
    error: cannot create the vault
      cause: there is a vault at [HOME]/.local/share/tokenctl/vault.age already
    hint: to create a second one beside it, run `tokenctl --vault FILE init`
    --- exit 9
    ");
    insta::assert_snapshot!(place.run(&["init", "--identity-out", "second.txt"]), @"
    --- stderr
    error: cannot create the vault
      cause: there is a vault at [HOME]/.local/share/tokenctl/vault.age already
    hint: to create a second one beside it, run `tokenctl --vault FILE init`
    --- exit 9
    ");
    assert!(!place.home().join("second.txt").exists());
    insta::assert_snapshot!(place.run(&["--vault", "other.age", "init"]), @"
    --- stderr
    error: cannot create the vault
      cause: [HOME]/.config/tokenctl/identity.txt is there already
    hint: to let it open the new vault, name its public key with `--recipient`; or choose another `--identity-out`
    --- exit 9
    ");
    assert_eq!(std::fs::read(&vault).unwrap(), before);
    assert!(!place.home().join("other.age").exists());
}

#[test]
fn a_dry_run_makes_no_file() {
    let _filters = filtered();
    let place = Place::new();
    insta::assert_snapshot!(place.run(&["init", "--dry-run"]), @"
    would create

    vault     [HOME]/.local/share/tokenctl/vault.age
    identity  [HOME]/.config/tokenctl/identity.txt
    --- stderr
    --- exit 0
    ");
    assert_eq!(std::fs::read_dir(place.home()).unwrap().count(), 0);
    assert_eq!(place.run(&["init"]).code, Some(0));
    assert_eq!(place.run(&["init", "-n"]).code, Some(9), "a plan says what would be refused");
}
