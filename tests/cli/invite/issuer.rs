//! The issuer, its keys and the public set.

use jiff::SignedDuration;
use serde_json::Value;

use super::desk::Desk;

fn keys(desk: &Desk) -> Vec<(String, String)> {
    let data = desk.data(&["invite", "key", "list"]);
    let rows = data["keys"].as_array().unwrap().iter();
    rows.map(|row| (row["state"].as_str().unwrap().to_owned(), row["kid"].as_str().unwrap().to_owned()))
        .collect()
}

fn kid(desk: &Desk, state: &str) -> String {
    keys(desk).into_iter().find(|(found, _)| found == state).unwrap().1
}

fn published(desk: &Desk) -> Vec<String> {
    let set: Value = serde_json::from_str(&desk.ok(&["invite", "jwks"]).stdout).unwrap();
    let mut kids: Vec<String> =
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect();
    kids.sort();
    kids
}

fn sorted(mut kids: Vec<String>) -> Vec<String> {
    kids.sort();
    kids
}

#[test]
fn rotation_publishes_before_use_and_until_the_last_token_is_over() {
    let desk = Desk::new();
    let (first, second) = (kid(&desk, "active"), kid(&desk, "next"));
    assert_eq!(
        published(&desk),
        sorted(vec![first.clone(), second.clone()]),
        "published before its first use"
    );
    let (_, old) = desk.mint();
    desk.ends(5, &["invite", "key", "rotate"]);
    desk.wait(SignedDuration::from_hours(1));
    desk.ok(&["invite", "key", "rotate", "--dry-run"]);
    assert_eq!(kid(&desk, "active"), first);
    desk.ok(&["invite", "key", "rotate"]);
    assert_eq!((kid(&desk, "retired"), kid(&desk, "active")), (first.clone(), second.clone()));
    let third = kid(&desk, "next");
    assert_eq!(published(&desk), sorted(vec![first.clone(), second.clone(), third.clone()]));
    let (_, new) = desk.mint();
    for (file, signer) in [(&old, &first), (&new, &second)] {
        assert_eq!(desk.data(&["invite", "check", file])["kid"], **signer, "old tokens live on");
    }
    // The old token expires a week after it was minted; an hour later its key goes.
    desk.wait(SignedDuration::from_hours(7 * 24 - 1) + SignedDuration::from_mins(59));
    assert!(published(&desk).contains(&first));
    desk.wait(SignedDuration::from_mins(1));
    assert_eq!(published(&desk), sorted(vec![second, third]));
}

#[test]
fn a_leaked_key_takes_its_open_invitations_with_it() {
    let desk = Desk::new();
    let leaked = kid(&desk, "active");
    let (consumed, done) = desk.submitted();
    desk.ok(&["invite", "redeem", &done]);
    let (open, file) = desk.sent();
    desk.ends(2, &["invite", "key", "revoke", "--no-input", "--", &leaked]);
    let planned = desk.data(&["invite", "key", "revoke", "--dry-run", "--", &leaked]);
    assert_eq!(planned["revoked_invitations"], serde_json::json!([open]));
    assert_eq!(desk.state(&open), "sent");
    let revoked = desk.data(&["invite", "key", "revoke", "--yes", "--", &leaked]);
    assert_eq!(revoked["revoked_invitations"], serde_json::json!([open]));
    assert_eq!((desk.state(&open), desk.state(&consumed)), ("revoked".into(), "consumed".into()));
    assert!(!published(&desk).contains(&leaked));
    assert_eq!(published(&desk).len(), 2, "the next one took over, and there is one after it");
    assert_eq!(desk.data(&["invite", "check", &file])["verdict"], "revoked-key");
    desk.ends(4, &["invite", "access", &file]);
    let (_, fresh) = desk.mint();
    desk.ok(&["invite", "check", &fresh]);
    desk.ends(5, &["invite", "key", "revoke", "--yes", "--", &leaked]);
    desk.ends(3, &["invite", "key", "revoke", "--yes", "nobody"]);
    // One that was never used goes without anything else.
    let next = kid(&desk, "next");
    desk.ok(&["invite", "key", "revoke", "--yes", "--", &next]);
    assert_ne!(kid(&desk, "next"), next);
    desk.ok(&["invite", "check", &fresh]);
}

#[test]
fn no_private_member_is_ever_published() {
    for desk in [Desk::new(), Desk::sap()] {
        desk.wait(SignedDuration::from_hours(1));
        desk.ok(&["invite", "key", "rotate"]);
        let set: Value = serde_json::from_str(&desk.ok(&["invite", "jwks"]).stdout).unwrap();
        let keys = set["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 3);
        for key in keys {
            for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
                assert!(key.get(private).is_none(), "{private}");
            }
            assert!(!key.to_string().contains("PRIVATE"));
        }
    }
}

