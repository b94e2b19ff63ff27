//! R16: what somebody else chose passes through every command and format without harm.

use std::fmt::Write as _;

use serde_json::Value;

use super::desk::Desk;

const NAMES: [&str; 8] = [
    "=HYPERLINK(\"http://evil\",\"x\")",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "::error::owned",
    "##vso[task.setvariable variable=x]y",
    "a\u{202e}b\u{2066}c\u{200b}d",
    "\u{feff}invisible\u{e0041}",
    "\"quoted\", and 'single' `ticks` $(id)",
    "Zoë 株式会社 🏭",
];

fn hostile(char: char) -> bool {
    (char.is_control() && char != '\n' && char != '\r')
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[test]
fn names_and_claims_do_no_harm_in_any_format() {
    let desk = Desk::new();
    desk.ok(&["invite", "issuer", "set", "--max-active-per-email=100", "--max-checks-per-hour=100"]);
    for name in NAMES {
        let (company, claim) = (format!("--company={name}"), format!("--claim=note={name}"));
        let minted = desk.data(&["invite", "mint", "--email=ann@supplier.example", &company, &claim]);
        let id = minted["id"].as_str().unwrap().to_owned();
        desk.place.put("token", minted["token"].as_str().unwrap());
        desk.ok(&["invite", "sent", &id]);
        for line in [
            &["invite", "list"][..],
            &["invite", "show", &id],
            &["invite", "check", "token"],
            &["invite", "access", "token"],
            &["invite", "sent", &id, "-n"],
            &["audit", "list"],
            &["invite", "alerts"],
        ] {
            for format in ["table", "json", "jsonl", "csv", "plain"] {
                let ran = desk.run(&[line, &["-o", format]].concat());
                for text in [&ran.stdout, &ran.stderr] {
                    let text = if format == "plain" { text.replace('\t', "") } else { text.clone() };
                    assert!(!text.chars().any(hostile), "{line:?} {format} {name:?}\n{ran}");
                    assert!(
                        !text.lines().any(|line| line.starts_with("::") || line.contains("##vso")),
                        "{ran}"
                    );
                }
                if format == "csv" {
                    let mut reader = csv::Reader::from_reader(ran.stdout.as_bytes());
                    for record in reader.records() {
                        let formula = |cell: &str| cell.starts_with(['=', '+', '@']);
                        assert!(!record.unwrap().iter().any(formula), "{ran}");
                    }
                }
            }
        }
        let shown = desk.data(&["invite", "show", &id]);
        assert_eq!(shown["invitations"][0]["company"], name, "JSON round-trips");
        assert_eq!(desk.data(&["invite", "check", "token"])["claims"]["note"], name);
    }
}

#[test]
fn a_batch_of_hostile_rows_does_no_harm() {
    let desk = Desk::new();
    let mut text = "email,company,purpose\n".to_owned();
    for (index, name) in NAMES.iter().enumerate() {
        let quoted = name.replace('"', "\"\"");
        writeln!(text, "p{index}@supplier.example,\"{quoted}\",\"{quoted}\"").unwrap();
    }
    for format in ["table", "json", "jsonl", "csv", "plain"] {
        let ran = desk.run(&["invite", "mint", "--from-csv=rows.csv", "-o", format]);
        assert_eq!(ran.code, Some(2), "{ran}");
        let stdout = ran.stdout.replace('\t', "");
        assert!(!stdout.chars().any(hostile) && !ran.stderr.chars().any(hostile), "{format}\n{ran}");
        if format == "json" {
            assert!(serde_json::from_str::<Value>(&ran.stdout).is_ok());
        }
    }
    let ran = desk.run(&["invite", "mint", "--email=a@b.example", "--company=a\u{1b}[31mb"]);
    assert!(ran.code == Some(2) && !ran.stderr.chars().any(hostile), "{ran}");
    let ran =
        desk.run(&["invite", "mint", "--email=a@b.example", &format!("--company={}", "x".repeat(65_536))]);
    assert_eq!(ran.code, Some(2));
}
