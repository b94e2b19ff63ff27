//! The one sanitiser: text that somebody else chose is made harmless before a terminal, a CSV cell, a log or a
//! CI annotation sees it.
//!
//! What cannot be seen is shown as its escape (`\u{1b}`), never dropped: a name that was tampered with must look
//! like one.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::hooks::mutant;

/// The columns that a line of conversation or a cell of a table may take at most.
pub const LINE_LIMIT: usize = 1000;

/// The code points that one visible character may consist of; family emoji need 7, stacked accents none of it.
const CLUSTER_LIMIT: usize = 8;

/// Returns `text` as one harmless line: controls, escape sequences, bidirectional and invisible characters and
/// line ends become visible escapes, and CI workflow commands lose their meaning.
pub fn safe(text: &str) -> Cow<'_, str> {
    if is_simple(text) {
        return Cow::Borrowed(text);
    }
    match redacted(text) {
        Cow::Borrowed(text) => harmless(text),
        Cow::Owned(text) => Cow::Owned(harmless(&text).into_owned()),
    }
}

/// Whether no rule below can apply, seen in one look: most cells of a long listing are so. Every mark that a rule looks for
/// is in here: what is not plain, the colon and the number sign of commands, the `Y-` of an age key and the `Y--` of a PEM's.
fn is_simple(text: &str) -> bool {
    let mut before = b' ';
    text.bytes().all(|byte| {
        let is_mark = matches!((before, byte), (_, b':' | b'#') | (b'Y' | b'y', b'-'));
        before = byte;
        matches!(byte, b' '..=b'~') && !is_mark
    })
}

fn harmless(text: &str) -> Cow<'_, str> {
    if ((is_plain(text) || !text.chars().any(is_hostile)) && !is_command(text)) || mutant("no-sanitiser") {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for char in defused(text).chars() {
        match char {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            char if is_hostile(char) => line.extend(char.escape_unicode()),
            char => line.push(char),
        }
    }
    Cow::Owned(line)
}

/// Returns `text` without the private keys in it: somebody may have typed one where a name was expected.
pub fn redacted(text: &str) -> Cow<'_, str> {
    const AGE: &str = "AGE-SECRET-KEY-";
    const PEM: &str = "PRIVATE KEY-----";
    if is_simple(text) {
        return Cow::Borrowed(text);
    }
    let mut text = Cow::Borrowed(text);
    let mut from = 0;
    // ASCII upper case has the same length, so that positions are those of the text.
    while let Some(at) = text[from..].to_ascii_uppercase().find(AGE) {
        let start = from + at + AGE.len();
        // The ellipsis, too: what was redacted below is redacted again above.
        let is_key = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '…');
        let end = text[start..].find(|char| !is_key(char)).map_or(text.len(), |length| start + length);
        text.to_mut().replace_range(start..end, "…");
        from = start;
    }
    if let Some((head, rest)) = text.split_once(PEM)
        && !rest.is_empty()
    {
        let end = rest.rfind("-----END").map_or("", |end| &rest[end..]);
        text = Cow::Owned(format!("{head}{PEM}…{end}"));
    }
    text
}

/// Returns `text` as one harmless line of at most [`LINE_LIMIT`] columns.
pub fn safe_line(text: &str) -> Cow<'_, str> {
    match safe(text) {
        Cow::Borrowed(text) => truncate(text, LINE_LIMIT),
        Cow::Owned(text) => Cow::Owned(truncate(&text, LINE_LIMIT).into_owned()),
    }
}

/// Returns `text` as a harmless CSV cell: as [`safe`], and never read as a formula by a spreadsheet.
///
/// Source: OWASP "CSV Injection". A leading apostrophe makes spreadsheets take the rest as text; the full-width
/// forms are formula starts in East Asian editions.
pub fn safe_cell(text: &str) -> Cow<'_, str> {
    const STARTS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let cell = safe(text);
    if cell.trim_start().starts_with(STARTS) && !mutant("no-sanitiser") {
        Cow::Owned(format!("'{cell}"))
    } else {
        cell
    }
}

