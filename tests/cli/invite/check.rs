//! `invite check`: exits 0, 3, 4 or 12, says why, and only looks.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::desk::Desk;
use crate::common::filters::filtered;

#[test]
fn it_only_looks() {
    let desk = Desk::new();
    let (id, file) = desk.mint();
    desk.ok(&["invite", "check", &file]); // what opening leaves is left already
    let before = desk.place_files();
    for _ in 0..30 {
        desk.ok(&["invite", "check", &file]);
    }
    assert!(desk.place_files() == before, "not even the audit log");
    assert_eq!(desk.state(&id), "created");
    desk.ok(&["invite", "sent", &id]);
    desk.ok(&["invite", "access", &file]);
}

#[test]
fn it_says_why() {
    let _filters = filtered();
    let desk = Desk::new();
    let (_, file) = desk.mint();
    let token = desk.token(&file);
    insta::assert_snapshot!(desk.run(&["invite", "check", &file]), @"
    verdict    valid
    id         [ID]
    state      created
    expires    2027-03-08 12:00 UTC
    issuer     https://invite.example
    audience   supplier-app
    key        [CERTIFICATE ID]
    algorithm  ES256
    --- stderr
    --- exit 0
    ");
    desk.place.put("cut", &token[..token.len() - 2]);
    insta::assert_snapshot!(desk.run(&["invite", "check", "cut"]), @"
    verdict  signature
    id       [ID]
    state    -
    --- stderr
    error: the token must not be accepted
      cause: the token is refused
      cause: its signature does not fit
    hint: nothing that it says can be trusted: ask whoever presents it for the link as it was sent
    --- exit 4
    ");
    desk.place.put("none", "");
    desk.ends(2, &["invite", "check", "none"]);
    desk.ends(2, &["invite", "check", "missing"]);
}

#[test]
fn standard_input_takes_a_link() {
    let desk = Desk::new();
    let (_, file) = desk.mint();
    let link = desk.place.put("link", &format!("https://app.example/start#token={}\n", desk.token(&file)));
    let mut command = desk.command(&["invite", "check", "-"]);
    let ran = desk.place.finish(command.stdin(std::fs::File::open(link).unwrap()));
    assert_eq!(ran.code, Some(0), "{ran}");
}

#[test]
fn the_token_of_another_vault() {
    let (desk, other) = (Desk::new(), Desk::new());
    let (_, file) = desk.mint();
    other.place.put("foreign", &desk.token(&file));
    let checked = other.data(&["invite", "check", "foreign"]);
    assert_eq!((&checked["verdict"], &checked["valid"]), (&"unknown-key".into(), &false.into()));
    other.ends(4, &["invite", "access", "foreign"]);
    // With the other vault's keys it holds, and its invitation is not here.
    let keys = std::fs::read_to_string(desk.place.home().join(desk.jwks())).unwrap();
    other.place.put("keys.json", &keys);
    let ran = other.ends(3, &["invite", "check", "foreign", "--jwks=keys.json"]);
    assert!(ran.stderr.contains("is not in this vault"), "{ran}");
    other.ok(&["invite", "check", "foreign", "--jwks=keys.json", "--offline"]);
}

const OFFLINE: [&str; 3] = ["--offline", "--issuer=https://invite.example", "--audience=supplier-app"];

#[test]
fn without_a_vault_keys_and_expectations_are_enough() {
    let desk = Desk::new();
    let (id, file) = desk.submitted();
    desk.ok(&["invite", "redeem", &file]);
    desk.jwks();
    desk.ends(12, &["invite", "check", &file]);
    let nowhere = |flags: &[&str]| {
        let mut command = desk.command(&[&["invite", "check", &file], flags].concat());
        desk.place.finish(command.env("TOKENCTL_VAULT", "/nonexistent/vault.age"))
    };
    let ran = nowhere(&[&OFFLINE[..], &["--jwks=jwks.json"]].concat());
    assert_eq!(ran.code, Some(0), "whether it was used is the vault's to know: {ran}");
    assert!(ran.stdout.contains(&id), "{ran}");
    for (flags, code) in [
        (
            &["--offline", "--issuer=https://other.example", "--audience=supplier-app", "--jwks=jwks.json"][..],
            4,
        ),
        (&["--offline", "--issuer=https://invite.example", "--audience=other", "--jwks=jwks.json"], 4),
        (
            &[
                "--offline",
                "--issuer=https://invite.example",
                "--audience=supplier-app",
                "--profile=xsuaa",
                "--jwks=jwks.json",
            ],
            4,
        ),
        (&["--offline", "--issuer=https://invite.example", "--jwks=jwks.json"], 2),
        (&OFFLINE, 2),
        (&["--issuer=https://invite.example", "--jwks=jwks.json"], 2),
        (&["--offline", "--jwks=jwks.json"], 8),
    ] {
        let ran = nowhere(flags);
        assert_eq!(ran.code, Some(code), "{flags:?}\n{ran}");
    }
    desk.place.put("bad.json", "{\"keys\":[],\"keys\":[]}");
    assert_eq!(nowhere(&[&OFFLINE[..], &["--jwks=bad.json"]].concat()).code, Some(2));
}

/// Answers one request after the other with `answers`; returns the address and what was asked.
fn serve(answers: Vec<String>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        answers
            .into_iter()
            .map(|answer| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 4096];
                let length = stream.read(&mut request).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
                String::from_utf8_lossy(&request[..length]).lines().next().unwrap().to_owned()
            })
            .collect()
    });
    (address, server)
}

#[test]
fn keys_come_from_a_url_that_the_caller_names() {
    let desk = Desk::new();
    let (_, file) = desk.mint();
    let keys = std::fs::read_to_string(desk.place.home().join(desk.jwks())).unwrap();
    let ok = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{keys}", keys.len());
    let moved =
        "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            .to_owned();
    let (address, server) = serve(vec![ok, moved]);
    let check =
        |url: &str| desk.run(&[&["invite", "check", &file, &format!("--jwks={url}")], &OFFLINE[..]].concat());
    assert_eq!(check(&format!("{address}/jwks")).code, Some(0));
    assert_eq!(check(&format!("{address}/moved")).code, Some(6), "a redirect is not followed");
    assert_eq!(server.join().unwrap(), ["GET /jwks HTTP/1.1", "GET /moved HTTP/1.1"]);
    assert_eq!(check(&format!("{address}/gone")).code, Some(6));
    assert_eq!(check("http://keys.example/jwks").code, Some(9), "plain http leaves this machine to nobody");
    assert_eq!(check("ftp://keys.example/jwks").code, Some(9));
}
