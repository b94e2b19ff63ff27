//! Nested checks: a name, a word for how it stands, what was found, and below it why and what helps.
//!
//! ```text
//! acme          failed   netsuite production
//! ├ host        ok       1234567.suitetalk.api.netsuite.com, as the host rule demands
//! └ exchange    failed   NetSuite refused the exchange: invalid_grant (HTTP 400)
//!     cause     likely: the role is inactive, or lacks a permission that a login needs
//!     fix       Setup > Users/Roles > Manage Roles: …
//! ```

use super::sanitize::{safe, safe_line, truncate, width};
use super::table::{Canvas, toned};
use super::view::Tone;

/// The widest column of names.
const NAMES: usize = 26;
/// The column of words.
const WORDS: usize = 8;
/// What texts need beside names and words; with less they stand below them.
const ROOM: usize = 30;

/// One check with those below it.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its name; may be foreign.
    pub name: String,
    /// How it stands, in a word of ours, and how that is coloured.
    pub word: (&'static str, Tone),
    /// What was found; may be foreign.
    pub text: String,
    /// Why, what speaks for it and what helps, each under a word of ours.
    pub notes: Vec<(&'static str, String)>,
    /// The checks below it.
    pub parts: Vec<Node>,
}

/// Where the lines of a node begin.
#[derive(Clone)]
struct Indent {
    /// What stands before its name.
    first: String,
    /// What stands before its other lines and what is below it.
    rest: String,
}

/// Draws nodes one below the other.
pub(super) fn draw(nodes: &[Node], canvas: Canvas) -> String {
    let widest = nodes.iter().map(|node| widest(node, 0)).max().unwrap_or(0).min(NAMES);
    let brush = Brush { names: widest + 2, canvas };
    let mut text = String::new();
    for node in nodes {
        brush.node(node, &Indent { first: String::new(), rest: String::new() }, &mut text);
    }
    text
}

fn widest(node: &Node, depth: usize) -> usize {
    let own = width(&safe(&node.name)) + 2 * depth;
    // A note stands two steps further in.
    let notes = node.notes.iter().map(|(label, _)| width(label) + 2 * depth + 2).max().unwrap_or(0);
    let parts = node.parts.iter().map(|part| widest(part, depth + 1)).max().unwrap_or(0);
    own.max(notes).max(parts)
}

#[derive(Clone, Copy)]
struct Brush {
    names: usize,
    canvas: Canvas,
}

impl Brush {
    fn node(self, node: &Node, indent: &Indent, text: &mut String) {
        let name = safe(&node.name);
        let name = truncate(&name, self.names.saturating_sub(width(&indent.first) + 1));
        let label = pad(&format!("{}{name}", indent.first), self.names);
        let (word, tone) = node.word;
        let coloured = toned(word, tone, self.canvas.colour);
        let gap = " ".repeat(WORDS.saturating_sub(width(word)) + 1);
        let guide =
            if node.parts.is_empty() { &indent.rest } else { &format!("{}{}", indent.rest, self.bar()) };
        self.put((&format!("{label}{coloured}{gap}"), self.names + WORDS + 1), guide, &node.text, text);
        for (label, note) in &node.notes {
            let label = pad(&format!("{}  {label}", pad(guide, width(&indent.rest) + 2)), self.names);
            self.put((&label, self.names), guide, note, text);
        }
        for (index, part) in node.parts.iter().enumerate() {
            let last = index + 1 == node.parts.len();
            let (branch, below) = match (self.canvas.unicode, last) {
                (true, false) => ("├ ", "│ "),
                (true, true) => ("└ ", "  "),
                (false, false) => ("|-", "| "),
                (false, true) => ("`-", "  "),
            };
            let inner =
                Indent { first: format!("{}{branch}", indent.rest), rest: format!("{}{below}", indent.rest) };
            self.node(part, &inner, text);
        }
    }

    fn bar(self) -> &'static str {
        if self.canvas.unicode { "│ " } else { "| " }
    }

    /// Writes a text beside what stands before it, or below it where there is too little room.
    fn put(self, (before, taken): (&str, usize), guide: &str, found: &str, text: &mut String) {
        let found = safe_line(found);
        let Some(columns) = self.canvas.width else {
            text.push_str(format!("{before}{found}").trim_end());
            text.push('\n');
            return;
        };
        let room = columns.saturating_sub(taken);
        let beside = room >= ROOM.min(width(&found));
        let inset = if beside { taken } else { width(guide) + 4 };
        let lines = wrapped(&found, columns.saturating_sub(inset).max(10));
        let rest = pad(guide, inset);
        let mut lines = lines.into_iter();
        if beside {
            text.push_str(format!("{before}{}", lines.next().unwrap_or_default()).trim_end());
        } else {
            text.push_str(before.trim_end());
        }
        text.push('\n');
        for line in lines {
            text.push_str(&rest);
            text.push_str(&line);
            text.push('\n');
        }
    }
}

fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Breaks a text between words; a word that is wider than a line stays whole, since it may be there to be copied.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, word: &'static str, text: &str) -> Node {
        let word = (word, Tone::Plain);
        Node { name: name.to_owned(), word, text: text.to_owned(), notes: Vec::new(), parts: Vec::new() }
    }

    fn forest() -> Vec<Node> {
        let exchange = Node {
            notes: vec![
                (
                    "cause",
                    "likely: the role is inactive, or lacks a permission that a login needs".to_owned(),
                ),
                ("fix", "Setup > Users/Roles > Manage Roles: the role must not be inactive".to_owned()),
            ],
            ..node("exchange", "failed", "NetSuite refused the exchange: invalid_grant (HTTP 400)")
        };
        let parts = vec![node("host", "ok", "1234567.suitetalk.api.netsuite.com"), exchange];
        vec![
            Node {
                parts: vec![node("clock", "ok", "2027-03-01T12:00:00Z")],
                ..node("environment", "ok", "")
            },
            Node { parts, ..node("acme", "failed", "netsuite production") },
        ]
    }

    fn drawn(columns: Option<usize>, unicode: bool) -> String {
        draw(&forest(), Canvas { width: columns, colour: false, unicode })
    }

    #[test]
    fn nothing_is_wrapped_where_nobody_looks() {
        insta::assert_snapshot!(drawn(None, false), @"
        environment  ok
        `-clock      ok       2027-03-01T12:00:00Z
        acme         failed   netsuite production
        |-host       ok       1234567.suitetalk.api.netsuite.com
        `-exchange   failed   NetSuite refused the exchange: invalid_grant (HTTP 400)
              cause  likely: the role is inactive, or lacks a permission that a login needs
              fix    Setup > Users/Roles > Manage Roles: the role must not be inactive
        ");
    }

    #[test]
    fn texts_go_on_beside_their_words() {
        insta::assert_snapshot!(drawn(Some(70), true), @"
        environment  ok
        └ clock      ok       2027-03-01T12:00:00Z
        acme         failed   netsuite production
        ├ host       ok       1234567.suitetalk.api.netsuite.com
        └ exchange   failed   NetSuite refused the exchange: invalid_grant
                              (HTTP 400)
              cause  likely: the role is inactive, or lacks a permission that
                     a login needs
              fix    Setup > Users/Roles > Manage Roles: the role must not be
                     inactive
        ");
    }

    #[test]
    fn a_narrow_terminal_has_them_below() {
        let text = drawn(Some(40), false);
        for line in text.lines() {
            assert!(width(line) <= 40, "{line}");
        }
        insta::assert_snapshot!(text, @"
        environment  ok
        `-clock      ok
              2027-03-01T12:00:00Z
        acme         failed
        |     netsuite production
        |-host       ok
        |     1234567.suitetalk.api.netsuite.com
        `-exchange   failed
              NetSuite refused the exchange:
              invalid_grant (HTTP 400)
              cause
              likely: the role is inactive, or
              lacks a permission that a login
              needs
              fix
              Setup > Users/Roles > Manage
              Roles: the role must not be
              inactive
        ");
    }
}
