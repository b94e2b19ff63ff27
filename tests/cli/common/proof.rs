//! The one line in which a harness says how far it came: for people, and for `cargo prove`, which collects it.

/// Says which `number` was reached for the `bar` (`R1`, …), and how many `violations` of it were found.
///
/// A harness says so before it fails.
#[expect(clippy::print_stdout, reason = "a harness says how far it came")]
pub(crate) fn reached(bar: &str, number: impl std::fmt::Display, violations: usize) {
    println!("PROOF {bar}: {number}: {violations} violations");
}
