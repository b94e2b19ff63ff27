//! R16 on a terminal: what hostile names look like in front of a person.
//!
//! Everything that a command shows on a terminal of 40, 80 and 200 columns is played to a terminal emulator: what stands on
//! the screen in the end is every line as it was sent, each character moved the cursor on by no more than its own width,
//! and nothing else happened: no title, no clipboard, no bell, no mode, no other screen, no scroll region.

use std::num::NonZeroU16;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use unicode_width::UnicodeWidthChar as _;
use vt100::{Callbacks, Color, MouseProtocolMode, Parser, Screen};

use crate::common::Place;
use crate::common::proof::reached;
use crate::hostile::{commands, payloads, prepared};
use crate::office::{Office, in_parallel};
use crate::terminal::{answered_on_terminal, shown_on_terminal};

/// What a terminal was asked to do besides showing text.
#[derive(Default)]
struct Requests(Vec<String>);

impl Callbacks for Requests {
    fn audible_bell(&mut self, _: &mut Screen) {
        self.0.push("rings the bell".to_owned());
    }

    fn visual_bell(&mut self, _: &mut Screen) {
        self.0.push("flashes".to_owned());
    }

    fn resize(&mut self, _: &mut Screen, size: (u16, u16)) {
        self.0.push(format!("resizes the window to {size:?}"));
    }

    fn set_window_icon_name(&mut self, _: &mut Screen, name: &[u8]) {
        self.0.push(format!("names the icon {}", name.escape_ascii()));
    }

    fn set_window_title(&mut self, _: &mut Screen, title: &[u8]) {
        self.0.push(format!("sets the title {}", title.escape_ascii()));
    }

    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], data: &[u8]) {
        self.0.push(format!("fills the clipboard with {}", data.escape_ascii()));
    }

    fn paste_from_clipboard(&mut self, _: &mut Screen, _: &[u8]) {
        self.0.push("reads the clipboard".to_owned());
    }

    fn unhandled_char(&mut self, _: &mut Screen, char: char) {
        self.0.push(format!("sends {}", char.escape_unicode()));
    }

    fn unhandled_control(&mut self, _: &mut Screen, byte: u8) {
        self.0.push(format!("sends the control {byte:#04x}"));
    }

    fn unhandled_escape(&mut self, _: &mut Screen, _: Option<u8>, _: Option<u8>, byte: u8) {
        self.0.push(format!("sends ESC {}", char::from(byte)));
    }

    fn unhandled_csi(&mut self, _: &mut Screen, first: Option<u8>, _: Option<u8>, _: &[&[u16]], char: char) {
        self.0.push(format!("sends CSI {} {char}", first.map_or(' ', char::from)));
    }

    fn unhandled_osc(&mut self, _: &mut Screen, parameters: &[&[u8]]) {
        self.0.push(format!("sends OSC {parameters:?}"));
    }
}

/// The bytes of a colour of ours at the front, if one stands there: `ESC [` digits and semicolons `m`.
fn colour(bytes: &[u8]) -> usize {
    let Some(rest) = bytes.strip_prefix(b"\x1b[") else { return 0 };
    match rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b';') {
        Some(end) if rest[end] == b'm' => end + 3,
        _ => 0,
    }
}

/// A tall enough terminal of so many columns.
fn emulator(bytes: &[u8], columns: u16) -> Parser<Requests> {
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.len() / usize::from(columns) + 2);
    let rows = u16::try_from(lines.sum::<usize>().min(60_000)).unwrap();
    let size = |number| NonZeroU16::new(number).unwrap();
    Parser::new_with_callbacks(size(rows), size(columns), 0, Requests::default())
}

