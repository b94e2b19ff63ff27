//! What a refusal must look like.

use serde_json::Value;

use crate::common::Ran;

/// Returns what is wrong with `ran` as a refusal with exit code `code`: it says what, why or what helps in lines of
/// their own, and no bug stopped it.
pub(crate) fn fault(ran: &Ran, code: i32) -> Option<String> {
    if ran.code != Some(code) {
        return Some(format!("exit {:?} instead of {code}:\n{ran}", ran.code));
    }
    // Only a warning's hint comes before it.
    let lines = ran.stderr.lines();
    let warned = ran.stderr.starts_with("warning: ");
    let lines = lines.skip_while(|line| warned && is_aside(line));
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with("warning: ")).collect();
    let plain = lines.first().is_some_and(|line| line.starts_with("error: "))
        && lines[1..].iter().all(|line| line.starts_with("  cause: ") || line.starts_with("hint: "))
        && lines.iter().any(|line| line.starts_with("hint: "))
        && !ran.stderr.contains("bug")
        && !ran.stderr.chars().any(|char| char.is_control() && char != '\n');
    if !plain {
        return Some(format!("not a plain message:\n{ran}"));
    }
    None
}

/// Whether a line may be a warning's.
fn is_aside(line: &str) -> bool {
    line.starts_with("warning: ") || line.starts_with("hint: ")
}

/// As [`fault`] for a run with `--output json`: the envelope on stdout has the same code.
pub(crate) fn fault_json(ran: &Ran, code: i32) -> Option<String> {
    fault(ran, code).or_else(|| {
        let Ok(envelope) = serde_json::from_str::<Value>(&ran.stdout) else {
            return Some(format!("stdout is not one JSON document:\n{ran}"));
        };
        let right = envelope["ok"] == false && envelope["error"]["code"] == code;
        (!right).then(|| format!("the envelope does not say {code}:\n{ran}"))
    })
}

/// Returns the data of a successful run with `--output json`.
pub(crate) fn data(ran: &Ran) -> Value {
    let envelope: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("no JSON:\n{ran}"));
    assert_eq!(envelope["ok"], true, "{ran}");
    envelope["data"].clone()
}

/// Panics unless a harness found nothing.
pub(crate) fn assert_none(violations: &[String]) {
    assert!(
        violations.is_empty(),
        "{} violations, the first:\n{}",
        violations.len(),
        violations[..violations.len().min(12)].join("\n")
    );
}
