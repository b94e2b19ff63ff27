//! `verify --report`: files for CI and monitoring, written on failures as well.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::filters::filtered;
use crate::common::scene::Scene;

fn has_xmllint() -> bool {
    Command::new("xmllint").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// Without how long the vendor took.
fn untimed(text: &str) -> String {
    let timed = |line: &str| match (line.split_once("time=\""), line.split_once("exchange_seconds{")) {
        (Some((before, rest)), _) if !rest.starts_with("0.000") => {
            let (_, after) = rest.split_once('"').unwrap();
            format!("{before}time=\"[TIME]\"{after}")
        }
        (None, Some(_)) => format!("{} [TIME]", line.rsplit_once(' ').unwrap().0),
        _ => line.to_owned(),
    };
    text.lines().map(|line| timed(line) + "\n").collect()
}

/// `acme` is proven, `globex` has no key, `off` is disabled.
fn scene() -> Scene {
    let scene = Scene::settled();
    scene.add("globex");
    scene.add("off");
    scene.ok(&["connection", "disable", "off"]);
    scene
}

#[test]
fn every_kind_is_written_although_something_failed() {
    let _filters = filtered();
    let scene = scene();
    let kinds = ["junit=r.xml", "sarif=r.sarif", "github=r.txt", "prometheus=r.prom"];
    let flags = kinds.map(|kind| format!("--report={kind}"));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let ran =
        scene.run(&[&["verify", "--all", "-o", "plain", "--fields=connection,code"], &flags[..]].concat());
    insta::assert_snapshot!(ran, @"
    acme	0
    globex	3
    --- stderr
    error: 1 of 2 connections are not proven
      cause: 1 of 2 failed
    hint: to see what helps the first of them, run `tokenctl verify globex`
    hint: disabled ones were skipped; to use one again, run `tokenctl connection enable off`
    --- exit 13
    ");
    let read = |name: &str| std::fs::read_to_string(scene.place.home().join(name)).unwrap();
    insta::assert_snapshot!(untimed(&read("r.xml")), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="tokenctl verify" tests="3" failures="1" errors="0" time="[TIME]">
      <testsuite name="tokenctl verify" tests="3" failures="1" errors="0" skipped="1" time="[TIME]" timestamp="2027-03-01T12:00:00Z">
        <testcase name="acme" classname="netsuite" time="[TIME]">
          <system-out>acme is proven</system-out>
        </testcase>
        <testcase name="globex" classname="netsuite" time="0.000">
          <failure message="globex is not proven: `globex` has no active key" type="not-found">exit code 3 (not-found)
    hint: to see where its keys stand, run `tokenctl rotate status globex`</failure>
        </testcase>
        <testcase name="off" classname="disabled">
          <skipped message="the connection is disabled"/>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
    insta::assert_snapshot!(read("r.txt"), @"
    ::error title=globex%3A not-found::globex is not proven: `globex` has no active key%0Ahint: to see where its keys stand, run `tokenctl rotate status globex`
    ::notice title=tokenctl verify::1 proven, 1 failed, 0 expiring
    ");
    insta::assert_snapshot!(untimed(&read("r.prom")), @r#"
    # HELP tokenctl_connection_proven Whether a live exchange proved the connection (1) or not (0).
    # TYPE tokenctl_connection_proven gauge
    tokenctl_connection_proven{connection="acme",provider="netsuite"} 1
    tokenctl_connection_proven{connection="globex",provider="netsuite"} 0
    # HELP tokenctl_connection_code The exit code that the connection alone would have had.
    # TYPE tokenctl_connection_code gauge
    tokenctl_connection_code{connection="acme",provider="netsuite"} 0
    tokenctl_connection_code{connection="globex",provider="netsuite"} 3
    # HELP tokenctl_connection_expires_timestamp_seconds When the connection's credentials expire, in seconds since 1970.
    # TYPE tokenctl_connection_expires_timestamp_seconds gauge
    tokenctl_connection_expires_timestamp_seconds{connection="acme",provider="netsuite"} 1866974400
    # HELP tokenctl_connection_exchange_seconds How long the vendor took to answer.
    # TYPE tokenctl_connection_exchange_seconds gauge
    tokenctl_connection_exchange_seconds{connection="acme",provider="netsuite"} [TIME]
    # HELP tokenctl_verify_connections How many connections were proven, failed, or were skipped because they are disabled.
    # TYPE tokenctl_verify_connections gauge
    tokenctl_verify_connections{result="proven"} 1
    tokenctl_verify_connections{result="failed"} 1
    tokenctl_verify_connections{result="skipped"} 1
    # HELP tokenctl_verify_timestamp_seconds When the connections were verified, in seconds since 1970.
    # TYPE tokenctl_verify_timestamp_seconds gauge
    tokenctl_verify_timestamp_seconds 1803902400
    "#);
    let sarif: Value = serde_json::from_str(&read("r.sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!((results.len(), &results[0]["ruleId"]), (1, &Value::from("missing")));
    for name in ["r.xml", "r.sarif", "r.txt", "r.prom"] {
        // The umask of the tests counts, and secrets' mode does not: a collector runs under another account.
        assert_ne!(mode(&scene.place.home().join(name)) & 0o077, 0, "{name}");
    }
    if has_xmllint() {
        let path = scene.place.home().join("r.xml");
        assert!(Command::new("xmllint").arg("--noout").arg(path).status().unwrap().success());
    }
}

#[test]
fn a_report_can_take_the_place_of_the_output() {
    let scene = scene();
    let ran = scene.run(&["verify", "acme", "--report=github=-"]);
    assert_eq!(
        (ran.stdout.as_str(), ran.code),
        ("::notice title=tokenctl verify::1 proven, 0 failed, 0 expiring\n", Some(0))
    );
    let ran = scene.run(&["verify", "--all", "--report=github=-"]);
    assert!(ran.stdout.starts_with("::error title=globex%3A not-found::globex is not proven: "), "{ran}");
    assert!(ran.stderr.starts_with("error: ") && ran.code == Some(13), "{ran}");
}

#[test]
fn what_cannot_be_written_is_said_and_nothing_is_hidden() {
    let _filters = filtered();
    let scene = scene();
    insta::assert_snapshot!(scene.run(&["verify", "acme", "--report=junit=missing/r.xml", "-o", "plain", "--fields=connection,ok"]), @"
    acme	true
    --- stderr
    error: the junit report could not be written
      cause: cannot write missing/r.xml
      cause: No such file or directory (os error)
    hint: check the free space and the folder's permissions
    --- exit 1
    ");
    let link = scene.place.home().join("link.prom");
    std::os::unix::fs::symlink(scene.identity(), &link).unwrap();
    let before = std::fs::read(scene.identity()).unwrap();
    let ran = scene.run(&["verify", "acme", "--report=prometheus=link.prom"]);
    assert_eq!(ran.code, Some(9), "{ran}");
    assert_eq!(std::fs::read(scene.identity()).unwrap(), before);
    // What is not proven is worse than a report that is not there.
    insta::assert_snapshot!(scene.run(&["verify", "globex", "--report=junit=missing/r.xml"]), @"
    CONNECTION  RESULT   EXPIRES  TIME
    globex      missing  -           -
    --- stderr
    warning: the junit report could not be written: cannot write missing/r.xml: No such file or directory (os error)
    error: `globex` is not proven
      cause: `globex` has no active key
    hint: to see where its keys stand, run `tokenctl rotate status globex`
    --- exit 3
    ");
}

#[test]
fn a_collector_never_reads_half_a_file() {
    let scene = scene();
    let path = scene.place.put("r.prom", "an older one\n");
    let older = std::fs::File::open(&path).unwrap();
    scene.ok(&["verify", "acme", "--report=prometheus=r.prom"]);
    assert_eq!(std::io::read_to_string(older).unwrap(), "an older one\n", "it was replaced, not overwritten");
    assert!(std::fs::read_to_string(&path).unwrap().contains("tokenctl_connection_proven"));
    let left: Vec<_> = std::fs::read_dir(scene.place.home())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("tmp"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_wrong_kind_is_a_usage_error() {
    let scene = Scene::new();
    insta::assert_snapshot!(scene.refused(2, &["verify", "--all", "--report=junitt=r.xml"]), @"
    --- stderr
    error: `junitt=r.xml` is not a value of `--report`
      cause: there is no kind `junitt`; did you mean `junit`?
    hint: for the usage, run `tokenctl verify --help`
    --- exit 2
    ");
    scene.refused(2, &["verify", "--all", "--report=html=r.html"]);
    scene.refused(2, &["verify", "--all", "--report=junit"]);
    scene.refused(2, &["verify", "--all", "--report=junit=r", "--report=sarif=r"]);
}
