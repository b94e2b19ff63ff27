use serde_json::Value;

use super::*;
use crate::domain::connection::Provider;
use crate::domain::ids::ConnectionId;
use crate::domain::verification::{Outcome, Stage, Verification};
use crate::output::Hint;

const HOSTILE: &str =
    "::error::x\r\n::set-output name=a::b\u{1b}[31m\",]]>&<b>%0A\\{}\u{fffe}\u{202e}##[group]";

fn now() -> Timestamp {
    "2027-03-01T12:00:00Z".parse().unwrap()
}

fn row(name: &str, outcome: Outcome, days: i64) -> VerifyRow {
    let found = Verification {
        connection: ConnectionId::new(),
        key: None,
        checked_at: now(),
        outcome,
        stage: Stage::Exchange,
        http_status: None,
        vendor_error: None,
        message: (outcome != Outcome::Proven).then(|| format!("the vendor said {name}")),
        latency_ms: Some(1234),
    };
    let expires_at = now() + jiff::SignedDuration::from_hours(24 * days);
    let mut row = VerifyRow::new((&name, Provider::Netsuite), &found, Some(expires_at), 30);
    row.connection_id = "0123".to_owned();
    if outcome != Outcome::Proven {
        (row.code, row.result) = (4, "rejected");
        row.causes = vec![name.to_owned()];
        row.hints = vec![Hint::command("to see where its keys stand, run", ["rotate", "status", name])];
    }
    row
}

fn report(rows: Vec<VerifyRow>) -> Verify {
    let proven = rows.iter().filter(|row| row.ok).count();
    Verify {
        proven,
        failed: rows.len() - proven,
        expiring: rows.iter().filter(|row| row.ok && row.expiring).count(),
        skipped: vec!["off".to_owned()],
        recorded: true,
        connections: rows,
    }
}

fn usual() -> Verify {
    report(vec![
        row("acme", Outcome::Proven, 400),
        row("soon", Outcome::Proven, 20),
        row("broken", Outcome::Rejected, 400),
    ])
}

fn hostile() -> Verify {
    report(vec![row(HOSTILE, Outcome::Rejected, 400), row(HOSTILE, Outcome::Proven, 20)])
}