/// Returns JSON text in which every invisible character is a `\u` escape, so that it parses to the same values.
///
/// Contract: `json` is well-formed; then such characters, and two `#` in a row, stand in strings only.
pub fn safe_json(json: &str) -> Cow<'_, str> {
    let hostile = |char| char != '\n' && is_hostile(char);
    if (!json.chars().any(hostile) && !json.contains("##")) || mutant("no-sanitiser") {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    let mut before = ' ';
    for char in json.chars() {
        if hostile(char) || (char == '#' && before == '#') {
            for unit in char.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}"); // writing to a String cannot fail
            }
        } else {
            escaped.push(char);
        }
        before = char;
    }
    Cow::Owned(escaped)
}

/// Cuts `text` to `width` columns between visible characters, with `…` in place of what was cut.
///
/// Expects harmless text; see [`safe`]. Stacked accents beyond what any script needs are cut as well.
pub fn truncate(text: &str, width: usize) -> Cow<'_, str> {
    if is_plain(text) && text.len() <= width {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len().min(4 * width));
    let mut columns = 0;
    let mut before_last = (0, 0); // bytes and columns up to which an ellipsis still fits
    for cluster in text.graphemes(true) {
        let cluster = match cluster.char_indices().nth(CLUSTER_LIMIT) {
            Some((end, _)) => &cluster[..end],
            None => cluster,
        };
        if columns + cluster.width() > width {
            line.truncate(before_last.0);
            if before_last.1 < width {
                line.push('…');
            }
            return Cow::Owned(line);
        }
        line.push_str(cluster);
        columns += cluster.width();
        if columns < width {
            before_last = (line.len(), columns);
        }
    }
    Cow::Owned(line)
}

/// Returns the columns that harmless `text` takes on a terminal.
pub fn width(text: &str) -> usize {
    if is_plain(text) { text.len() } else { text.width() }
}

/// Whether every byte is a visible character of one column: what most cells of a long listing are.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Whether a character does something other than being seen.
///
/// Source: Unicode 16 general categories Cc, Cf, Zl and Zp, default-ignorable code points (UAX #44) and the blank
/// Hangul fillers. The emoji and text variation selectors (FE0E, FE0F) stay: they only choose a picture.
pub fn is_hostile(char: char) -> bool {
    matches!(char,
        '\u{0}'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{600}'..='\u{605}'
        | '\u{61c}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'..='\u{891}'
        | '\u{8e2}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0d}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{fffe}'..='\u{ffff}'
        | '\u{110bd}'
        | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// The beginnings that CI systems act upon anywhere in a line: GitHub's old form, Azure, TeamCity.
const MARKERS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

fn is_command(text: &str) -> bool {
    let is_marker = || MARKERS.iter().any(|marker| text.contains(marker));
    text.trim_start().starts_with("::") || (text.contains('#') && is_marker())
}

/// Returns `text` with the first character of every CI command written as an escape.
///
/// Source: GitHub's runner trims a line before it looks for `::` (ActionCommand.TryParseV2), so leading blanks
/// do not disarm it; `##[` counts anywhere in a line (ActionCommand.TryParse).
fn defused(text: &str) -> Cow<'_, str> {
    if !is_command(text) {
        return Cow::Borrowed(text);
    }
    let mut defused = text.to_owned();
    if let Some(rest) = text.trim_start().strip_prefix(':')
        && rest.starts_with(':')
    {
        let blank = &text[..text.len() - rest.len() - 1];
        defused = format!("{blank}\\u{{3a}}{rest}");
    }
    for marker in MARKERS {
        defused = defused.replace(marker, &format!("\\u{{23}}{}", &marker[1..]));
    }
    Cow::Owned(defused)
}

#[cfg(test)]
mod tests;
