//! A viewer under another account: the owner lets a group read the vault, and nothing beside it.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use crate::common::filters::filtered;
use crate::common::{Place, Ran};

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The account `nobody` where the tests run as root, whom no mode stops.
const NOBODY: u32 = 65534;

/// A vault with a viewer, whose home is `viewer/`; everything beside the vault is closed to the viewer.
fn world() -> Place {
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, Some(0));
    let viewer = Command::new(env!("CARGO_BIN_EXE_tokenctl"))
        .args(["init", "-o", "json"])
        .env_clear()
        .env("HOME", place.home().join("viewer"))
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&viewer.stdout).unwrap();
    let key = report["data"]["recipients"][0]["public_key"].as_str().unwrap();
    assert_eq!(place.run(&["vault", "recipient", "add", key, "--role=viewer"]).code, Some(0));

    let data = place.home().join(".local/share/tokenctl");
    std::fs::create_dir_all(data.join("vault.age.journal")).unwrap();
    set_mode(&data.join("vault.age.journal"), 0o700);
    set_mode(&data.join("vault.age"), 0o644);
    for open in [place.home(), &place.home().join(".local"), &place.home().join(".local/share"), &data] {
        set_mode(open, 0o755);
    }
    if rustix::process::geteuid().is_root() {
        give(&place.home().join("viewer"));
    } else {
        for closed in ["vault.age.journal", "vault.age.audit"] {
            set_mode(&data.join(closed), 0);
        }
        set_mode(&data.join("vault.age.prev"), 0);
    }
    place
}

fn give(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        path.read_dir().unwrap().for_each(|entry| give(&entry.unwrap().path()));
    }
}

fn as_viewer(place: &Place, arguments: &[&str]) -> Ran {
    let info = place.run(&["vault", "info", "-o", "json"]).stdout;
    let info: serde_json::Value = serde_json::from_str(&info).unwrap();
    let mut command = place.command(arguments);
    command
        .env("HOME", place.home().join("viewer"))
        .env("TOKENCTL_VAULT", place.home().join(".local/share/tokenctl/vault.age"))
        .env("TOKENCTL_VAULT_PIN", info["data"]["pin"].as_str().unwrap())
        .current_dir("/");
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    place.finish(&mut command)
}

#[test]
fn a_viewer_under_another_account_sees_what_viewers_see() {
    let place = world();
    for arguments in
        [&["status"][..], &["vault", "info"], &["vault", "recipient", "list"], &["connection", "list"]]
    {
        let ran = as_viewer(&place, arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran}");
    }
    let check = as_viewer(&place, &["vault", "check"]);
    assert_eq!(check.code, Some(0), "{check}");
    assert_eq!(check.stdout.matches("only the owner of the vault can read it").count(), 3, "{check}");
    for arguments in [&["audit", "list"][..], &["audit", "verify"], &["audit", "export", "--out=-"]] {
        let ran = as_viewer(&place, arguments);
        assert_eq!(ran.code, Some(9), "{arguments:?}: {ran}");
    }
    insta::assert_snapshot!(as_viewer(&place, &["audit", "list"]), @"
    --- stderr
    error: cannot list the audit log
      cause: only the account that owns the vault can read its audit log
    hint: under the owner's account, run `tokenctl audit export --out=F`
    --- exit 9
    ");
}

/// Support without secrets: everything but the audit log, and no change.
#[test]
fn a_viewer_under_another_account_has_the_support_view() {
    let _filters = filtered();
    let place = world();
    let add = ["connection", "add", "netsuite", "acme", "--account=1234567", "--client-id=x"];
    assert_eq!(place.run(&[&add[..], &["--company=Acme Ltd"]].concat()).code, Some(0));
    set_mode(&place.home().join(".local/share/tokenctl/vault.age"), 0o644);
    insta::assert_snapshot!(as_viewer(&place, &["company", "list"]), @"
    COMPANY   STATUS   EXPIRES  LAST USED  CONNECTIONS
    Acme Ltd  pending  -        never      acme

    1 company, 1 needs attention: 1 pending
    --- stderr
    --- exit 0
    ");
    insta::assert_snapshot!(as_viewer(&place, &["company", "show", "Acme Ltd"]), @"
    company    Acme Ltd
    status     pending
    id         [ID]
    last used  never

    acme  netsuite 1234567: is not set up completely; its certificate is not in use yet

    acme: to see where its keys stand, run `tokenctl rotate status acme`

    What to tell the customer:

    Our connection to your NetSuite account is not ready yet: please upload the certificate that we send you, and tell us the id that it is given there.

    Its history cannot be shown here.
    --- stderr
    warning: the history cannot be shown: only the account that owns the vault can read its audit log
    --- exit 0
    ");
    for arguments in [
        &["company", "rename", "Acme Ltd", "Mine"][..],
        &["company", "disconnect", "Acme Ltd", "--yes"],
        &["token", "revoke", "acme", "--yes", "--local-only"],
        &["token", "revoke", "acme", "--dry-run"],
    ] {
        let ran = as_viewer(&place, arguments);
        assert_eq!(ran.code, Some(9), "{arguments:?}: {ran}");
    }
}
