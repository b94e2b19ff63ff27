//! JUnit XML as Jenkins, GitLab and Azure read it: one test suite, a test case for each connection.
//!
//! What XML cannot say, not even escaped (XML 1.0 section 2.2), the sanitiser has shown as an escape already.

use std::fmt::Write as _;
use std::io;

use jiff::Timestamp;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{Verdict, details, headline, verdict};
use crate::output::reports::verify::{Verify, VerifyRow};
use crate::output::sanitize::safe_line;

const SUITE: &str = "tokenctl verify";

pub(super) fn render(report: &Verify, at: Timestamp) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let written = write(&mut writer, report, at);
    let text = written.ok().and_then(|()| String::from_utf8(writer.into_inner()).ok());
    // expect: a Vec takes every byte, and what is written is UTF-8.
    let mut text = text.expect("XML in memory");
    text.push('\n');
    text
}

fn write(writer: &mut Writer<Vec<u8>>, report: &Verify, at: Timestamp) -> io::Result<()> {
    let failures = report.connections.iter().filter(|row| is_failure(row)).count();
    let milliseconds: u64 = report.connections.iter().filter_map(|row| row.latency_ms).sum();
    let counts = [
        ("name", SUITE.to_owned()),
        ("tests", (report.connections.len() + report.skipped.len()).to_string()),
        ("failures", failures.to_string()),
        ("errors", "0".to_owned()),
        ("skipped", report.skipped.len().to_string()),
        ("time", seconds(milliseconds)),
        ("timestamp", at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
    ];
    let counts = || counts.iter().map(|(name, value)| (*name, value.as_str()));
    // What some readers' schemas do not know of the outer element is said by the inner one.
    let totals = || counts().filter(|(name, _)| !["skipped", "timestamp"].contains(name));
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.create_element("testsuites").with_attributes(totals()).write_inner_content(|writer| {
        writer.create_element("testsuite").with_attributes(counts()).write_inner_content(|writer| {
            for row in &report.connections {
                case(writer, row)?;
            }
            for name in &report.skipped {
                let name = safe_line(name);
                let case = writer.create_element("testcase");
                case.with_attributes([("name", &*name), ("classname", "disabled")]).write_inner_content(
                    |writer| {
                        let skipped = writer.create_element("skipped");
                        skipped.with_attribute(("message", "the connection is disabled")).write_empty()?;
                        Ok(())
                    },
                )?;
            }
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(())
}

fn is_failure(row: &VerifyRow) -> bool {
    matches!(verdict(row), Verdict::Failed | Verdict::TooNear)
}

fn case(writer: &mut Writer<Vec<u8>>, row: &VerifyRow) -> io::Result<()> {
    let name = safe_line(&row.connection);
    let time = seconds(row.latency_ms.unwrap_or(0));
    let case = writer.create_element("testcase").with_attributes([
        ("name", &*name),
        ("classname", row.provider),
        ("time", time.as_str()),
    ]);
    let message = headline(row);
    if !is_failure(row) {
        case.write_inner_content(|writer| {
            writer.create_element("system-out").write_text_content(BytesText::new(&message))?;
            Ok(())
        })?;
        return Ok(());
    }
    let mut text = format!("exit code {} ({})", row.code, row.result);
    for line in details(row) {
        let _ = write!(text, "\n{line}"); // writing to a String cannot fail
    }
    case.write_inner_content(|writer| {
        let failure = writer.create_element("failure");
        failure
            .with_attributes([("message", message.as_str()), ("type", row.result)])
            .write_text_content(BytesText::new(&text))?;
        Ok(())
    })?;
    Ok(())
}

/// JUnit's unit of time.
fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}
