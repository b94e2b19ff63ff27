//! People: terminals of every width, colour that can be switched off, questions, and readers that go away.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use serde_json::{Value, json};
use tokenctl::cli;
use tokenctl::output::sanitize::width;

use crate::common::{Place, Ran};
use crate::office::Office;

/// A terminal: our end, and the end that a command gets.
fn terminal(columns: u16) -> (std::fs::File, OwnedFd) {
    // Not for other children: one that has our terminal open keeps it from ending.
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let theirs = ioctl_tiocgptpeer(&ours, flags).unwrap();
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&theirs, size).unwrap();
    (ours.into(), theirs)
}

/// Runs a command on a terminal on which `typed` is typed; returns what the terminal showed and the code.
fn on_terminal(command: &mut Command, columns: u16, typed: &str) -> (String, Option<i32>) {
    let (shown, code) = shown_on_terminal(command, columns, typed);
    (String::from_utf8(shown).unwrap().replace("\r\n", "\n"), code)
}

/// The same, with every byte that reached the terminal.
pub(crate) fn shown_on_terminal(command: &mut Command, columns: u16, typed: &str) -> (Vec<u8>, Option<i32>) {
    answered_on_terminal(command, columns, ("", typed))
}

/// The same, where nothing is typed before `question` is shown: who asks for a secret forgets what was typed before.
pub(crate) fn answered_on_terminal(
    command: &mut Command,
    columns: u16,
    (question, answer): (&str, &str),
) -> (Vec<u8>, Option<i32>) {
    let (mut ours, theirs) = terminal(columns);
    let end = || Stdio::from(theirs.try_clone().unwrap());
    let mut child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
    // Why: what still holds the other end open keeps ours from ever ending.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    drop(theirs);
    let mut shown = Vec::new();
    let mut piece = [0; 4096];
    let mut is_asked = question.is_empty();
    if is_asked {
        ours.write_all(answer.as_bytes()).unwrap();
    }
    // The terminal ends with an error once nobody has it open any more.
    while let Ok(count @ 1..) = ours.read(&mut piece) {
        shown.extend_from_slice(&piece[..count]);
        if !is_asked && String::from_utf8_lossy(&shown).contains(question) {
            is_asked = true;
            // What is typed before the echo is off is forgotten with it (tcsetattr(3), TCSAFLUSH).
            let echoes = || tcgetattr(&ours).unwrap().local_modes.contains(LocalModes::ECHO);
            while echoes() && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            ours.write_all(answer.as_bytes()).unwrap();
        }
    }
    (shown, child.wait().unwrap().code())
}

/// What is left once colour is gone.
fn without_colour(text: &str) -> String {
    console::strip_ansi_codes(text).into_owned()
}

#[test]
fn tables_fit_every_terminal() {
    let office = Office::new();
    let desks = office.desks(3);
    for (desk, company) in desks.iter().zip([
        "株式会社アクメ・インターナショナル・ホールディングス",
        "e\u{301}".repeat(60).as_str(),
        "Acme",
    ]) {
        desk.set(&["--company", company]);
    }
    desks[0].arm(tokenctl::sim::Fault::Refuse { status: 400, error: "invalid_grant".repeat(20) });
    let name = desks[0].name.as_str();
    // Facts (`show`, `info`, `check`) are there to be copied and never cut.
    for (words, code) in [
        (&["status"][..], 0),
        (&["connection", "list"], 0),
        (&["cert", "list"], 0),
        (&["verify", "--all"], 13),
        (&["vault", "recipient", "list"], 0),
        (&["audit", "list"], 0),
        (&["rotate", "status", name], 0),
    ] {
        for columns in [40, 80, 200] {
            let (shown, ended) = on_terminal(office.command(words).stdin(Stdio::null()), columns, "");
            assert_eq!(ended, Some(code), "{words:?}\n{shown}");
            let shown = without_colour(&shown);
            // Facts, sentences and the conversation go on in the next line by the terminal itself: what they name is
            // there to be copied.
            let about = format!("{name}: ");
            let whole = ["hint: ", "error: ", "  ", "warning: ", "vault        /", "vault: ", about.as_str()];
            for line in shown.lines().filter(|line| !whole.iter().any(|start| line.starts_with(start))) {
                assert!(width(line) <= columns.into(), "{words:?} at {columns}: {line}\n{shown}");
            }
        }
    }
}

/// What is to be typed next is never cut.
#[test]
fn the_next_command_is_whole() {
    let office = Office::new();
    for columns in [80, 200] {
        let shown = without_colour(&on_terminal(&mut office.command(&["status"]), columns, "").0);
        let words: Vec<&str> = shown.split_whitespace().collect();
        for word in ["`tokenctl", "vault", "recipient", "add", "KEY", "--role=operator`"] {
            assert!(words.contains(&word), "{word} at {columns}\n{shown}");
        }
    }
}