/// What must be off whenever somebody else's text may have been shown.
fn left_on(screen: &Screen) -> Vec<&'static str> {
    let modes = [
        (screen.alternate_screen(), "the other screen"),
        (screen.application_keypad(), "the application keypad"),
        (screen.application_cursor(), "the application's cursor keys"),
        (screen.hide_cursor(), "a hidden cursor"),
        (screen.bracketed_paste(), "bracketed paste"),
        (screen.mouse_protocol_mode() != MouseProtocolMode::None, "the mouse"),
        (screen.fgcolor() != Color::Default || screen.bgcolor() != Color::Default, "a colour"),
        (screen.bold() || screen.italic() || screen.underline() || screen.inverse(), "a style"),
    ];
    modes.into_iter().filter(|(on, _)| *on).map(|(_, what)| what).collect()
}

/// What is printed of a text, in its order: an emulator keeps only so many accents, and where a wide character did not
/// fit at the end of a row it does not know the next row for the same line. Where everything stands is told by the cursor.
fn printed(text: &str) -> String {
    text.chars().filter(|char| !char.is_whitespace() && char.width().unwrap_or(0) > 0).collect()
}

/// Plays what a command showed, character by character; returns what text alone would not have done.
fn surprises(bytes: &[u8], columns: u16) -> Vec<String> {
    let Ok(text) = std::str::from_utf8(bytes) else { return vec!["it is no text".to_owned()] };
    let mut emulator = emulator(bytes, columns);
    let (mut found, mut plain) = (Vec::new(), String::new());
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let coloured = colour(rest.as_bytes());
        let (piece, left) = rest.split_at(if coloured > 0 { coloured } else { char.len_utf8() });
        rest = left;
        let before = emulator.screen().cursor_position();
        emulator.process(piece.as_bytes());
        let after = emulator.screen().cursor_position();
        if coloured == 0 {
            plain.push(char);
            if char.is_control() && !matches!(char, '\r' | '\n') {
                found.push(format!("holds {}", char.escape_unicode()));
            }
        }
        let moves = match (coloured > 0, char) {
            (true, _) => after == before,
            (_, '\r') => after == (before.0, 0),
            (_, '\n') => after == (before.0 + 1, before.1),
            (_, char) => {
                let width = u16::try_from(char.width().unwrap_or(0)).unwrap();
                // On in its line, or, where there is no room, at the beginning of the next.
                after == (before.0, before.1 + width)
                    // What makes an emoji of the character before may make it a column wider (UTS #51).
                    || (char == '\u{fe0f}' && after == (before.0, before.1 + 1))
                    || (before.1 + width > columns && after == (before.0 + 1, width))
            }
        };
        if !moves {
            found.push(format!("{} moves the cursor from {before:?} to {after:?}", piece.escape_debug()));
        }
    }
    found.append(&mut emulator.callbacks_mut().0);
    found.extend(left_on(emulator.screen()).into_iter().map(|what| format!("leaves {what} behind")));
    let (stands, sent) = (printed(&emulator.screen().contents()), printed(&plain));
    if stands != sent {
        found.push(format!("shows something else than was sent:\n{stands}\ninstead of\n{sent}"));
    }
    found
}

/// Runs every `step`th of the commands on terminals of each width.
fn sweep(
    office: &Office,
    commands: &[Vec<String>],
    step: usize,
    mutants: &str,
) -> (usize, usize, Vec<String>) {
    let runs: Vec<_> = commands
        .iter()
        .flat_map(|command| [40, 80, 200].map(|columns| (command, columns)))
        .enumerate()
        .filter(|(number, _)| number % step == 0)
        .map(|(_, run)| run)
        .collect();
    let (count, shown) = (runs.len(), Mutex::new((0, Vec::new())));
    in_parallel(runs, 3, |(command, columns)| {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let mut command = office.command(&words);
        // `verify` shows progress where it takes a while, which moves about; that has a test of its own below.
        command.env("TOKENCTL_TEST_MUTANTS", mutants).env("TERM", "dumb").stdin(Stdio::null());
        let (bytes, code) = shown_on_terminal(&mut command, columns, "");
        let mut shown = shown.lock().unwrap();
        shown.0 += bytes.len();
        if code.is_none_or(|code| code == 1 || code == 101) {
            shown.1.push(format!("{words:?} ends with {code:?}"));
        }
        let surprises = surprises(&bytes, columns);
        if !surprises.is_empty() {
            shown.1.push(format!("{words:?} at {columns}: {}", surprises.join("; ")));
        }
    });
    let (bytes, found) = shown.into_inner().unwrap();
    (count, bytes, found)
}

