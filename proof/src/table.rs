//! Tables for a terminal: cells are wrapped, not cut.

use std::time::Duration;

use crate::bars::Bar;
use crate::run::{Fate, Proof};

/// Prints what was reached for each bar; returns whether all of it holds.
pub(crate) fn of_bars(proven: &[(&Bar, Proof)]) -> bool {
    let widths = [4, 34, 34, 52, 10, 9];
    print_row(&widths, &["bar", "what was done", "asked", "reached", "violations", "time"]);
    print_line(&widths);
    let mut held = true;
    for (bar, proof) in proven {
        let violations: u64 = proof.reached.iter().map(|(_, violations)| violations).sum();
        let mut reached: Vec<String> = proof.reached.iter().map(|(number, _)| number.clone()).collect();
        reached.push(format!("{} tests passed", proof.passed));
        reached.extend(proof.wrong.iter().map(|what| format!("WRONG: {what}")));
        held &= violations == 0 && proof.wrong.is_empty();
        let took = time(proof.took);
        print_row(
            &widths,
            &[bar.name, bar.what, bar.asked, &reached.join("\n"), &violations.to_string(), &took],
        );
        print_line(&widths);
    }
    println!("{}", if held { "every bar that was asked for holds" } else { "NOT every bar holds" });
    held
}

/// Prints what became of each seeded bug; returns whether all were found.
pub(crate) fn of_mutants(fates: &[Fate<'_>]) -> bool {
    let widths = [7, 28, 78, 6, 9];
    print_row(&widths, &["bar", "seeded bug", "test", "", "time"]);
    print_line(&widths);
    for Fate { mutant, caught, took } in fates {
        let test = format!("{} {}", mutant.suite, mutant.test);
        let verdict = if *caught { "caught" } else { "MISSED" };
        print_row(&widths, &[mutant.bar, mutant.name, &test, verdict, &time(*took)]);
    }
    let missed = fates.iter().filter(|fate| !fate.caught).count();
    println!("{} seeded bugs, {missed} missed", fates.len());
    missed == 0
}

fn time(took: Duration) -> String {
    let seconds = took.as_secs();
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min", seconds.div_ceil(60)) }
}

fn print_line(widths: &[usize]) {
    let parts: Vec<_> = widths.iter().map(|width| "-".repeat(*width)).collect();
    println!("{}", parts.join("  "));
}

fn print_row(widths: &[usize], cells: &[&str]) {
    let columns: Vec<_> = widths.iter().zip(cells).map(|(width, cell)| wrapped(cell, *width)).collect();
    for line in 0..columns.iter().map(Vec::len).max().unwrap_or(0) {
        let parts: Vec<_> = widths
            .iter()
            .zip(&columns)
            .map(|(width, column)| format!("{:<width$}", column.get(line).map_or("", String::as_str)))
            .collect();
        println!("{}", parts.join("  ").trim_end());
    }
}

/// Breaks `text` between words; a word that is wider stands alone.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_wrapped_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a\nlongerthanthat b", 5), ["a", "longerthanthat", "b"]);
    }
}