#[test]
fn colour_can_be_switched_off() {
    let office = Office::new();
    let _desks = office.desks(1);
    let shown = |flags: &[&str], variable: Option<(&str, &str)>| {
        let mut command = office.command(&[&["verify", "--all"], flags].concat());
        on_terminal(command.envs(variable), 80, "").0
    };
    assert!(shown(&[], None).contains("\u{1b}["), "a terminal gets colour");
    assert!(!shown(&[], Some(("NO_COLOR", "1"))).contains('\u{1b}'));
    assert!(!shown(&["--color=never"], None).contains('\u{1b}'));
    assert!(!office.run(&["verify", "--all"]).to_string().contains('\u{1b}'), "a pipe gets none");
    let forced = office.place.finish(office.command(&["verify", "--all"]).env("CLICOLOR_FORCE", "1"));
    assert!(forced.stdout.contains("\u{1b}["));
    let json = office.run(&["verify", "--all", "--color=always", "-o", "json"]);
    assert!(!json.stdout.contains('\u{1b}'), "{json}");
}

#[test]
fn a_removal_asks_first() {
    let office = Office::new();
    let desks = office.desks(2);
    let remove = |number: usize| office.command(&["connection", "remove", &desks[number].name]);

    let (shown, code) = on_terminal(&mut remove(0), 80, "n\n");
    assert_eq!(code, Some(9), "{shown}");
    assert!(
        shown.contains("Remove desk-000 and destroy its 1 key?") && shown.contains("not confirmed"),
        "{shown}"
    );
    let (shown, code) = on_terminal(&mut remove(0), 80, "\n");
    assert_eq!(code, Some(9), "the default is no: {shown}");
    let (shown, code) = on_terminal(remove(0).arg("--no-input"), 80, "y\n");
    assert_eq!(code, Some(2), "{shown}");

    for flags in [&[][..], &["--no-input"]] {
        let ran = office.place.finish(remove(0).args(flags).args(["-o", "json"]));
        let error = &ran.expect_code(2).json()["error"];
        assert_eq!(error["kind"], "usage");
        let hints = error["hints"].as_array().unwrap();
        assert!(hints.iter().any(|hint| hint["text"].as_str().unwrap().contains("`--yes`")), "{ran}");
    }
    office.run(&["connection", "show", &desks[0].name]).expect_code(0);

    let (shown, code) = on_terminal(&mut remove(0), 80, "y\n");
    assert_eq!(code, Some(0), "{shown}");
    office.run(&["connection", "show", &desks[0].name]).expect_code(3);
    office.place.finish(remove(1).arg("--yes")).expect_code(0);
}

/// `| head -1`: the reader has what it wanted.
#[test]
fn a_reader_may_go_away() {
    let office = Office::new();
    let row = |number: usize| json!({"name": format!("c-{number:04}"), "account": number.to_string(), "client_id": "c"});
    let rows: Vec<String> = (0..1500).map(|number| row(number).to_string()).collect();
    office.place.put("many.jsonl", &rows.join("\n"));
    office.run(&["connection", "import", "many.jsonl", "-q"]).expect_code(0);
    for format in ["table", "json", "jsonl", "csv", "plain"] {
        let mut command = office.command(&["connection", "list", "-o", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdout.take().unwrap().read_exact(&mut [0; 16]).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{format}");
    }
}

/// Every command answers wrong usage in JSON if that was asked for.
#[test]
fn every_command_has_its_usage_errors_in_json() {
    fn leaves(command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
        let below: Vec<_> =
            command.get_subcommands().filter(|command| command.get_name() != "help").collect();
        if below.is_empty() {
            found.push(path.to_vec());
        }
        for command in below {
            leaves(command, &[path, &[command.get_name().to_owned()]].concat(), found);
        }
    }
    let mut commands = Vec::new();
    leaves(&cli::tree(), &[], &mut commands);
    assert!(commands.len() > 25, "{commands:?}");
    let place = Place::new();
    let usage_error = |ran: &Ran| -> Option<Value> {
        let envelope: Value = serde_json::from_str(&ran.stdout).ok()?;
        let whole = envelope["schema"] == "tokenctl.error/1" && envelope["error"]["kind"] == "usage";
        let helps = !envelope["error"]["hints"].as_array()?.is_empty();
        (whole && helps).then_some(envelope)
    };
    for command in &commands {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let ran = place.run(&[&words[..], &["--nonsense", "-o", "json"]].concat());
        assert!(usage_error(&ran).is_some(), "{words:?}\n{ran}");
        // Its own codes must not pass for the program's, as env(1) has it; the JSON has the real one.
        let code = if words == ["exec"] { 125 } else { 2 };
        assert_eq!(ran.code, Some(code), "{words:?}\n{ran}");
    }
}
