//! What minting prints, refuses and stores.

use serde_json::Value;

use super::desk::Desk;
use crate::common::filters::filtered;

const MINT: [&str; 4] = ["invite", "mint", "--email=ann@supplier.example", "--company=Acme Ltd"];

#[test]
fn is_printed_once_in_every_format() {
    let _filters = filtered();
    let desk = Desk::new();
    let mint = |flags: &[&str]| desk.run(&[&MINT, flags].concat());
    insta::assert_snapshot!(mint(&[]), @"
    id       [ID]
    for      a***@s***.example
    expires  2027-03-08 12:00 UTC
    link     https://app.example/start#token=[TOKEN]
    --- stderr
    hint: once the link was delivered, run `tokenctl invite sent [ID]`
    --- exit 0
    ");
    let link = mint(&["-o", "plain"]).stdout;
    assert!(link.starts_with("https://app.example/start#token=eyJ") && link.lines().count() == 1);
    let envelope: Value = serde_json::from_str(&mint(&["--format=json"]).stdout).unwrap();
    let data = &envelope["data"];
    assert_eq!(envelope["schema"], "tokenctl.invitation-mint/1");
    assert_eq!(data["link"], format!("https://app.example/start#token={}", data["token"].as_str().unwrap()));
    // Four would be one too many.
    let refused = mint(&[]);
    insta::assert_snapshot!(refused, @"
    --- stderr
    error: cannot mint the invitation
      cause: the address has 3 open invitations, and the issuer allows 3
    hint: revoke one that is not needed, or wait until one is used up or expires
    hint: to allow more, run `tokenctl invite issuer set --max-active-per-email=5`
    --- exit 9
    ");
    let id = data["id"].as_str().unwrap();
    desk.ok(&["invite", "revoke", id]);
    assert!(mint(&["--format=token"]).stdout.starts_with("eyJ"));
    desk.ends(2, &[&MINT[..], &["-o", "csv"]].concat());
}

#[test]
fn a_link_can_carry_the_token_in_its_query() {
    let desk = Desk::new();
    let link = desk.ok(&[&MINT[..], &["--link-style=query", "--format=link"]].concat()).stdout;
    assert!(link.starts_with("https://app.example/start?token=eyJ"), "{link}");
    desk.place.put("link.txt", &link);
    desk.ok(&["invite", "check", "link.txt"]);
}

#[test]
fn a_qr_code_comes_with_the_text() {
    let desk = Desk::new();
    let ran = desk.ok(&[&MINT[..], &["--qr"]].concat());
    assert!(ran.stdout.lines().filter(|line| line.starts_with("████")).count() > 30, "{ran}");
    desk.ends(2, &[&MINT[..], &["--qr", "--format=link"]].concat());
}

#[test]
fn what_a_token_may_not_say_is_refused_before_anything_is_stored() {
    let desk = Desk::new();
    let before = desk.generation();
    for flags in [
        &["--claim=iss=me"][..],
        &["--claim=Scope=admin"],
        &["--claim=exp=9999999999"],
        &["--claim=cid=x"],
        &["--claim=xs.user.attributes=x"],
        &["--claim=invitation_id=x"],
        &["--claim=novalue"],
        &["--claim=a=1", "--claim=a=2"],
        &["--scope=admin"],
        &["--scope=supplier.onboard,admin"],
        &["--ttl=1m"],
        &["--ttl=91d"],
        &["--uses=0"],
        &["--uses=1001"],
        &["--email=not-an-address"],
        &["--company="],
        &["--purpose=a b"],
    ] {
        let ran = desk.run(&[&MINT[..], flags].concat());
        assert_eq!(ran.code, Some(2), "{flags:?}\n{ran}");
        assert_eq!(ran.stdout, "");
    }
    assert_eq!(desk.generation(), before);
    assert_eq!(desk.ok(&["invite", "list", "-o", "plain"]).stdout, "");
}

#[test]
fn claims_scopes_and_the_address_go_into_the_token_when_asked_for() {
    let desk = Desk::new();
    desk.ok(&["invite", "issuer", "set", "--scope=supplier.onboard,supplier.read"]);
    let (_, file) = desk.mint_for(
        "Ann@supplier.example",
        &[
            "--claim=po_number=4711",
            "--scope=supplier.read",
            "--email-in-token",
            "--requester=u-1",
            "--purpose=audit",
        ],
    );
    let claims = desk.data(&["invite", "check", &file])["claims"].clone();
    assert_eq!((&claims["po_number"], &claims["scope"]), (&"4711".into(), &"supplier.read".into()));
    assert_eq!(
        (&claims["supplier_email"], &claims["requester_id"]),
        (&"Ann@supplier.example".into(), &"u-1".into())
    );
    let (_, file) = desk.mint();
    let claims = desk.data(&["invite", "check", &file])["claims"].clone();
    assert!(claims.get("supplier_email").is_none() && claims["scope"] == "supplier.onboard", "{claims}");
}

const ROWS: &str = "email,company,ttl,uses,scope,claims\n\
                    ann@supplier.example,Acme Ltd,2d,1,,po=1\n\
                    not-an-address,Acme,,,,\n\
                    bob@supplier.example,\"Bolt, Inc\",,,,\n\
                    bob@supplier.example,Bolt,,,admin,\n\
                    cid@supplier.example,Cid,,,,iss=x\n";

#[test]
fn a_file_has_a_result_for_each_row_and_one_commit() {
    let desk = Desk::new();
    desk.place.put("rows.csv", ROWS);
    let before = desk.generation();
    let dry = desk.ends(13, &["invite", "mint", "--from-csv=rows.csv", "--dry-run"]);
    assert!(dry.stdout.contains("2 would be minted, 3 would fail"), "{dry}");
    assert_eq!(desk.generation(), before);
    let ran = desk.ends(13, &["invite", "mint", "--from-csv=rows.csv", "-o", "json"]);
    let envelope: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&envelope["ok"], &envelope["error"]["code"]), (&false.into(), &13.into()));
    let rows = envelope["data"]["rows"].as_array().unwrap();
    let codes: Vec<_> = rows.iter().map(|row| row["code"].as_u64().unwrap()).collect();
    assert_eq!(codes, [0, 2, 0, 2, 2], "{ran}");
    assert_eq!(desk.generation(), before + 1);
    assert!(!ran.stdout.contains("bob@") && !ran.stderr.contains("not-an-address"), "{ran}");
    desk.place.put("one.token", rows[2]["token"].as_str().unwrap());
    desk.ok(&["invite", "check", "one.token"]);
    desk.ok(&["invite", "sent", "--state=created"]);
    assert_eq!(desk.data(&["invite", "list", "--state=sent"])["invitations"].as_array().unwrap().len(), 2);
}