#[test]
fn junit() {
    insta::assert_snapshot!(ReportKind::Junit.render(&usual(), now()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="tokenctl verify" tests="4" failures="1" errors="0" time="3.702">
      <testsuite name="tokenctl verify" tests="4" failures="1" errors="0" skipped="1" time="3.702" timestamp="2027-03-01T12:00:00Z">
        <testcase name="acme" classname="netsuite" time="1.234">
          <system-out>acme is proven</system-out>
        </testcase>
        <testcase name="soon" classname="netsuite" time="1.234">
          <system-out>soon expires on 2027-03-21 (20 days left)</system-out>
        </testcase>
        <testcase name="broken" classname="netsuite" time="1.234">
          <failure message="broken is not proven: the vendor said broken" type="rejected">exit code 4 (rejected)
    cause: broken
    hint: to see where its keys stand, run `tokenctl rotate status broken`</failure>
        </testcase>
        <testcase name="off" classname="disabled">
          <skipped message="the connection is disabled"/>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn sarif() {
    let log: Value = serde_json::from_str(&ReportKind::Sarif.render(&usual(), now())).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&log["runs"][0]["results"]).unwrap(), @r#"
    [
      {
        "level": "warning",
        "locations": [
          {
            "logicalLocations": [
              {
                "fullyQualifiedName": "netsuite/soon",
                "kind": "resource",
                "name": "soon"
              }
            ],
            "physicalLocation": {
              "artifactLocation": {
                "uri": "tokenctl/connections/soon"
              },
              "region": {
                "startLine": 1
              }
            }
          }
        ],
        "message": {
          "text": "soon expires on 2027-03-21 (20 days left)"
        },
        "partialFingerprints": {
          "tokenctl/v1": "0123/expiring"
        },
        "properties": {
          "code": 0,
          "expiresAt": "2027-03-21T12:00:00Z",
          "provider": "netsuite"
        },
        "ruleId": "expiring",
        "ruleIndex": 0
      },
      {
        "level": "error",
        "locations": [
          {
            "logicalLocations": [
              {
                "fullyQualifiedName": "netsuite/broken",
                "kind": "resource",
                "name": "broken"
              }
            ],
            "physicalLocation": {
              "artifactLocation": {
                "uri": "tokenctl/connections/broken"
              },
              "region": {
                "startLine": 1
              }
            }
          }
        ],
        "message": {
          "text": "broken is not proven: the vendor said broken\ncause: broken\nhint: to see where its keys stand, run `tokenctl rotate status broken`"
        },
        "partialFingerprints": {
          "tokenctl/v1": "0123/rejected"
        },
        "properties": {
          "code": 4,
          "expiresAt": "2028-04-04T12:00:00Z",
          "provider": "netsuite"
        },
        "ruleId": "rejected",
        "ruleIndex": 3
      }
    ]
    "#);
}

#[test]
fn github() {
    insta::assert_snapshot!(ReportKind::Github.render(&usual(), now()), @"
    ::warning title=soon%3A expiring::soon expires on 2027-03-21 (20 days left)
    ::error title=broken%3A rejected::broken is not proven: the vendor said broken%0Acause: broken%0Ahint: to see where its keys stand, run `tokenctl rotate status broken`
    ::notice title=tokenctl verify::2 proven, 1 failed, 1 expiring
    ");
}

#[test]
fn prometheus() {
    insta::assert_snapshot!(ReportKind::Prometheus.render(&usual(), now()), @r#"
    # HELP tokenctl_connection_proven Whether a live exchange proved the connection (1) or not (0).
    # TYPE tokenctl_connection_proven gauge
    tokenctl_connection_proven{connection="acme",provider="netsuite"} 1
    tokenctl_connection_proven{connection="soon",provider="netsuite"} 1
    tokenctl_connection_proven{connection="broken",provider="netsuite"} 0
    # HELP tokenctl_connection_code The exit code that the connection alone would have had.
    # TYPE tokenctl_connection_code gauge
    tokenctl_connection_code{connection="acme",provider="netsuite"} 0
    tokenctl_connection_code{connection="soon",provider="netsuite"} 0
    tokenctl_connection_code{connection="broken",provider="netsuite"} 4
    # HELP tokenctl_connection_expires_timestamp_seconds When the connection's credentials expire, in seconds since 1970.
    # TYPE tokenctl_connection_expires_timestamp_seconds gauge
    tokenctl_connection_expires_timestamp_seconds{connection="acme",provider="netsuite"} 1838462400
    tokenctl_connection_expires_timestamp_seconds{connection="soon",provider="netsuite"} 1805630400
    tokenctl_connection_expires_timestamp_seconds{connection="broken",provider="netsuite"} 1838462400
    # HELP tokenctl_connection_exchange_seconds How long the vendor took to answer.
    # TYPE tokenctl_connection_exchange_seconds gauge
    tokenctl_connection_exchange_seconds{connection="acme",provider="netsuite"} 1.234
    tokenctl_connection_exchange_seconds{connection="soon",provider="netsuite"} 1.234
    tokenctl_connection_exchange_seconds{connection="broken",provider="netsuite"} 1.234
    # HELP tokenctl_verify_connections How many connections were proven, failed, or were skipped because they are disabled.
    # TYPE tokenctl_verify_connections gauge
    tokenctl_verify_connections{result="proven"} 2
    tokenctl_verify_connections{result="failed"} 1
    tokenctl_verify_connections{result="skipped"} 1
    # HELP tokenctl_verify_timestamp_seconds When the connections were verified, in seconds since 1970.
    # TYPE tokenctl_verify_timestamp_seconds gauge
    tokenctl_verify_timestamp_seconds 1803902400
    "#);
}

/// No kind of report holds what a terminal may not see.
#[test]
fn hostile_names_are_harmless_everywhere() {
    for kind in ReportKind::ALL {
        let text = kind.render(&hostile(), now());
        let hostile =
            |char: char| char.is_control() && char != '\n' || matches!(char, '\u{202e}' | '\u{fffe}');
        assert!(!text.contains(hostile), "{kind}: {text:?}");
        assert!(!text.contains("##["), "{kind}: {text}");
        let commands = text.lines().filter(|line| line.trim_start().starts_with("::")).count();
        assert_eq!(commands, if kind == ReportKind::Github { 3 } else { 0 }, "{kind}: {text}");
    }
}

/// The runner takes a line apart as [`github`] expects, and finds three commands with our properties only.
#[test]
fn a_runner_reads_our_annotations_only() {
    let text = ReportKind::Github.render(&hostile(), now());
    for line in text.lines() {
        let (command, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (word, properties) = command.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&word), "{line}");
        let properties: Vec<&str> = properties.split(',').collect();
        assert_eq!(properties.len(), 1, "{line}");
        assert!(properties[0].starts_with("title=") && !properties[0].contains(':'), "{line}");
        // What is decoded holds the name's own percent sign again, and no line end but ours.
        let decoded = message.replace("%0A", "\n").replace("%25", "%");
        assert!(word == "notice" || decoded.contains("%0A"), "{line}");
    }
}

#[test]
fn xml_readers_find_the_name_again() {
    use quick_xml::events::Event;
    let text = ReportKind::Junit.render(&hostile(), now());
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut cases, mut failures) = (Vec::new(), 0);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) if tag.name().as_ref() == "testcase" => {
                let name = tag.try_get_attribute("name").unwrap().unwrap();
                cases.push(name.value.into_owned());
            }
            Event::Start(tag) if tag.name().as_ref() == "failure" => failures += 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!((cases.len(), failures), (3, 1), "{text}");
    assert_eq!(quick_xml::escape::unescape(&cases[0]).unwrap(), safe_line(HOSTILE));
}

#[test]
fn expiring_fails_where_that_was_asked_for() {
    let mut soon = row("soon", Outcome::Proven, 20);
    (soon.code, soon.result) = (10, "expiring");
    let report = report(vec![soon]);
    assert!(
        ReportKind::Junit.render(&report, now()).contains(r#"<failure message="soon expires on 2027-03-21"#)
    );
    assert!(ReportKind::Github.render(&report, now()).starts_with("::error title=soon%3A expiring::"));
    assert!(ReportKind::Sarif.render(&report, now()).contains(r#""level": "error""#));
}

/// What SARIF 2.1.0 requires: sections 3.13 to 3.19, 3.27 and 3.28.
#[test]
fn sarif_has_what_readers_require() {
    for report in [usual(), hostile(), report(Vec::new())] {
        let log: Value = serde_json::from_str(&ReportKind::Sarif.render(&report, now())).unwrap();
        assert_eq!(log["version"], "2.1.0");
        assert!(log["$schema"].as_str().unwrap().starts_with("https://"));
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["name"], "tokenctl");
        assert_eq!(run["invocations"][0]["executionSuccessful"], true);
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()));
            assert!(!result["message"]["text"].as_str().unwrap().contains("]("));
            let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
            let name = uri.strip_prefix("tokenctl/connections/").unwrap();
            assert!(!name.is_empty() && !name.contains(['/', ':', ' ', '\\']), "{uri}");
            assert!(result["partialFingerprints"]["tokenctl/v1"].is_string());
        }
    }
}

