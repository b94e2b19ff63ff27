//! Logins by people: a real browser, and a terminal side by side with one.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use tokenctl::sim::quickbooks::{NewApp, NewCompany};
use url::Url;

use crate::common::login::{Login, Page, free_port};
use crate::common::scene::Scene;

/// Longer than anything here takes on a busy machine.
const SOON: Duration = Duration::from_mins(1);

/// A vault with the app `books`, whose one company lets everybody in.
fn office() -> Scene {
    let scene = Scene::new();
    let intuit = scene.control().quickbooks();
    let uri = format!("http://localhost:{}/quickbooks/callback", free_port());
    let app = intuit.register_app(NewApp { redirect_uris: vec![uri.clone()], ..NewApp::default() }).unwrap();
    let company = NewCompany { realm: Some("9130".to_owned()), name: "Acme Books".to_owned() };
    intuit.add_company(company).unwrap();
    intuit.set_auto_approve(Some("9130")).unwrap();
    scene.place.put("secret", &app.client_secret);
    let flags = [
        format!("--client-id={}", app.client_id),
        format!("--token-url={}", intuit.token_url()),
        format!("--redirect-uri={uri}"),
    ];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let add = ["app", "add", "quickbooks", "books", "--client-secret-file=secret", "--environment=simulator"];
    scene.ok(&[&add[..], &flags].concat());
    scene
}

/// Chromium's program; without it these tests are skipped, unless `TOKENCTL_REQUIRE_TOOLS` is set.
#[expect(clippy::print_stdout, reason = "says what it skips")]
fn chromium() -> Option<&'static str> {
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|program| {
        let version = Command::new(program).arg("--version").stderr(Stdio::null()).output();
        version.is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        assert!(std::env::var_os("TOKENCTL_REQUIRE_TOOLS").is_none(), "chromium is not installed");
        println!("SKIPPED: chromium is not installed");
    }
    found
}

/// Visits `address` and returns the page that it ends at, and what its console said.
fn visit(program: &str, profile: &Path, address: &Url) -> (String, String) {
    let output = Command::new("timeout")
        .args(["90", program, "--headless=new", "--disable-gpu", "--no-first-run", "--enable-logging=stderr"])
        // It sees our pages alone, and as root or in a container it does not start otherwise.
        .args(["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(["--dump-dom", address.as_str()])
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(output.stdout), text(output.stderr))
}

#[test]
fn chromium_logs_in() {
    let Some(program) = chromium() else { return };
    let scene = office();
    let login = Login::start(&mut scene.command(&["login", "books", "--no-browser"]));
    let profile = tempfile::tempdir().unwrap();
    let (page, console) = visit(program, profile.path(), &login.address);
    assert!(page.contains("<h1>You are connected</h1>"), "{page}\n{console}");
    assert!(!console.contains("Content Security Policy"), "{console}");
    let ran = login.finish(&scene.place);
    assert_eq!(ran.code, Some(0), "{ran}");
    scene.ok(&["token", "get", "acme-books"]);
}

/// A command on a terminal of its own.
struct Seat {
    child: Child,
    ours: std::fs::File,
    shown: String,
    pieces: Receiver<Vec<u8>>,
}

impl Seat {
    fn take(command: &mut Command) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let ours = openpt(flags).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let theirs: OwnedFd = ioctl_tiocgptpeer(&ours, flags).unwrap();
        let end = || Stdio::from(theirs.try_clone().unwrap());
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        // Why: what still holds the other end open keeps ours from ever ending.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        drop(theirs);
        let ours = std::fs::File::from(ours);
        let (sender, pieces) = channel();
        let mut reader = ours.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut piece) {
                if sender.send(piece[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, ours, shown: String::new(), pieces }
    }

    /// Waits until the terminal shows `text`.
    fn see(&mut self, text: &str) {
        let until = Instant::now() + SOON;
        while !self.shown.contains(text) {
            let left = until.saturating_duration_since(Instant::now());
            let piece =
                self.pieces.recv_timeout(left).unwrap_or_else(|_| panic!("no {text:?} in {}", self.shown));
            self.shown.push_str(&String::from_utf8_lossy(&piece));
        }
    }

    fn address(&mut self) -> Url {
        self.see("or paste the address");
        let line = self.shown.lines().find(|line| line.starts_with("  http")).unwrap();
        Url::parse(line.trim()).unwrap()
    }

    fn type_line(&mut self, line: &str) {
        self.ours.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn finish(mut self) -> (String, Option<i32>) {
        let code = self.child.wait().unwrap().code();
        while let Ok(piece) = self.pieces.recv_timeout(SOON) {
            self.shown.push_str(&String::from_utf8_lossy(&piece));
        }
        let plain = console::strip_ansi_codes(&self.shown).replace("\r\n", "\n");
        (plain, code)
    }
}

fn seat(scene: &Scene) -> Seat {
    Seat::take(&mut scene.command(&["login", "books", "--no-browser"]))
}

#[test]
fn a_browser_wins_while_the_terminal_waits_for_a_paste() {
    let scene = office();
    let mut seat = seat(&scene);
    let page = Page::at_the_end_of(&seat.address());
    assert_eq!(page.title(), "You are connected");
    // Nobody presses Enter: to come to an end at all is the point.
    let (shown, code) = seat.finish();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("\nconnected: acme-books\n"), "the report has its own line: {shown}");
}

#[test]
fn a_paste_wins_while_the_listener_waits_for_a_browser() {
    let scene = office();
    let mut seat = seat(&scene);
    let address = seat.address();
    let back = Page::get(&address).redirect().unwrap();
    seat.type_line("AB1173whatever");
    seat.see("a code alone");
    seat.type_line(back.as_str());
    let (shown, code) = seat.finish();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("connected: acme-books"), "{shown}");
    scene.ok(&["token", "get", "acme-books"]);
}

#[test]
fn ctrl_c_leaves_the_prompt_and_changes_nothing() {
    let scene = office();
    let mut seat = seat(&scene);
    let address = seat.address();
    // Not a controlling terminal: the signal goes to the process as the terminal would send it.
    let pid = rustix::process::Pid::from_raw(seat.child.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let (shown, code) = seat.finish();
    assert_eq!(code, Some(130), "{shown}");
    assert!(shown.contains("\nerror: interrupted"), "{shown}");
    let port = Page::get(&address).redirect().unwrap().port().unwrap();
    assert!(std::net::TcpListener::bind(("127.0.0.1", port)).is_ok(), "the port is free again");
    assert!(scene.json(&["connection", "list"])["data"]["connections"].as_array().unwrap().is_empty());
}
