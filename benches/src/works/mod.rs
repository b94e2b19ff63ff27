//! What is measured; each file says what it compares and why that is fair.

pub mod cryptography;
pub mod invitations;
pub mod reading;
pub mod vendors;
pub mod writing;

use crate::measure::Line;
use crate::place::Binary;
use crate::tools::Tools;

/// What every work needs.
pub struct Bench {
    /// The release binary.
    pub binary: Binary,
    /// What it is compared with.
    pub tools: Tools,
    /// How often short processes are run.
    pub runs: usize,
}

impl Bench {}

/// Prints a line as soon as it is known.
fn report(line: &Line) {
    println!("{line}");
}

/// Says what is not measured, and why.
fn skip(work: &str, why: &str) {
    println!("{work:<58} {:>10}  {why}", "skipped");
}
