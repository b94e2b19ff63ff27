//! Care of the vault: backups, what is destroyed before there is one, restoring, rekeying, moving home.

use std::process::Command;

use serde_json::Value;

use crate::common::Ran;
use crate::common::books::Books;
use crate::common::scene::Scene;

/// The same home, a minute earlier: the vendor's clock does not move.
fn earlier(scene: &Scene, arguments: &[&str]) -> Ran {
    let mut command = scene.command(arguments);
    command.env("TOKENCTL_TEST_NOW", "2027-03-01T11:59:00Z");
    scene.place.finish(&mut command)
}

/// Another machine with the same identity: nothing of this one but what `folder` holds.
fn elsewhere(scene: &Scene, arguments: &[&str]) -> Ran {
    scene.place.finish(&mut on_another_machine(scene, arguments))
}

fn on_another_machine(scene: &Scene, arguments: &[&str]) -> Command {
    let mut command = scene.command(arguments);
    let folder = scene.place.home().join("elsewhere");
    command
        .env("TOKENCTL_HOME_ID", "another machine")
        .env("XDG_STATE_HOME", folder.join("state"))
        .env("TOKENCTL_VAULT", folder.join("vault.age"));
    command
}

fn data(ran: &Ran) -> Value {
    assert_eq!(ran.code, Some(0), "{ran}");
    serde_json::from_str::<Value>(&ran.stdout).unwrap()["data"].take()
}

#[test]
fn a_backup_is_one_file_that_opens() {
    let scene = Scene::settled();
    scene.ok(&["token", "get", "acme"]);
    let planned = data(&scene.dry(&["vault", "backup", "copy.age", "-o", "json"]));
    assert_eq!((&planned["action"], &planned["verified"]), (&"planned".into(), &false.into()));
    let ran = scene.ok(&["vault", "backup", "copy.age"]);
    assert!(ran.stdout.starts_with("backed up\n\nfile        [HOME]/copy.age\ngeneration  "), "{ran}");
    assert!(ran.stdout.contains("it opens, and every part of it is as it was signed"), "{ran}");
    let generation = data(&scene.ok(&["vault", "info", "-o", "json"]))["generation"].clone();
    assert_eq!(generation, planned["generation"]);
    // It is a vault like any other.
    let info = data(&scene.ok(&["--vault", "copy.age", "vault", "info", "-o", "json"]));
    assert_eq!((&info["generation"], &info["at_home"]), (&generation, &false.into()));

    let refused = scene.refused(9, &["vault", "backup", "copy.age"]);
    insta::assert_snapshot!(refused, @"
    --- stderr
    error: cannot back the vault up
      cause: copy.age is not replaced: it is there already
    hint: move it away, or choose another name; `vault backup` replaces a file with `--force`
    --- exit 9
    ");
    scene.ok(&["vault", "backup", "copy.age", "--force"]);
    std::fs::create_dir(scene.place.home().join("backups")).unwrap();
    let named = data(&scene.ok(&["vault", "backup", "backups", "-o", "json"]));
    let path = format!("[HOME]/backups/vault-{}.age", named["generation"]);
    assert_eq!(named["path"], path.as_str());
    assert_eq!((&named["with_journal"], &named["verified"]), (&true.into(), &true.into()));
}

#[test]
fn a_copy_that_does_not_open_is_no_backup() {
    let scene = Scene::settled();
    let mut command = scene.command(&["vault", "backup", "copy.age"]);
    let ran = scene.place.finish(command.env("TOKENCTL_TEST_MUTANTS", "damaged-backup"));
    assert_eq!(ran.code, Some(8), "{ran}");
    let left = std::fs::read_dir(scene.place.home()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().contains("copy.age")));
    let examined = scene.run(&["doctor", "--offline"]);
    assert!(examined.stdout.contains("none was made on this machine"), "and none is remembered: {examined}");
}