/// The listings, always, and every `step`th of what shows one thing or quotes an argument.
fn listings(commands: Vec<Vec<String>>) -> (Vec<Vec<String>>, Vec<Vec<String>>) {
    commands.into_iter().partition(|words| words.iter().any(|word| word == "list") && words.len() < 4)
}

#[test]
fn a_terminal_shows_what_was_sent_and_does_nothing_else() {
    let (office, payloads) = prepared();
    let (lists, others) = listings(commands(&payloads));
    for (commands, step) in [(lists, 1), (others, 17)] {
        let (runs, bytes, found) = sweep(&office, &commands, step, "");
        reached("R16", format!("{runs} runs on a terminal emulator, {bytes} bytes"), found.len());
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
#[ignore = "long: every command on terminals of three widths"]
fn a_terminal_shows_what_was_sent_and_does_nothing_else_at_length() {
    let (office, payloads) = prepared();
    let (runs, bytes, found) = sweep(&office, &commands(&payloads), 1, "");
    reached("R16", format!("every command: {runs} runs on a terminal emulator, {bytes} bytes"), found.len());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The emulator is no dummy: with the sanitiser switched off, names do as they please.
#[test]
fn the_emulator_sees_a_missing_sanitiser() {
    let (office, payloads) = prepared();
    let (lists, _) = listings(commands(&payloads));
    let connections: Vec<_> = lists.into_iter().filter(|words| words[0] == "connection").collect();
    let (_, _, found) = sweep(&office, &connections, 1, "no-sanitiser");
    assert_eq!(found.len(), 3, "at every width: {found:?}");
    for what in ["sets the title", "moves the cursor", "shows something else"] {
        assert!(found.iter().any(|found| found.contains(what)), "{what}");
    }
}

/// What plays with the terminal is found one by one.
#[test]
fn every_trick_is_seen() {
    for trick in [
        "\u{1b}]0;title\u{7}",
        "\u{1b}]52;c;cHduZWQ=\u{7}",
        "\u{1b}[2J",
        "\u{1b}[1A\r",
        "\u{1b}[5;9r",
        "\u{1b}[?1049h",
        "\u{1b}[?25l",
        "\u{1b}[?2004h",
        "\u{1b}[?1000h",
        "\u{1b}[31m",
        "\u{1b}c",
        "\u{1b}7",
        "\u{1b}[6n",
        "\u{1b}]8;;http://evil\u{7}",
        "\u{1b}P1$r\u{1b}\\",
        "\u{9b}2J",
        "\u{7}",
        "\u{8}\u{8}over",
        "\rover",
        "\tx",
        "\u{b}x",
        "\u{7f}",
    ] {
        let shown = format!("a line\r\nacme {trick}\r\nthe end\r\n");
        assert!(!surprises(shown.as_bytes(), 80).is_empty(), "{}", trick.escape_debug());
    }
    let harmless = "a line\r\n\u{1b}[1;32macme\u{1b}[0m 株式会社 e\u{301} \\u{1b}[31m\r\n".to_owned()
        + &"x".repeat(100)
        + "\r\n";
    let found = surprises(harmless.as_bytes(), 40);
    assert!(found.is_empty(), "{found:?}");
}

/// What may move the cursor (a question, a bar) still does nothing else, and leaves the terminal as it was.
fn disturbances(bytes: &[u8], columns: u16) -> Vec<String> {
    let mut emulator = emulator(bytes, columns);
    emulator.process(b"what stood there before\r\n");
    emulator.process(bytes);
    let mut found = std::mem::take(&mut emulator.callbacks_mut().0);
    found.extend(left_on(emulator.screen()).into_iter().map(|what| format!("leaves {what} behind")));
    let contents = emulator.screen().contents();
    if !contents.starts_with("what stood there before\n") {
        found.push(format!("touches what stood there before:\n{contents}"));
    }
    found
}

/// A question quotes a path, and paths can hold anything.
#[test]
fn questions_are_harmless() {
    let place = Place::new();
    assert_eq!(place.run(&["init"]).code, Some(0));
    let identity = std::fs::read(place.home().join(".config/tokenctl/identity.txt")).unwrap();
    let path = place.put("id\u{1b}]0;pwned\u{7}\u{1b}[2J\u{202e}\u{1b}[?1049h\u{8}\u{8}.age", "");
    std::fs::write(&path, protected(&identity)).unwrap();
    for columns in [40, 80, 200] {
        let ask = |mutants: &str| {
            let mut command: Command = place.command(&["vault", "info", "--identity-file"]);
            command.arg(&path).env("TOKENCTL_TEST_MUTANTS", mutants);
            // What is asked ends with a colon, and a path has none.
            answered_on_terminal(&mut command, columns, (": ", "passphrase\n"))
        };
        let (bytes, code) = ask("");
        let shown = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(code, Some(0), "{shown}");
        assert!(shown.contains("\\u{1b}]0;pwned"), "the question is there: {shown}");
        assert_eq!(disturbances(&bytes, columns), Vec::<String>::new(), "{}", shown.escape_debug());
        assert!(!disturbances(&ask("no-sanitiser").0, columns).is_empty(), "at {columns}");
    }
}

/// A question names a company.
#[test]
fn questions_about_companies_are_harmless() {
    let (office, payloads) = prepared();
    let mut asked = 0;
    for (number, payload) in payloads.iter().enumerate().take(18) {
        let columns = [40, 80, 200][number % 3];
        let mut command = office.command(&["company", "disconnect", "--", payload]);
        let (bytes, code) = shown_on_terminal(&mut command, columns, "n\n");
        let shown = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(code, Some(9), "{shown}");
        asked += usize::from(shown.contains("[y/N]"));
        assert_eq!(disturbances(&bytes, columns), Vec::<String>::new(), "{}", shown.escape_debug());
    }
    assert_eq!(asked, 18);
}

/// An identity file as `age --passphrase` writes it, with little work.
fn protected(identity: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut recipient = age::scrypt::Recipient::new("passphrase".to_owned().into());
    recipient.set_work_factor(2);
    let one = std::iter::once(&recipient as &dyn age::Recipient);
    let mut sealed = Vec::new();
    let mut writer = age::Encryptor::with_recipients(one).unwrap().wrap_output(&mut sealed).unwrap();
    writer.write_all(identity).unwrap();
    writer.finish().unwrap();
    sealed
}

/// A bar that is drawn while vendors are slow, between errors that quote them, is gone in the end.
#[test]
fn progress_is_harmless() {
    let office = Office::new();
    let desks = office.desks(2);
    let hostile = payloads();
    for (desk, payload) in desks.iter().zip([&hostile[0], &hostile[1]]) {
        desk.set(&["--company", payload.as_str()]);
        desk.arm(tokenctl::sim::Fault::SlowBody { milliseconds: 1200 });
    }
    let (mut drawn, mut last) = (0, String::new());
    for columns in [40, 80, 200] {
        let mut command = office.command(&["verify", "--all"]);
        command.stdin(Stdio::null()).env("TERM", "xterm");
        let (bytes, code) = shown_on_terminal(&mut command, columns, "");
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(code, Some(0), "{shown}");
        drawn += shown.matches("verifying").count();
        assert_eq!(disturbances(&bytes, columns), Vec::<String>::new(), "{}", shown.escape_debug());
        last = shown;
    }
    assert!(drawn > 0, "no bar was drawn: {last}");
}