#[test]
fn a_file_in_every_format() {
    for (format, lines) in [("table", 2), ("plain", 2), ("csv", 3), ("jsonl", 2)] {
        let desk = Desk::new();
        desk.place.put("rows.csv", "email,company\na@supplier.example,=cmd()\nb@supplier.example,B\n");
        let ran = desk.ok(&["invite", "mint", "--from-csv=rows.csv", "-o", format]);
        assert_eq!(ran.stdout.lines().count(), lines, "{format}\n{ran}");
        assert_eq!(ran.stdout.matches("#token=eyJ").count(), 2, "{format}\n{ran}");
    }
    let desk = Desk::new();
    desk.place.put("bad.csv", "email\n");
    desk.ends(2, &["invite", "mint", "--from-csv=bad.csv"]);
    desk.ends(2, &["invite", "mint", "--from-csv=missing.csv"]);
    desk.place.put("bad.csv", "email,company\nx,y\n");
    desk.ends(2, &["invite", "mint", "--from-csv=bad.csv"]);
    desk.ends(2, &["invite", "mint", "--from-csv=bad.csv", "--email=a@b.example"]);
}

#[test]
fn too_many_for_one_address_in_one_file() {
    let desk = Desk::new();
    let rows = "ann@supplier.example,A\nANN@supplier.example,A\n".repeat(2);
    desk.place.put("rows.csv", &format!("email,company\n{rows}"));
    for flags in [&["--dry-run"][..], &[]] {
        let data = desk.data(&[&["invite", "mint", "--from-csv=rows.csv"], flags].concat());
        let codes: Vec<_> =
            data["rows"].as_array().unwrap().iter().map(|row| row["code"].as_u64().unwrap()).collect();
        assert_eq!(codes, [0, 0, 0, 9], "{data}");
    }
}

#[test]
fn without_an_issuer_there_is_nothing() {
    let desk = Desk::bare();
    for line in [
        &["invite", "list"][..],
        &MINT,
        &["invite", "jwks"],
        &["invite", "cleanup"],
        &["invite", "key", "list"],
    ] {
        let ran = desk.ends(5, line);
        assert!(ran.stderr.contains("no issuer is set") && ran.stderr.contains("invite issuer set"), "{ran}");
    }
    desk.ok(&["invite", "alerts"]);
}
