//! Troff for manual pages, with the macros of man(7) that every reader of them knows.
//!
//! Everything is escaped so that it can be copied out of a page as it was written: a hyphen stays a hyphen, a quote a
//! quote. Lines are broken at 78 columns.

/// The columns that a source line may take.
const WIDTH: usize = 78;

/// A page under construction.
#[derive(Debug, Default)]
pub(super) struct Roff(String);

impl Roff {
    /// Begins a page of section 1.
    pub(super) fn page(name: &str, date: &str, version: &str) -> Self {
        let mut page = Self::default();
        let title = escaped(&name.to_uppercase());
        page.macro_line(&format!("TH {title} 1 {date} \"tokenctl {version}\" \"tokenctl manual\""));
        // A flag that is hyphenated, or words that are far apart, are harder to read than a ragged edge.
        page.macro_line("nh");
        page.macro_line("ad l");
        page
    }

    /// The page's source.
    pub(super) fn finish(self) -> String {
        self.0
    }

    fn macro_line(&mut self, line: &str) {
        self.0.push('.');
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// Begins a section.
    pub(super) fn section(&mut self, title: &str) {
        let title = escaped(title);
        if title.contains(' ') {
            self.macro_line(&format!("SH \"{title}\""));
        } else {
            self.macro_line(&format!("SH {title}"));
        }
    }

    /// Running text that is troff already.
    pub(super) fn troff(&mut self, text: &str) {
        self.wrapped(text);
    }

    /// A line that is troff already.
    pub(super) fn raw(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// Running text; what stands between backticks is bold.
    pub(super) fn text(&mut self, text: &str) {
        self.wrapped(&marked(text));
    }

    /// Paragraphs, with an empty line between each two.
    pub(super) fn paragraphs(&mut self, text: &str) {
        for (index, paragraph) in text.split("\n\n").enumerate() {
            if index > 0 {
                self.macro_line("PP");
            }
            self.text(&paragraph.replace('\n', " "));
        }
    }

    /// Begins another paragraph.
    pub(super) fn paragraph(&mut self) {
        self.macro_line("PP");
    }

    /// A term, which is troff already, and what it means; further paragraphs of it are indented alike.
    pub(super) fn term(&mut self, term: &str, meaning: &str) {
        if meaning.is_empty() {
            self.macro_line("PP");
            self.raw(term);
            return;
        }
        self.macro_line("TP");
        self.raw(term);
        for (index, paragraph) in meaning.split("\n\n").enumerate() {
            if index > 0 {
                self.macro_line("IP");
            }
            self.text(&paragraph.replace('\n', " "));
        }
    }

    /// Lines that are shown as they are typed.
    pub(super) fn literal(&mut self, lines: &[String]) {
        self.macro_line("PP");
        self.macro_line("RS 4");
        self.macro_line("nf");
        for line in lines {
            self.raw(&guarded(&escaped(line)));
        }
        self.macro_line("fi");
        self.macro_line("RE");
    }

    fn wrapped(&mut self, text: &str) {
        let mut line = String::new();
        for word in text.split_whitespace() {
            if !line.is_empty() && columns(&line) + 1 + columns(word) > WIDTH {
                let full = guarded(&std::mem::take(&mut line));
                self.raw(&full);
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            self.raw(&guarded(&line));
        }
    }
}

/// How long mandoc finds a line, which spells what is not ASCII as `\[u2026]`.
fn columns(text: &str) -> usize {
    text.chars().map(|char| if char.is_ascii() { 1 } else { 8 }).sum()
}

/// A line of text must not look like a request.
fn guarded(line: &str) -> String {
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() }
}

/// Returns `text` so that every reader of troff shows it as it is.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        match char {
            '\\' => out.push_str("\\e"),
            '-' => out.push_str("\\-"),
            '\'' => out.push_str("\\(aq"),
            '`' => out.push_str("\\(ga"),
            '"' => out.push_str("\\(dq"),
            '~' => out.push_str("\\(ti"),
            '^' => out.push_str("\\(ha"),
            char => out.push(char),
        }
    }
    out
}

/// Bold text.
pub(super) fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escaped(text))
}

/// What a reader replaces.
pub(super) fn italic(text: &str) -> String {
    format!("\\fI{}\\fR", escaped(text))
}

/// A reference to another page.
pub(super) fn page_name(name: &str) -> String {
    format!("{}(1)", bold(name))
}

fn marked(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { bold(part) } else { escaped(part) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_request_or_an_escape() {
        let mut page = Roff::default();
        page.text(".TH 'a' `b-c` \\d");
        assert_eq!(page.finish(), "\\&.TH \\(aqa\\(aq \\fBb\\-c\\fR \\ed\n");
    }
}
