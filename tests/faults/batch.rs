//! One exit code for many connections: all alike, mixed, expiring, skipped.

use serde_json::Value;
use tokenctl::sim::Fault;

use crate::common::Ran;
use crate::office::{Desk, Office};

fn envelope(office: &Office, flags: &[&str]) -> (Ran, Value) {
    let ran = office.run(&[&["verify", "-o", "json", "--timeout=4s"], flags].concat());
    let envelope = ran.json();
    (ran, envelope)
}

/// Every connection's name and code, by name.
fn codes(envelope: &Value) -> Vec<(String, u64)> {
    let rows = envelope["data"]["connections"].as_array().unwrap();
    rows.iter()
        .map(|row| (row["connection"].as_str().unwrap().to_owned(), row["code"].as_u64().unwrap()))
        .collect()
}

fn refuse(desk: &Desk<'_>, status: u16, error: &str) {
    desk.arm(Fault::Refuse { status, error: error.to_owned() });
}

#[test]
fn one_code_for_many() {
    let office = Office::new();
    let desks = office.desks(4);
    let names: Vec<&str> = desks.iter().map(|desk| desk.name.as_str()).collect();

    let (ran, all) = envelope(&office, &["--all"]);
    ran.expect_code(0);
    assert_eq!((&all["ok"], &all["data"]["proven"], &all["error"]), (&true.into(), &4.into(), &Value::Null));
    assert!(
        all["data"]["connections"].as_array().unwrap().iter().all(|row| row["proof"]["kind"] == "exchange")
    );

    // Mixed: 13, with a code per connection; those that are well stay well.
    refuse(&desks[1], 400, "invalid_grant");
    desks[2].arm(Fault::Html { status: 200 }); // not repeated, so this is quick
    let (ran, mixed) = envelope(&office, &["--all"]);
    ran.expect_code(13);
    assert_eq!(codes(&mixed), [(names[0], 0), (names[1], 4), (names[2], 6), (names[3], 0)].map(own));
    assert_eq!(
        (&mixed["error"]["kind"], &mixed["error"]["causes"][0]),
        (&"partial".into(), &"2 of 4 failed".into())
    );
    assert_eq!(mixed["error"]["hints"][0]["command"], format!("tokenctl verify {}", names[1]));
    let table = office.run(&["verify", "--all", "--timeout=4s"]);
    table.expect_code(13);
    assert!(table.stdout.contains("2 proven, 2 failed"), "{table}");

    // Good and bad alike is mixed as well; bad and bad of one kind is that kind.
    assert_eq!(envelope(&office, &[names[0], names[1]]).0.code, Some(13));
    refuse(&desks[3], 401, "invalid_client");
    assert_eq!(envelope(&office, &[names[1], names[3]]).0.code, Some(4));
    // Two kinds, none of them good.
    assert_eq!(envelope(&office, &[names[1], names[2]]).0.code, Some(13));

    // Selections.
    assert_eq!(
        codes(&envelope(&office, &["--company", "company 0"]).1).len(),
        2,
        "companies by name, in any case"
    );
    assert_eq!(codes(&envelope(&office, &["--tag", "lane=1"]).1), [(names[1], 4), (names[3], 4)].map(own));
    for flags in [&["--all", names[0]][..], &["--all", "--tag", "lane=1"], &[names[0], "--company", "x"]] {
        assert_eq!(office.run(&[&["verify"], flags].concat()).code, Some(2), "{flags:?}");
    }
    // The same results in a format of rows: the rows, then one error object.
    let lines = office.run(&["verify", "--all", "-o", "jsonl", "--timeout=4s"]);
    lines.expect_code(13);
    assert_eq!(lines.stdout.lines().count(), 5);
    assert!(lines.stdout.lines().last().unwrap().contains("\"tokenctl.error/1\""), "{lines}");
}

fn own((name, code): (&str, u64)) -> (String, u64) {
    (name.to_owned(), code)
}

#[test]
fn expiring_is_ten_only_if_nothing_is_worse() {
    let office = Office::new();
    let desks = office.desks(2);
    let names: Vec<&str> = desks.iter().map(|desk| desk.name.as_str()).collect();
    let within = ["--all", "--warn-days=800"];

    let (ran, expiring) = envelope(&office, &within);
    ran.expect_code(0);
    assert_eq!((&expiring["data"]["expiring"], &expiring["ok"]), (&2.into(), &true.into()));
    let (ran, failed) = envelope(&office, &[&within[..], &["--fail-on=expiring"]].concat());
    ran.expect_code(10);
    assert_eq!((&failed["error"]["kind"], &failed["data"]["proven"]), (&"expiring".into(), &2.into()));
    assert!(failed["error"]["hints"][0]["command"].as_str().unwrap().contains(names[0]), "{ran}");
    assert_eq!(envelope(&office, &["--all", "--warn-days=30", "--fail-on=expiring"]).0.code, Some(0));
    let one = ["--warn-days=800", "--fail-on=expiring", names[0]];
    assert_eq!(envelope(&office, &one).0.code, Some(10));

    // Worse comes first: one refused beside one that expires is mixed, and all refused is 4.
    refuse(&desks[1], 400, "invalid_grant");
    let strict = [&within[..], &["--fail-on=expiring"]].concat();
    assert_eq!(envelope(&office, &strict).0.code, Some(13));
    refuse(&desks[0], 400, "invalid_grant");
    assert_eq!(envelope(&office, &strict).0.code, Some(4));
}

#[test]
fn disabled_ones_are_skipped_by_name() {
    let office = Office::new();
    let desks = office.desks(3);
    let name = desks[1].name.as_str();
    office.run(&["connection", "disable", name]).expect_code(0);

    let (ran, all) = envelope(&office, &["--all"]);
    ran.expect_code(0);
    assert_eq!((&all["data"]["skipped"], &all["data"]["proven"]), (&serde_json::json!([name]), &2.into()));
    let table = office.run(&["verify", "--all"]);
    assert!(table.stdout.contains(&format!("skipped (disabled): {name}")), "{table}");
    assert!(table.stderr.contains(&format!("tokenctl connection enable {name}")), "{table}");

    // By name it is tried; only disabled ones are no selection.
    assert_eq!(codes(&envelope(&office, &[name]).1), [(name.to_owned(), 0)]);
    office.run(&["connection", "disable", &desks[0].name]).expect_code(0);
    office.run(&["connection", "disable", &desks[2].name]).expect_code(0);
    let (ran, none) = envelope(&office, &["--all"]);
    ran.expect_code(2);
    assert_eq!(none["error"]["kind"], "usage");
}
