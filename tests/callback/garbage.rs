//! Arbitrary bytes: no panic, no answer but a refusal, and every refusal the same.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokenctl::oauth::callback::PasteError;

use crate::proof::reached;
use crate::world::{PATH, V4, World, secret, send};

/// Requests between nonsense and almost right. None knows the state.
fn requests() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        Just("code=".to_owned()),
        Just("state=".to_owned()),
        Just("error=access_denied".to_owned()),
        Just("realmId=9130347597239999".to_owned()),
        Just("iss=".to_owned()),
        Just("&".to_owned()),
        Just("%".to_owned()),
        Just("%00".to_owned()),
        "[!-~]{0,40}",
    ];
    let query = prop::collection::vec(pieces, 0..12)
        .prop_map(|pieces| pieces.concat().replace([' ', '\r', '\n'], ""));
    let method = prop_oneof![4 => Just("GET".to_owned()), 1 => "[A-Z]{1,9}"];
    let path = prop_oneof![4 => Just(PATH.to_owned()), 1 => "/[!-~]{0,30}"];
    let version = prop_oneof![6 => Just("HTTP/1.1".to_owned()), 1 => "HTTP/[0-9]\\.[0-9]"];
    let line = (method, path, query, version)
        .prop_map(|(method, path, query, version)| format!("{method} {path}?{query} {version}"));
    let header = prop_oneof![
        3 => Just("Host: localhost:PORT".to_owned()),
        1 => "Host: [!-~]{0,30}",
        1 => "[!-~]{1,20}: ?[ -~]{0,60}",
        1 => Just("Content-Length: 99999999999999999999".to_owned()),
        1 => Just("Transfer-Encoding: chunked".to_owned()),
        1 => Just("Expect: 100-continue".to_owned()),
        1 => Just("Upgrade: websocket\r\nConnection: upgrade".to_owned()),
    ];
    let whole = (line, prop::collection::vec(header, 0..6))
        .prop_map(|(line, headers)| format!("{line}\r\n{}\r\n\r\n", headers.join("\r\n")).into_bytes());
    let noise = prop::collection::vec(any::<u8>(), 0..600).prop_map(|mut bytes| {
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes
    });
    prop_oneof![6 => whole, 1 => noise]
}

fn run(cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::start());
    let page = runtime.block_on(send(V4, world.port, &world.get("/"))).unwrap().body;
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&requests(), |bytes| {
        let text = String::from_utf8_lossy(&bytes).replace("PORT", &world.port.to_string());
        let bytes = if text.contains('\u{fffd}') { bytes } else { text.into_bytes() };
        if let Some(answer) = runtime.block_on(send(V4, world.port, &bytes)) {
            prop_assert!((400..500).contains(&answer.status), "{answer:?}");
            prop_assert!(answer.body.is_empty() || answer.body == page, "{answer:?}");
        }
        prop_assert!(!world.transaction.is_over());
        Ok(())
    });
    outcome.unwrap();
    let mut world = world;
    runtime.block_on(world.succeed(V4));
}

#[test]
fn garbage_is_refused_alike_and_does_not_disturb_the_genuine_answer() {
    run(300);
}

#[test]
#[ignore = "long: tens of thousands of requests"]
fn garbage_by_the_ten_thousands_is_refused_alike() {
    run(30_000);
    reached("R11", "30000 arbitrary requests before the genuine answer", 0);
}

#[test]
fn pasted_garbage_uses_nothing_up() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::start());
    let address = format!("http://localhost:{}{PATH}?code=a&state=", world.port);
    let text = prop_oneof![
        any::<String>(),
        "[ -~]{0,200}".prop_map(move |rest| format!("{address}{rest}")),
        "[?&=a-z%0-9:/#\\\\ \n]{0,80}",
    ];
    let mut runner = TestRunner::new(Config { cases: 2000, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&text, |text| {
        let refused: Option<PasteError> = world.transaction.paste(&secret(text)).err();
        prop_assert!(refused.is_some());
        prop_assert!(!world.transaction.is_over());
        Ok(())
    });
    outcome.unwrap();
    let whole = format!("http://localhost:{}{}", world.port, world.genuine());
    assert!(world.transaction.paste(&secret(whole)).is_ok());
}