/// Prometheus's own rules: one HELP and TYPE for each metric, samples of the same metric together, escaped labels.
#[test]
fn a_collector_reads_every_line() {
    for report in [usual(), hostile(), report(Vec::new())] {
        let text = ReportKind::Prometheus.render(&report, now());
        let (mut current, mut seen) = (String::new(), std::collections::BTreeSet::new());
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                current = help.split_once(' ').unwrap().0.to_owned();
                assert!(seen.insert(current.clone()), "{line} comes twice");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                assert_eq!(kind, format!("{current} gauge"));
            } else {
                let rest = line.strip_prefix(current.as_str()).unwrap_or_else(|| panic!("{line}"));
                let (labels, value) = rest.rsplit_once(' ').unwrap();
                value.parse::<f64>().unwrap();
                assert!(labels.is_empty() || closes(labels), "{line}");
            }
        }
        assert!(text.ends_with('\n'));
    }
}

/// Whether `{a="…",b="…"}` has no quote inside a value that is not escaped.
fn closes(labels: &str) -> bool {
    let mut inside = labels.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    loop {
        let Some((_, rest)) = inside.split_once("=\"") else { return false };
        let mut escaped = false;
        let end = rest.char_indices().find(|(_, char)| {
            let closes = *char == '"' && !escaped;
            escaped = *char == '\\' && !escaped;
            closes
        });
        let Some((end, _)) = end else { return false };
        match &rest[end + 1..] {
            "" => return true,
            more => match more.strip_prefix(',') {
                Some(more) => inside = more,
                None => return false,
            },
        }
    }
}
