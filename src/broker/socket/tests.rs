use std::os::unix::fs::FileTypeExt as _;

use super::*;
use crate::secret::Secret;

/// Says what was asked; waits for the world to end if it was asked for `slow`.
struct Echo;

impl Answers for Echo {
    async fn answer(&self, asked: Asked) -> Answer {
        if asked.connection == "slow" {
            std::future::pending::<()>().await;
        }
        Answer { status: 200, json: !asked.raw, body: Secret::new(format!("{asked:?}").into_bytes()) }
    }
}

fn base() -> TempDir {
    tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o700)).tempdir().unwrap()
}

/// By stock curl; returns status and body.
async fn curl(socket: &Path, path: &str, method: &str) -> String {
    let output = tokio::process::Command::new("curl")
        .args(["-s", "-m", "10", "-w", " %{http_code} %{content_type}", "-X", method, "--unix-socket"])
        .arg(socket)
        .arg(format!("http://localhost{path}"))
        .output()
        .await
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn the_protocol() {
    let base = base();
    let listening = Listening::below(base.path()).unwrap();
    let socket = listening.path().to_owned();
    let serving = listening.serve(Echo);
    let mut table = Vec::new();
    for (method, path) in [
        ("GET", "/token/acme"),
        ("GET", "/token/acme?format=json"),
        ("GET", "/token/acme?format=raw"),
        ("GET", "/token/acme?format=env"),
        ("GET", "/"),
        ("GET", "/tokens"),
        ("POST", "/token/acme"),
    ] {
        table.push(format!("{method} {path}: {}\n", curl(&socket, path, method).await));
    }
    insta::assert_snapshot!(table.join(""), @r#"
    GET /token/acme: Asked { connection: "acme", raw: false } 200 application/json
    GET /token/acme?format=json: Asked { connection: "acme", raw: false } 200 application/json
    GET /token/acme?format=raw: Asked { connection: "acme", raw: true } 200 text/plain; charset=us-ascii
    GET /token/acme?format=env:  400 
    GET /:  404 
    GET /tokens:  404 
    POST /token/acme:  405
    "#);
    serving.end().await;
    assert!(!socket.exists() && base.path().read_dir().unwrap().next().is_none(), "its folder is removed");
}

#[tokio::test]
async fn nobody_else_can_get_at_it() {
    let base = base();
    let listening = Listening::below(base.path()).unwrap();
    let mode = |path: &Path| path.symlink_metadata().unwrap().mode() & 0o777;
    assert_eq!(mode(listening.path()), 0o600);
    assert_eq!(mode(listening.path().parent().unwrap()), 0o700);
    assert!(listening.path().symlink_metadata().unwrap().file_type().is_socket());
    std::fs::set_permissions(base.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let refused = Listening::below(base.path()).err().unwrap();
    assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "others could put a socket in its place");
}

#[tokio::test]
async fn what_the_dead_left_is_swept_away_and_nothing_else() {
    let base = base();
    let dead = base.path().join("exec-999999999-x");
    let ours = base.path().join(format!("exec-{}-x", std::process::id()));
    let foreign = base.path().join("something");
    for folder in [&dead, &ours, &foreign] {
        std::fs::create_dir(folder).unwrap();
    }
    drop(std::os::unix::net::UnixListener::bind(dead.join(NAME)).unwrap());
    let listening = Listening::below(base.path()).unwrap();
    assert!(!dead.exists());
    assert!(ours.exists() && foreign.exists() && listening.path().exists());
}

/// Idle clients and those that never finish their sentence hold nobody up; a question that was asked does.
#[tokio::test]
async fn the_end_waits_for_questions_alone() {
    let base = base();
    let listening = Listening::below(base.path()).unwrap();
    let socket = listening.path().to_owned();
    let serving = listening.serve(Echo);
    let idle = UnixStream::connect(&socket).await.unwrap();
    let halting = UnixStream::connect(&socket).await.unwrap();
    halting.try_write(b"GET /token/ac").unwrap();
    tokio::time::timeout(Duration::from_secs(5), serving.end()).await.unwrap();
    drop((idle, halting));

    let listening = Listening::below(base.path()).unwrap();
    let socket = listening.path().to_owned();
    let serving = listening.serve(Echo);
    let asking = UnixStream::connect(&socket).await.unwrap();
    asking.writable().await.unwrap();
    asking.try_write(b"GET /token/slow HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    // Answered on a second connection, the first one has been read.
    curl(&socket, "/token/acme", "GET").await;
    let waited = tokio::time::timeout(Duration::from_secs(2), serving.end()).await;
    assert!(waited.is_err(), "an answer under way is waited for");
}
