//! The door to what reads a callback: request heads as hyper reads them, queries, pasted addresses.
//!
//! `STATE` in the bytes stands for the state that was sent, so that whoever guesses gets past it.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::sync::LazyLock;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use url::Url;

use super::respond::{Site, Verdict};
use super::transaction::{Expectation, ExpectedIssuer, ExpectedRealm, Redirect, Transaction};
use crate::oauth::authorize::State;
use crate::secret::Secret;

const STATE: &str = "0123456789abcdef0123456789abcdef";
const REALM: &str = "9130347597239999";
const ISSUER: &str = "https://login.example";
const AUTHORITY: &str = "localhost:4000";
const PATH: &str = "/callback";

/// Logins at a vendor that names the company, at one that names itself, and at one that does neither.
fn transactions() -> [Transaction; 3] {
    let login = |realm, issuer| {
        let place = format!("http://{AUTHORITY}{PATH}");
        Transaction::new(Expectation {
            state: State::of(STATE),
            issuer,
            realm,
            places: vec![Url::parse(&place).expect("a good address")],
        })
    };
    let realm = ExpectedRealm { parameter: "realmId", value: Some(REALM.to_owned()) };
    let issuer = ExpectedIssuer { value: ISSUER.to_owned(), promised: true };
    [login(Some(realm), None), login(None, Some(issuer)), login(None, None)]
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("STATE", STATE)
}

/// What is taken for the genuine answer, out of a text, holds what the login promises.
fn assert_sound(redirect: &Redirect, given: &str) {
    assert!(given.contains("state"), "without a state nothing is genuine: {given:?}");
    match redirect {
        Redirect::Granted(granted) => {
            let code = granted.code.expose();
            assert!((1..=4096).contains(&code.len()));
            assert!(code.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
            assert!(granted.realm.as_deref().is_none_or(|realm| realm == REALM));
        }
        Redirect::Denied(denied) => {
            assert!((1..=128).contains(&denied.error.len()));
            assert!(denied.error.bytes().all(|byte| byte.is_ascii_graphic()));
            assert!(denied.description.as_ref().is_none_or(|text| text.chars().count() <= 500));
        }
        Redirect::Contradicted(contradiction) => assert!(contradiction.to_string().is_ascii()),
    }
}

pub(in crate::oauth) fn query(bytes: &[u8]) {
    let query = text(bytes);
    for login in transactions() {
        match login.judge(&query) {
            Ok(redirect) => {
                assert_sound(&redirect, &query);
                assert!(login.is_over() && login.judge(&query).is_err(), "it comes once");
            }
            Err(_) => assert!(!login.is_over(), "a stray answer uses nothing up"),
        }
    }
}

pub(in crate::oauth) fn pasted(bytes: &[u8]) {
    let pasted = Secret::new(text(bytes));
    for login in transactions() {
        match login.paste(&pasted) {
            Ok(redirect) => {
                // A shell's backslashes and wrapped lines may stand within the word.
                assert_sound(&redirect, "state");
                assert!(login.is_over());
            }
            Err(error) => assert!(!login.is_over() && error.to_string().is_ascii()),
        }
    }
}

/// A request head, or several, as they come from a socket.
pub(in crate::oauth) fn request(bytes: &[u8]) {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime without I/O");
    }
    static SITE: LazyLock<Site> =
        LazyLock::new(|| Site::new(AUTHORITY.to_owned(), PATH.to_owned()).expect("a good address"));
    let bytes = text(bytes).into_bytes();
    let [login, ..] = transactions();
    let (genuine, statuses) = (Cell::new(false), RefCell::new(Vec::new()));
    let service = service_fn(|request: Request<_>| {
        let response = respond(&SITE, &login, &request, &genuine);
        statuses.borrow_mut().push(response.status().as_u16());
        async { Ok::<_, Infallible>(response) }
    });
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let (mut browser, ours) = tokio::io::duplex(256 * 1024);
            // Longer ones would wait for somebody to read; the listener's own limit is tested at its socket.
            let sent = &bytes[..bytes.len().min(128 * 1024)];
            browser.write_all(sent).await.expect("it fits");
            browser.shutdown().await.expect("nobody closed it");
            let serving =
                http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(ours), service);
            // A broken request is an error; it is answered or not.
            let _ = serving.await;
            let mut answer = Vec::new();
            browser.read_to_end(&mut answer).await.expect("it was closed");
            assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."));
        });
    });
    let statuses = statuses.borrow();
    assert!(statuses.len() <= 1, "one request in a connection: {statuses:?}");
    let refused = |status: &u16| (400..500).contains(status);
    assert!(if genuine.get() { *statuses == [303] } else { statuses.iter().all(refused) }, "{statuses:?}");
    assert_eq!(genuine.get(), login.is_over());
}

fn respond<B>(
    site: &Site,
    login: &Transaction,
    request: &Request<B>,
    genuine: &Cell<bool>,
) -> Response<Full<Bytes>> {
    match site.judge(request, login) {
        Verdict::Genuine(redirect) => {
            genuine.set(true);
            assert_sound(&redirect, request.uri().query().unwrap_or_default());
            site.onward()
        }
        Verdict::Result => panic!("nobody knows where the result is shown"),
        Verdict::Refused(refusal) => site.refuse(refusal),
    }
}
