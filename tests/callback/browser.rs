//! A real browser brings the genuine answer and shows how it ended.

use std::path::Path;
use std::process::{Output, Stdio};

use tokenctl::oauth::callback::Outcome;
use tokio::process::{Child, Command};
use tokio::time::{Duration, timeout};

use crate::mutants;
use crate::world::{World, seed};

/// A browser takes its time to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// Chromium's program; without it these tests are skipped, unless `TOKENCTL_REQUIRE_TOOLS` is set.
fn chromium() -> Option<&'static str> {
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|program| {
        let version = std::process::Command::new(program).arg("--version").stderr(Stdio::null()).output();
        version.is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        assert!(std::env::var_os("TOKENCTL_REQUIRE_TOOLS").is_none(), "chromium is not installed");
        println!("SKIPPED: chromium is not installed");
    }
    found
}

/// Visits `address` and prints the page that it ends at; its console goes to stderr.
fn visit(program: &str, profile: &Path, address: &str) -> Child {
    Command::new(program)
        .args(["--headless=new", "--disable-gpu", "--no-first-run", "--enable-logging=stderr"])
        // It sees our pages alone, and as root or in a container it does not start otherwise.
        .args(["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(["--dump-dom", address])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn output(browser: Child) -> (String, String) {
    let Output { stdout, stderr, .. } =
        timeout(PATIENCE, browser.wait_with_output()).await.expect("the browser ends").unwrap();
    (String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned())
}

#[tokio::test]
async fn chromium_brings_the_answer_and_shows_the_result() {
    seed();
    let Some(program) = chromium() else { return };
    let mut world = World::start().await;
    let profile = tempfile::tempdir().unwrap();
    let address = format!("http://localhost:{}{}", world.port, world.genuine());
    let browser = visit(program, profile.path(), &address);
    let redirect = timeout(PATIENCE, world.callback.next()).await.expect("the browser comes");
    assert!(matches!(redirect, tokenctl::oauth::callback::Redirect::Granted(_)));
    world.callback.conclude(Outcome::Connected).await;
    let (page, console) = output(browser).await;
    assert!(page.contains("<h1>You are connected</h1>"), "{page}\n{console}");
    assert!(!page.contains(&world.state), "{page}");
    assert!(!console.contains("Content Security Policy"), "{console}");
}

#[tokio::test]
async fn chromium_is_refused_what_is_not_the_answer() {
    seed();
    let Some(program) = chromium() else { return };
    let world = World::start().await;
    let profile = tempfile::tempdir().unwrap();
    let address = format!("http://localhost:{}/callback/quickbooks?code=a&state=b", world.port);
    let (page, console) = output(visit(program, profile.path(), &address)).await;
    assert!(page.contains("<h1>Not the page you are looking for</h1>"), "{page}\n{console}");
    assert!(!world.transaction.is_over());
}

#[test]
fn a_style_that_the_browser_refuses_is_found() {
    if chromium().is_some() {
        let test = "browser::chromium_brings_the_answer_and_shows_the_result";
        assert!(!mutants::passes(test, "callback-style-refused"));
    }
}