#[test]
fn whoever_retires_a_key_hears_that_no_backup_holds_the_new_one() {
    let scene = Scene::settled();
    let dry = |scene: &Scene| scene.dry(&["rotate", "retire", "acme"]).stderr;
    let saved = earlier(&scene, &["vault", "backup", "before.age"]);
    assert_eq!(saved.code, Some(0), "{saved}");
    scene.ok(&["rotate", "initiate", "acme"]);
    let id = format!("--certificate-id={}", scene.upload("acme"));
    scene.ok(&["rotate", "confirm", "acme", &id]);
    let warned = dry(&scene);
    insta::assert_snapshot!(warned, @"
    warning: no backup holds the key that becomes the only one: the last one that this machine knows of is of 2027-03-01T11:59:00Z
    hint: to make one, run `tokenctl vault backup FILE`
    ");
    scene.ok(&["vault", "backup", "after.age"]);
    assert_eq!(dry(&scene), "");
    // It is a warning and no more, and a machine that knows of none says so.
    std::fs::remove_dir_all(scene.place.home().join(".local/state/tokenctl/backups")).unwrap();
    let ran = scene.ok(&["rotate", "retire", "acme"]);
    assert!(ran.stderr.contains("becomes the only one: this machine knows of no backup"), "{ran}");
}

#[test]
fn whoever_removes_a_connection_hears_that_no_backup_holds_it() {
    let scene = Scene::settled();
    scene.add("bare");
    let remove = |name: &str| scene.dry(&["connection", "remove", name]).stderr;
    assert!(remove("acme").contains("no backup holds what is about to be destroyed"));
    assert_eq!(remove("bare"), "", "nothing secret is in it");
    scene.ok(&["vault", "backup", "copy.age"]);
    assert_eq!(remove("acme"), "");
}

#[test]
fn what_was_removed_comes_back() {
    let scene = Scene::settled();
    scene.ok(&["vault", "backup", "copy.age"]);
    scene.ok(&["connection", "remove", "acme", "--yes"]);
    let unasked = scene.refused(2, &["vault", "restore", "copy.age"]);
    assert!(unasked.stderr.contains("What changed since is lost"), "{unasked}");
    let planned = data(&scene.dry(&["vault", "restore", "copy.age", "-o", "json"]));
    assert_eq!(planned["action"], "planned");
    let ran = scene.ok(&["vault", "restore", "copy.age", "--yes"]);
    assert!(ran.stdout.starts_with("restored\n"), "{ran}");
    // What was restored over is the generation before.
    std::fs::copy(scene.vault().with_extension("age.prev"), scene.place.home().join("replaced.age")).unwrap();
    scene.ok(&["verify", "acme"]);
    scene.ok(&["vault", "check"]);
    scene.ok(&["audit", "verify"]);
    let log = scene.ok(&["audit", "list", "--action=vault", "-o", "plain", "--fields=action,outcome"]).stdout;
    assert!(log.contains("vault.backup") && log.contains("vault.restore"), "{log}");
    // And the other way round.
    scene.ok(&["vault", "restore", "replaced.age", "--yes"]);
    assert_eq!(scene.run(&["connection", "show", "acme"]).code, Some(3));
}

#[test]
fn a_lost_machine_is_no_lost_vault() {
    let scene = Scene::settled();
    scene.ok(&["vault", "backup", "copy.age"]);
    let planned = elsewhere(&scene, &["vault", "restore", "copy.age", "--dry-run"]);
    assert_eq!(planned.code, Some(0), "{planned}");
    assert!(!scene.place.home().join("elsewhere").exists(), "nothing is made for it");
    let ran = elsewhere(&scene, &["vault", "restore", "copy.age", "--yes"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.stdout.contains("a new one begins"), "{ran}");
    let verify = elsewhere(&scene, &["verify", "acme"]);
    assert_eq!(verify.code, Some(0), "{verify}");
    let audit = elsewhere(&scene, &["audit", "verify"]);
    assert_eq!(audit.code, Some(0), "{audit}");
    assert!(audit.stdout.contains("records or more, not here"), "{audit}");
    let check = elsewhere(&scene, &["vault", "check"]);
    assert_eq!(check.code, Some(0), "{check}");
}

#[test]
fn restored_grants_are_uncertain() {
    let books = Books::new();
    books.connect("acme", "4620", "Acme Ltd");
    books.ok(&["vault", "backup", "copy.age"]);
    let restored = books.data(0, &["vault", "restore", "copy.age", "--yes"]);
    assert_eq!(restored["uncertain_grants"], 1);
    let shown = books.data(0, &["connection", "show", "acme"]);
    assert_eq!(shown["connection"]["grant"]["state"], "uncertain", "{shown}");
    // Half a minute later the same token is sent once more, and this time it is good.
    books.later(jiff::SignedDuration::from_secs(31));
    books.ok(&["token", "refresh", "acme"]);
}

#[test]
fn a_rekey_says_who_needs_the_pin() {
    let scene = Scene::settled();
    let colleague = tokenctl::vault::identity::Identity::generate().recipient().to_string();
    scene.ok(&["vault", "recipient", "add", &colleague, "--role=operator", "--label=colleague"]);
    let pin = data(&scene.ok(&["vault", "info", "-o", "json"]))["pin"].clone();
    let planned = data(&scene.dry(&["vault", "rekey", "-o", "json"]));
    assert_eq!((&planned["action"], &planned["pin"]), (&"planned".into(), &pin));
    let ran = scene.ok(&["vault", "rekey"]);
    assert!(ran.stdout.contains("These need the new pin:") && ran.stdout.contains("colleague"), "{ran}");
    let new = data(&scene.ok(&["vault", "info", "-o", "json"]))["pin"].clone();
    assert_ne!(new, pin);
    assert!(ran.stderr.contains(new.as_str().unwrap()), "{ran}");
    scene.ok(&["verify", "acme"]);
    scene.ok(&["vault", "check"]);
}

#[test]
fn a_vault_moves() {
    let scene = Scene::settled();
    let at_home = scene.refused(5, &["vault", "move-home"]);
    assert!(at_home.stderr.contains("this is the vault's home already"), "{at_home}");
    scene.dry(&["vault", "move-home", "--release"]);
    let released = scene.ok(&["vault", "move-home", "--release"]);
    assert!(released.stderr.contains("to take it over there, run `tokenctl vault move-home`"), "{released}");
    let write = scene.refused(9, &["connection", "disable", "acme"]);
    assert!(write.stderr.contains("was given up at [HOME]"), "{write}");
    let info = scene.ok(&["vault", "info"]).stdout;
    assert!(info.contains("nowhere (given up at "), "{info}");

    std::fs::create_dir(scene.place.home().join("elsewhere")).unwrap();
    std::fs::copy(scene.vault(), scene.place.home().join("elsewhere/vault.age")).unwrap();
    let moved = elsewhere(&scene, &["vault", "move-home"]);
    assert_eq!(moved.code, Some(0), "{moved}");
    let write = elsewhere(&scene, &["connection", "disable", "acme"]);
    assert_eq!(write.code, Some(0), "{write}");
    assert_eq!(elsewhere(&scene, &["audit", "verify"]).code, Some(0));
    // The old home asks before it takes back what somebody else may have.
    scene.refused(2, &["vault", "move-home"]);
}

#[test]
fn a_home_that_did_not_give_up_must_be_left_for_good() {
    let books = Books::new();
    books.connect("acme", "4620", "Acme Ltd");
    let mut unasked = books.command(&["vault", "move-home"]);
    unasked.env("TOKENCTL_HOME_ID", "another machine");
    let ran = books.place.finish(&mut unasked);
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.stderr.contains("must never write the vault again"), "{ran}");
    let mut moved = books.command(&["vault", "move-home", "--yes", "-o", "json"]);
    moved.env("TOKENCTL_HOME_ID", "another machine");
    let moved = data(&books.place.finish(&mut moved));
    assert_eq!((&moved["released"], &moved["uncertain_grants"]), (&false.into(), &1.into()));
    let shown = books.data(0, &["connection", "show", "acme"]);
    assert_eq!(shown["connection"]["grant"]["state"], "uncertain", "{shown}");
    books.ends(9, &["connection", "disable", "acme"]);
}
