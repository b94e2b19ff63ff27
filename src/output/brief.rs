//! Things to do in as many lines as there are, and where the rest is listed.

use std::borrow::Cow;

use super::hint::Hint;
use super::sanitize::{safe, truncate, width};
use super::table::{Canvas, toned};
use super::view::Cell;

/// What somebody should do, and the command that does it.
#[derive(Debug, Clone)]
pub struct Item {
    /// What is wrong or due; may hold foreign text.
    pub what: Cell,
    /// What helps.
    pub hint: Option<Hint>,
}

/// Things to do, the most urgent first; those that do not fit are counted.
#[derive(Debug, Clone)]
pub struct Brief {
    /// All of them.
    pub items: Vec<Item>,
    /// How many lines there are for them, the last line included.
    pub lines: usize,
    /// Lists the rest.
    pub rest: Hint,
}

impl Brief {
    /// Draws what fits. On a terminal no line is longer than it is wide: a sentence is cut, a command never.
    pub(super) fn draw(&self, canvas: Canvas) -> String {
        let drawn: Vec<Vec<String>> = self.items.iter().map(|item| item.draw(canvas)).collect();
        let all: usize = drawn.iter().map(|lines| height(lines, canvas)).sum();
        let room = if all <= self.lines { all } else { self.lines.saturating_sub(1) };
        let mut text = String::new();
        let (mut used, mut shown) = (0, 0);
        for lines in &drawn {
            let needed = height(lines, canvas);
            if used + needed > room {
                break;
            }
            used += needed;
            shown += 1;
            for line in lines {
                text.push_str(line);
                text.push('\n');
            }
        }
        if shown < drawn.len() {
            let more = format!("and {} more", drawn.len() - shown);
            let line = format!("{more}: {}", self.rest);
            let brief = self.rest.command_line().map(|command| format!("{more}: {command}"));
            text.push_str(&brief.filter(|_| !fits(&line, canvas)).unwrap_or(line));
            text.push('\n');
        }
        text
    }
}

impl Item {
    fn draw(&self, canvas: Canvas) -> Vec<String> {
        let what = safe(&self.what.text);
        let what = canvas.width.map_or(Cow::Borrowed(&*what), |width| truncate(&what, width));
        let mut lines = vec![toned(&what, self.what.tone, canvas.colour)];
        if let Some(hint) = &self.hint {
            let line = format!("  {hint}");
            let brief = hint.command_line().map(|command| format!("  {command}"));
            lines.push(brief.filter(|_| !fits(&line, canvas)).unwrap_or(line));
        }
        lines
    }
}

fn fits(line: &str, canvas: Canvas) -> bool {
    canvas.width.is_none_or(|columns| width(line) <= columns)
}

/// How many lines of a terminal some lines take; a command that is wider than the terminal goes on in the next.
fn height(lines: &[String], canvas: Canvas) -> usize {
    let Some(columns) = canvas.width.filter(|columns| *columns > 0) else { return lines.len() };
    // The first line is cut to the width before it is coloured.
    lines.iter().skip(1).map(|line| width(line).div_ceil(columns).max(1)).sum::<usize>() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canvas(width: usize) -> Canvas {
        Canvas { width: Some(width), colour: false, unicode: false }
    }

    fn brief(count: usize) -> Brief {
        let item = |number: usize| Item {
            what: Cell::from(format!("acme-{number}: its certificate expired")),
            hint: Some(Hint::command(
                "to replace its key, run",
                ["rotate", "initiate", &format!("acme-{number}")],
            )),
        };
        Brief {
            items: (0..count).map(item).collect(),
            lines: 5,
            rest: Hint::command("all of them:", ["status", "-o", "plain"]),
        }
    }

    #[test]
    fn what_fits_is_shown_whole() {
        insta::assert_snapshot!(brief(2).draw(canvas(80)), @"
        acme-0: its certificate expired
          to replace its key, run `tokenctl rotate initiate acme-0`
        acme-1: its certificate expired
          to replace its key, run `tokenctl rotate initiate acme-1`
        ");
    }

    #[test]
    fn the_rest_is_counted() {
        insta::assert_snapshot!(brief(10_000).draw(canvas(80)), @"
        acme-0: its certificate expired
          to replace its key, run `tokenctl rotate initiate acme-0`
        acme-1: its certificate expired
          to replace its key, run `tokenctl rotate initiate acme-1`
        and 9998 more: all of them: `tokenctl status -o plain`
        ");
    }

    #[test]
    fn a_narrow_terminal_keeps_the_commands() {
        insta::assert_snapshot!(brief(3).draw(canvas(40)), @"
        acme-0: its certificate expired
          tokenctl rotate initiate acme-0
        acme-1: its certificate expired
          tokenctl rotate initiate acme-1
        and 1 more: tokenctl status -o plain
        ");
        for line in brief(3).draw(canvas(24)).lines().filter(|line| line.contains("expired")) {
            assert!(line.len() <= 24, "{line}");
        }
    }
}
