//! The checks themselves, as people and programs see them.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use tokenctl::sim::netsuite::NewIntegration;
use tokenctl::sim::{Endpoint, Fault, FaultRule};

use crate::common::Place;
use crate::common::scene::Scene;

fn find<'a>(data: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(data, |at, name| {
        let all = at["checks"].as_array().unwrap();
        all.iter().find(|check| check["name"] == *name).unwrap_or_else(|| panic!("no {name}: {at:#}"))
    })
}

#[test]
fn a_place_that_is_well() {
    let scene = Scene::settled();
    let ran = scene.run(&["doctor", "acme"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let _filters = crate::common::filters::filtered();
    insta::assert_snapshot!(ran, @"
    environment       ok       this machine
    |-clock           ok       2027-03-01T12:00:00Z
    |-config          ok       there is no config file at [HOME]/.config/tokenctl/config.toml
    |-identity        ok       [HOME]/.config/tokenctl/identity.txt
    |-state           ok       [HOME]/.local/state/tokenctl
    `-proxy           ok       none is set
    vault             warning  [HOME]/.local/share/tokenctl/vault.age
    |-open            ok       generation 4, 1 connection, you are operator
    |-home            ok       this is where it is written
    |-operators       warning  a single operator can open its secrets
    |     cause       if that identity is lost, so is every secret
    |     fix         to let a second one in, run `tokenctl vault recipient add KEY --role=operator`
    |-backup          warning  none was made on this machine
    |     cause       if this disk is lost, so is every secret
    |     fix         to make one, run `tokenctl vault backup OUT`
    |-modes           ok       nobody else can write the vault or what lies beside it
    |-journal         ok       waiting for the next commit: 0 entries; every refresh has its answer
    `-audit           ok       8 records, unbroken
    vendors           ok       one request to each host
    `-127.0.0.1       ok       NetSuite answers in [TIME] ms, and its clock agrees with ours
    acme              ok       netsuite simulator
    |-enabled         ok       programs may use it
    |-host            ok       127.0.0.1, as the host rule demands
    |-account         ok       1234567, in addresses 1234567
    |-key             ok       ec-p256 [SHORT]
    |-certificate-id  ok       [CERTIFICATE ID], of no other key
    |-exposed         ok       no removed operator has seen its key
    |-certificate     ok       valid until 2029-02-28 (730 d)
    `-exchange        ok       NetSuite gave a token in [TIME] ms

    19 ok, 2 warnings
    --- stderr
    --- exit 0
    ");
}

#[test]
fn nobody_is_asked_offline_and_nothing_is_changed() {
    let scene = Scene::settled();
    scene.control().forget_calls();
    let before = scene.files();
    let data = scene.json(&["doctor", "--all", "--offline"])["data"].take();
    assert_eq!(find(&data, &["acme", "exchange"])["state"], "skipped");
    assert_eq!((&data["requests"], &data["failed"]), (&0.into(), &0.into()));
    assert!(scene.control().calls().is_empty());
    assert_eq!(before, scene.files());
    // What is asked is in the audit log, and nothing else is changed.
    scene.refused(0, &["doctor", "acme"]);
    let log = scene.json(&["audit", "list", "--action=diagnose"]);
    assert_eq!(log["data"]["operations"].as_array().map(Vec::len), Some(1), "{log:#}");
}

#[test]
fn a_refusal_has_a_cause_and_a_fix() {
    let scene = Scene::settled();
    scene
        .admin
        .set_settings(tokenctl::sim::netsuite::Settings { generic_errors: true, ..Default::default() })
        .unwrap();
    scene.admin.block_integration("client-1", true).unwrap();
    let ran = scene.run(&["doctor", "acme"]);
    assert_eq!(ran.code, Some(4), "{ran}");
    // Nothing to compare with: it says what is possible, and nothing for sure.
    assert!(!ran.stdout.contains("certain"), "{ran}");
    let answer = scene.json(&["doctor", "acme"]);
    assert_eq!(answer["schema"], "tokenctl.doctor/1");
    let suspects = find(&answer["data"], &["acme", "exchange"])["suspects"].as_array().unwrap().clone();
    let causes: Vec<_> = suspects.iter().map(|suspect| suspect["cause"].as_str().unwrap()).collect();
    assert!(causes.contains(&"integration-blocked"), "{causes:?}");
    assert!(suspects.iter().all(|suspect| suspect["certainty"] == "possible"), "{suspects:?}");
    assert!(suspects.iter().all(|suspect| !suspect["fixes"].as_array().unwrap().is_empty()));
}

#[test]
fn the_hosts_of_others_are_not_asked() {
    let scene = Scene::settled();
    // Nobody listens at the port of discard.
    let far = ["--account=7654321", "--client-id=x", "--token-url=http://127.0.0.2:9/netsuite/7654321/token"];
    scene.ok(&[&["connection", "add", "netsuite", "far", "--environment=simulator"][..], &far].concat());
    let named = scene.run(&["doctor", "acme"]);
    assert_eq!(named.code, Some(0), "{named}");
    assert!(!named.stdout.contains("127.0.0.2"), "{named}");
    let everywhere = scene.run(&["doctor"]);
    assert_eq!(everywhere.code, Some(6), "{everywhere}");
    assert!(everywhere.stdout.contains("127.0.0.2"), "{everywhere}");
}

#[test]
fn what_is_done_already_is_no_advice() {
    let scene = Scene::settled();
    scene.control().arm(FaultRule::always(Fault::Reset {}).at(Endpoint::Token));
    let ran = scene.run(&["doctor", "acme"]);
    assert_eq!(ran.code, Some(6), "{ran}");
    assert!(ran.stdout.contains("NetSuite cannot be reached"), "{ran}");
    assert!(!ran.stdout.contains("run `tokenctl doctor"), "{ran}");
}

#[test]
fn the_vault_and_what_lies_beside_it() {
    let scene = Scene::settled();
    let journal = scene.vault().with_extension("age.audit");
    std::fs::set_permissions(&journal, std::fs::Permissions::from_mode(0o755)).unwrap();
    let answer = scene.json(&["doctor", "--offline"]);
    let modes = find(&answer["data"], &["vault", "modes"]);
    assert_eq!((&modes["state"], &answer["error"]["code"]), (&"failed".into(), &9.into()), "{answer:#}");
    assert!(modes["fixes"][0]["command"].as_str().unwrap().starts_with("chmod go-rwx"), "{modes}");
}

#[test]
fn a_place_without_a_vault() {
    let place = Place::new();
    let ran = place.run(&["doctor"]);
    assert_eq!(ran.code, Some(8), "{ran}");
    insta::assert_snapshot!(ran, @"
    environment  failed   this machine
    |-clock      ok       2027-03-01T12:00:00Z
    |-config     ok       there is no config file at [HOME]/.config/tokenctl/config.toml
    |-identity   failed   there is no identity to open the vault with
    |     cause  neither a flag nor the environment names one, and none is in its usual place
    |     fix    where an identity is looked for is explained by `tokenctl help files`
    |-state      warning  there is no [HOME]/.local/state/tokenctl
    |     cause  nothing was remembered here yet, so a vault that was rolled back would not be noticed
    `-proxy      ok       none is set
    vault        failed
    `-open       failed   there is no identity to open it with
          cause  neither a flag nor the environment names one, and [HOME]/.config/tokenctl/identity.txt does not exist
          fix    to create a vault and an identity, run `tokenctl init`
          fix    where an identity is looked for is explained by `tokenctl help files`

    3 ok, 1 warning, 2 failed
    --- stderr
    error: 2 checks failed
      cause: there is no identity to open it with
      cause: neither a flag nor the environment names one, and [HOME]/.config/tokenctl/identity.txt does not exist
    hint: to create a vault and an identity, run `tokenctl init`
    hint: where an identity is looked for is explained by `tokenctl help files`
    --- exit 8
    ");
}

#[test]
fn a_bundle_has_no_names_unless_they_are_asked_for() {
    let scene = Scene::settled();
    scene.run(&["token", "get", "acme"]);
    scene.ok(&["doctor", "acme", "--bundle=b.json"]);
    let path = scene.place.home().join("b.json");
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let bundle: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(bundle["schema"], "tokenctl.doctor-bundle/1");
    assert!(bundle["audit"].as_array().is_some_and(|records| records.len() > 3), "{bundle:#}");
    for name in ["acme", "Acme", "1234567", scene.place.home().to_str().unwrap()] {
        let found = text.lines().find(|line| line.contains(name));
        assert_eq!(found, None, "{name}");
    }
    let again = scene.run(&["doctor", "acme", "--bundle=b.json", "--with-names"]);
    assert_eq!(again.code, Some(9), "it is there already: {again}");
    scene.ok(&["doctor", "acme", "--bundle=b.json", "--with-names", "--force"]);
    assert!(std::fs::read_to_string(&path).unwrap().contains("acme"));
}

/// What the vendor says of a connection's host, if it is asked.
fn address(scene: &Scene, name: &str) -> Option<Value> {
    let data = scene.json(&["doctor", name])["data"].take();
    let group = data["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap();
    let mut checks = group["checks"].as_array().unwrap().iter();
    checks.find(|check| check["name"] == "address").cloned()
}

#[test]
fn the_vendor_names_the_host_of_a_connection_that_it_refuses() {
    let scene = Scene::settled();
    assert_eq!(address(&scene, "acme"), None);
    assert_eq!(scene.control().calls_to(Endpoint::Addresses), 0);
    scene.admin.block_integration("client-1", true).unwrap();
    let check = address(&scene, "acme").unwrap();
    assert_eq!(check["state"], "ok", "{check}");
    assert_eq!(check["found"], "NetSuite names 127.0.0.1 for 1234567, too");
    // Somebody in between answers with a page of his own.
    scene.control().arm(FaultRule::always(Fault::Html { status: 503 }).at(Endpoint::Addresses));
    let check = address(&scene, "acme").unwrap();
    assert_eq!(check["state"], "skipped", "{check}");
    assert_eq!(scene.control().calls_to(Endpoint::Addresses), 2);
}

#[test]
fn an_account_is_asked_for_once_for_all_its_connections() {
    let scene = Scene::settled();
    scene.add("acme-too");
    scene.activate("acme-too");
    scene.admin.block_integration("client-1", true).unwrap();
    for name in ["acme", "acme-too"] {
        assert!(address(&scene, name).is_some(), "{name}");
    }
    scene.control().forget_calls();
    let data = scene.json(&["doctor", "--all"])["data"].take();
    for name in ["acme", "acme-too"] {
        assert_eq!(find(&data, &[name, "address"])["state"], "ok");
    }
    assert_eq!(scene.control().calls_to(Endpoint::Addresses), 1);
}

#[test]
fn a_token_url_of_another_account_is_found() {
    let scene = Scene::settled();
    scene.control().netsuite("7654321").create_integration(NewIntegration::default()).unwrap();
    let url = scene.admin.token_url().replace("1234567", "7654321");
    scene.ok(&["connection", "set", "acme", "--unproven", &format!("--token-url={url}")]);
    let check = address(&scene, "acme").unwrap();
    assert_eq!(check["state"], "warning", "{check}");
    assert_eq!(check["fixes"][0]["command"], "tokenctl connection set acme --token-url=");
}

#[test]
fn an_account_that_the_vendor_does_not_know_has_no_host() {
    let scene = Scene::settled();
    let url = scene.admin.token_url().replace("1234567", "7654321");
    scene.ok(&[
        "connection",
        "set",
        "acme",
        "--account=7654321",
        "--unproven",
        &format!("--token-url={url}"),
    ]);
    let check = address(&scene, "acme").unwrap();
    assert_eq!(check["found"], "NetSuite names no host of its own for 7654321", "{check}");
    assert_eq!(check["fixes"][1]["command"], "tokenctl connection set acme --account=ID");
}