#[test]
fn the_set_for_sap_has_rs256_keys_with_their_pem_only() {
    let desk = Desk::new();
    desk.mint();
    // Another profile retires the keys of the one before: SAP's readers would choke on them.
    desk.ok(&[
        "invite",
        "issuer",
        "set",
        "--profile=xsuaa",
        "--xsappname=app!t123",
        "--client-id=sb-app!t123",
        "--zone=z",
    ]);
    let set: Value = serde_json::from_str(&desk.ok(&["invite", "jwks"]).stdout).unwrap();
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        assert_eq!((&key["alg"], &key["kty"], &key["use"]), (&"RS256".into(), &"RSA".into(), &"sig".into()));
        desk.place.put("key.pem", key["value"].as_str().unwrap());
        let openssl = std::process::Command::new("openssl")
            .args(["pkey", "-pubin", "-in", "key.pem", "-noout", "-text"])
            .current_dir(desk.place.home())
            .output()
            .unwrap();
        let text = String::from_utf8(openssl.stdout).unwrap();
        assert!(text.contains("3072 bit"), "{text}");
    }
    let (_, file) = desk.mint_for("bob@supplier.example", &[]);
    let claims = desk.data(&["invite", "check", &file])["claims"].clone();
    assert_eq!(claims["scope"], serde_json::json!(["app!t123.supplier.onboard"]));
    desk.ends(2, &["invite", "issuer", "set", "--algorithm=ES256"]);
}

#[test]
fn settings_that_cannot_be_are_refused_and_the_others_are_kept() {
    let desk = Desk::new();
    for flags in [
        &["--issuer=http://invite.example"][..],
        &["--issuer=https://user@invite.example"],
        &["--issuer=https://invite.example/#x"],
        &["--link-base=https://app.example/#/start"],
        &["--link-base=http://app.example/"],
        &["--zone=z"],
        &["--algorithm=RS256"],
        &["--ttl=1s"],
        &["--max-checks-per-hour=0"],
        &["--audience="],
        &["--scope=a b"],
        &[],
    ] {
        desk.ends(2, &[&["invite", "issuer", "set"], flags].concat());
    }
    desk.ok(&["invite", "issuer", "set", "--ttl=2d", "--max-active-per-email=1"]);
    let shown = desk.data(&["invite", "issuer", "show"]);
    assert_eq!((&shown["ttl_seconds"], &shown["max_active_per_email"]), (&172_800.into(), &1.into()));
    assert_eq!(shown["audience"], serde_json::json!(["supplier-app"]));
    desk.mint();
    let before = desk.generation();
    let ran = desk.ok(&["invite", "issuer", "set", "--issuer=https://other.example", "--dry-run"]);
    assert!(ran.stderr.contains("1 open invitations name the issuer and audience before"), "{ran}");
    assert_eq!(desk.generation(), before);
}

#[test]
fn a_viewer_reads_what_is_public_and_changes_nothing() {
    let desk = Desk::new();
    let (id, file) = desk.sent();
    let viewer = std::process::Command::new(env!("CARGO_BIN_EXE_tokenctl"))
        .args(["init", "-o", "json"])
        .env_clear()
        .env("HOME", desk.place.home().join("viewer"))
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&viewer.stdout).unwrap();
    let key = report["data"]["recipients"][0]["public_key"].as_str().unwrap();
    desk.ok(&["vault", "recipient", "add", key, "--role=viewer"]);
    let pin = desk.data(&["vault", "info"])["pin"].as_str().unwrap().to_owned();
    let as_viewer = |arguments: &[&str]| {
        let mut command = desk.command(arguments);
        command.env("TOKENCTL_IDENTITY_FILE", desk.place.home().join("viewer/.config/tokenctl/identity.txt"));
        desk.place.finish(command.env("TOKENCTL_VAULT_PIN", &pin))
    };
    for line in
        [&["invite", "list"][..], &["invite", "show", &id], &["invite", "jwks"], &["invite", "check", &file]]
    {
        let ran = as_viewer(line);
        assert_eq!(ran.code, Some(0), "{line:?}\n{ran}");
        assert!(!ran.stdout.contains("ann@") && !ran.stderr.contains("ann@"), "{ran}");
    }
    assert!(as_viewer(&["invite", "show", &id]).stdout.contains("a***@s***.example"));
    for line in [
        &["invite", "list", "--email=ann@supplier.example"][..],
        &["invite", "revoke", &id],
        &["invite", "access", &file],
        &["invite", "cleanup"],
        &["invite", "key", "rotate", "--now"],
        &["invite", "mint", "--email=b@supplier.example", "--company=B"],
    ] {
        let ran = as_viewer(line);
        assert_eq!(ran.code, Some(9), "{line:?}\n{ran}");
    }
}

#[test]
fn a_rekey_seals_invitations_anew() {
    let desk = Desk::new();
    let (id, file) = desk.sent();
    desk.ok(&["invite", "access", &file, "--ip=203.0.113.7"]);
    desk.wait(SignedDuration::from_hours(1));
    desk.ok(&["invite", "key", "rotate"]);
    let other = std::process::Command::new(env!("CARGO_BIN_EXE_tokenctl"))
        .args(["init", "-o", "json"])
        .env_clear()
        .env("HOME", desk.place.home().join("other"))
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&other.stdout).unwrap();
    let key = report["data"]["recipients"][0]["public_key"].as_str().unwrap();
    desk.ok(&["vault", "recipient", "add", key, "--role=operator", "--label=other"]);
    desk.ok(&["vault", "recipient", "remove", "other", "--yes"]);
    let shown = desk.data(&["invite", "show", "--email=ann@supplier.example"]);
    assert_eq!(shown["invitations"][0]["first_address"], "203.0.113.7");
    assert_eq!(shown["invitations"][0]["id"], id);
    desk.mint();
    desk.ok(&["vault", "check"]);
}
